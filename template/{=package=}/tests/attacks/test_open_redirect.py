"""Open redirects: a person is only ever sent to a URI that the client registered (RFC 9700 §4.11)."""

from typing import Any

import httpx
import pytest

from ...core.client import AuthMethod
from ..harness import ISSUER, REDIRECT_URI, ServerUnderTest
from ..people import PASSWORD, Browser, Page, add_person, authorization_request

pytestmark = pytest.mark.usefixtures("clients")

LOOPBACKS = ("http://localhost:8080/cb", "http://127.0.0.1:8080/cb", "http://[::1]:8080/cb?x=1")
PRIVATE_USE = "com.example.app:/cb"

TABLE: dict[str, list[str]] = {
    "R1 unregistered, CVE-2025-4143": [
        "https://evil.example/callback",
        "https://evil.example/https://client.example/callback",
        "https://client.example/",
        "https://client.example/callback/",
        "https://client.example/callback/../callback",
        "https://client.example/call",
        "https://sub.client.example/callback",
        "https://client.example.evil.example/callback",
        "https://client.example:8443/callback",
        "https://client.example:443/callback",
        "http://client.example/callback",
        "//client.example/callback",
        "/callback",
        "client.example/callback",
        "*",
    ],
    "R2 a user name before the host, CVE-2026-28512": [
        "https://client.example@evil.example/callback",
        "https://client.example:x@evil.example/callback",
        "https://client.example%40evil.example/callback",
        "https://evil.example@client.example/callback",
        "http://localhost:8080@evil.example/cb",
    ],
    "R3 something added, DOT 3.4.1": [
        "https://client.example/callback?next=//evil.example",
        "https://client.example/callback?",
        "https://client.example/callback;x=1",
        "https://client.example/callback#",
        "https://client.example/callback#x",
        "https://client.example/callback%23",
        "http://localhost:8080/cb?",
        "http://localhost:8080/cb#",
    ],
    "R4 what URL parsers drop": [
        "https://client.example/call\tback",
        "https://client.example/callback\n",
        "https://client.example/callback\r\nLocation: https://evil.example/",
        "\thttps://client.example/callback",
        " https://client.example/callback",
        "https://client.example/callback ",
        "https:\\\\client.example\\callback",
        "https://evil.example\\@client.example/callback",
        "https://client.example\\.evil.example/callback",
        "https:/client.example/callback",
        "https:client.example/callback",
        "http://localhost:8080\\@evil.example/cb",
        "http://localhost:80\t80/cb",
    ],
    "R5 what only looks like this computer, BA 1.7": [
        "http://127.1:8080/cb",
        "http://2130706433:8080/cb",
        "http://0x7f.0.0.1:8080/cb",
        "http://0177.0.0.1:8080/cb",
        "http://127.0.0.2:8080/cb",
        "http://0.0.0.0:8080/cb",
        "http://localhost.:8080/cb",
        "http://localhost.evil.example:8080/cb",
        "http://127.0.0.1.evil.example:8080/cb",
        "http://[::ffff:127.0.0.1]:8080/cb?x=1",
        "http://[0:0:0:0:0:0:0:1]:8080/cb?x=1",
        "http://LOCALHOST:8080/cb",
    ],
    "R6 more than the port, RFC 8252 §7.3": [
        "http://localhost:9/other",
        "http://localhost:9/cb?x=1",
        "http://127.0.0.1:9/cb/",
        "http://[::1]:9/cb",
        "http://[::1]:9/cb?x=2",
        "https://localhost:9/cb",
        "http://localhost:99999/cb",
        "http://localhost:/cb",
        "com.example.app://x:9/cb",
    ],
    "R7 schemes that run or read, RFC 8252 §8.4": [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "javascript://client.example/%0aalert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox",
        "file:///etc/passwd",
        "blob:https://client.example/1",
        "mailto:ada@client.example",
        "com.example.App:/cb",
        "com.example.app:cb",
    ],
    "R10 names that look alike": [
        "https://xn--cliet-n2a.example/callback",
        "https://сlient.example/callback",
        "https://client\u2024example/callback",
        "https://client。example/callback",
        "https://%63lient.example/callback",
        "https://client.example/%63allback",
        "https://CLIENT.example/callback",
        "https://client.example./callback",
    ],
    "R14 none": [""],
}

FAULTS: list[dict[str, Any]] = [
    {"prompt": "none"},
    {"response_type": "token"},
    {"response_type": None},
    {"response_mode": "form_post"},
    {"response_mode": "fragment", "prompt": "none"},
    {"response_mode": "nonsense"},
    {"scope": "nonsense"},
    {"scope": '"'},
    {"code_challenge": None},
    {"code_challenge_method": "plain"},
    {"state": "\x7f"},
    {"max_age": "x"},
    {"request": "x"},
    {"request_uri": "https://evil.example/request"},
]


@pytest.fixture
async def clients(server: ServerUnderTest) -> None:
    """A web client and a native one, and a person."""
    await add_person(server)
    await server.add_client("web")
    await server.add_client(
        "native",
        token_endpoint_auth_method=AuthMethod.NONE,
        redirect_uris=(*LOOPBACKS, PRIVATE_USE),
        is_native=True,
    )


async def ask(server: ServerUnderTest, client_id: str, method: str = "GET", **changes: Any) -> httpx.Response:
    """Send a request with `changes`."""
    path = server.authorization_server.server.urls.path("authorize")
    sent = authorization_request(client_id, **changes)
    return await (server.http.get(path, params=sent) if method == "GET" else server.http.post(path, data=sent))


def stays_here(response: httpx.Response) -> bool:
    """Say whether the answer is a page, without a way to anywhere else."""
    return (
        response.status_code == 400
        and "location" not in response.headers
        and "refresh" not in response.headers
        and "<a " not in response.text
        and "http-equiv" not in response.text
        and "evil" not in response.text
    )


@pytest.mark.parametrize("why", TABLE)
async def test_nobody_is_sent_where_the_client_does_not_live(server: ServerUnderTest, why: str) -> None:
    """R1, R2, R3, R4, R5, R6, R7, R10, R14: a page, whichever client, and whichever way it is asked."""
    leaks = [
        (client_id, method, redirect_uri)
        for redirect_uri in TABLE[why]
        for client_id in ("web", "native")
        for method in ("GET", "POST")
        if not stays_here(await ask(server, client_id, method, redirect_uri=redirect_uri))
    ]

    assert leaks == [], why


async def test_an_omitted_redirect_uri_is_not_guessed(server: ServerUnderTest) -> None:
    """R14, D4: though the client has only one."""
    assert stays_here(await ask(server, "web", redirect_uri=None))


async def test_a_native_app_may_listen_on_any_port(server: ServerUnderTest) -> None:
    """R6, RFC 8252 §7.3: and is answered there."""
    ada = Browser(server)
    page = await ada.sign_in(await ada.authorize("native", redirect_uri="http://127.0.0.1:53123/cb"))

    answered = await ada.allow(page)

    assert answered.response.headers["location"].startswith("http://127.0.0.1:53123/cb?code=")
    for redirect_uri in (LOOPBACKS[0], "http://[::1]:1/cb?x=1", PRIVATE_USE):
        assert (await ask(server, "native", redirect_uri=redirect_uri)).status_code == 303


async def test_a_web_client_is_bound_to_its_port(server: ServerUnderTest) -> None:
    """R6: whatever its URI looks like; only native clients may vary it."""
    await server.add_client("local", redirect_uris=LOOPBACKS[:1])

    assert (await ask(server, "local", redirect_uri=LOOPBACKS[0])).status_code == 303
    assert stays_here(await ask(server, "local", redirect_uri="http://localhost:9/cb"))


async def test_no_refusal_is_quicker_than_the_proof_of_the_redirect_uri(server: ServerUnderTest) -> None:
    """R8, R9, DOT #1719: neither with an unknown client, nor with a URI that is not its own."""
    for changes in FAULTS:
        assert stays_here(await ask(server, "nobody", **changes)), changes
        assert stays_here(await ask(server, "web", redirect_uri="https://evil.example/", **changes)), changes


async def test_two_redirect_uris_are_none(server: ServerUnderTest) -> None:
    """R1, P1, CVE-2026-9689: the first is not checked and the last used, nor the other way round."""
    path = server.authorization_server.server.urls.path("authorize")
    rest = list(authorization_request(redirect_uri=None).items())
    evil = "https://evil.example/"

    for order in ((REDIRECT_URI, evil), (evil, REDIRECT_URI), (REDIRECT_URI, REDIRECT_URI)):
        sent = str(httpx.QueryParams([*rest, *(("redirect_uri", each) for each in order)]))
        headers = {"Content-Type": "application/x-www-form-urlencoded"}

        assert stays_here(await server.http.get(f"{path}?{sent}"))
        assert stays_here(await server.http.post(path, content=sent, headers=headers))


async def test_what_was_posted_is_never_posted_on(server: ServerUnderTest) -> None:
    """R11, RFC 9700 §4.12: a 307 would send the password to the client."""
    ada = Browser(server)
    asked, refused = await ask(server, "web", "POST"), await ask(server, "web", "POST", scope="?")
    login = await ada.authorize()

    action, hidden = login.form("login")
    signed_in = await ada.http.post(action, data={**hidden, "username": "ada", "password": PASSWORD})
    stale = await ada.http.post(action, data=hidden)
    allowed = await ada.allow(await ada.open(login.url))
    denied = await ada.deny(await ada.authorize())

    responses = [asked, refused, signed_in, stale, allowed.response, denied.response]
    assert [response.status_code for response in responses] == [303] * 6


async def test_the_issuer_is_on_every_answer(server: ServerUnderTest) -> None:
    """RFC 9207, D3: against mix-up, on success and on refusal alike, and a client cannot choose it."""
    ada = Browser(server)
    pages = [await ada.allow(await ada.sign_in(await ada.authorize(iss="https://evil.example")))]
    pages.append(await ada.deny(await ada.authorize()))
    pages.append(await ada.authorize(prompt="none"))
    pages.append(Page(await ask(server, "web", scope="nothing", iss="https://evil.example")))

    assert [page.answer["iss"] for page in pages] == [ISSUER] * 4
