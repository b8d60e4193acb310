"""An essential `acr` of the claims parameter (OIDC Core §5.5.1.1, H7, D6)."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ....tests.harness import ServerUnderTest
from ....tests.people import Browser, add_person, obtain_code, read_claims, redeem
from ....tests.sqlite_server import serving_on_sqlite
from .conftest import MFA, PWD, Ways

CARD = "urn:example:smartcard"


@pytest.fixture
async def asking() -> AsyncIterator[ServerUnderTest]:
    """A server with the claims parameter on, ada, and a client."""
    async with serving_on_sqlite(openid={"claims_parameter": True}) as server:
        await add_person(server)
        await server.add_client()
        yield server


def acr(where: str = "id_token", **wish: Any) -> str:
    """Return a claims parameter that asks for `acr`."""
    return json.dumps({where: {"acr": wish}})


@pytest.mark.parametrize("wish", [{"values": [CARD, MFA]}, {"value": MFA}])
async def test_an_essential_context_is_reached_and_told(
    asking: ServerUnderTest, ways: Ways, wish: dict[str, Any]
) -> None:
    """OIDC Core §5.5.1.1: the ID token holds one of the values."""
    ways.acr = MFA

    answer = await redeem(asking, await obtain_code(asking, claims=acr(essential=True, **wish)))

    assert read_claims(answer["id_token"])["acr"] == MFA
    assert read_claims(answer["access_token"])["acr"] == MFA


@pytest.mark.parametrize("wish", [{"values": [CARD]}, {"value": CARD}, {"values": [CARD], "value": PWD}])
async def test_an_essential_context_that_nobody_reaches_is_refused(
    asking: ServerUnderTest, ways: Ways, wish: dict[str, Any]
) -> None:
    """OIDC Core §5.5.1.1: as a failed authentication attempt."""
    page = await Browser(asking).authorize(claims=acr(essential=True, **wish))

    assert page.answer["error"] == "unmet_authentication_requirements"


async def test_a_sign_in_that_does_not_reach_what_is_essential_ends_the_request(
    asking: ServerUnderTest, ways: Ways
) -> None:
    """OIDC Core §5.5.1.1: also where `acr_values` would have been content, as the stricter counts."""
    browser = Browser(asking)

    login = await browser.authorize(claims=acr(essential=True, values=[MFA]), acr_values=PWD)
    page = await browser.sign_in(login)

    assert page.answer["error"] == "unmet_authentication_requirements"


@pytest.mark.parametrize(
    "claims",
    [
        acr(values=[CARD]),
        acr(essential=False, values=[CARD]),
        acr(essential="yes", values=[CARD]),
        acr(essential=True),
        acr(essential=True, values=[]),
        acr("userinfo", essential=True, values=[CARD]),
        json.dumps({"id_token": {"acr": None}}),
        json.dumps({"id_token": {"email": {"essential": True, "values": [CARD]}}}),
        "",
    ],
)
async def test_what_is_not_essential_is_a_wish(asking: ServerUnderTest, ways: Ways, claims: str) -> None:
    """OIDC Core §5.5.1.1: voluntary, without a value, or asked for elsewhere than in the ID token."""
    assert await obtain_code(asking, claims=claims)


async def test_a_wish_takes_no_requirement_away(asking: ServerUnderTest, ways: Ways) -> None:
    """F7, RFC 9470 §5: `acr_values` beside it must be met as ever."""
    page = await Browser(asking).authorize(claims=acr(essential=True), acr_values=CARD)

    assert page.answer["error"] == "unmet_authentication_requirements"


@pytest.mark.parametrize("wish", [{"value": 3}, {"values": MFA}, {"values": [MFA, None]}, {"values": None}])
async def test_values_are_strings(asking: ServerUnderTest, ways: Ways, wish: dict[str, Any]) -> None:
    """OIDC Core §5.5.1: and what is none cannot be met."""
    page = await Browser(asking).authorize(claims=acr(essential=True, **wish))

    assert page.answer["error"] == "invalid_request"


async def test_without_the_claims_parameter_nothing_is_essential(light: ServerUnderTest, ways: Ways) -> None:
    """D6, N D6: it is off by default, and then says nothing."""
    assert await obtain_code(light, claims=acr(essential=True, values=[CARD]))


async def test_without_the_scope_there_is_no_id_token_to_hold_it(asking: ServerUnderTest, ways: Ways) -> None:
    """OIDC Core §3.1.2.1: a request without `openid` is none of OpenID Connect's."""
    assert await obtain_code(asking, scope="notes:read", claims=acr(essential=True, values=[CARD]))
