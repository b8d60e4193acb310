"""Where a device's tokens are good: what it asked for at first, and never more (A1, H6, V4)."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from .... import app
from ....core.client import Client
from ....core.errors import OAuthError
from ....core.parameters import Parameters
from ....feature import Feature
from ....features import make_features
from ....grants.issuing import AudienceRule
from ....tests.harness import ServerUnderTest, serving
from ....tests.people import Browser, add_person, read_claims
from .conftest import UNBOUND
from .devices import add_device, allow, ask, enter, poll

A, B = "https://a.example/", "https://b.example/"


class NoSuchPlace(OAuthError):
    """A refusal of the rule of these tests."""

    error = "no_such_place"


async def choose(parameters: Parameters, client: Client, granted: tuple[str, ...] | None) -> tuple[str, ...]:
    """Read `place`; what is granted may be narrowed, and C is nowhere."""
    asked = tuple(parameters.get("place", "").split())
    if "C" in asked or not set(asked) <= set(asked if granted is None else granted):
        raise NoSuchPlace("there is no such place")
    return asked or granted or ()


@pytest.fixture
async def server(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ServerUnderTest]:
    """A server whose audience rule is that of these tests, and no other's."""
    rule: Mapping[type, Any] = {AudienceRule: lambda _: AudienceRule(choose)}

    def make(*given: Any) -> list[Feature]:
        features = make_features(*given)
        for position, each in enumerate(features):
            if AudienceRule in each.extends:  # there can be one
                features[position] = replace(each, extends={**each.extends, **rule})
                return features
        return [*features, Feature(name="places", specification="", extends=rule)]

    monkeypatch.setattr(app, "make_features", make)
    async with serving(database_url, device=UNBOUND) as running:
        await add_device(running)
        await add_person(running)
        yield running


async def test_resources_are_chosen_when_the_device_asks_and_shown_to_the_person(server: ServerUnderTest) -> None:
    """H6, V4: kept in the row, on the page, and in the token."""
    asked, browser = await ask(server, place=f"{A} {B}"), Browser(server)
    page = await browser.sign_in(await enter(browser, asked["user_code"]))
    await allow(browser, page)

    tokens = await poll(server, asked)

    assert A in page.text
    assert B in page.text
    assert read_claims(tokens["access_token"])["aud"] == [A, B]


async def test_a_poll_may_narrow_them_and_nothing_else(server: ServerUnderTest) -> None:
    """V4, A1: a refusal spends nothing."""
    asked, browser = await ask(server, place=A), Browser(server)
    await allow(browser, await browser.sign_in(await enter(browser, asked["user_code"])))

    wider = await poll(server, asked, place=f"{A} {B}")
    same = await poll(server, asked, place=A)

    assert wider.refusal == (400, "no_such_place")
    assert read_claims(same["access_token"])["aud"] == A


async def test_a_resource_that_is_nowhere_is_refused_when_the_device_asks(server: ServerUnderTest) -> None:
    """H6: so that nobody is asked about it."""
    assert (await server.post("device_authorization", "tv", place="C")).refusal == (400, "no_such_place")
