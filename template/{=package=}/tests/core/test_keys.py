"""A key's life follows from its instants, and the key set from its keys (B3, B4, M5)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ...core.jose import sign_jwt, verify_jwt
from ...core.jwk import ALGORITHMS, Algorithm, JoseError
from ...core.keys import Key, KeyRing, KeyStoreError, LocalKey

pytestmark = pytest.mark.anyio

NOW = datetime(2030, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
SIGNERS = [LocalKey.generate("ES256") for _ in range(4)]


def key(signer: LocalKey, signs_from: datetime = NOW, **ends: datetime | None) -> Key:
    """Return a key that was made an hour before it signs."""
    return Key(signer=signer, created_at=signs_from - HOUR, signs_from=signs_from, **ends)


def published(ring: KeyRing, now: datetime) -> list[str]:
    """Return the `kid`s of the key set."""
    return [member["kid"] for member in json.loads(ring.jwks(now))["keys"]]


def test_a_key_lives_through_four_states() -> None:
    """B4: announced, signing, retiring, gone; each begins at its instant."""
    one = key(SIGNERS[0], retired_at=NOW + HOUR, verifies_until=NOW + 2 * HOUR)

    assert [one.state(NOW + shift) for shift in (-SECOND, 0 * SECOND)] == ["announced", "signing"]
    assert [one.state(NOW + HOUR + shift) for shift in (-SECOND, 0 * SECOND)] == ["signing", "retiring"]
    assert [one.state(NOW + 2 * HOUR + shift) for shift in (-SECOND, 0 * SECOND)] == ["retiring", "gone"]


def test_a_successor_takes_over_at_its_instant_and_not_before() -> None:
    """M5: announced first; the old one verifies until the last of its tokens has ended."""
    old = key(SIGNERS[0], NOW - HOUR, retired_at=NOW, verifies_until=NOW + HOUR)
    new = key(SIGNERS[1], NOW)
    ring = KeyRing([new, old])

    assert ring.signing_key("ES256", NOW - SECOND).kid == old.kid
    assert ring.signing_key("ES256", NOW).kid == new.kid
    assert published(ring, NOW - SECOND) == [old.kid, new.kid]
    assert published(ring, NOW + HOUR - SECOND) == [old.kid, new.kid]
    assert published(ring, NOW + HOUR) == [new.kid]
    assert list(ring.verification_keys(NOW + HOUR)) == [new.kid]
    assert ring.signing_key("ES256", NOW - SECOND).kid == old.kid  # asking out of order changes nothing


def test_of_two_keys_that_could_sign_the_newer_does() -> None:
    """So a rotation that crashed halfway did no harm."""
    ring = KeyRing([key(SIGNERS[1], NOW), key(SIGNERS[0], NOW - HOUR)])

    assert ring.signing_key("ES256", NOW).kid == SIGNERS[1].kid


def test_without_a_signing_key_the_refusal_says_what_to_do() -> None:
    """B4."""
    ring = KeyRing([key(SIGNERS[0], NOW + HOUR)])

    with pytest.raises(KeyStoreError, match="no key signs ES256: make one with `keys rotate`"):
        ring.signing_key("ES256", NOW)
    with pytest.raises(KeyStoreError, match="no key signs RS256"):
        ring.signing_key("RS256", NOW + HOUR)


def test_the_key_set_shows_public_members_only() -> None:
    """B3: per-key `alg`, `use`, and nothing of the private half; the same bytes each time."""
    ring = KeyRing([key(LocalKey.generate(algorithm)) for algorithm in ALGORITHMS])
    public = {"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"}

    members = json.loads(ring.jwks(NOW))["keys"]

    assert {member["alg"] for member in members} == set(ALGORITHMS)
    assert all(member["use"] == "sig" and set(member) <= public for member in members)
    assert ring.jwks(NOW) is ring.jwks(NOW + HOUR)


async def test_a_token_outlives_the_rotation_of_its_key() -> None:
    """M5: an old kid stays verifiable for as long as it was promised."""
    old = key(SIGNERS[0], NOW - HOUR, retired_at=NOW, verifies_until=NOW + HOUR)
    ring = KeyRing([old, key(SIGNERS[1], NOW)])
    expires = NOW + HOUR - SECOND
    token = await sign_jwt(ring.signing_key("ES256", NOW - SECOND), {"exp": int(expires.timestamp())}, typ="at+jwt")

    late = expires - SECOND
    assert verify_jwt(token, ring.verification_keys(late), typ="at+jwt", algorithms=["ES256"], now=late)
    with pytest.raises(JoseError):
        verify_jwt(token, ring.verification_keys(NOW + HOUR), typ="at+jwt", algorithms=["ES256"], now=NOW - SECOND)


@dataclass(frozen=True, slots=True)
class ElsewhereKey:
    """A key as a KMS would give it: the private half is behind a call."""

    kid: str
    algorithm: Algorithm
    public_jwk: Mapping[str, Any]
    hidden: LocalKey

    async def sign(self, signing_input: bytes) -> bytes:
        return await self.hidden.sign(signing_input)


async def test_a_key_may_live_elsewhere() -> None:
    """B4: the seam for a KMS or an HSM."""
    hidden = SIGNERS[2]
    elsewhere = ElsewhereKey(hidden.kid, "ES256", hidden.public_jwk, hidden)
    ring = KeyRing([Key(signer=elsewhere, created_at=NOW, signs_from=NOW)])

    token = await sign_jwt(ring.signing_key("ES256", NOW), {"exp": int(NOW.timestamp()) + 9}, typ="at+jwt")

    assert verify_jwt(token, ring.verification_keys(NOW), typ="at+jwt", algorithms=["ES256"], now=NOW)


@pytest.mark.parametrize(
    "public_jwk",
    [
        {**SIGNERS[2].public_jwk, "d": "AQAB"},
        {**SIGNERS[2].public_jwk, "kid": "another"},
        LocalKey.generate("EdDSA").public_jwk,
    ],
)
def test_a_key_elsewhere_that_would_leak_or_mislead_is_refused(public_jwk: Mapping[str, Any]) -> None:
    """B3: whatever a key store says, no private member is published."""
    elsewhere = ElsewhereKey(SIGNERS[2].kid, "ES256", public_jwk, SIGNERS[2])

    with pytest.raises(KeyStoreError, match=SIGNERS[2].kid):
        KeyRing([Key(signer=elsewhere, created_at=NOW, signs_from=NOW)])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_private_key_reads_back_from_its_pem(algorithm: Algorithm) -> None:
    """B4: and only as what it is."""
    original = LocalKey.generate(algorithm)

    assert LocalKey.from_pem(algorithm, original.to_pem()).kid == original.kid
    with pytest.raises(JoseError):
        LocalKey.from_pem("EdDSA" if algorithm != "EdDSA" else "ES256", original.to_pem())
    with pytest.raises(JoseError):
        LocalKey.from_pem(algorithm, "-----BEGIN NONSENSE-----")


def test_a_key_does_not_show_its_private_half_when_printed() -> None:
    """C13: a repr may end in a log."""
    assert "PRIVATE KEY" not in repr(key(SIGNERS[0]))


instants = st.integers(-5, 5).map(lambda hours: NOW + hours * HOUR)


@given(st.lists(st.tuples(instants, st.none() | instants, st.none() | instants), max_size=4), instants)
def test_whoever_signs_is_published(
    lives: list[tuple[datetime, datetime | None, datetime | None]], now: datetime
) -> None:
    """M5: at no instant does a key sign that nobody can look up."""
    keys = [
        key(signer, signs_from, retired_at=retired_at, verifies_until=verifies_until)
        for signer, (signs_from, retired_at, verifies_until) in zip(SIGNERS, lives, strict=False)
    ]
    ring = KeyRing(keys)
    signing = [one for one in keys if one.state(now) == "signing"]

    if signing:
        chosen = ring.signing_key("ES256", now)
        assert chosen.kid in published(ring, now)
        assert chosen.kid in ring.verification_keys(now)
        assert max(one.signs_from for one in signing) == next(o.signs_from for o in keys if o.kid == chosen.kid)
    else:
        with pytest.raises(KeyStoreError):
            ring.signing_key("ES256", now)
