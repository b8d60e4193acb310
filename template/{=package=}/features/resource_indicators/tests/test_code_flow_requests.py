"""A person allows access at certain APIs: the authorization request and the consent page (RFC 8707 §2.1)."""

import html
from collections.abc import Sequence
from typing import Any

import pytest

from ....core.client import Client
from ....policy.resources import Resources
from ....tests.harness import ServerUnderTest
from ....tests.people import Browser, add_person, authorization_request, obtain_code
from ....tests.sqlite_server import serving_on_sqlite
from .apis import DEFAULT, NOTES, ORDERS, UNKNOWN


async def authorize(server: ServerUnderTest, *resources: str) -> Any:
    """Return the page that an authorization request for these resources leads to."""
    changes: dict[str, Any] = {"resource": resources}
    return await Browser(server).authorize(**changes)


@pytest.mark.parametrize(
    "resources",
    [
        (UNKNOWN,),
        (ORDERS, UNKNOWN),
        (f"{ORDERS}#fragment",),
        ("https://me@orders.example",),
        ("orders",),
        (ORDERS,) * 11,
    ],
)
async def test_an_invalid_target_goes_back_to_the_client(server: ServerUnderTest, resources: tuple[str, ...]) -> None:
    """A4, D1, D3, RFC 8707 §2.1: with state and issuer, before anybody is asked anything."""
    page = await authorize(server, *resources)

    assert page.answer == {
        "error": "invalid_target",
        "error_description": page.answer["error_description"],
        "state": "af0ifjsldkj",
        "iss": DEFAULT,
    }
    assert [(event.name, event.result) for event in server.events.events] == [
        ("authorization_failed", "invalid_target")
    ]


async def test_the_consent_page_shows_where_the_access_can_be_used(server: ServerUnderTest) -> None:
    """H6, U1: every resource, as the tokens will name it."""
    await add_person(server)
    browser = Browser(server)
    changes: dict[str, Any] = {"resource": ["https://ORDERS.example/", NOTES]}

    page = await browser.sign_in(await browser.authorize(**changes))

    shown = html.unescape(page.text)
    assert shown.index(f">{ORDERS}<") < shown.index(f">{NOTES}<")


async def test_a_resource_as_long_as_allowed_is_shown_to_its_end() -> None:
    """A4, U1: nobody allows what they cannot see."""
    long = f"{NOTES}/".ljust(500, "x")
    async with serving_on_sqlite(resource_indicators={"resources": (long,)}) as server:
        await server.add_client("web")
        await add_person(server)
        browser = Browser(server)

        page = await browser.sign_in(await browser.authorize(resource=long))

        assert f">{long}<" in page.text


async def test_a_request_without_a_resource_names_none_on_the_page(server: ServerUnderTest) -> None:
    """N: the default audience goes without saying."""
    await add_person(server)
    browser = Browser(server)

    page = await browser.sign_in(await browser.authorize())

    assert "It may use this access at" not in page.text


async def test_policy_is_asked_only_if_a_resource_is_named(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E6: where it fails, requests for the default audience go on."""

    async def served(self: Resources, client: Client) -> Sequence[str]:
        raise RuntimeError("the team's table is gone")

    monkeypatch.setattr(Resources, "served", served)

    assert (await authorize(server)).heading == "Sign in"
    assert (await authorize(server, ORDERS)).answer["error"] == "server_error"


async def test_a_post_may_name_several_resources_too(server: ServerUnderTest) -> None:
    """D1, D8: and an empty one counts as none."""
    form: dict[str, Any] = {**authorization_request(), "resource": [ORDERS, "", NOTES]}

    response = await server.http.post("/oauth/authorize", data=form)

    assert response.status_code == 303
    assert response.headers["location"].startswith("/oauth/interaction?")


async def test_a_client_needs_no_link_to_a_resource(server: ServerUnderTest) -> None:
    """CLIENTS: a public client that came a moment ago."""
    await add_person(server)
    await server.add_client("app", token_endpoint_auth_method="none")

    assert await obtain_code(server, "app", resource=NOTES)
