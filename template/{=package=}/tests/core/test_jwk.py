"""Public keys are read strictly and named by their thumbprint (RFC 7517, RFC 7638)."""

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ...core.encoding import encode_base64url
from ...core.jwk import ALGORITHMS, Algorithm, JoseError, check_key, load_jwk, load_jwk_set, thumbprint
from ...core.keys import LocalKey

KEYS = {algorithm: LocalKey.generate(algorithm) for algorithm in ALGORITHMS}

RFC_7638 = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJE"
    "CPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2Q"
    "vzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6"
    "WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}


def jwk(algorithm: Algorithm, **changes: Any) -> dict[str, Any]:
    """Return an honest JWK with `changes`; a change to None takes the member away."""
    members = {**KEYS[algorithm].public_jwk, **changes}
    return {name: value for name, value in members.items() if value is not None}


def test_the_thumbprint_is_that_of_the_rfc() -> None:
    """RFC 7638 §3.1, the example."""
    key = load_jwk(RFC_7638)

    assert key.kid == "2011-04-29"
    assert thumbprint(key.public_key) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_the_thumbprint_of_an_ed25519_key_is_that_of_the_rfc() -> None:
    """RFC 8037 appendix A.3."""
    key = load_jwk({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "alg": "EdDSA"})

    assert key.kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_public_jwk_reads_back_as_the_same_key(algorithm: Algorithm) -> None:
    """B3: `kid`, `alg` and `use`, and no private member."""
    key = KEYS[algorithm]

    assert load_jwk(key.public_jwk) == key.verification_key
    assert {"kid", "alg", "use", "kty"} < set(key.public_jwk)
    assert set(key.public_jwk) <= {"kid", "alg", "use", "kty", "crv", "x", "y", "n", "e"}


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_a_key_with_a_private_member_is_refused(algorithm: Algorithm, member: str) -> None:
    """C6: PyJWT would load it."""
    with pytest.raises(JoseError, match="private"):
        load_jwk(jwk(algorithm, **{member: "AQAB"}))


@pytest.mark.parametrize("algorithm", ["HS256", "ES256", "RS256", None])
def test_a_symmetric_key_is_refused(algorithm: str | None) -> None:
    """C6, C4."""
    with pytest.raises(JoseError):
        load_jwk({"kty": "oct", "k": "c2VjcmV0", "alg": algorithm})
    with pytest.raises(JoseError):
        load_jwk({"kty": "oct", "alg": algorithm}, algorithm="ES256")


@pytest.mark.parametrize(
    "changes",
    [
        {"alg": None},
        {"alg": "none"},
        {"alg": "ES384"},
        {"alg": "RS256"},
        {"alg": ["ES256"]},
        {"kty": "RSA"},
        {"kty": None},
        {"crv": "P-384"},
        {"crv": "secp256k1"},
        {"use": "enc"},
        {"key_ops": ["sign"]},
        {"key_ops": "verify"},
        {"x": "AQAB"},
        {"x": 5},
        {"y": None},
        {"y": "A" * 43},
        {"x": KEYS["ES256"].public_jwk["x"] + "="},
        {"kid": ""},
        {"kid": 7},
        {"kid": None, "alg": None},
        {"kid": "k" * 300},
    ],
)
def test_a_jwk_that_is_not_what_it_says_is_refused(changes: dict[str, Any]) -> None:
    """C4, C6: off the curve, of another kind, for another use, without `alg`."""
    with pytest.raises(JoseError):
        load_jwk(jwk("ES256", **changes))


def test_a_jwk_without_alg_needs_one_from_the_caller() -> None:
    """PyJWT would take an RSA key for RS256."""
    nameless = jwk("PS256", alg=None)

    assert load_jwk(nameless, algorithm="PS256").algorithm == "PS256"
    with pytest.raises(JoseError, match="alg"):
        load_jwk(jwk("PS256"), algorithm="RS256")


def test_a_jwk_without_kid_is_named_by_its_thumbprint() -> None:
    """RFC 7638 §1."""
    assert load_jwk(jwk("EdDSA", kid=None)).kid == KEYS["EdDSA"].kid


def test_weak_and_outsized_rsa_keys_are_refused() -> None:
    """C7: PyJWT accepts 1024 bits; a key of 16384 bits would make each verification slow."""
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
    members = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(weak))
    outsized = encode_base64url(((1 << 16383) + 1).to_bytes(2048, "big"))

    for n in (members["n"], outsized):
        with pytest.raises(JoseError):
            load_jwk({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256"})
    with pytest.raises(JoseError):
        check_key(weak, "RS256")
    with pytest.raises(JoseError):
        load_jwk(jwk("RS256", e=encode_base64url(b"\x01" * 300)))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_of_another_kind_is_no_key_for_an_algorithm(algorithm: Algorithm) -> None:
    """B4: one kind of key per algorithm."""
    strangers = [
        ec.generate_private_key(ec.SECP384R1()),
        KEYS["EdDSA" if algorithm != "EdDSA" else "ES256"].private_key,
    ]

    for stranger in strangers:
        with pytest.raises(JoseError):
            check_key(stranger.public_key(), algorithm)


def test_a_key_set_is_read_past_what_cannot_be_used() -> None:
    """RFC 7517 §5: a key of a kind that is not known spoils nothing; C6: a leaked one does not count."""
    good = jwk("ES256")
    junk = [
        None,
        7,
        {},
        {"kty": "oct", "k": "AA", "kid": "s"},
        jwk("RS256", d="AQAB"),
        jwk("EdDSA", alg="ES512"),
    ]

    keys = load_jwk_set({"keys": [*junk, good, jwk("EdDSA", kid=good["kid"])]})

    assert list(keys) == [good["kid"]]
    assert keys[good["kid"]].algorithm == "ES256"


@pytest.mark.parametrize("keys", [{}, {"keys": {}}, {"keys": None}])
def test_a_key_set_without_a_list_of_keys_is_refused(keys: dict[str, Any]) -> None:
    """RFC 7517 §5."""
    with pytest.raises(JoseError):
        load_jwk_set(keys)
