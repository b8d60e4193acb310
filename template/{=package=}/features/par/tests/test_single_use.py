"""Of all that came by one reference, one interaction is answered with a code (RFC 9126 §7.3)."""

import asyncio
from collections import Counter

import pytest

from ....stores.grants import Grants
from ....tests.harness import ServerUnderTest
from ....tests.people import Browser, redeem
from .pushing import bring, push_well, sign_in

pytestmark = pytest.mark.usefixtures("clients")


async def test_who_comes_second_is_sent_back_without_a_code(server: ServerUnderTest) -> None:
    """J1, F1: by the state of the request that both came by; the first keeps its code."""
    request_uri = await push_well(server, state="pushed")
    first, first_page = await sign_in(server, request_uri)
    second, second_page = await sign_in(server, request_uri)

    code = (await first.allow(first_page)).code
    refused = await second.allow(second_page)
    again = await second.open(second_page.url)

    assert (refused.answer["error"], refused.answer["state"]) == ("invalid_request_uri", "pushed")
    assert refused.answer["iss"] == server.settings.issuer
    assert again.heading == "This is already done"
    (event,) = [event for event in server.events.events if event.name == "authorization_failed"]
    assert (event.result, event.reason) == ("invalid_request_uri", "another interaction was faster")
    assert (await redeem(server, code)).status == 200


async def test_a_second_click_changes_nothing(server: ServerUnderTest) -> None:
    """F1: the interaction that has won may try again; here it is answered already."""
    browser, consent = await sign_in(server, await push_well(server))

    pages = await asyncio.gather(*(browser.allow(consent) for _ in range(4)))

    assert Counter(page.status for page in pages) == {303: 1, 400: 3}
    assert {page.heading for page in pages if page.status == 400} == {"This is already done"}


async def test_a_fault_after_the_claim_spends_nothing(server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """K5: whoever has won gets the code at the next click, and nobody else does."""
    request_uri = await push_well(server)
    browser, consent = await sign_in(server, request_uri)
    other, other_consent = await sign_in(server, request_uri)
    with monkeypatch.context() as broken:
        broken.setattr(Grants, "add", None)
        failed = await browser.allow(consent)

    refused = await other.allow(other_consent)
    page = await browser.allow(await browser.open(consent.url))

    assert failed.answer["error"] == "server_error"
    assert refused.answer["error"] == "invalid_request_uri"
    assert (await redeem(server, page.code)).status == 200


async def test_a_no_uses_nothing_up(server: ServerUnderTest) -> None:
    """F1: only a code does, so whoever clicked wrong can go back to the app's link while it is good."""
    request_uri = await push_well(server)
    browser, consent = await sign_in(server, request_uri)

    denied = await browser.deny(consent)
    page = await browser.allow(await bring(browser, request_uri))

    assert denied.answer["error"] == "access_denied"
    assert page.code


async def test_the_claim_is_remembered_longer_than_anybody_can_wait(server: ServerUnderTest) -> None:
    """J1: the last interaction began when the reference was about to expire, and is about to expire itself."""
    request_uri = await push_well(server)
    first, first_page = await sign_in(server, request_uri)
    server.clock.advance(59)
    last, last_page = await sign_in(server, request_uri)
    assert (await first.allow(first_page)).code

    server.clock.advance(server.settings.code_flow.interaction_lifetime.total_seconds() - 1)
    await server.authorization_server.purge()
    refused = await last.allow(last_page)

    assert refused.answer["error"] == "invalid_request_uri"


async def test_other_references_are_not_concerned(server: ServerUnderTest) -> None:
    """F1: the same request, pushed twice, may be answered twice; so may one that was not pushed."""
    first, second = await push_well(server), await push_well(server)

    codes = []
    for request_uri in (first, second):
        browser, consent = await sign_in(server, request_uri)
        codes.append((await browser.allow(consent)).code)
    browser = Browser(server)
    codes.append((await browser.allow(await browser.sign_in(await browser.authorize()))).code)

    assert [(await redeem(server, code)).status for code in codes] == [200, 200, 200]
