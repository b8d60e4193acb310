"""Codes and refresh tokens that are bound to a key (D7, E4, G4)."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from ... import app
from ...core.authorization_request import AuthorizationRequest
from ...core.client import AuthMethod, Client
from ...core.parameters import Parameters
from ...endpoints.authorization_rules import RequestCheck
from ...endpoints.sender import SenderConstraint
from ...feature import Feature
from ...features import make_features
from ..endpoints.test_sender import Seal
from ..harness import REDIRECT_URI, Answer, ServerUnderTest, serving
from ..people import VERIFIER, add_person, obtain_code, read_claims


async def bind(parameters: Parameters, request: AuthorizationRequest, client: Client) -> AuthorizationRequest:
    """Bind the code to what a parameter of these tests says."""
    wax = parameters.get("wax")
    return replace(request, confirmation={"wax": wax}) if wax else request


@pytest.fixture
async def server(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ServerUnderTest]:
    """A server with a way of proving senders, a confidential client and a public one, and ada."""
    further = Feature(
        name="seal",
        specification="",
        extends={SenderConstraint: lambda _: Seal("wax"), RequestCheck: lambda _: RequestCheck(bind)},
    )
    monkeypatch.setattr(app, "make_features", lambda *given: [*make_features(*given), further])
    async with serving(database_url) as running:
        await running.add_client("web")
        await running.add_client("app", token_endpoint_auth_method=AuthMethod.NONE)
        await add_person(running)
        yield running


async def call(server: ServerUnderTest, client: str, wax: str | None, **form: str) -> Answer:
    """Post to the token endpoint as `client`, proving the key `wax`."""
    secret = server.secrets.get(client)
    auth = httpx.BasicAuth(client, secret) if secret else httpx.USE_CLIENT_DEFAULT
    form = form if secret else {"client_id": client, **form}
    path = server.authorization_server.server.urls.path("token")
    return Answer.of(await server.http.post(path, data=form, auth=auth, headers={"wax": wax} if wax else {}))


async def redeem(server: ServerUnderTest, code: str, wax: str | None, client: str = "web") -> Answer:
    form = {"redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER}
    return await call(server, client, wax, grant_type="authorization_code", code=code, **form)


async def refresh(server: ServerUnderTest, token: str, wax: str | None, client: str = "web") -> Answer:
    return await call(server, client, wax, grant_type="refresh_token", refresh_token=token)


async def test_a_bound_code_wants_its_key_and_a_refusal_spends_nothing(server: ServerUnderTest) -> None:
    """D3, D7, K7, G4: no proof, then another key, then its own."""
    code = await obtain_code(server, wax="k1")

    nothing, other, own = [await redeem(server, code, wax) for wax in (None, "k2", "k1")]

    assert nothing.refusal == (400, "invalid_request")
    assert other.refusal == (400, "invalid_grant")
    assert own["token_type"] == "Wax"
    assert read_claims(own["access_token"])["cnf"] == {"wax": "k1"}


async def test_an_unbound_code_may_buy_a_bound_token(server: ServerUnderTest) -> None:
    """RFC 7800 §3: the key of the token request counts."""
    answer = await redeem(server, await obtain_code(server), "k3")

    assert read_claims(answer["access_token"])["cnf"] == {"wax": "k3"}


async def test_a_bound_code_tells_of_its_key_before_it_tells_of_the_client(server: ServerUnderTest) -> None:
    """G4: as FAPI 2.0 has it. A plain code says nothing, and neither is spent."""
    bound, plain = await obtain_code(server, wax="k1"), await obtain_code(server)
    good = server.secrets.pop("web")
    server.secrets["web"] = "wrong"

    assert (await redeem(server, bound, None)).refusal == (400, "invalid_request")
    assert (await redeem(server, bound, "k1")).refusal == (401, "invalid_client")
    assert (await redeem(server, plain, None)).refusal == (401, "invalid_client")
    server.secrets["web"] = good
    assert (await redeem(server, bound, "k1")).status == 200
    assert (await redeem(server, plain, None)).status == 200


async def test_the_refresh_token_of_a_public_client_is_bound_to_its_key(server: ServerUnderTest) -> None:
    """D6, E4: without the key it neither refreshes nor ends anything, through every rotation."""
    token = (await redeem(server, await obtain_code(server, "app"), "k1", "app"))["refresh_token"]

    for _ in range(2):
        assert (await refresh(server, token, None, "app")).refusal == (400, "invalid_request")
        assert (await refresh(server, token, "k2", "app")).refusal == (400, "invalid_grant")
        renewed = await refresh(server, token, "k1", "app")
        assert read_claims(renewed["access_token"])["cnf"] == {"wax": "k1"}
        token = renewed["refresh_token"]


async def test_a_thief_without_the_key_cannot_end_the_family_by_an_old_token(server: ServerUnderTest) -> None:
    """F2: who lacks the key is refused before reuse is judged."""
    first = (await redeem(server, await obtain_code(server, "app"), "k1", "app"))["refresh_token"]
    second = (await refresh(server, first, "k1", "app"))["refresh_token"]
    third = (await refresh(server, second, "k1", "app"))["refresh_token"]

    assert (await refresh(server, first, "k2", "app")).refusal == (400, "invalid_grant")
    assert (await refresh(server, third, "k1", "app")).status == 200


async def test_the_refresh_token_of_a_confidential_client_is_bound_to_the_client(server: ServerUnderTest) -> None:
    """E4, RFC 9700 §2.2.2: it may come with a new key, and the new access token is bound to that one."""
    token = (await redeem(server, await obtain_code(server), "k1"))["refresh_token"]

    renewed = await refresh(server, token, "k2")
    plain = await refresh(server, renewed["refresh_token"], None)

    assert read_claims(renewed["access_token"])["cnf"] == {"wax": "k2"}
    assert plain["token_type"] == "Bearer"
    assert "cnf" not in read_claims(plain["access_token"])
