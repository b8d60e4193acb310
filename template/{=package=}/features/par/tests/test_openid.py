"""What OpenID Connect asks for can be pushed as well (OIDC Core §3.1.2.1)."""

import json
from collections.abc import AsyncIterator

import pytest

from ....policy.consent import Consent
from ....tests.harness import ServerUnderTest
from ....tests.people import Browser, add_person, obtain_tokens, read_claims, redeem
from ....tests.sqlite_server import serving_on_sqlite
from .pushing import bring, push, push_well, sign_in

CLAIMS = json.dumps({"id_token": {"email": {"essential": True}}})


@pytest.fixture
async def strict() -> AsyncIterator[ServerUnderTest]:
    """A server that wants a nonce and honours the claims parameter, with ada, bob and two clients."""
    async with serving_on_sqlite(openid={"require_nonce": True, "claims_parameter": True}) as server:
        await add_person(server)
        await add_person(server, "bob")
        await server.add_client("web")
        await server.add_client("other")
        yield server


async def test_nonce_and_claims_of_the_push_are_in_the_id_token(strict: ServerUnderTest) -> None:
    """F1, J3, D6: and those that a browser adds are not."""
    request_uri = await push_well(strict, nonce="pushed", claims=CLAIMS)

    browser, consent = await sign_in(strict, request_uri, nonce="front", claims="{}")
    tokens = await redeem(strict, (await browser.allow(consent)).code)

    id_token = read_claims(tokens["id_token"])
    assert (id_token["nonce"], id_token["email"]) == ("pushed", "ada@example.org")


async def test_what_is_wrong_is_refused_when_it_is_pushed(strict: ServerUnderTest) -> None:
    """F1, D6, U6: a missing nonce, claims that are none, somebody else's hint."""
    foreign = (await obtain_tokens(strict, "other"))["id_token"]

    refused = [
        await push(strict, nonce=None),
        await push(strict, claims="{"),
        await push(strict, id_token_hint=foreign),
        await push(strict, id_token_hint="nonsense"),
    ]

    assert {answer.refusal for answer in refused} == {(400, "invalid_request")}


async def test_a_hint_that_was_pushed_says_who_has_to_sign_in(strict: ServerUnderTest) -> None:
    """D4, U6: nobody else will do."""
    hint = (await obtain_tokens(strict))["id_token"]
    request_uri = await push_well(strict, id_token_hint=hint)

    browser = Browser(strict)
    refused = await browser.sign_in(await bring(browser, request_uri), "bob")

    assert refused.answer["error"] == "login_required"


async def test_a_silent_sign_in_can_be_pushed(strict: ServerUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """D4, F1: a code without a page, and one only."""

    async def no(*arguments: object) -> bool:
        return False

    monkeypatch.setattr(Consent, "is_needed", no)
    browser = Browser(strict)
    first = await browser.sign_in(await browser.authorize())
    hint = (await redeem(strict, first.code))["id_token"]
    request_uri = await push_well(strict, prompt="none", id_token_hint=hint, nonce="silent")

    page, again = await bring(browser, request_uri), await bring(browser, request_uri)

    assert read_claims((await redeem(strict, page.code))["id_token"])["nonce"] == "silent"
    assert again.heading == "This link does not work"
