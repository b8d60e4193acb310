"""The person's answer: what they are shown, what they may leave out, and whose answer it is (H5, V1, V5, U1)."""

from datetime import timedelta
from typing import Any

import pytest

from ....core.authorization_request import InteractionRequired
from ....policy.clients import Clients
from ....policy.consent import Consent
from ....policy.principals import Principals
from ....stores.grants import Grants
from ....tests.harness import ServerUnderTest, serving
from ....tests.people import Browser, Page, add_person, read_claims
from ..store import DeviceCodes
from .conftest import UNBOUND
from .devices import (
    DENIED,
    DONE,
    TOO_LATE,
    add_device,
    allow,
    ask,
    enter,
    let_in,
    open_prompt,
    poll,
    read_boxes,
    read_prompt,
    send,
)

CONSENT, FINISHED = "Tv asks for access to your account", "This is already done"


async def ask_ada(server: ServerUnderTest, asked: Any, browser: Browser | None = None) -> tuple[Browser, Page]:
    """Have ada come as far as the page that asks her."""
    browser = browser or Browser(server)
    page = await browser.sign_in(await enter(browser, asked["user_code"]))
    assert page.heading == CONSENT
    return browser, page


def is_too_late(page: Page) -> bool:
    """Say whether the page tells that the code cannot be used, and nothing more."""
    return (page.status, page.heading) == (400, TOO_LATE) and "<form" not in page.text


async def test_the_page_shows_what_to_compare_who_asks_when_and_from_where(database_url: str) -> None:
    """V5, RFC 8628 §5.4: and warns of whoever sent the code."""
    async with serving(database_url, device=UNBOUND, trusted_proxies=("127.0.0.1",)) as server:
        await add_device(server, client_name="<b>Living room</b>")
        await add_person(server)
        form = {"client_id": "tv", "scope": "notes:read"}
        response = await server.http.post(
            "/oauth/device_authorization", data=form, headers={"X-Forwarded-For": "203.0.113.7"}
        )
        server.clock.advance(125)
        browser = Browser(server)

        page = await browser.sign_in(await enter(browser, response.json()["user_code"]))

    assert page.heading == "<b>Living room</b> asks for access to your account"
    assert response.json()["user_code"] in page.text
    assert "203.0.113.7" in page.text
    assert "2 minutes" in " ".join(page.text.split())
    assert "Did somebody send you this code, or a link to it?" in page.text
    assert "<b>Living" not in page.text
    assert "ada" in page.text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "less than a minute ago"), (60, "one minute ago"), (599, "9 minutes ago")]
)
async def test_the_age_is_told_in_words(server: ServerUnderTest, seconds: int, text: str) -> None:
    """V5."""
    asked = await ask(server)
    server.clock.advance(seconds)

    _, page = await ask_ada(server, asked)

    assert text in " ".join(page.text.split())


async def test_allowing_gives_the_device_what_is_ticked(server: ServerUnderTest) -> None:
    """N, H5: the approver may narrow the scope, box by box; what is unticked is not in the tokens."""
    asked = await ask(server)
    browser, page = await ask_ada(server, asked)

    answered = await allow(browser, page, untick=("notes:write",))
    tokens = await poll(server, asked)

    assert read_boxes(page) == ["scope:notes:read", "scope:notes:write", "scope:offline_access"]
    assert (answered.status, answered.heading) == (200, DONE)
    assert tokens["scope"] == read_claims(tokens["access_token"])["scope"] == "notes:read offline_access"


async def test_without_offline_access_there_is_no_refresh_token(server: ServerUnderTest) -> None:
    """N, E4: that is a box like the others."""
    asked = await ask(server)
    browser, page = await ask_ada(server, asked)

    await allow(browser, page, untick=("offline_access",))
    tokens = await poll(server, asked)

    assert "refresh_token" not in tokens.body
    assert tokens["scope"] == "notes:read notes:write"


async def test_a_form_cannot_add_what_the_device_did_not_ask_for(server: ServerUnderTest) -> None:
    """F7, V4: a box that was not on the page counts for nothing."""
    asked = await ask(server, scope="notes:read")
    browser, page = await ask_ada(server, asked)

    await browser.submit(page, "consent", decision="allow", **{"scope:notes:read": "yes", "scope:notes:write": "yes"})

    assert (await poll(server, asked))["scope"] == "notes:read"


async def test_to_allow_nothing_is_no_answer(server: ServerUnderTest) -> None:
    """RFC 6749 §5.1: an empty scope would read as all that was asked for; the person may still answer."""
    asked = await ask(server)
    browser, page = await ask_ada(server, asked)

    nothing = await browser.submit(page, "consent", decision="allow")
    pending = await poll(server, asked)
    answered = await allow(browser, page)

    assert (nothing.status, nothing.heading) == (400, "Nothing is ticked")
    assert pending.refusal == (400, "authorization_pending")
    assert answered.heading == DONE


async def test_a_device_that_asks_for_no_scope_is_asked_about_all_the_same(server: ServerUnderTest) -> None:
    """RFC 6749 §3.3: there is nothing to tick, and nothing to hide."""
    asked = await ask(server, scope="")
    browser, page = await ask_ada(server, asked)

    answered = await allow(browser, page)
    tokens = await poll(server, asked)

    assert "asks for no particular permission" in page.text
    assert answered.heading == DONE
    assert "scope" not in tokens.body


async def test_denying_tells_the_device(server: ServerUnderTest) -> None:
    """V6, RFC 8628 §3.5: `access_denied`, in the words of RFC 6749 §5.2; both events name the person."""
    asked = await ask(server)
    browser, page = await ask_ada(server, asked)

    denied = await browser.deny(page)
    answer = await poll(server, asked)

    assert (denied.status, denied.heading) == (200, DENIED)
    assert answer.refusal == (400, "access_denied")
    told = {str(event.name): event for event in server.events.events}
    assert told["device_denied"].subject == told["authorization_denied"].subject == told["auth_succeeded"].subject
    assert told["device_denied"].client_id == "tv"
    assert told["device_denied"].client_ip == "127.0.0.1"


async def test_to_cancel_the_sign_in_is_to_deny(server: ServerUnderTest) -> None:
    """D5: nobody has to sign in to say no."""
    asked, browser = await ask(server), Browser(server)

    page = await browser.submit(await enter(browser, asked["user_code"]), "cancel")

    assert page.heading == DENIED
    assert (await poll(server, asked)).refusal == (400, "access_denied")


async def test_what_happens_is_told(server: ServerUnderTest) -> None:
    """K3: who let in what, with which scope."""
    asked = await ask(server)
    browser, page = await ask_ada(server, asked)
    await allow(browser, page, untick=("notes:write",))

    assert server.events.names == ["device_authorization_issued", "auth_succeeded", "device_approved"]
    approved = server.events.events[-1]
    assert approved.subject == server.events.events[1].subject
    assert (approved.client_id, approved.client_ip) == ("tv", "127.0.0.1")
    assert approved.grant_id


async def test_a_device_is_asked_about_whatever_the_policy_says(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """V5, U3, RFC 8628 §5.4: no policy, and no earlier yes, lets a device in silently."""

    async def no(*_: object) -> bool:
        return False

    monkeypatch.setattr(Consent, "is_needed", no)
    browser, page = await ask_ada(server, await ask(server))
    await allow(browser, page)
    second = await ask(server)

    page = await send(browser, await open_prompt(browser, f"?user_code={second['user_code']}"))

    assert page.heading == CONSENT
    assert (await poll(server, second)).refusal == (400, "authorization_pending")


async def test_only_the_browser_that_entered_the_code_can_answer(server: ServerUnderTest) -> None:
    """V1, CVE-2026-45337, DOT #1819: neither open the page, nor send its form, wherever somebody is signed in."""
    asked = await ask(server)
    _, page = await ask_ada(server, asked)
    mallory, _ = await ask_ada(server, await ask(server))
    action, hidden = page.form("consent")
    form = {**hidden, "scope:notes:read": "yes"}

    opened = await mallory.open(page.url)
    for decision in ("allow", "deny"):
        sent = Page(await mallory.http.post(action, data={**form, "decision": decision}))
        anonymous = Page(await Browser(server).http.post(action, data={**form, "decision": decision}))

        assert sent.heading == anonymous.heading == opened.heading == "This was begun in another browser"
    assert (await poll(server, asked)).refusal == (400, "authorization_pending")


async def test_the_way_on_is_for_the_browser_that_entered_the_code(server: ServerUnderTest) -> None:
    """V1: from the start, not from the first look at it."""
    asked, browser, mallory = await ask(server), Browser(server), Browser(server)
    action, fields = read_prompt(await open_prompt(browser))
    sent = await browser.http.post(action, data={**fields, "user_code": asked["user_code"]})

    stolen = await mallory.open(sent.headers["location"])
    own = await browser.open(sent.headers["location"])

    assert (stolen.heading, own.heading) == ("This was begun in another browser", "Sign in")


async def test_the_form_of_one_device_does_not_answer_for_another(server: ServerUnderTest) -> None:
    """U1, V1: its token is of this interaction, this browser and this person."""
    first, second = await ask(server), await ask(server)
    browser, page = await ask_ada(server, first)
    other = await enter(browser, second["user_code"])

    action, _ = other.form("consent")
    _, hidden = page.form("consent")
    form = {**hidden, "decision": "allow", "scope:notes:read": "yes"}
    shown = Page(await browser.http.post(action, data=form))

    assert shown.status == 303
    assert "/oauth/interaction" in shown.response.headers["location"]
    for asked in (first, second):
        assert (await poll(server, asked)).refusal == (400, "authorization_pending")


async def test_of_two_people_with_one_code_the_first_answers(server: ServerUnderTest) -> None:
    """V1, H5: the other is told, whatever the answer; nothing of it lasts."""
    for first, second in (("allow", "deny"), ("deny", "allow"), ("allow", "allow"), ("deny", "deny")):
        asked = await ask(server)
        ada, ada_page = await ask_ada(server, asked)
        bob = Browser(server)
        bob_page = await bob.sign_in(await enter(bob, asked["user_code"]), "bob")

        one = await ada.submit(ada_page, "consent", decision=first, **{"scope:notes:read": "yes"})
        other = await bob.submit(bob_page, "consent", decision=second, **{"scope:notes:read": "yes"})
        server.clock.advance(5)
        answer = await poll(server, asked)

        assert one.heading == (DONE if first == "allow" else DENIED)
        assert is_too_late(other)
        assert answer.body.get("error") == (None if first == "allow" else "access_denied")
    assert server.events.names.count("device_approved") == server.events.names.count("device_denied") == 2


async def test_a_second_click_finds_the_answer_given(server: ServerUnderTest) -> None:
    """U1, H12: one click, one answer."""
    asked = await ask(server)
    browser, page = await ask_ada(server, asked)

    await allow(browser, page)
    again = await allow(browser, page)
    denied = await browser.deny(page)

    assert again.heading == denied.heading == FINISHED
    assert (await poll(server, asked)).status == 200


async def test_an_answer_that_comes_too_late_is_none(server: ServerUnderTest) -> None:
    """RFC 8628 §3.5: the page ends with the code."""
    asked = await ask(server)
    browser, page = await ask_ada(server, asked)
    server.clock.advance(600)

    late = await allow(browser, page)

    assert (late.status, late.heading) == (400, "This took too long")
    assert (await poll(server, asked)).refusal == (400, "expired_token")


async def test_a_client_that_was_disabled_or_lost_the_grant_gets_nothing(server: ServerUnderTest) -> None:
    """F8: although the person had the page before them."""
    asked = await ask(server)
    browser, page = await ask_ada(server, asked)
    async with server.database.transaction() as transaction:
        await Clients().disable("tv", transaction, now=server.clock())
        await transaction.commit()
    disabled = await allow(browser, page)
    async with server.database.transaction() as transaction:
        await Clients().delete("tv", transaction)
        await transaction.commit()
    await add_device(server, grant_types=frozenset({"refresh_token"}))

    without_grant = await allow(browser, page)

    for end in (disabled, without_grant):
        assert (end.status, end.heading) == (400, "This app is no longer known here")


async def test_a_fault_leaves_the_code_waiting_and_can_be_told_by_its_reference(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D7, E6: the person may try again; the page shows what is in the log, and nothing else of it."""

    async def fail(*_: object) -> None:
        raise RuntimeError("the disk is full of secrets")

    asked = await ask(server)
    browser, page = await ask_ada(server, asked)
    with monkeypatch.context() as broken:
        broken.setattr(DeviceCodes, "approve", fail)
        failed = await allow(browser, page)
    pending = await poll(server, asked)
    answered = await allow(browser, page)

    assert (failed.status, failed.heading) == (500, "Something went wrong here")
    assert "incident" in failed.text
    assert "disk" not in failed.text
    assert pending.refusal == (400, "authorization_pending")
    assert answered.heading == DONE


async def test_a_sign_in_that_does_not_meet_what_is_asked_ends_it(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H7: whatever a policy or another feature raises, the person sees a page and the device an end."""

    async def refuse(*_: object, now: object) -> None:
        raise InteractionRequired("somebody has to call the office")

    asked, browser = await ask(server), Browser(server)
    monkeypatch.setattr(Principals, "recognise", refuse)

    page = await enter(browser, asked["user_code"])

    assert (page.status, page.heading) == (400, "This device cannot be connected")


async def test_a_grant_outlives_what_it_gives(server: ServerUnderTest) -> None:
    """J3, J4: approved at first, fetched at last, it is there for as long as the access token is good."""
    asked = await ask(server, scope="notes:read")
    await let_in(server, asked)
    server.clock.advance(599)
    tokens = await poll(server, asked)
    grant_id = read_claims(tokens["access_token"])["grant_id"]

    server.clock.advance(899)
    await server.authorization_server.purge()
    async with server.database.transaction() as transaction:
        grant = await Grants(transaction).find_live(grant_id)
    server.clock.advance(3)
    await server.authorization_server.purge()

    assert grant is not None
    assert grant.expires_at == grant.created_at + timedelta(seconds=600 + 900)
    assert grant.details == {}
    assert (await poll(server, asked)).refusal == (400, "invalid_grant")
    async with server.database.transaction() as transaction:
        assert await Grants(transaction).find_live(grant_id) is None
