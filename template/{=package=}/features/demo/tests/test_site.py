"""The demo's client, used as a person would use it."""

import httpx
import pytest

from ....tests.harness import ServerUnderTest
from ....tests.people import Browser
from .conftest import demonstrate, open_browser
from .visiting import LOGIN, press, sign_in, statuses, stop_before_answer


async def test_a_person_signs_in_and_sees_the_tokens_and_what_they_open(browser: Browser) -> None:
    """UserInfo and the API with a token, the API without one and with too little scope."""
    page = await sign_in(browser)

    assert page.heading == "You are signed in"
    assert page.url.endswith("/demo/")
    assert "ID token" in page.text
    assert "Refresh token" in page.text
    assert statuses(page) == ["200", "200", "401", "403"]
    assert "insufficient_scope" in page.text
    assert "script" not in page.response.headers["content-security-policy"]


async def test_the_code_is_in_no_page(browser: Browser) -> None:
    """RFC 9700 §4.2.4: the answer leads on to another URL, whose headers keep it from others."""
    answer = await stop_before_answer(browser)

    response = await browser.http.get(answer)

    assert response.status_code == 303
    assert response.headers["location"] == "/demo/"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["set-cookie"].endswith("; HttpOnly; Max-Age=43200; Path=/; SameSite=lax")


async def test_the_printed_link_is_good_once_in_any_browser(listening: ServerUnderTest, browser: Browser) -> None:
    """The link in the terminal knows no browser: whoever follows it first is who signs in."""
    link = (await demonstrate(listening))[-1].partition(": ")[2]

    first = await sign_in(browser, link)
    other = open_browser(listening)
    second = await sign_in(other, link)
    await other.http.aclose()

    assert first.heading == "You are signed in"
    assert second.status == 400
    assert "belongs to no sign-in" in second.text


async def test_the_client_asks_for_more_when_the_api_wants_more(browser: Browser) -> None:
    """RFC 6750 §3.1: after insufficient_scope the person is asked for what is missing, and the API opens."""
    await sign_in(browser)

    page = await browser.allow(await browser.open(f"{LOGIN}?more"))
    written = await press(browser, page, "/demo/write", text="Buy cards for the loom")

    assert statuses(page) == ["200", "200", "401"]
    assert statuses(written) == ["200", "200", "401", "201"]
    assert written.text.count("Buy cards for the loom") == 2


async def test_tokens_are_refreshed(browser: Browser) -> None:
    """RFC 6749 §6: the new tokens open what the old ones did."""
    page = await press(browser, await sign_in(browser), "/demo/refresh")

    assert "These are new tokens" in page.text
    assert statuses(page) == ["200", "200", "401", "403"]


async def test_a_no_is_shown_as_a_page(browser: Browser) -> None:
    """RFC 6749 §4.1.2.1: access_denied is an answer like any other."""
    page = await browser.deny(await browser.sign_in(await browser.open(LOGIN)))

    assert page.heading == "You said no"
    assert "access_denied" in page.text


async def test_an_answer_with_a_state_of_nobody_is_refused(browser: Browser) -> None:
    """RFC 6749 §10.12."""
    answer = await stop_before_answer(browser)

    page = await browser.open(str(answer.copy_set_param("state", "guessed")))

    assert page.status == 400
    assert "belongs to no sign-in" in page.text


async def test_an_answer_that_another_browser_began_is_refused_and_left_to_it(
    listening: ServerUnderTest, browser: Browser
) -> None:
    """RFC 9700 §4.7: nobody can be made to sign in as somebody else by following a link."""
    answer = str(await stop_before_answer(browser))

    victim = open_browser(listening)
    refused = await victim.open(answer)
    await victim.http.aclose()
    accepted = await browser.open(answer)

    assert refused.status == 400
    assert accepted.heading == "You are signed in"


@pytest.mark.parametrize("iss", ["https://evil.example", None])
async def test_an_answer_of_another_server_never_reaches_the_token_request(
    listening: ServerUnderTest, browser: Browser, iss: str | None
) -> None:
    """Mix-up, RFC 9207 §2.4: a wrong or missing `iss` ends it, and the code is not given away."""
    answer = await stop_before_answer(browser)
    changed = answer.copy_set_param("iss", iss) if iss else answer.copy_remove_param("iss")
    listening.events.events.clear()

    page = await browser.open(str(changed))

    assert page.heading == "The client does not believe this answer"
    assert listening.events.names == []


async def test_an_answer_is_taken_once(browser: Browser) -> None:
    """RFC 9700 §4.7.1: `state` is spent with its answer, so a reload buys nothing."""
    answer = str(await stop_before_answer(browser))
    await browser.open(answer)

    page = await browser.open(answer)

    assert page.status == 400


async def test_an_answer_may_be_an_hour_late_and_no_later(listening: ServerUnderTest, browser: Browser) -> None:
    """A login may be slow; what the client remembers of it is not kept for ever."""
    answer = str(await stop_before_answer(browser))
    listening.clock.advance(3600)

    page = await browser.open(answer)

    assert "belongs to no sign-in" in page.text


async def test_two_tabs_can_sign_in_at_once(browser: Browser) -> None:
    """Each attempt has secrets of its own; the browser's new cookie does not shut the other tab out."""
    first, second = await stop_before_answer(browser), httpx.URL((await browser.http.get(LOGIN)).headers["location"])

    signed_in = await browser.open(str(first))
    signed_in_again = await browser.allow(await browser.open(str(second)))

    assert signed_in.heading == signed_in_again.heading == "You are signed in"


async def test_the_cookie_is_another_one_after_the_sign_in(browser: Browser) -> None:
    """Session fixation: a secret that somebody planted before is worth nothing afterwards."""
    answer = str(await stop_before_answer(browser))
    planted = next(cookie.value for cookie in browser.http.cookies.jar if cookie.name.endswith("_demo"))

    await browser.open(answer)

    assert planted not in [cookie.value for cookie in browser.http.cookies.jar]


@pytest.mark.parametrize("action", ["refresh", "revoke", "write", "forget"])
async def test_a_form_from_elsewhere_does_nothing(browser: Browser, action: str) -> None:
    """Cross-site request forgery: the cookie alone is not enough."""
    await sign_in(browser)

    response = await browser.http.post(f"/demo/{action}", data={"form_token": "guessed"})

    assert response.status_code == 400
    assert statuses(await browser.open("/demo/")) == ["200", "200", "401", "403"]


async def test_who_is_forgotten_is_back_at_the_start(browser: Browser) -> None:
    """Forgetting is the client's own business."""
    page = await press(browser, await sign_in(browser), "/demo/forget")

    assert page.heading == "Try your server"
