"""The page where codes are entered: what is read, what is not done, and how often one may be wrong (H5, V2, V5, U1)."""

import asyncio
from collections.abc import Mapping

import httpx
import pytest

from ....endpoints.session_cookie import SessionCookie
from ....stores.browser_sessions import BrowserSessions
from ....tests.harness import ServerUnderTest, serving
from ....tests.people import Browser, Page
from .. import attempts
from ..attempts import WINDOW, address_of
from .conftest import UNBOUND
from .devices import PROMPT, ask, enter, let_in, open_prompt, poll, read_prompt, send

LOGIN, TOO_MANY = "Sign in", "Too many codes did not work"
COOKIE = SessionCookie(is_secure=True).name
PROXY = {"trusted_proxies": ("127.0.0.1",), "device": UNBOUND}


def is_refused(page: Page) -> bool:
    """Say whether the form is shown again, with what is wrong tied to the field (WCAG 3.3.1)."""
    tied = 'aria-invalid="true"' in page.text and 'aria-describedby="code-error code-hint"' in page.text
    return page.status == 400 and page.heading == PROMPT and 'role="alert"' in page.text and tied


async def guess(browser: Browser, user_code: str, **headers: str) -> Page:
    """Send the form as it would be sent from another address."""
    action, fields = read_prompt(await open_prompt(browser))
    response = await browser.http.post(action, data={**fields, "user_code": user_code}, headers=headers)
    return Page(response)


async def test_a_code_leads_on_to_signing_in(server: ServerUnderTest) -> None:
    """RFC 8628 §3.3: by 303, and in the browser that entered it."""
    asked, browser = await ask(server), Browser(server)

    prompt = await open_prompt(browser)
    page = await send(browser, prompt, asked["user_code"])

    assert (prompt.status, prompt.heading, page.heading) == (200, PROMPT, LOGIN)
    assert "to continue to" in page.text
    assert page.response.history == []


@pytest.mark.parametrize(
    "change", [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code[:4]} {code[5:]} "]
)
async def test_a_code_may_be_typed_as_people_type(server: ServerUnderTest, change: object) -> None:
    """H5, RFC 8628 §6.1."""
    asked = await ask(server)

    page = await enter(Browser(server), change(asked["user_code"]))  # type: ignore[operator]

    assert page.heading == LOGIN


async def test_a_code_in_the_link_is_filled_in_and_nothing_else_happens(server: ServerUnderTest) -> None:
    """V5, RFC 8628 §3.3.1, §5.4: it is not even looked up before the person has compared it."""
    asked, browser = await ask(server), Browser(server)

    page = await open_prompt(browser, f"?user_code={asked['user_code'].lower()}")

    assert (page.status, page.heading) == (200, PROMPT)
    assert read_prompt(page)[1]["user_code"] == asked["user_code"]
    assert "this very code" in page.text
    assert (await poll(server, asked)).refusal == (400, "authorization_pending")
    assert server.events.names == ["device_authorization_issued"]
    assert (await send(browser, page)).heading == LOGIN


async def test_the_page_tells_nothing_of_codes(server: ServerUnderTest) -> None:
    """V2: by opening links nobody finds out which codes there are."""
    asked = await ask(server)
    browser = Browser(server)

    known = await open_prompt(browser, f"?user_code={asked['user_code']}")
    unknown = await open_prompt(browser, "?user_code=BCDF-GHJK")

    assert known.text.replace(asked["user_code"], "BCDF-GHJK") == unknown.text.replace(
        read_prompt(unknown)[1]["csrf"], read_prompt(known)[1]["csrf"]
    )


async def test_whatever_the_link_brings_is_only_text(server: ServerUnderTest) -> None:
    """U4: and a long one is cut."""
    page = await open_prompt(Browser(server), '?user_code="><script>alert(1)</script>' + "x" * 1000)

    assert page.status == 200
    assert "<script" not in page.text
    assert len(read_prompt(page)[1]["user_code"]) <= 32


@pytest.mark.parametrize("query", ["", "?user_code=BCDF-GHJK"])
async def test_the_pages_cannot_be_framed_and_are_not_kept(server: ServerUnderTest, query: str) -> None:
    """U2, RFC 9700 §4.16."""
    response = (await open_prompt(Browser(server), query)).response

    assert response.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert "form-action 'self'" in response.headers["content-security-policy"]
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"


async def test_the_style_sheets_of_the_page_are_there(server: ServerUnderTest) -> None:
    """A5: the room's own beside everybody's."""
    text = (await open_prompt(Browser(server))).text

    for part in text.split('rel="stylesheet" href="')[1:]:
        sheet = await server.http.get(part.partition('"')[0])
        assert (sheet.status_code, sheet.headers["content-type"]) == (200, "text/css; charset=utf-8")
        assert sheet.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("user_code", ["", "BCDF-GHJ", "BCDF-GHJKL", "AEIO-UAEI", "x" * 1000])
async def test_what_cannot_be_a_code_is_no_attempt(server: ServerUnderTest, user_code: str) -> None:
    """V2: a slip of the finger costs nothing, as it finds nothing."""
    browser = Browser(server)

    for _ in range(12):
        assert is_refused(await enter(browser, user_code))

    assert server.events.names == []


@pytest.mark.parametrize("ending", ["unknown", "expired", "denied", "approved"])
async def test_a_code_under_which_nothing_waits_does_not_work(server: ServerUnderTest, ending: str) -> None:
    """V2, H5: whoever guesses learns nothing of what there was."""
    asked, browser = await ask(server), Browser(server)
    if ending == "expired":
        server.clock.advance(600)
    elif ending in ("denied", "approved"):
        page = await browser.sign_in(await enter(browser, asked["user_code"]))
        await browser.submit(
            page,
            "consent",
            decision=ending.replace("denied", "deny").replace("approved", "allow"),
            **{"scope:notes:read": "yes"},
        )

    page = await enter(Browser(server), "BCDF-GHJK" if ending == "unknown" else asked["user_code"])

    assert is_refused(page)
    assert "This code does not work. Check it, or get a new one on your device." in page.text


async def test_the_last_second_counts(server: ServerUnderTest) -> None:
    """RFC 8628 §3.2: `expires_in` is kept to."""
    asked = await ask(server)
    server.clock.advance(599)

    assert (await enter(Browser(server), asked["user_code"])).heading == LOGIN


async def test_after_too_many_wrong_codes_no_more_are_looked_up(server: ServerUnderTest) -> None:
    """V2, RFC 8628 §5.1, DOT #1734: whatever the browser; once the window is over there are as many again."""
    asked = await ask(server)
    for _ in range(10):
        assert is_refused(await enter(Browser(server), "BCDF-GHJK"))

    refused = await enter(Browser(server), asked["user_code"])
    server.clock.advance(WINDOW.total_seconds() - 1)
    still = await enter(Browser(server), asked["user_code"])
    again = await ask(server)
    server.clock.advance(1)

    assert [(page.status, page.heading) for page in (refused, still)] == [(429, TOO_MANY)] * 2
    assert (refused.response.headers["retry-after"], still.response.headers["retry-after"]) == ("600", "1")
    assert (await enter(Browser(server), again["user_code"])).heading == LOGIN
    told = [event for event in server.events.events if event.name == "user_code_refused"]
    assert [event.reason for event in told] == ["nothing waits under it"] * 10 + ["too many from this address"] * 2
    assert {event.client_ip for event in told} == {"127.0.0.1"}


async def test_right_codes_are_not_counted(server: ServerUnderTest) -> None:
    """V2: twenty people behind one address set up twenty devices."""
    for _ in range(20):
        asked = await ask(server)
        assert (await enter(Browser(server), asked["user_code"])).heading == LOGIN


async def test_a_right_code_does_not_forgive_the_wrong_ones(server: ServerUnderTest) -> None:
    """V2: or whoever guesses would enter a code of their own in between."""
    for _ in range(5):
        await enter(Browser(server), "BCDF-GHJK")
    assert (await enter(Browser(server), (await ask(server))["user_code"])).heading == LOGIN
    for _ in range(5):
        assert is_refused(await enter(Browser(server), "BCDF-GHJK"))

    assert (await enter(Browser(server), "BCDF-GHJK")).status == 429


async def test_guesses_at_once_are_bounded_as_well(server: ServerUnderTest) -> None:
    """V2: thirty side by side, of which ten are looked up."""
    browser = Browser(server)
    action, fields = read_prompt(await open_prompt(browser))
    form = {**fields, "user_code": "BCDF-GHJK"}

    responses = await asyncio.gather(*(browser.http.post(action, data=form) for _ in range(30)))

    assert sorted(response.status_code for response in responses) == [400] * 10 + [429] * 20


async def test_the_bound_is_a_setting(database_url: str) -> None:
    """H5."""
    async with serving(database_url, device={**UNBOUND, "user_code_attempts": 3}) as server:
        statuses = [(await enter(Browser(server), "BCDF-GHJK")).status for _ in range(4)]

    assert statuses == [400, 400, 400, 429]


ADDRESSES = [
    ("203.0.113.7", "203.0.113.8", False),
    ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
    ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
    ("::ffff:203.0.113.7", "203.0.113.7", True),
]


@pytest.mark.parametrize(("first", "second", "is_one"), ADDRESSES)
async def test_whoever_has_a_network_of_ipv6_has_one_address(
    database_url: str, first: str, second: str, is_one: bool
) -> None:
    """M4, GHSA-p6v2-xcpg-h6xw: a /64 is what one household has; IPv4 in IPv6 is IPv4."""
    async with serving(database_url, **PROXY) as server:
        for _ in range(10):
            await guess(Browser(server), "BCDF-GHJK", **{"X-Forwarded-For": first})

        page = await guess(Browser(server), "BCDF-GHJK", **{"X-Forwarded-For": second})

    assert page.status == (429 if is_one else 400)


@pytest.mark.parametrize(
    ("client_ip", "address"),
    [(None, "unknown"), ("", "unknown"), ("unix", "unix"), ("fe80::1%eth0", "fe80::/64"), ("::1", "::/64")],
)
def test_every_caller_is_counted_somewhere(client_ip: str | None, address: str) -> None:
    """V2: one without an address, too."""
    assert address_of(client_ip) == address


async def test_the_address_is_not_the_one_that_the_caller_writes(server: ServerUnderTest) -> None:
    """M3, V2: without a trusted proxy the header counts for nothing."""
    for number in range(10):
        await guess(Browser(server), "BCDF-GHJK", **{"X-Forwarded-For": f"203.0.113.{number}"})

    page = await guess(Browser(server), "BCDF-GHJK", **{"X-Forwarded-For": "203.0.113.200"})

    assert page.status == 429


FORGED: list[Mapping[str, str]] = [{"csrf": ""}, {"csrf": "x" * 64}, {"csrf": "é"}]


@pytest.mark.parametrize("forged", FORGED)
async def test_a_form_of_another_site_leads_nowhere(server: ServerUnderTest, forged: Mapping[str, str]) -> None:
    """U1: not to the page that asks, past the one that compares; it is no attempt either."""
    asked, browser = await ask(server), Browser(server)
    action, fields = read_prompt(await open_prompt(browser))

    for _ in range(12):
        response = await browser.http.post(action, data={**fields, "user_code": asked["user_code"], **forged})

        assert is_refused(Page(response))
        assert read_prompt(Page(response))[1] == {**fields, "user_code": asked["user_code"]}
    assert server.events.names == ["device_authorization_issued"]


async def test_the_token_of_one_browser_is_of_no_use_in_another(server: ServerUnderTest) -> None:
    """U1: nor without any cookie, which is what a form of another site is sent with."""
    asked, one, other = await ask(server), Browser(server), Browser(server)
    action, fields = read_prompt(await open_prompt(one))
    form = {**fields, "user_code": asked["user_code"]}
    await open_prompt(other)

    foreign = await other.http.post(action, data=form)
    without = await Browser(server).http.post(action, data=form)

    assert is_refused(Page(foreign))
    assert is_refused(Page(without))
    assert "Allow cookies" in without.text


async def test_the_browser_has_one_cookie_and_a_planted_one_is_replaced(server: ServerUnderTest) -> None:
    """U6: what the page sets is no session, and whoever knew it does not know the one that becomes one."""
    asked, browser = await ask(server), Browser(server)
    prompt = await open_prompt(browser)
    planted = browser.http.cookies[COOKIE]
    header = prompt.response.headers["set-cookie"]

    again = await open_prompt(browser)
    await send(browser, again, asked["user_code"])

    assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= set(header.split("; "))
    assert "set-cookie" not in again.response.headers
    assert list(browser.http.cookies) == [COOKIE]
    assert browser.http.cookies[COOKIE] != planted
    async with server.database.transaction() as transaction:
        assert await BrowserSessions(transaction).find(planted, server.clock()) is None


async def test_whoever_is_signed_in_stays_so(server: ServerUnderTest) -> None:
    """D5: one session for the code flow and for devices."""
    browser = Browser(server)
    await browser.sign_in(await enter(browser, (await ask(server))["user_code"]))

    page = await enter(browser, (await ask(server))["user_code"])

    assert "asks for access" in page.heading


async def test_codes_over_plain_http_are_refused(server: ServerUnderTest) -> None:
    """K1."""
    server.http.base_url = httpx.URL("http://as.example")

    for response in (
        await server.http.get("/oauth/device"),
        await server.http.post("/oauth/device", data={"user_code": "BCDF-GHJK"}),
        await server.http.post("/oauth/device_authorization", data={"client_id": "tv"}),
    ):
        assert response.status_code == 400
        assert "https" in response.text


async def test_old_attempts_are_swept(server: ServerUnderTest) -> None:
    """J3: with those that still count left alone."""
    await enter(Browser(server), "BCDF-GHJK")

    early = await server.authorization_server.purge()
    server.clock.advance(attempts.WINDOW.total_seconds() + 1)
    late = await server.authorization_server.purge()

    assert (early["device_attempts"], late["device_attempts"]) == (0, 1)


async def test_old_codes_are_swept(server: ServerUnderTest) -> None:
    """J3: those that were not used; one that was stays with its grant, so that its replay is seen."""
    used = await ask(server)
    await let_in(server, used)
    await poll(server, used)
    await let_in(server, await ask(server))
    await ask(server)

    early = await server.authorization_server.purge()
    server.clock.advance(601)
    late = await server.authorization_server.purge()
    await poll(server, used)

    assert (early["device_codes"], late["device_codes"]) == (0, 2)
    assert server.events.names[-2:] == ["token_revoked", "token_denied"]
