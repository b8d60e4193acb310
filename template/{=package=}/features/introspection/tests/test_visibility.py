"""Who is told of whose token: the server's rule, and the team's (H2, N1, RFC 7662 §4)."""

import logging
from collections.abc import Mapping
from typing import Any

import pytest

from ....core.client import Client
from ....policy.introspection import Introspection
from ....tests.harness import ISSUER, ServerUnderTest
from ....tests.sqlite_server import serving_on_sqlite
from ..visibility import is_visible
from .asking import INACTIVE, ask, buy, claims_of

API = "https://api.example"


def caller(client_id: str = "api", **metadata: Any) -> Client:
    return Client(client_id=client_id, metadata=metadata)


def token(aud: Any = API) -> dict[str, Any]:
    return {"client_id": "web", "aud": aud}


def test_a_client_sees_its_own_tokens() -> None:
    """H2."""
    assert is_visible(caller("web"), token())
    assert is_visible(caller("web"), {"client_id": "web"})


@pytest.mark.parametrize("aud", [API, [API], ["https://other.example", API]])
def test_an_api_sees_tokens_that_it_is_an_audience_of(aud: str | list[str]) -> None:
    """H2: by the resource that it stands for."""
    assert is_visible(caller(introspects=["https://another.example", API]), token(aud))


def test_a_client_whose_id_is_in_the_audience_sees_the_token() -> None:
    """H2: its id may be a URL."""
    assert is_visible(caller(API), token())


@pytest.mark.parametrize(
    "aud", ["https://other.example", f"{API}/", f"{API}.evil.example", "https://api", [], ["https://other.example"], ""]
)
def test_nobody_else_sees_it(aud: str | list[str]) -> None:
    """N1: what is nearly the audience is not it, letter by letter."""
    assert not is_visible(caller(introspects=[API]), token(aud))
    assert not is_visible(caller(), token(aud))


def test_a_token_without_audience_is_its_clients_alone() -> None:
    """H2: whatever else there may be than access tokens."""
    assert not is_visible(caller(introspects=[API]), {"client_id": "web"})


async def test_owner_and_audience_are_told_and_others_are_not(server: ServerUnderTest) -> None:
    """H2, N1: the same token, asked about by three clients; on each database."""
    await server.add_client("web")
    await server.add_client("api", metadata={"introspects": [ISSUER]})
    await server.add_client("other", metadata={"introspects": [API]})
    good = await buy(server)

    assert await ask(server, good, "web") == await ask(server, good, "api")
    assert (await ask(server, good, "api"))["active"] is True
    assert await ask(server, good, "other") == INACTIVE


async def test_policy_can_let_somebody_see_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """H2: a gateway before all APIs."""

    async def may_see(self: Introspection, caller: Client, token: Mapping[str, Any], *, by_default: bool) -> bool:
        return by_default or caller.client_id == "gateway"

    monkeypatch.setattr(Introspection, "may_see", may_see)
    async with serving_on_sqlite() as server:
        for client_id in ("web", "gateway", "other"):
            await server.add_client(client_id)
        good = await buy(server)

        assert (await ask(server, good, "gateway"))["active"] is True
        assert await ask(server, good, "other") == INACTIVE


async def test_policy_can_let_somebody_see_less(monkeypatch: pytest.MonkeyPatch) -> None:
    """H2: it sees what would be told."""

    async def may_see(self: Introspection, caller: Client, token: Mapping[str, Any], *, by_default: bool) -> bool:
        return by_default and token["scope"] != "notes:read" and token["token_type"] == "Bearer"

    monkeypatch.setattr(Introspection, "may_see", may_see)
    async with serving_on_sqlite() as server:
        await server.add_client("web")
        other = await server.token(grant_type="client_credentials", scope="notes:write")

        assert await ask(server, await buy(server)) == INACTIVE
        assert (await ask(server, other["access_token"]))["active"] is True


@pytest.mark.parametrize("answer", [None, 1, "yes", "true", [True], False])
async def test_anything_but_yes_is_no(answer: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """H2: a rule that forgot to answer has not said yes."""

    async def may_see(self: Introspection, *arguments: object, **further: object) -> object:
        return answer

    monkeypatch.setattr(Introspection, "may_see", may_see)
    async with serving_on_sqlite() as server:
        await server.add_client("web")

        assert await ask(server, await buy(server)) == INACTIVE


async def test_a_rule_that_fails_is_a_no_that_is_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """H2: fail closed, and loudly."""

    async def may_see(self: Introspection, *arguments: object, **further: object) -> bool:
        raise RuntimeError("the team's table is gone")

    monkeypatch.setattr(Introspection, "may_see", may_see)
    async with serving_on_sqlite() as server:
        await server.add_client("web")
        with caplog.at_level(logging.ERROR):
            told = await ask(server, await buy(server))

        assert told == INACTIVE
        assert "the team's table is gone" in caplog.text


async def test_the_rule_is_asked_about_active_tokens_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """H2: and told what the caller would be told."""
    asked: list[tuple[str, Mapping[str, Any], bool]] = []

    async def may_see(self: Introspection, caller: Client, token: Mapping[str, Any], *, by_default: bool) -> bool:
        asked.append((caller.client_id, token, by_default))
        return by_default

    monkeypatch.setattr(Introspection, "may_see", may_see)
    async with serving_on_sqlite() as server:
        for client_id in ("web", "other"):
            await server.add_client(client_id)
        good = await buy(server)
        for client_id in ("web", "other"):
            await ask(server, good, client_id)
        server.clock.advance(901)
        for over in (good, "unknown"):
            await ask(server, over)

        told = {**claims_of(good), "token_type": "Bearer"}
        assert asked == [("web", told, True), ("other", told, False)]
