"""A proof holds for one request, or it is refused (RFC 9449 §4.3)."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from ....core.encoding import encode_base64url
from ....core.jwk import ALGORITHMS, Algorithm
from ..proof import MAX_JTI_LENGTH, MAX_SIZE, InvalidDPoPProof, Proof, hash_access_token, verify_proof
from .keys import SenderKey

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
WINDOW = timedelta(seconds=60)
URL = "https://as.example/oauth/token"
TOKEN = "eyJ.an.access-token"
KEY = SenderKey()
OTHERS = {algorithm: SenderKey(algorithm) for algorithm in ALGORITHMS}
CLAIMS = {"jti": "1", "htm": "POST", "htu": URL, "iat": SECONDS}


def verify(proof: str, **changes: Any) -> Proof:
    """Verify as the token endpoint would."""
    rules = {"method": "POST", "url": URL, "now": NOW, "window": WINDOW, "algorithms": ("ES256", "EdDSA", "PS256")}
    return verify_proof(proof, **{**rules, **changes})


def refused(proof: str, **changes: Any) -> tuple[str, str]:
    """Return what a refusal tells the client, and what it tells the log."""
    with pytest.raises(InvalidDPoPProof) as caught:
        verify(proof, **changes)
    assert (caught.value.error, caught.value.status) == ("invalid_dpop_proof", 400)
    return caught.value.description, caught.value.reason


def claims(**changes: Any) -> dict[str, Any]:
    """Return good claims with `changes`; a change to None takes the claim away."""
    return {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}


def header(**changes: Any) -> dict[str, Any]:
    """Return a good header with `changes`; a change to None takes the member away."""
    return {name: value for name, value in {**KEY.header, **changes}.items() if value is not None}


# RFC 9449's own examples: figures 2 and 12, the thumbprint of figure 8.

_RFC_HEADER = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo"
    "RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19"
)
_RFC_TOKEN_PROOF = (
    f"{_RFC_HEADER}.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29t"
    "L3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37"
    "xRZT3Lg"
)
_RFC_RESOURCE_PROOF = (
    f"{_RFC_HEADER}.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZ"
    "y9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVF"
    "FbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
)
_RFC_ACCESS_TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
_RFC_THUMBPRINT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


def test_the_proof_of_a_token_request_verifies() -> None:
    """RFC 9449 §4.1, figure 2, and §6.1, figure 8."""
    proof = verify(
        _RFC_TOKEN_PROOF, url="https://server.example.com/token", now=datetime.fromtimestamp(1562262616, UTC)
    )

    assert proof == Proof(
        thumbprint=_RFC_THUMBPRINT,
        jti="-BwC3ESc6acc2lTc",
        issued_at=datetime.fromtimestamp(1562262616, UTC),
        nonce=None,
    )


def test_the_proof_of_a_resource_request_verifies() -> None:
    """RFC 9449 §7.1, figure 12: with the hash of its access token."""
    proof = verify(
        _RFC_RESOURCE_PROOF,
        method="GET",
        url="https://resource.example.org/protectedresource",
        now=datetime.fromtimestamp(1562262618, UTC),
        access_token=_RFC_ACCESS_TOKEN,
    )

    assert proof.thumbprint == _RFC_THUMBPRINT
    assert hash_access_token(_RFC_ACCESS_TOKEN) == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_proof_passes_with_any_accepted_algorithm(algorithm: Algorithm) -> None:
    """G1: the thumbprint is that of the key in the header."""
    key = OTHERS[algorithm]

    proof = verify(key.prove("POST", URL, NOW, nonce="n"), algorithms=[algorithm])

    assert (proof.thumbprint, proof.nonce, proof.issued_at) == (key.thumbprint, "n", NOW)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_algorithm_that_is_not_accepted_is_refused(algorithm: Algorithm) -> None:
    """D1, RFC 9449 §4.3: however well the proof is signed."""
    accepted = set(ALGORITHMS) - {algorithm}

    assert refused(OTHERS[algorithm].sign(CLAIMS), algorithms=accepted)[1] == "alg is not accepted"


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "ES384", "es256", "", None, 1, ["ES256"], {}])
def test_no_other_algorithm_is_looked_at(algorithm: Any) -> None:
    """D1, C4: not `none`, nothing symmetric, nothing that is no name."""
    head = header(alg=algorithm)
    signing_input = f"{encode_base64url(json.dumps(head).encode())}.{encode_base64url(json.dumps(CLAIMS).encode())}"
    symmetric = hmac.new(json.dumps(KEY.jwk).encode(), signing_input.encode(), hashlib.sha256).digest()

    for signature in (b"", symmetric):
        assert refused(f"{signing_input}.{encode_base64url(signature)}")[1] == "alg is not accepted"
    assert refused(KEY.sign(CLAIMS, head), algorithms={"ES256"})[1] == "alg is not accepted"


def test_the_algorithm_must_be_that_of_the_key() -> None:
    """D1, RFC 8725 §3.1: each other pair is refused, and so is a JWK that says it is for something else."""
    pairs = [(named, key) for named in ALGORITHMS for key in OTHERS.values() if named != key.algorithm]

    for named, key in pairs:
        proof = key.sign(CLAIMS, {**key.header, "alg": named})
        assert "DPoP proof is no dpop+jwt" in refused(proof, algorithms=ALGORITHMS)[0], (named, key.algorithm)
    for said in (other for other in ALGORITHMS if other != "ES256"):
        assert "alg" in refused(KEY.sign(CLAIMS, header(jwk={**KEY.jwk, "alg": said})))[1]


def test_a_key_that_says_what_it_is_for_passes() -> None:
    """RFC 7517 §4: as the Web Cryptography API exports them."""
    jwk = {**KEY.jwk, "alg": "ES256", "use": "sig", "key_ops": ["verify"], "ext": True, "kid": "mine"}

    assert verify(KEY.sign(CLAIMS, header(jwk=jwk, kid="whatever"))).thumbprint == KEY.thumbprint


@pytest.mark.parametrize("typ", [None, "JWT", "at+jwt", "dpop", "dpop+jwt ", "jwt+dpop", 1, ["dpop+jwt"]])
def test_no_other_kind_of_token_is_a_proof(typ: Any) -> None:
    """D1, J5, RFC 8725 §3.11: an ID token, an access token or an assertion is none."""
    assert refused(KEY.sign(CLAIMS, header(typ=typ)))[1] == "typ is not dpop+jwt"


@pytest.mark.parametrize("typ", ["dpop+jwt", "DPoP+JWT", "application/dpop+jwt"])
def test_a_media_type_has_no_case_and_a_prefix_that_may_be_left_out(typ: str) -> None:
    """RFC 7515 §4.1.9."""
    verify(KEY.sign(CLAIMS, header(typ=typ)))


@pytest.mark.parametrize("member", ["crit", "b64", "jku", "x5u", "x5c"])
def test_a_header_that_changes_the_reading_or_brings_another_key_is_refused(member: str) -> None:
    """D1, C4, RFC 8725 §3.10."""
    assert refused(KEY.sign(CLAIMS, header(**{member: ["x"]})))[1] == "the header has a member that is refused"


@pytest.mark.parametrize("jwk", [None, "key", ["key"], 1, True])
def test_a_proof_without_its_key_is_refused(jwk: Any) -> None:
    """D1, RFC 9449 §4.3."""
    assert refused(KEY.sign(CLAIMS, header(jwk=jwk)))[1] == "jwk is missing"


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "oct", "k": "c2VjcmV0"},
        {**KEY.jwk, "d": "x"},
        {**KEY.jwk, "kty": "OKP"},
        {**KEY.jwk, "crv": "P-384"},
        {**KEY.jwk, "x": KEY.jwk["y"]},
        {**KEY.jwk, "x": KEY.jwk["x"] + "="},
        {**KEY.jwk, "x": 1},
        {**KEY.jwk, "use": "enc"},
        {**KEY.jwk, "key_ops": ["sign"]},
        {**KEY.jwk, "kid": ["x"]},
    ],
    ids=[
        "nothing",
        "a secret",
        "a private member",
        "another kind",
        "another curve",
        "no point of the curve",
        "padded",
        "a number",
        "to encrypt",
        "to sign",
        "a list as kid",
    ],
)
def test_a_key_must_be_a_whole_public_key_of_its_kind(jwk: Any) -> None:
    """D1, C6, RFC 9449 §4.3: above all no private one, which would be anybody's by now."""
    assert refused(KEY.sign(CLAIMS, header(jwk=jwk)))[0].startswith("the DPoP proof is no dpop+jwt")


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
def test_a_short_rsa_key_is_refused(algorithm: Algorithm) -> None:
    """D1, C7, RFC 7518 §3.3: the libraries would take it."""
    weak = SenderKey(algorithm, rsa.generate_private_key(public_exponent=65537, key_size=1024))

    assert "kind and size" in refused(weak.sign(CLAIMS), algorithms=[algorithm])[1]


def test_a_proof_must_be_signed_by_the_key_in_it() -> None:
    """D1, RFC 9449 §4.3: whoever merely saw a public key proves nothing."""
    proof = SenderKey().sign(CLAIMS, KEY.header)
    tampered = KEY.sign(CLAIMS).replace(
        encode_base64url(json.dumps(CLAIMS).encode()), encode_base64url(json.dumps(claims(jti="2")).encode())
    )

    assert refused(proof)[1] == "the signature is wrong"
    assert refused(tampered)[1] == "the signature is wrong"


@pytest.mark.parametrize(
    ("htm", "is_good"),
    [("POST", True), ("post", False), ("Post", False), ("GET", False), ("", False), (None, False), (["POST"], False)],
)
def test_htm_is_the_method_to_the_letter(htm: Any, is_good: bool) -> None:
    """D1, RFC 9449 §4.3, RFC 9110 §9.1: methods are case-sensitive."""
    proof = KEY.sign(claims(htm=htm))

    if is_good:
        verify(proof)
    else:
        assert refused(proof)[0].startswith("htm ")


@pytest.mark.parametrize(
    "htu", [None, 1, True, [URL], {"url": URL}, "", "/oauth/token", "https://as.example/other", f"{URL}\n"]
)
def test_htu_is_the_url_of_the_request(htu: Any) -> None:
    """D1, RFC 9449 §4.3: a string, and the same URL; `test_htu.py` has the spellings."""
    assert refused(KEY.sign(claims(htu=htu)))[0].startswith("htu ")


def test_htu_may_be_spelt_otherwise() -> None:
    """D1, RFC 9449 §4.3: `SHOULD employ` normalisation, on both sides."""
    verify(KEY.sign(claims(htu="HTTPS://AS.example:443/oauth/%74oken?x=1#y")))
    verify(KEY.sign(CLAIMS), url="https://AS.example:443/oauth/token?x=1")


def test_a_request_whose_own_url_makes_no_sense_matches_no_proof() -> None:
    """D1: not even one that repeats the nonsense."""
    assert refused(KEY.sign(claims(htu="https://as.example/%zz")), url="https://as.example/%zz")[0].startswith("htu ")


@pytest.mark.parametrize("distance", [-60, -59.5, 0, 0.5, 60])
def test_iat_may_lie_in_the_window_both_ways(distance: float) -> None:
    """G1: clocks differ; the bounds belong to it."""
    proof = verify(KEY.sign(claims(iat=SECONDS + distance)))

    assert proof.issued_at == NOW + timedelta(seconds=distance)


@pytest.mark.parametrize("distance", [-61, -60.5, 60.5, 61, 86_400, -86_400, 10**400, -(10**400)])
def test_iat_outside_of_the_window_is_refused(distance: float) -> None:
    """D1, RFC 9449 §11.1: neither kept for later nor made in advance, not even absurdly so."""
    assert refused(KEY.sign(claims(iat=SECONDS + distance)))[0] == "iat of the DPoP proof is too far from now"


@pytest.mark.parametrize("iat", [None, str(SECONDS), True, [SECONDS], {}])
def test_iat_is_a_number(iat: Any) -> None:
    """D1, RFC 7519 §2: a NumericDate."""
    assert refused(KEY.sign(claims(iat=iat)))[0] == "iat of the DPoP proof is not a number"


def test_iat_is_a_finite_number() -> None:
    """C15, RFC 8259 §6: what JSON does not know is not read."""
    for text in ("NaN", "Infinity", "1e999"):
        payload = json.dumps(claims(iat=0)).replace('"iat": 0', f'"iat": {text}').encode()
        assert "claims cannot be read" in refused(KEY.sign(payload))[1]


@pytest.mark.parametrize(
    ("life", "is_good"),
    [
        ({"exp": SECONDS + 1}, True),
        ({"exp": SECONDS}, False),
        ({"exp": SECONDS - 1}, False),
        ({"exp": "never"}, False),
        ({"exp": True}, False),
        ({"nbf": SECONDS + 60}, True),
        ({"nbf": SECONDS + 61}, False),
        ({"nbf": None, "exp": None}, True),
        ({"nbf": "now"}, False),
    ],
)
def test_a_proof_that_sets_itself_a_life_is_taken_at_its_word(life: dict[str, Any], is_good: bool) -> None:
    """RFC 7519 §4.1.4, §4.1.5: neither is needed, both count; `nbf` by the same clock as `iat`."""
    proof = KEY.sign(claims(**life))

    if is_good:
        verify(proof)
    else:
        assert refused(proof)


@pytest.mark.parametrize("jti", [None, "", 1, True, ["1"], "x" * (MAX_JTI_LENGTH + 1)])
def test_jti_is_a_string_that_is_not_too_long(jti: Any) -> None:
    """D1, RFC 9449 §4.2: without it a replay could not be told, and it is remembered."""
    assert refused(KEY.sign(claims(jti=jti)))[0].startswith("jti ")


def test_the_longest_jti_passes() -> None:
    """RFC 9449 §4.2 sets no length."""
    assert verify(KEY.sign(claims(jti="x" * MAX_JTI_LENGTH))).jti == "x" * MAX_JTI_LENGTH


@pytest.mark.parametrize("nonce", [1, True, ["n"], {}])
def test_a_nonce_is_a_string(nonce: Any) -> None:
    """D1, RFC 9449 §4.2."""
    assert refused(KEY.sign(claims(nonce=nonce)))[0] == "nonce of the DPoP proof is not a string"


def test_a_nonce_that_is_null_is_no_nonce_and_refused() -> None:
    """D1: it is there and it is no string."""
    assert refused(KEY.sign({**CLAIMS, "nonce": None}))


@pytest.mark.parametrize(
    "ath",
    [
        None,
        "",
        TOKEN,
        1,
        hash_access_token(TOKEN) + "=",
        hash_access_token(TOKEN + "x"),
        hashlib.sha256(TOKEN.encode()).hexdigest(),
    ],
)
def test_ath_is_the_hash_of_the_access_token(ath: Any) -> None:
    """D1, RFC 9449 §4.3: a proof made for one token serves no other."""
    assert refused(KEY.sign(claims(ath=ath)), access_token=TOKEN)[0].startswith("ath ")


def test_ath_passes_for_its_access_token_and_matters_only_with_one() -> None:
    """RFC 9449 §4.2: needed when the proof comes with a token, as at no endpoint that issues one."""
    verify(KEY.sign(claims(ath=hash_access_token(TOKEN))), access_token=TOKEN)
    verify(KEY.sign(claims(ath="whatever")))


def test_a_proof_that_is_too_long_is_not_looked_at() -> None:
    """P6: nobody has been authenticated yet."""
    good = KEY.sign(CLAIMS)
    at_most = KEY.sign(claims(padding="x" * ((MAX_SIZE - len(good)) * 3 // 4 - 30)))

    verify(at_most)
    assert len(at_most) > MAX_SIZE - 100
    assert refused(KEY.sign(claims(padding="x" * MAX_SIZE)))[1] == "the proof is too long"


def test_a_proof_with_the_largest_key_is_not_too_long() -> None:
    """RFC 7518 §3.5: PS256 with 4096 bits."""
    key = SenderKey("PS256", rsa.generate_private_key(public_exponent=65537, key_size=4096))

    assert verify(key.prove("POST", URL, NOW, nonce="n" * 43)).thumbprint == key.thumbprint


@pytest.mark.parametrize(
    "mangle",
    [
        lambda proof: "",
        lambda proof: "x",
        lambda proof: proof.rpartition(".")[0],
        lambda proof: f"{proof}.",
        lambda proof: f"{proof}.{proof}",
        lambda proof: f"{proof}, {proof}",
        lambda proof: f" {proof}",
        lambda proof: f"{proof}=",
        lambda proof: proof.replace(".", ".\n", 1),
        lambda proof: f"{proof}\xe9",
        lambda proof: ".".join(base64.b64encode(part.encode()).decode() for part in proof.split(".")),
    ],
)
def test_what_is_no_compact_jws_is_refused(mangle: Any) -> None:
    """D1, C15, RFC 9449 §4.3: a single, well-formed JWT."""
    assert refused(mangle(KEY.sign(CLAIMS)))


@pytest.mark.parametrize("payload", [b"", b"[]", b'"x"', b"{", b'{"jti": "1", "jti": "2"}', b"\xff", b"[" * 2000])
def test_claims_are_one_json_object_that_all_read_alike(payload: bytes) -> None:
    """C15, P6."""
    assert refused(KEY.sign(payload))[1].startswith("the claims cannot be read")


def test_a_header_with_a_name_twice_is_refused() -> None:
    """C15: two readers must not find two keys."""
    twice = json.dumps(KEY.header)[:-1] + f', "jwk": {json.dumps(SenderKey().jwk)}}}'

    assert refused(KEY.sign(CLAIMS, twice.encode()))[1].startswith("the header cannot be read")


def test_the_thumbprint_is_that_of_the_key_however_it_is_written() -> None:
    """RFC 7638 §3: members that do not identify the key do not count."""
    reordered = dict(reversed(KEY.jwk.items()))

    assert verify(KEY.sign(CLAIMS, header(jwk=reordered))).thumbprint == KEY.thumbprint
    assert verify(KEY.sign(CLAIMS, header(jwk={**KEY.jwk, "kid": "x"}))).thumbprint == KEY.thumbprint


def test_a_point_that_is_on_no_curve_is_refused() -> None:
    """C6: it would be no key at all."""
    jwk = {**KEY.jwk, "y": encode_base64url(bytes(32))}

    assert "malformed" in refused(KEY.sign(CLAIMS, header(jwk=jwk)))[1]
    assert isinstance(KEY.private_key, ec.EllipticCurvePrivateKey)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["jti", "htm", "htu", "iat", "nonce", "ath", "exp", "nbf"]), _json))
def test_whatever_the_claims_are_the_proof_holds_or_is_refused(changes: dict[str, Any]) -> None:
    """D1: never a fault."""
    try:
        proof = verify(KEY.sign({**CLAIMS, **changes}), access_token=TOKEN if "ath" in changes else None)
    except InvalidDPoPProof:
        return

    assert proof.thumbprint == KEY.thumbprint
    assert abs(proof.issued_at - NOW) <= WINDOW


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["typ", "alg", "jwk", "crit", "kid"]), _json, min_size=1))
def test_whatever_the_header_is_the_proof_holds_or_is_refused(changes: dict[str, Any]) -> None:
    """D1: never a fault."""
    try:
        proof = verify(KEY.sign(CLAIMS, {**KEY.header, **changes}))
    except InvalidDPoPProof:
        return

    assert proof.thumbprint == KEY.thumbprint


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["kty", "crv", "x", "y", "n", "e", "d", "k", "alg", "use", "key_ops", "kid"]), _json, min_size=1
    )
)
def test_whatever_the_key_is_the_proof_holds_or_is_refused(changes: dict[str, Any]) -> None:
    """D1: never a fault."""
    try:
        proof = verify(KEY.sign(CLAIMS, header(jwk={**KEY.jwk, **changes})))
    except InvalidDPoPProof:
        return

    assert proof.thumbprint == KEY.thumbprint


@settings(deadline=None)
@given(st.text(max_size=80))
def test_whatever_stands_in_the_header_field_is_refused(text: str) -> None:
    """D1: never a fault."""
    refused(text)
