"""DPoP in the code flow: codes and refresh tokens that are bound to a key (RFC 9449 §5, §10)."""

import asyncio
from typing import Any

import pytest

from ....core.client import AuthMethod
from ....tests.harness import REDIRECT_URI, Answer, ServerUnderTest, serving
from ....tests.people import VERIFIER, Browser, add_person, obtain_code
from ....tests.sqlite_server import serving_on_sqlite
from .keys import SenderKey
from .provers import Prover, confirmation_of

pytestmark = pytest.mark.anyio


async def populate(server: ServerUnderTest, **changes: Any) -> ServerUnderTest:
    """Keep ada, a confidential client and a public one."""
    await add_person(server)
    await server.add_client("web", **changes)
    await server.add_client("app", token_endpoint_auth_method=AuthMethod.NONE)
    return server


@pytest.fixture
async def populated(server: ServerUnderTest) -> ServerUnderTest:
    """A server with people and clients, on each kind of database."""
    return await populate(server)


async def redeem(prover: Prover, code: str, client: str = "web", **changes: Any) -> Answer:
    """Redeem a code with a proof."""
    form = {"redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER, "scope": "", **changes}
    return await prover.token(client, grant_type="authorization_code", code=code, **form)


async def refresh(prover: Prover, token: str, client: str = "web", **changes: Any) -> Answer:
    """Refresh with a proof."""
    return await prover.token(client, grant_type="refresh_token", refresh_token=token, scope="", **changes)


async def test_dpop_jkt_binds_the_code_to_the_key_that_it_names(populated: ServerUnderTest) -> None:
    """D3, N/F2, RFC 9449 §10: no proof and another key are refused, and neither spends the code."""
    prover = Prover(populated)
    code = await obtain_code(populated, dpop_jkt=prover.key.thumbprint)

    missing = await redeem(prover, code, proofs=[])
    other = await redeem(Prover(populated), code)
    own = await redeem(prover, code)

    assert missing.refusal == (400, "invalid_request")
    assert other.refusal == (400, "invalid_grant")
    assert own["token_type"] == "DPoP"
    assert confirmation_of(own) == {"jkt": prover.key.thumbprint}


async def test_without_dpop_jkt_the_proof_of_the_token_request_binds_the_token(populated: ServerUnderTest) -> None:
    """RFC 9449 §5."""
    prover = Prover(populated)

    answer = await redeem(prover, await obtain_code(populated))

    assert confirmation_of(answer) == {"jkt": prover.key.thumbprint}


@pytest.mark.parametrize("named", ["x", "x" * 42, "x" * 44, "=" * 43, f"{'x' * 43}\n", f"{'x' * 42}\u00e9", "a b"])
async def test_a_dpop_jkt_that_is_no_thumbprint_is_refused(named: str) -> None:
    """D3, RFC 9449 §10, RFC 7638 §3.1: by redirect, as everything about a known client's request."""
    async with serving_on_sqlite() as server:
        await populate(server)

        answer = (await Browser(server).authorize(dpop_jkt=named)).answer

        assert answer["error"] == "invalid_request"
        assert answer["iss"] == server.settings.issuer
        assert "dpop_jkt" in answer["error_description"]


async def test_a_failed_proof_leaves_the_code_as_it_was(populated: ServerUnderTest) -> None:
    """K7: whatever is wrong with it, for a bound code and for one that is not."""
    prover = Prover(populated)
    used = prover.prove()
    await prover.token(proofs=[used])

    for named in (prover.key.thumbprint, None):
        code = await obtain_code(populated, dpop_jkt=named)
        for proofs in ([used], ["nonsense"], [prover.prove("revoke")], [prover.prove(), prover.prove()]):
            refused = await redeem(prover, code, proofs=proofs)
            assert refused.refusal == (400, "invalid_dpop_proof")

        assert (await redeem(prover, code)).status == 200


async def test_a_nonce_that_is_asked_for_leaves_the_code_as_it_was() -> None:
    """K7, G2: a client that retries redeems its code, refreshes, and so on."""
    async with serving_on_sqlite(dpop={"require_nonce": True, "nonce_single_use": True}) as server:
        await populate(server)
        prover = Prover(server)
        code = await obtain_code(server, "app", dpop_jkt=prover.key.thumbprint)

        asked = await redeem(prover, code, "app")
        bought = await redeem(prover, code, "app")
        renewed = await refresh(prover, bought["refresh_token"], "app")

        assert asked.refusal == (400, "use_dpop_nonce")
        assert confirmation_of(renewed) == {"jkt": prover.key.thumbprint}


async def test_a_request_that_is_refused_for_something_else_brings_the_next_nonce() -> None:
    """RFC 9449 §8.2: the nonce was used up all the same."""
    async with serving_on_sqlite(dpop={"require_nonce": True, "nonce_single_use": True}) as server:
        await populate(server)
        prover = Prover(server)
        code = await obtain_code(server)
        await redeem(prover, code)

        wrong = await redeem(prover, code, code_verifier="x" * 43)
        right = await redeem(prover, code)

        assert wrong.refusal == (400, "invalid_grant")
        assert right.status == 200


async def test_a_bound_code_without_a_proof_says_so_before_the_client_is_known(populated: ServerUnderTest) -> None:
    """G4: and is not spent; with a proof it is the client that is missing."""
    prover = Prover(populated)
    code = await obtain_code(populated, dpop_jkt=prover.key.thumbprint)
    good = populated.secrets["web"]
    populated.secrets["web"] = "wrong"

    missing, unknown = await redeem(prover, code, proofs=[]), await redeem(prover, code)
    populated.secrets["web"] = good

    assert missing.refusal == (400, "invalid_request")
    assert unknown.refusal == (401, "invalid_client")
    assert (await redeem(prover, code)).status == 200


async def test_a_bound_code_is_bought_once_by_whoever_holds_the_key(populated: ServerUnderTest) -> None:
    """K3: ten proofs of the right key, at once."""
    prover = Prover(populated)
    code = await obtain_code(populated, dpop_jkt=prover.key.thumbprint)

    answers = await asyncio.gather(*(redeem(prover, code) for _ in range(10)))

    assert [answer.status for answer in answers].count(200) == 1


async def test_the_refresh_token_of_a_public_client_is_bound(populated: ServerUnderTest) -> None:
    """D6, E4, RFC 9449 §5: another key is invalid_grant, no proof invalid_request, a bad one invalid_dpop_proof."""
    prover = Prover(populated)
    token = (await redeem(prover, await obtain_code(populated, "app"), "app"))["refresh_token"]

    assert (await refresh(Prover(populated), token, "app")).refusal == (400, "invalid_grant")
    assert (await refresh(prover, token, "app", proofs=[])).refusal == (400, "invalid_request")
    assert (await refresh(prover, token, "app", proofs=["x"])).refusal == (400, "invalid_dpop_proof")
    renewed = await refresh(prover, token, "app")
    assert confirmation_of(renewed) == {"jkt": prover.key.thumbprint}
    assert (await refresh(Prover(populated), renewed["refresh_token"], "app")).refusal == (400, "invalid_grant")
    assert (await refresh(prover, renewed["refresh_token"], "app")).status == 200


async def test_the_refresh_token_of_a_confidential_client_may_come_with_a_new_key(populated: ServerUnderTest) -> None:
    """E4, RFC 9449 §5: it is bound to the client; the access token is bound to the new key."""
    token = (await redeem(Prover(populated), await obtain_code(populated)))["refresh_token"]
    newer = Prover(populated, SenderKey("EdDSA"))

    renewed = await refresh(newer, token)

    assert confirmation_of(renewed) == {"jkt": newer.key.thumbprint}


async def test_parallel_refreshes_each_with_a_proof_are_one_rotation(populated: ServerUnderTest) -> None:
    """F1: proofs differ, the successor is the same."""
    prover = Prover(populated)
    token = (await redeem(prover, await obtain_code(populated, "app"), "app"))["refresh_token"]

    answers = await asyncio.gather(*(refresh(prover, token, "app") for _ in range(10)))

    assert {answer.status for answer in answers} == {200}
    assert len({answer["refresh_token"] for answer in answers}) == 1


async def test_a_refresh_with_a_replayed_proof_rotates_nothing(populated: ServerUnderTest) -> None:
    """D2: refused before the token is looked at."""
    prover = Prover(populated)
    token = (await redeem(prover, await obtain_code(populated, "app"), "app"))["refresh_token"]
    proof = prover.prove()
    await prover.token(proofs=[proof])

    assert (await refresh(prover, token, "app", proofs=[proof])).refusal == (400, "invalid_dpop_proof")
    assert (await refresh(prover, token, "app")).status == 200


@pytest.mark.parametrize("dpop", [{"required": True}, {}], ids=["required of all", "required of this client"])
async def test_clients_whose_tokens_are_always_bound_need_pkce(dpop: dict[str, Any]) -> None:
    """D2: confidential ones too, though the server does not ask others."""
    async with serving_on_sqlite(dpop=dpop, code_flow={"require_pkce": False}) as server:
        await populate(server, metadata={} if dpop else {"dpop_bound_access_tokens": True})

        refused = (await Browser(server).authorize(code_challenge=None, code_challenge_method=None)).answer
        code = await obtain_code(server)

        assert (refused["error"], refused["error_description"]) == ("invalid_request", "code_challenge is missing")
        assert (await redeem(Prover(server), code)).status == 200


async def test_other_confidential_clients_may_do_without_pkce_where_the_server_says_so() -> None:
    """D2: what DPoP asks is asked of its own clients."""
    async with serving_on_sqlite(code_flow={"require_pkce": False}) as server:
        await populate(server)
        prover = Prover(server)

        code = await obtain_code(server, code_challenge=None, code_challenge_method=None)

        answer = await prover.token(
            grant_type="authorization_code", code=code, redirect_uri=REDIRECT_URI, scope="", proofs=[]
        )
        assert answer["token_type"] == "Bearer"


async def test_a_code_that_one_server_bound_is_bound_on_the_other(database_url: str, shared_url: str) -> None:
    """D3: two nodes on one database; the proof that one has seen the other refuses."""
    async with (
        serving(database_url, ephemeral_url=shared_url) as one,
        serving(database_url, ephemeral_url=shared_url) as other,
    ):
        await populate(one)
        other.secrets.update(one.secrets)
        key = SenderKey()
        here, there = Prover(one, key), Prover(other, key)
        code = await obtain_code(one, dpop_jkt=key.thumbprint)
        proof = here.prove()
        await here.token(proofs=[proof])

        assert (await redeem(there, code, proofs=[proof])).refusal == (400, "invalid_dpop_proof")
        assert (await redeem(Prover(other), code)).refusal == (400, "invalid_grant")
        assert (await redeem(there, code)).status == 200
