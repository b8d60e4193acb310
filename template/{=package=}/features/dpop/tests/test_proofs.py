"""One proof a request, and each proof once (RFC 9449 §4.3, §11.1)."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.requests import Request

from ..nonces import HEADER as NONCE_HEADER
from ..nonces import NoNonces, SingleUseNonces
from ..proof import InvalidDPoPProof, Proof, UseDPoPNonce
from ..proofs import Proofs
from .keys import SenderKey
from .records import RecordsInMemory

pytestmark = pytest.mark.anyio

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
URL = "https://as.example/oauth/token"
WINDOW = timedelta(seconds=60)
KEY = SenderKey()


def make_proofs(records: RecordsInMemory, **changes: Any) -> Proofs:
    """Return the rules of a node that keeps its records there."""
    return Proofs(**{"records": records, "nonces": NoNonces(), "algorithms": ["ES256"], "window": WINDOW, **changes})


def make_request(*proofs: str, name: str = "dpop", method: str = "POST") -> Request:
    """Return a request with these proofs."""
    headers = [(name.lower().encode(), proof.encode("latin-1")) for proof in proofs]
    return Request({"type": "http", "method": method, "path": "/oauth/token", "query_string": b"", "headers": headers})


def read(proofs: Proofs, proof: str, now: datetime = NOW) -> Proof:
    """Read the proof of a request."""
    return proofs.read(make_request(proof), url=URL, now=now)


@pytest.mark.parametrize("name", ["DPoP", "dpop", "DPOP"])
def test_the_header_has_no_case(name: str) -> None:
    """RFC 9110 §5.1."""
    proof = KEY.prove("POST", URL, NOW)

    make_proofs(RecordsInMemory()).read(make_request(proof, name=name), url=URL, now=NOW)


def test_two_proofs_are_none() -> None:
    """D1, RFC 9449 §4.3: not even twice the same one, nor two in one header."""
    one, other = KEY.prove("POST", URL, NOW), KEY.prove("POST", URL, NOW)
    proofs = make_proofs(RecordsInMemory())

    for several in ([], [one, other], [one, one], [f"{one}, {other}"], [f"{one},{one}"]):
        with pytest.raises(InvalidDPoPProof):
            proofs.read(make_request(*several), url=URL, now=NOW)


def test_every_rule_of_the_server_reaches_the_proof() -> None:
    """D1: method, URL, time, window, algorithm and access token."""
    proofs = make_proofs(RecordsInMemory())
    good = KEY.prove("POST", URL, NOW, access_token="token")
    request = make_request(good)

    proofs.read(request, url=URL, now=NOW, access_token="token")
    for told in (
        {"request": make_request(good, method="GET")},
        {"url": f"{URL}/other"},
        {"now": NOW + timedelta(seconds=61)},
        {"access_token": "another"},
    ):
        with pytest.raises(InvalidDPoPProof):
            proofs.read(**{"request": request, "url": URL, "now": NOW, "access_token": "token", **told})  # type: ignore[arg-type]
    for changes in ({"algorithms": ["PS256"]}, {"window": timedelta(seconds=1)}):
        with pytest.raises(InvalidDPoPProof):
            make_proofs(RecordsInMemory(), **changes).read(request, url=URL, now=NOW + timedelta(seconds=2))


async def test_a_proof_is_accepted_once_by_all_nodes_together() -> None:
    """D2, RFC 9449 §11.1: of 50 at once on two nodes one."""
    records = RecordsInMemory()
    nodes = [make_proofs(records), make_proofs(records)]
    proof = read(nodes[0], KEY.prove("POST", URL, NOW))

    answers = await asyncio.gather(*(nodes[n % 2].spend(proof, NOW) for n in range(50)), return_exceptions=True)

    assert sum(answer == {} for answer in answers) == 1
    assert sum(isinstance(answer, InvalidDPoPProof) for answer in answers) == 49


@pytest.mark.parametrize("made", [-60, 0, 60])
async def test_a_replay_is_known_for_as_long_as_the_proof_could_be_accepted(made: int) -> None:
    """D2, N/G1: of a proof from the future, too, until the last moment, and on a node whose clock is behind."""
    proofs = make_proofs(RecordsInMemory())
    text = KEY.prove("POST", URL, NOW + timedelta(seconds=made))
    await proofs.spend(read(proofs, text), NOW)

    for later in range(made + 61):
        again = read(proofs, text, NOW + timedelta(seconds=later))
        with pytest.raises(InvalidDPoPProof, match="used before"):
            await proofs.spend(again, NOW + timedelta(seconds=later))
    with pytest.raises(InvalidDPoPProof, match="iat"):
        read(proofs, text, NOW + timedelta(seconds=made + 61))


async def test_a_replay_is_forgotten_some_time_after() -> None:
    """N/G1: records live as long as what they guard, and a little longer."""
    records = RecordsInMemory()
    proofs = make_proofs(records)

    await proofs.spend(read(proofs, KEY.prove("POST", URL, NOW)), NOW)

    assert [expires_at for expires_at, _ in records.records.values()] == [NOW + 2 * WINDOW]


async def test_what_one_sender_calls_its_proof_is_nobody_elses_business() -> None:
    """N/G1: records are keyed by the key, or whoever learns a `jti` could use it up."""
    proofs = make_proofs(RecordsInMemory())
    claims = {"jti": "1", "htm": "POST", "htu": URL, "iat": int(NOW.timestamp())}

    for key in (KEY, SenderKey()):
        assert await proofs.spend(read(proofs, key.sign(claims)), NOW) == {}


async def test_the_nonce_is_judged_before_the_proof_is_spent() -> None:
    """K7, RFC 9449 §8: a client may send the same claims again with the nonce that it was given."""
    records = RecordsInMemory()
    proofs = make_proofs(records, nonces=SingleUseNonces(records, timedelta(minutes=1)))
    claims = {"jti": "1", "htm": "POST", "htu": URL, "iat": int(NOW.timestamp())}

    with pytest.raises(UseDPoPNonce) as caught:
        await proofs.spend(read(proofs, KEY.sign(claims)), NOW)
    nonce = caught.value.headers[NONCE_HEADER]
    headers = await proofs.spend(read(proofs, KEY.sign({**claims, "nonce": nonce})), NOW)

    assert headers[NONCE_HEADER] != nonce


async def test_a_replay_with_a_good_nonce_is_a_replay_and_brings_the_next_nonce() -> None:
    """D2, RFC 9449 §8.2: the nonce was used up; a client that means well can go on."""
    records = RecordsInMemory()
    proofs = make_proofs(records, nonces=SingleUseNonces(records, timedelta(minutes=1)))
    claims = {"jti": "1", "htm": "POST", "htu": URL, "iat": int(NOW.timestamp())}
    with pytest.raises(UseDPoPNonce) as caught:
        await proofs.spend(read(proofs, KEY.sign(claims)), NOW)
    first = caught.value.headers[NONCE_HEADER]
    second = (await proofs.spend(read(proofs, KEY.sign({**claims, "nonce": first})), NOW))[NONCE_HEADER]

    with pytest.raises(InvalidDPoPProof, match="used before") as replayed:
        await proofs.spend(read(proofs, KEY.sign({**claims, "nonce": second})), NOW)

    assert replayed.value.headers[NONCE_HEADER] not in (first, second)
