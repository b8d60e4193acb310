"""The demo's API with bound tokens: what a team copies holds (RFC 9449 §7)."""

from collections.abc import AsyncIterator

import pytest

from ....tests.harness import REDIRECT_URI, ServerUnderTest
from ....tests.people import VERIFIER, add_person, obtain_code
from ....tests.sqlite_server import serving_on_sqlite
from ...demo.notes import PATH
from .provers import Prover

pytestmark = pytest.mark.anyio


@pytest.fixture
async def demo() -> AsyncIterator[ServerUnderTest]:
    """A server with the demo, ada and a client."""
    async with serving_on_sqlite(mode="development") as server:
        await add_person(server)
        await server.add_client()
        yield server


async def buy(prover: Prover, *, is_bound: bool = True) -> str:
    """Return an access token of ada's."""
    form = {"redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER, "scope": ""}
    code = await obtain_code(prover.server)
    proofs: list[str] | None = None if is_bound else []
    answer = await prover.token(grant_type="authorization_code", code=code, proofs=proofs, **form)
    return str(answer["access_token"])


async def test_a_bound_token_reads_notes_with_a_proof(demo: ServerUnderTest) -> None:
    """I1: and nobody else does."""
    prover = Prover(demo)
    token = await buy(prover)

    assert (await prover.call(PATH, token)).status_code == 200
    assert (await Prover(demo).call(PATH, token)).status_code == 401
    assert (await prover.call(PATH, token, proofs=[])).status_code == 401


async def test_a_bound_token_is_no_bearer_token_and_the_reverse(demo: ServerUnderTest) -> None:
    """D5, RFC 9449 §7.2."""
    prover = Prover(demo)
    bound, bearer = await buy(prover), await buy(prover, is_bound=False)

    as_bearer = await prover.call(PATH, bound, scheme="Bearer")
    as_bound = await prover.call(PATH, bearer)

    assert (as_bearer.status_code, as_bound.status_code) == (401, 401)
    assert 'Bearer realm="notes", error="invalid_token"' in as_bearer.headers["www-authenticate"]
    assert 'algs="ES256 EdDSA PS256"' in as_bearer.headers["www-authenticate"]
    assert (await prover.call(PATH, bearer, scheme="Bearer")).status_code == 200


async def test_a_proof_is_good_once(demo: ServerUnderTest) -> None:
    """D2."""
    prover = Prover(demo)
    token = await buy(prover)
    proof = prover.key.prove("GET", f"{demo.settings.issuer}{PATH}", demo.clock(), access_token=token)

    statuses = [(await prover.call(PATH, token, proofs=[proof])).status_code for _ in range(2)]

    assert statuses == [200, 401]


async def test_a_nonce_is_asked_for_with_401_and_comes_with_good_answers() -> None:
    """G2, RFC 9449 §9: on a route of FastAPI's own, too."""
    async with serving_on_sqlite(mode="development", dpop={"require_nonce": True, "nonce_single_use": True}) as server:
        await add_person(server)
        await server.add_client()
        prover = Prover(server)
        await prover.token()
        token = await buy(prover)
        prover.nonce = None

        asked, first, second = [await prover.call(PATH, token) for _ in range(3)]

        assert (asked.status_code, first.status_code, second.status_code) == (401, 200, 200)
        assert 'error="use_dpop_nonce"' in asked.headers["www-authenticate"]
        assert first.headers["dpop-nonce"] != second.headers["dpop-nonce"]
