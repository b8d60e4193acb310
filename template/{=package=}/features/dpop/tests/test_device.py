"""Proofs of devices: the code that a device polls with is bound to its key (RFC 8628, RFC 9449 §5)."""

from collections.abc import AsyncIterator, Sequence

import pytest

from ....tests.harness import Answer, ServerUnderTest, serving
from ....tests.people import add_person
from ....tests.sqlite_server import serving_on_sqlite
from ...device.device_code import GRANT_TYPE
from ...device.tests.devices import SCOPE, add_device, let_in
from .provers import Prover, confirmation_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server(database_url: str) -> AsyncIterator[ServerUnderTest]:
    """A server with ada, a public device and a confidential one, on each kind of database."""
    async with serving(database_url) as running:
        await add_device(running)
        await running.add_client("web")
        await add_person(running)
        yield running


async def ask(prover: Prover, client: str = "tv", *, proofs: Sequence[str] | None = None) -> Answer:
    """Have a device ask for its codes, with a proof."""
    return await prover.post("device_authorization", client, proofs=proofs, scope=SCOPE)


async def poll(prover: Prover, asked: Answer, client: str = "tv", *, proofs: Sequence[str] | None = None) -> Answer:
    """Have a device ask for its tokens, with a proof, as soon as it may."""
    prover.server.clock.advance(asked["interval"])
    return await prover.token(client, grant_type=GRANT_TYPE, device_code=asked["device_code"], scope="", proofs=proofs)


@pytest.mark.parametrize("client", ["tv", "web"])
async def test_the_key_that_asked_is_the_key_that_gets_the_tokens(server: ServerUnderTest, client: str) -> None:
    """G1, H5: no proof and another key are refused and spend nothing, before the person answers and after."""
    prover = Prover(server)
    asked = await ask(prover, client)

    for is_let_in in (False, True):
        if is_let_in:
            await let_in(server, asked)
        assert (await poll(prover, asked, client, proofs=[])).refusal == (400, "invalid_request")
        assert (await poll(Prover(server), asked, client)).refusal == (400, "invalid_grant")

    assert confirmation_of(await poll(prover, asked, client)) == {"jkt": prover.key.thumbprint}


async def test_a_public_device_has_to_prove_a_key(server: ServerUnderTest) -> None:
    """H5: whoever reads its device code could else ask for its tokens; a confidential one has its secret."""
    prover = Prover(server)

    assert (await ask(prover, proofs=[])).refusal == (400, "invalid_request")
    assert (await ask(prover, "web", proofs=[])).status == 200


async def test_a_proof_that_does_not_hold_is_refused(server: ServerUnderTest) -> None:
    """D1: of another endpoint, two of them, one that was used."""
    prover = Prover(server)
    used = prover.prove("device_authorization")
    assert (await ask(prover, proofs=[used])).status == 200

    for proofs in ([used], ["x"], [prover.prove("token")], [prover.prove("device_authorization")] * 2):
        assert (await ask(prover, proofs=proofs)).refusal == (400, "invalid_dpop_proof")


async def test_a_device_that_polls_keeps_its_nonce() -> None:
    """G2, RFC 9449 §8.2: an answer that says to wait brings the next nonce, so no poll has to be asked twice."""
    async with serving_on_sqlite(dpop={"require_nonce": True, "nonce_single_use": True}) as server:
        await add_device(server)
        await add_person(server)
        prover = Prover(server)

        refused = await ask(prover)
        asked = await ask(prover)
        waiting = [await poll(prover, asked) for _ in range(3)]
        await let_in(server, asked)
        bought = await poll(prover, asked)

        assert refused.refusal == (400, "use_dpop_nonce")
        assert {answer.refusal for answer in waiting} == {(400, "authorization_pending")}
        assert confirmation_of(bought) == {"jkt": prover.key.thumbprint}
