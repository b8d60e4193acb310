"""What anybody can make the server keep: an authorization request needs no login, and is a row for an hour."""

import json
from typing import Any

import pytest

from ...core.authorization_request import MAX_STATE_LENGTH, MAX_WISH_LENGTH, AuthorizationRequest
from ...policy.principals import Principals
from ...stores.interactions import Interactions
from ..harness import ServerUnderTest
from ..people import authorization_request

WISHES = ("acr_values", "login_hint", "ui_locales")


async def ask(server: ServerUnderTest, **changes: str) -> str:
    """Post a request of the client `web`; return where it leads."""
    response = await server.http.post("/oauth/authorize", data=authorization_request(**changes))
    return response.headers["location"]


@pytest.fixture(autouse=True)
def reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy that can reach what is asked for."""
    monkeypatch.setattr(Principals, "acr_values", ("a" * MAX_WISH_LENGTH,))


@pytest.mark.parametrize("name", WISHES)
async def test_a_wish_is_short(server: ServerUnderTest, name: str) -> None:
    """P6."""
    await server.add_client("web")

    assert (await ask(server, **{name: "a" * MAX_WISH_LENGTH})).startswith("/oauth/interaction")
    assert f"error_description={name}+is+too+long" in await ask(server, **{name: "a" * (MAX_WISH_LENGTH + 1)})


async def test_the_largest_request_is_a_small_row(server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """P6: a body may be 64 kB, what is kept of it is a sixth; what nobody reads is not kept."""
    kept: list[AuthorizationRequest] = []
    add = Interactions.add

    async def watch(self: Interactions, interaction: Any) -> None:
        kept.append(interaction.request)
        await add(self, interaction)

    monkeypatch.setattr(Interactions, "add", watch)
    await server.add_client("web")
    large = dict.fromkeys(WISHES, "a" * MAX_WISH_LENGTH) | {"state": "a" * MAX_STATE_LENGTH}
    unread = dict.fromkeys(("claims", "display", "registration"), "a" * 16000)

    assert (await ask(server, **large, **unread)).startswith("/oauth/interaction")
    assert len(json.dumps(kept[0].as_json())) < 10_000
