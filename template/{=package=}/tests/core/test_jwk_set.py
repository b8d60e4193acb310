"""Somebody else's keys, read for the algorithm that a token names (RFC 7517)."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from ...core.encoding import encode_base64url
from ...core.jwk import ALGORITHMS, Algorithm, JoseError
from ...core.jwk_set import MAX_KEYS, JWKSet
from ...core.keys import LocalKey

KEYS = {algorithm: LocalKey.generate(algorithm) for algorithm in ALGORITHMS}


def jwk(algorithm: Algorithm, **changes: Any) -> dict[str, Any]:
    """Return an honest JWK with `changes`; a change to None takes the member away."""
    members = {**KEYS[algorithm].public_jwk, **changes}
    return {name: value for name, value in members.items() if value is not None}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_verifies_the_algorithm_that_it_names(algorithm: Algorithm) -> None:
    """RFC 8725 §3.1: and no other, though RS256 and PS256 could share it."""
    keys = JWKSet({"keys": [jwk(each) for each in ALGORITHMS]})

    assert list(keys.keys_for(algorithm)) == [KEYS[algorithm].kid]
    assert keys.keys_for(algorithm)[KEYS[algorithm].kid].algorithm == algorithm


def test_a_key_without_alg_verifies_what_its_kind_can() -> None:
    """RFC 7517 §4.4: `alg` is optional, and many libraries leave it out."""
    keys = JWKSet({"keys": [jwk("ES256", alg=None), jwk("RS256", alg=None, kid="rsa"), jwk("EdDSA", alg=None)]})

    assert list(keys.keys_for("ES256")) == [KEYS["ES256"].kid]
    assert list(keys.keys_for("RS256")) == list(keys.keys_for("PS256")) == ["rsa"]
    assert list(keys.keys_for("EdDSA")) == [KEYS["EdDSA"].kid]


def test_a_key_without_kid_is_named_by_its_thumbprint() -> None:
    """RFC 7638 §1."""
    assert list(JWKSet({"keys": [jwk("ES256", kid=None)]}).keys_for("ES256")) == [KEYS["ES256"].kid]


@pytest.mark.parametrize(
    "leaked",
    [
        {"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"},
        {"kty": "oct"},
        jwk("ES256", d="AQAB"),
        jwk("RS256", d="AQAB"),
        jwk("RS256", p="AQAB"),
        jwk("EdDSA", d="AQAB"),
        {"kty": "AKP", "k": "AA"},
    ],
)
def test_a_private_or_symmetric_key_spoils_the_set(leaked: dict[str, Any]) -> None:
    """C6: PyJWT would load both; an honest key beside it changes nothing."""
    with pytest.raises(JoseError, match="private or symmetric"):
        JWKSet({"keys": [jwk("PS256"), leaked]})


def test_keys_that_cannot_be_used_are_passed_over() -> None:
    """C7, RFC 7517 §5: too small, of a kind that is not known, for encryption; the others count."""
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key().public_numbers()
    junk = [
        None,
        7,
        {},
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
        {"kty": "RSA", "n": encode_base64url(weak.n.to_bytes(128, "big")), "e": "AQAB", "kid": "weak"},
        jwk("PS256", use="enc"),
        jwk("PS256", key_ops=["encrypt"]),
    ]

    keys = JWKSet({"keys": [*junk, jwk("PS256"), jwk("PS256", n=jwk("RS256")["n"])]})

    assert list(keys.keys_for("PS256")) == [KEYS["PS256"].kid]
    assert keys.keys_for("PS256")[KEYS["PS256"].kid].public_key == KEYS["PS256"].verification_key.public_key
    assert keys.keys_for("RS256") == {}


@pytest.mark.parametrize("keys", [{}, {"keys": None}, {"keys": {}}, {"keys": [{}] * (MAX_KEYS + 1)}])
def test_what_is_no_list_of_keys_is_refused(keys: dict[str, Any]) -> None:
    """RFC 7517 §5, S3: nor one that is longer than anybody's."""
    with pytest.raises(JoseError, match="JWK Set"):
        JWKSet(keys)


def test_a_set_may_have_no_keys_and_many() -> None:
    """RFC 7517 §5."""
    assert JWKSet({"keys": []}).keys_for("ES256") == {}
    assert JWKSet({"keys": [jwk("ES256")] * MAX_KEYS}).keys_for("ES256")
