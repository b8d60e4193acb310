"""Devices that prove a key: the device code is of no use to anybody else (G1, G4, H5)."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

import httpx
import pytest

from .... import app
from ....endpoints.sender import SenderConstraint
from ....feature import Feature
from ....features import make_features
from ....tests.endpoints.test_sender import Seal
from ....tests.harness import Answer, ServerUnderTest, serving
from ....tests.people import add_person, is_alive, read_claims
from ..device_code import GRANT_TYPE
from .conftest import UNBOUND
from .devices import add_device, let_in

K1, K2 = {"wax": "k1"}, {"wax": "k2"}


@pytest.fixture
def with_seal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let servers have one more feature, which brings a way of proving senders."""
    further = Feature(name="seal", specification="", extends={SenderConstraint: lambda _: Seal("wax")})
    monkeypatch.setattr(app, "make_features", lambda *given: [*make_features(*given), further])


@pytest.fixture
async def server(database_url: str, with_seal: None) -> AsyncIterator[ServerUnderTest]:
    """A server where senders can prove a key, and public clients have to."""
    async with serving(database_url) as running:
        await add_device(running)
        await running.add_client("web")
        await add_person(running)
        yield running


async def call(server: ServerUnderTest, path: str, proof: Mapping[str, str], client: str = "tv", **form: str) -> Answer:
    """Post as a client that proves a key."""
    secret = server.secrets.get(client)
    auth = httpx.BasicAuth(client, secret) if secret else httpx.USE_CLIENT_DEFAULT
    form = {"scope": "notes:read offline_access", **({} if secret else {"client_id": client}), **form}
    return Answer.of(await server.http.post(f"/oauth/{path}", data=form, auth=auth, headers=dict(proof)))


async def ask(server: ServerUnderTest, proof: Mapping[str, str], client: str = "tv") -> Answer:
    return await call(server, "device_authorization", proof, client)


async def poll(server: ServerUnderTest, asked: Answer, proof: Mapping[str, str], client: str = "tv") -> Answer:
    return await call(server, "token", proof, client, grant_type=GRANT_TYPE, device_code=asked["device_code"])


async def test_a_public_client_has_to_prove_a_key_when_it_asks(server: ServerUnderTest) -> None:
    """H5: and what it gets is bound to that one."""
    without, asked = await ask(server, {}), await ask(server, K1)
    await let_in(server, asked)

    tokens = await poll(server, asked, K1)

    assert without.refusal == (400, "invalid_request")
    assert without["error_description"] == "a proof of the key is missing"
    assert asked.headers["next"] == "wax k1"
    assert tokens["token_type"] == "Wax"
    assert read_claims(tokens["access_token"])["cnf"] == {"wax": "k1"}
    issued = [event for event in server.events.events if event.name == "device_authorization_issued"]
    assert [(event.sender_constraint, event.cnf) for event in issued] == [("wax", {"wax": "k1"})]


async def test_a_public_clients_refresh_token_is_bound_as_well(server: ServerUnderTest) -> None:
    """E4, D6."""
    asked = await ask(server, K1)
    await let_in(server, asked)
    tokens = await poll(server, asked, K1)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}

    assert (await call(server, "token", {}, **form)).refusal == (400, "invalid_request")
    assert (await call(server, "token", K2, **form)).refusal == (400, "invalid_grant")
    assert (await call(server, "token", K1, **form)).status == 200


async def test_whoever_proved_a_key_is_told_what_to_prove_next_by_a_refusal_too(server: ServerUnderTest) -> None:
    """G2: what comes with the answer goes out with a refusal too, or each retry would be refused once more."""
    refused = await call(server, "device_authorization", K1, scope="unknown")

    assert refused.refusal == (400, "invalid_scope")
    assert refused.headers["next"] == "wax k1"


async def test_a_confidential_client_may_do_without(server: ServerUnderTest) -> None:
    """H5, G4: it proves who it is; a token that it asks for with a key is bound to that."""
    asked = await ask(server, {}, "web")
    await let_in(server, asked)

    tokens = await poll(server, asked, K1, "web")

    assert read_claims(tokens["access_token"])["cnf"] == {"wax": "k1"}


async def test_a_client_that_has_to_prove_a_key_has_to_here(server: ServerUnderTest) -> None:
    """G4: whatever kind of client it is."""
    await server.add_client("sealed", metadata={"wax": True})

    assert (await ask(server, {}, "sealed")).refusal == (400, "invalid_request")
    assert (await ask(server, K1, "sealed")).status == 200


async def test_without_the_setting_public_clients_choose(database_url: str, with_seal: None) -> None:
    """H5: a device code that was asked for without a key is good with any and with none."""
    async with serving(database_url, device=UNBOUND) as server:
        await add_device(server)
        await add_person(server)
        asked, other = await ask(server, {}), await ask(server, {})
        await let_in(server, asked)
        await let_in(server, other)

        assert (await poll(server, asked, {}))["token_type"] == "Bearer"
        assert (await poll(server, other, K1))["token_type"] == "Wax"


async def test_where_nobody_can_prove_a_key_nobody_has_to(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """H5: the setting says nothing to a server without such a way."""

    def without(feature: Feature) -> Feature:
        kept = {slot: make for slot, make in feature.extends.items() if slot is not SenderConstraint}
        return replace(feature, extends=kept)

    monkeypatch.setattr(app, "make_features", lambda *given: [without(each) for each in make_features(*given)])
    async with serving(database_url) as server:
        await add_device(server)

        assert (await ask(server, {})).status == 200


@pytest.mark.parametrize(("proof", "error"), [({}, "invalid_request"), (K2, "invalid_grant")])
@pytest.mark.parametrize("is_allowed", [False, True])
async def test_whoever_does_not_hold_the_key_gets_and_changes_nothing(
    server: ServerUnderTest, proof: Mapping[str, str], error: str, is_allowed: bool
) -> None:
    """G4, D3, K7: neither slower nor spent, whatever state the code is in."""
    asked = await ask(server, K1)
    if is_allowed:
        await let_in(server, asked)

    refused = [await poll(server, asked, proof) for _ in range(3)]
    honest = await poll(server, asked, K1)

    assert [each.refusal for each in refused] == [(400, error)] * 3
    assert honest.body.get("error") == (None if is_allowed else "authorization_pending")


@pytest.mark.parametrize(("proof", "error"), [({}, "invalid_request"), (K2, "invalid_grant")])
async def test_nor_does_their_replay_end_anything(
    server: ServerUnderTest, proof: Mapping[str, str], error: str
) -> None:
    """D7, G4: who has the code alone could not have used it."""
    asked = await ask(server, K1)
    await let_in(server, asked)
    tokens = await poll(server, asked, K1)

    refused = await poll(server, asked, proof)
    alive = await is_alive(server, tokens)
    replayed = await poll(server, asked, K1)

    assert refused.refusal == (400, error)
    assert alive
    assert replayed.refusal == (400, "invalid_grant")
    assert not await is_alive(server, tokens)


async def test_a_missing_proof_is_told_before_a_client_that_is_none(server: ServerUnderTest) -> None:
    """G4, FAPI 2.0: a bound code without a proof says so even when client authentication fails too."""
    asked = await ask(server, K1, "web")
    form = {"grant_type": GRANT_TYPE, "device_code": asked["device_code"], "client_id": "web", "client_secret": "x"}

    without = Answer.of(await server.http.post("/oauth/token", data=form))
    with_one = Answer.of(await server.http.post("/oauth/token", data=form, headers=K1))
    unknown = Answer.of(await server.http.post("/oauth/token", data={**form, "device_code": "x"}))

    assert without.refusal == (400, "invalid_request")
    assert with_one.refusal == unknown.refusal == (401, "invalid_client")


async def test_the_headers_of_a_proof_are_described(server: ServerUnderTest) -> None:
    """B7, G1."""
    paths = (await server.http.get("/openapi.json")).json()["paths"]

    described = paths["/oauth/device_authorization"]["post"]
    assert "wax" in {each["name"] for each in described["parameters"] if each["in"] == "header"}
    assert "Next" in described["responses"]["200"]["headers"]
