"""Proofs at the endpoint to which requests are pushed: they bind the code (RFC 9449 §10.1)."""

import asyncio
from collections.abc import Sequence

import pytest

from ....core.client import AuthMethod
from ....tests.harness import REDIRECT_URI, Answer, ServerUnderTest, serving
from ....tests.people import VERIFIER, Browser, add_person, authorization_request
from ....tests.sqlite_server import serving_on_sqlite
from .keys import SenderKey
from .provers import Prover, confirmation_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def populated(server: ServerUnderTest) -> ServerUnderTest:
    """A server with ada and two clients, on each kind of database."""
    return await populate(server)


async def populate(server: ServerUnderTest) -> ServerUnderTest:
    """Keep ada, a confidential client and a public one."""
    await add_person(server)
    await server.add_client("web")
    await server.add_client("app", token_endpoint_auth_method=AuthMethod.NONE)
    return server


async def push(prover: Prover, client: str = "web", *, proofs: Sequence[str] | None = None, **changes: str) -> Answer:
    """Push a good request with a proof."""
    form = authorization_request(client, **changes)
    return await prover.post("par", client, proofs=proofs, **form)


async def obtain_code(server: ServerUnderTest, pushed: Answer, client: str = "web", **beside: str) -> str:
    """Have a browser bring the reference, and ada allow what it stands for."""
    assert pushed.status == 201, pushed.body
    browser = Browser(server)
    asked = {"client_id": client, "request_uri": pushed["request_uri"], **beside}
    response = await browser.http.get("/oauth/authorize", params=asked)
    page = await browser.sign_in(await browser.open(response.headers["location"]))
    return (await browser.allow(page)).code


async def redeem(prover: Prover, code: str, client: str = "web", *, proofs: Sequence[str] | None = None) -> Answer:
    """Redeem a code with a proof."""
    form = {"redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER, "scope": ""}
    return await prover.token(client, grant_type="authorization_code", code=code, proofs=proofs, **form)


@pytest.mark.parametrize("client", ["web", "app"])
async def test_the_key_that_pushed_is_the_key_that_redeems(populated: ServerUnderTest, client: str) -> None:
    """F2, RFC 9449 §10.1: without `dpop_jkt`, the proof's key counts."""
    prover = Prover(populated)
    code = await obtain_code(populated, await push(prover, client), client)

    assert (await redeem(Prover(populated), code, client)).refusal == (400, "invalid_grant")
    assert (await redeem(prover, code, client, proofs=[])).refusal == (400, "invalid_request")
    assert confirmation_of(await redeem(prover, code, client)) == {"jkt": prover.key.thumbprint}


async def test_dpop_jkt_and_the_proof_must_name_one_key(populated: ServerUnderTest) -> None:
    """D3, F2, RFC 9449 §10.1."""
    prover = Prover(populated)

    other = await push(prover, dpop_jkt=SenderKey().thumbprint)
    same = await push(prover, dpop_jkt=prover.key.thumbprint)

    assert other.refusal == (400, "invalid_dpop_proof")
    assert (await redeem(prover, await obtain_code(populated, same))).status == 200


async def test_dpop_jkt_alone_is_kept_and_enforced(populated: ServerUnderTest) -> None:
    """N/F2: the proof may come with the token request only."""
    prover = Prover(populated)
    code = await obtain_code(populated, await push(prover, proofs=[], dpop_jkt=prover.key.thumbprint))

    assert (await redeem(Prover(populated), code)).refusal == (400, "invalid_grant")
    assert (await redeem(prover, code)).status == 200


async def test_what_the_browser_brings_beside_the_reference_binds_nothing(populated: ServerUnderTest) -> None:
    """J3: neither does another `dpop_jkt` replace the key, nor does one come from there."""
    prover, thief = Prover(populated), SenderKey()
    bound = await obtain_code(populated, await push(prover), dpop_jkt=thief.thumbprint)
    unbound = await obtain_code(populated, await push(prover, proofs=[]), dpop_jkt=thief.thumbprint)

    assert (await redeem(Prover(populated, thief), bound)).refusal == (400, "invalid_grant")
    assert (await redeem(prover, bound)).status == 200
    assert (await redeem(prover, unbound)).status == 200


async def test_a_proof_that_does_not_hold_is_refused() -> None:
    """D1, F2, RFC 9449 §4.3: of another endpoint, two of them, one that was used, nonsense."""
    async with serving_on_sqlite() as server:
        await populate(server)
        prover = Prover(server)
        used = prover.prove("par")
        assert (await push(prover, proofs=[used])).status == 201

        for proofs in (
            [used],
            ["nonsense"],
            [""],
            [prover.prove("token")],
            [prover.prove("par", "GET")],
            [prover.prove("par"), prover.prove("par")],
        ):
            assert (await push(prover, proofs=proofs)).refusal == (400, "invalid_dpop_proof")


async def test_a_dpop_jkt_that_is_no_thumbprint_is_refused() -> None:
    """D3: the pushed request is checked as at the authorization endpoint."""
    async with serving_on_sqlite() as server:
        await populate(server)

        assert (await push(Prover(server), proofs=[], dpop_jkt="x")).refusal == (400, "invalid_request")


async def test_a_client_that_retries_gets_along_with_nonces() -> None:
    """G2, RFC 9449 §8: one nonce for both endpoints."""
    async with serving_on_sqlite(dpop={"require_nonce": True, "nonce_single_use": True}) as server:
        await populate(server)
        prover = Prover(server)

        asked = await push(prover)
        pushed = await push(prover)
        answer = await redeem(prover, await obtain_code(server, pushed))

        assert asked.refusal == (400, "use_dpop_nonce")
        assert answer["token_type"] == "DPoP"


async def test_a_client_whose_tokens_are_always_bound_may_push_without_a_proof() -> None:
    """RFC 9449 §5.2: `dpop_bound_access_tokens` is about token requests. But it needs PKCE, and is told so (D2)."""
    async with serving_on_sqlite(dpop={"required": True}, code_flow={"require_pkce": False}) as server:
        await populate(server)
        prover = Prover(server)
        form = {name: value for name, value in authorization_request().items() if not name.startswith("code_")}

        assert (await push(prover, proofs=[])).status == 201
        refused = await prover.post("par", proofs=[], **form)
        assert refused.refusal == (400, "invalid_request")


async def test_a_proof_is_good_once_on_all_servers_together(database_url: str, shared_url: str) -> None:
    """D2: pushed to both at once; the reference is good on either."""
    async with (
        serving(database_url, ephemeral_url=shared_url) as one,
        serving(database_url, ephemeral_url=shared_url) as other,
    ):
        await populate(one)
        other.secrets.update(one.secrets)
        here, there = Prover(one), Prover(other)
        there.key = here.key
        proof = here.prove("par")

        answers = await asyncio.gather(*(push(prover, proofs=[proof]) for prover in (here, there) * 5))

        assert [answer.status for answer in answers].count(201) == 1
        (pushed,) = (answer for answer in answers if answer.status == 201)
        assert (await redeem(here, await obtain_code(other, pushed))).status == 200


async def test_browsers_may_push_with_a_proof_and_the_document_says_so() -> None:
    """B7, B8."""
    async with serving_on_sqlite() as server:
        asked = {
            "Origin": "https://app.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "dpop",
        }
        operation = (await server.http.get("/openapi.json")).json()["paths"]["/oauth/par"]["post"]

        assert (await server.http.options("/oauth/par", headers=asked)).status_code == 200
        assert [each["name"] for each in operation["parameters"]] == ["DPoP"]
        assert "DPoP-Nonce" in operation["responses"]["400"]["headers"]
