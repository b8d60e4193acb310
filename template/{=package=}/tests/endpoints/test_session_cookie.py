"""The one cookie: which browser it is, readable by nobody but us (RFC 6265bis)."""

from starlette.requests import Request
from starlette.responses import Response

from ...endpoints.session_cookie import SessionCookie
from ..harness import ServerUnderTest, serving
from ..people import Browser


def sent(cookie: SessionCookie) -> tuple[str, set[str]]:
    """What the browser gets: the cookie itself, and its attributes."""
    response = Response()
    cookie.set(response, "secret", max_age=60)
    pair, *attributes = response.headers["set-cookie"].split("; ")
    return pair, set(attributes)


def request(header: str) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", header.encode())]})


def test_the_cookie_is_kept_from_scripts_other_hosts_and_plain_http() -> None:
    """RFC 6265bis §4.1.3.2: the prefix demands Secure, a path of / and no Domain."""
    cookie = SessionCookie(is_secure=True)

    assert cookie.name.startswith("__Host-")
    assert sent(cookie) == (f"{cookie.name}=secret", {"HttpOnly", "Max-Age=60", "Path=/", "SameSite=lax", "Secure"})


def test_on_plain_loopback_the_cookie_does_without_the_prefix() -> None:
    """Browsers would drop a `__Host-` cookie that comes over http."""
    cookie = SessionCookie(is_secure=False)

    assert not cookie.name.startswith("__")
    assert sent(cookie) == (f"{cookie.name}=secret", {"HttpOnly", "Max-Age=60", "Path=/", "SameSite=lax"})


def test_only_the_cookie_of_that_very_name_is_read() -> None:
    """U6: one without the prefix could have been planted by a sibling host."""
    secure, plain = SessionCookie(is_secure=True), SessionCookie(is_secure=False)

    assert secure.read(request(f"a=b; {secure.name}=secret")) == "secret"
    assert secure.read(request(f"{plain.name}=planted; {secure.name.lower()}=planted")) is None
    assert secure.read(request("")) is None


async def test_the_scheme_of_the_issuer_decides(database_url: str) -> None:
    """K1: https everywhere but on loopback in development."""
    async with serving(database_url, issuer="http://localhost:8000", mode="development") as server:
        await server.add_client()

        page = await Browser(server).authorize()

        assert "Secure" not in page.response.headers["set-cookie"]


async def test_the_server_sets_it_with_the_lifetime_of_the_session(server: ServerUnderTest) -> None:
    """D5: on the page, not on the redirect of the authorization endpoint, which may be loaded in the background."""
    await server.add_client()

    page = await Browser(server).authorize()

    name, _, attributes = page.response.headers["set-cookie"].partition("=")
    assert name == SessionCookie(is_secure=True).name
    assert f"Max-Age={12 * 60 * 60}" in attributes
