"""JWTs are written in one way and read strictly (RFC 7515, RFC 7519, RFC 8725)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ...core.encoding import encode_base64url
from ...core.jose import JoseError, UnknownKey, left_half_hash, sign_jwt, verify_jwt
from ...core.jwk import ALGORITHMS, Algorithm, VerificationKey
from ...core.keys import LocalKey

pytestmark = pytest.mark.anyio

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
ISSUER = "https://as.example"
API = "https://api.example"
KEYS = {algorithm: LocalKey.generate(algorithm) for algorithm in ALGORITHMS}
PUBLIC = {key.kid: key.verification_key for key in KEYS.values()}
KEY = KEYS["ES256"]
CLAIMS = {"iss": ISSUER, "aud": API, "sub": "alice", "iat": SECONDS, "exp": SECONDS + 900}


def header(**changes: Any) -> dict[str, Any]:
    """Return an honest header with `changes`; a change to None takes the member away."""
    members = {"alg": "ES256", "typ": "at+jwt", "kid": KEY.kid, **changes}
    return {name: value for name, value in members.items() if value is not None}


async def forge(
    head: Mapping[str, Any] | bytes, claims: Mapping[str, Any] | bytes = CLAIMS, key: LocalKey = KEY
) -> str:
    """Sign exactly these bytes with a key that is trusted, so that only what the test changed is wrong."""
    parts = (part if isinstance(part, bytes) else json.dumps(part).encode() for part in (head, claims))
    signing_input = ".".join(encode_base64url(part) for part in parts)
    return f"{signing_input}.{encode_base64url(await key.sign(signing_input.encode()))}"


def verify(token: str, keys: Mapping[str, VerificationKey] = PUBLIC, **changes: Any) -> Mapping[str, Any]:
    """Verify as a resource server would."""
    rules = {"typ": "at+jwt", "algorithms": ALGORITHMS, "now": NOW, "issuer": ISSUER, "audience": API}
    return verify_jwt(token, keys, **{**rules, **changes})


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_signed_token_verifies_here_and_elsewhere(algorithm: Algorithm) -> None:
    """B4: each algorithm, checked with PyJWT too."""
    key = KEYS[algorithm]

    token = await sign_jwt(key, CLAIMS, typ="at+jwt")

    assert verify(token) == CLAIMS
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "typ": "at+jwt", "kid": key.kid}
    options: Any = {"verify_exp": False, "verify_iat": False}
    assert jwt.decode(token, jwt.PyJWK(dict(key.public_jwk)), algorithms=[algorithm], audience=API, options=options)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"alg": "none"}, "alg is not accepted"),
        ({"alg": "HS256"}, "alg is not accepted"),
        ({"alg": None}, "alg is not accepted"),
        ({"alg": ["ES256"]}, "alg is not accepted"),
        ({"alg": "es256"}, "alg is not accepted"),
        ({"alg": "PS256"}, "alg is not the one of the key"),
        ({"typ": "JWT"}, "typ is not at"),
        ({"typ": None}, "typ is not at"),
        ({"typ": 1}, "typ is not at"),
        ({"kid": None}, "kid is missing"),
        ({"kid": 7}, "kid is missing"),
        ({"kid": "../../dev/null"}, "kid names no known key"),
        ({"kid": "' OR 1=1 --"}, "kid names no known key"),
        ({"crit": ["exp"]}, "a member that is refused"),
        ({"crit": []}, "a member that is refused"),
        ({"b64": False}, "a member that is refused"),
        ({"b64": True}, "a member that is refused"),
        ({"jwk": dict(KEY.public_jwk)}, "a member that is refused"),
        ({"jku": "https://evil.example/jwks"}, "a member that is refused"),
        ({"x5u": "https://evil.example/x5u"}, "a member that is refused"),
        ({"x5c": ["MIIB"]}, "a member that is refused"),
    ],
)
async def test_a_header_that_says_more_or_other_than_it_may_is_refused(changes: dict[str, Any], reason: str) -> None:
    """C4, C5, A3: though the signature is good (CVE-2022-29217, CVE-2026-27962, CVE-2026-48523)."""
    token = await forge(header(**changes))

    with pytest.raises(JoseError, match=reason):
        verify(token)


async def test_an_hmac_with_the_public_key_as_secret_is_refused() -> None:
    """C4: the key confusion of CVE-2022-29217."""
    secret = json.dumps(dict(KEY.public_jwk)).encode()
    signing_input = ".".join(encode_base64url(json.dumps(part).encode()) for part in (header(alg="HS256"), CLAIMS))
    mac = hmac.new(secret, signing_input.encode(), hashlib.sha256).digest()

    with pytest.raises(JoseError, match="alg is not accepted"):
        verify(f"{signing_input}.{encode_base64url(mac)}")


async def test_an_algorithm_that_was_not_asked_for_is_refused() -> None:
    """RFC 8725 §3.1: the caller says which algorithms count."""
    token = await sign_jwt(KEYS["RS256"], CLAIMS, typ="at+jwt")

    with pytest.raises(JoseError, match="alg is not accepted"):
        verify(token, algorithms=["ES256"])


async def test_a_token_without_kid_is_verified_only_where_one_key_can_be_meant() -> None:
    """RFC 7515 §4.1.4: by who says that `kid` is not needed, with the only key that fits `alg`."""
    token = await forge(header(kid=None))
    second = LocalKey.generate("ES256").verification_key

    assert verify(token, kid_needed=False) == CLAIMS
    for keys in ({**PUBLIC, second.kid: second}, {}, {KEYS["PS256"].kid: KEYS["PS256"].verification_key}):
        with pytest.raises(UnknownKey, match="not exactly one"):
            verify(token, keys, kid_needed=False)
    with pytest.raises(JoseError, match="the signature is wrong"):
        verify(token, {second.kid: second}, kid_needed=False)
    for kid in (7, "", "other"):
        with pytest.raises(JoseError, match="kid"):
            verify(await forge(header(kid=kid)), kid_needed=False)


async def test_a_signature_of_another_key_or_message_is_wrong() -> None:
    """RFC 7515 §5.2."""
    token = await forge(header(), key=LocalKey.generate("ES256"))
    other = await sign_jwt(KEY, {**CLAIMS, "sub": "bob"}, typ="at+jwt")
    honest = await sign_jwt(KEY, CLAIMS, typ="at+jwt")

    for forged in (
        token,
        f"{honest.rpartition('.')[0]}.{other.rpartition('.')[2]}",
        f"{honest.rpartition('.')[0]}.",
    ):
        with pytest.raises(JoseError, match="the signature is wrong"):
            verify(forged)


async def test_an_unknown_kid_can_be_told_from_other_faults() -> None:
    """M5: it is the one fault that newer keys may cure."""
    token = await sign_jwt(KEY, CLAIMS, typ="at+jwt")

    with pytest.raises(UnknownKey):
        verify(token, {})


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"])
async def test_typ_is_a_media_type_in_any_case(typ: str) -> None:
    """RFC 7515 §4.1.9, RFC 9068 §4."""
    assert verify(await sign_jwt(KEY, CLAIMS, typ=typ)) == CLAIMS


async def test_typ_can_be_left_open() -> None:
    """Not every profile sets one."""
    assert verify(await forge(header(typ=None)), typ=None) == CLAIMS


@pytest.mark.parametrize(
    "claims",
    [
        b'{"exp":9999999999,"exp":1}',
        b'{"exp":NaN}',
        b'{"exp":Infinity}',
        b'{"exp":-Infinity}',
        b'{"exp":1e999}',
        b'{"exp":9999999999,"deep":{"a":1,"a":2}}',
        b'{"exp":9999999999,"sub":"\\ud800"}',
        b'{"exp":9999999999,"sub":"a\\u0000"}',
        b'{"exp":9999999999,"\\u0000":1}',
        b'{"exp":9999999999,"sub":"\xff"}',
        '{"exp":9999999999}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
        b'["exp"]',
        b"null",
        b'"exp"',
        b"",
        b"{",
        b'{"exp":9999999999} {}',
        b"[" * 9000,
        b'{"a":' * 2000 + b"1" + b"}" * 2000,
        b'{"exp":9999999999,"a":' + b"[" * 8 + b"]" * 8 + b"}",
        b'{"exp":' + b"9" * 5000 + b"}",
    ],
)
async def test_json_that_two_readers_could_read_differently_is_refused(claims: bytes) -> None:
    """C15, P6: duplicate names, NaN, other encodings, nesting."""
    token = await forge(header(), claims)

    with pytest.raises(JoseError, match="the claims cannot be read"):
        verify(token, issuer=None, audience=None)


async def test_a_header_with_a_name_twice_is_refused() -> None:
    """C15: which `alg` would count?"""
    head = f'{{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"{KEY.kid}"}}'.encode()

    with pytest.raises(JoseError, match="the header cannot be read"):
        verify(await forge(head))


async def test_base64url_has_one_spelling_only() -> None:
    """C15: PyJWT takes padding and stray bits; each would give one token several names."""
    token = await sign_jwt(KEY, CLAIMS, typ="at+jwt")
    stray_bits = token[:-1] + chr(ord(token[-1]) + 1)  # the last four bits of 86 letters say nothing
    assert base64.urlsafe_b64decode(stray_bits[-86:] + "==") == base64.urlsafe_b64decode(token[-86:] + "==")

    for spelling in (
        token + "==",
        token + "=",
        token + "\n",
        stray_bits,
        token.replace(".", ".\n"),
        token + "é",
    ):
        with pytest.raises(JoseError, match="not canonical"):
            verify(spelling)


@pytest.mark.parametrize("token", ["", ".", "..", "a.b", "a.b.c.d", "a.b.c.d.e", "....", "a" * 20_000, "é.é.é"])
def test_what_is_no_jws_is_refused(token: str) -> None:
    """RFC 7515 §3.1: three segments, within bounds."""
    with pytest.raises(JoseError):
        verify(token)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exp": SECONDS}, "expired"),
        ({"exp": SECONDS - 1}, "expired"),
        ({"exp": str(SECONDS + 900)}, "exp is not a number"),
        ({"exp": True}, "exp is not a number"),
        ({"exp": None}, "exp is not a number"),
        ({"nbf": SECONDS + 1}, "from the future"),
        ({"nbf": "0"}, "nbf is not a number"),
        ({"iat": SECONDS + 1}, "from the future"),
        ({"iat": False}, "iat is not a number"),
        ({"iss": "https://as.example/"}, "iss"),
        ({"iss": "https://AS.example"}, "iss"),
        ({"iss": [ISSUER]}, "iss"),
        ({"aud": "https://other.example"}, "aud names somebody else"),
        ({"aud": API + "/"}, "aud names somebody else"),
        ({"aud": []}, "aud names somebody else"),
        ({"aud": None}, "aud is not"),
        ({"aud": [API, 7]}, "aud is not"),
        ({"aud": {API: 1}}, "aud is not"),
    ],
)
async def test_a_claim_that_does_not_hold_is_refused(changes: dict[str, Any], reason: str) -> None:
    """A3, M7, C3: though the signature is good."""
    token = await sign_jwt(KEY, {**CLAIMS, **changes}, typ="at+jwt")

    with pytest.raises(JoseError, match=reason):
        verify(token)


@pytest.mark.parametrize("name", ["exp", "iss", "aud", "sub"])
async def test_a_claim_that_is_needed_must_be_there(name: str) -> None:
    """RFC 8725 §3.9; `exp` is needed even where nobody says so."""
    claims = {key: value for key, value in CLAIMS.items() if key != name}
    token = await sign_jwt(KEY, claims, typ="at+jwt")

    with pytest.raises(JoseError):
        verify(token, required=["sub"])


async def test_a_skewed_clock_is_forgiven_up_to_the_leeway() -> None:
    """M7: by the leeway and not a second more."""
    late = await sign_jwt(KEY, {**CLAIMS, "exp": SECONDS - 9}, typ="at+jwt")
    early = await sign_jwt(KEY, {**CLAIMS, "iat": SECONDS + 10, "nbf": SECONDS + 10}, typ="at+jwt")
    leeway = timedelta(seconds=10)

    assert verify(late, leeway=leeway)
    assert verify(early, leeway=leeway)
    for token, now in ((late, NOW + timedelta(seconds=1)), (early, NOW - timedelta(seconds=1))):
        with pytest.raises(JoseError):
            verify(token, now=now, leeway=leeway)


async def test_numbers_beyond_any_calendar_do_not_break_the_reader() -> None:
    """C15: a huge `exp` is a number, not a crash."""
    token = await sign_jwt(KEY, {**CLAIMS, "exp": 10**400}, typ="at+jwt")

    assert verify(token)["exp"] == 10**400


async def test_a_strict_audience_is_one_name_and_no_list() -> None:
    """C1: a list lets one assertion be good at two places."""
    one = await sign_jwt(KEY, CLAIMS, typ="at+jwt")
    several = await sign_jwt(KEY, {**CLAIMS, "aud": [API]}, typ="at+jwt")

    assert verify(several)
    assert verify(one, strict_audience=True)
    assert verify(one, audience=["https://also.example", API], strict_audience=True)
    with pytest.raises(JoseError, match="aud"):
        verify(several, strict_audience=True)


def test_hash_halves_follow_the_algorithm() -> None:
    """M6: the example of OIDC Core §A.3, and for an unknown algorithm nothing at all (CVE-2026-28498)."""
    access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"

    assert left_half_hash(access_token, "RS256") == "77QmUPtjPfzWtF2AnpK9RQ"
    assert left_half_hash(access_token, "ES256") == "77QmUPtjPfzWtF2AnpK9RQ"
    assert len(left_half_hash(access_token, "EdDSA")) == 43
    for unknown in ("none", "HS256", "ES512", "", "rs256"):
        with pytest.raises(JoseError):
            left_half_hash(access_token, unknown)


def make_token() -> str:
    """Return an honest token, made outside of any event loop."""
    run = sign_jwt(KEY, CLAIMS, typ="at+jwt")
    try:
        run.send(None)
    except StopIteration as done:
        return str(done.value)
    raise AssertionError("signing here waits for nothing")


TOKEN = make_token()


@given(st.integers(0, len(TOKEN)), st.integers(0, 8), st.text(max_size=8))
def test_a_mutated_token_never_verifies(start: int, length: int, replacement: str) -> None:
    """C15: whatever is cut out and put in, the answer is JoseError and nothing else."""
    mutated = TOKEN[:start] + replacement + TOKEN[start + length :]

    if mutated != TOKEN:
        with pytest.raises(JoseError):
            verify(mutated)


@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=80))
def test_noise_in_three_segments_is_refused(head: bytes, payload: bytes, signature: bytes) -> None:
    """C15."""
    with pytest.raises(JoseError):
        verify(".".join(encode_base64url(part) for part in (head, payload, signature)))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["exp", "nbf", "iat", "iss", "aud", "sub", "x"]), json_values),
    st.dictionaries(st.sampled_from(["alg", "typ", "kid", "crit", "b64", "jwk", "x"]), json_values),
)
def test_odd_values_in_a_well_signed_token_are_refused_in_order(claims: dict[str, Any], head: dict[str, Any]) -> None:
    """C15: a trusted key does not make a claim well-formed; only JoseError comes out."""
    signing_input = ".".join(
        encode_base64url(json.dumps(part).encode()) for part in ({**header(), **head}, {**CLAIMS, **claims})
    )
    run = KEY.sign(signing_input.encode())
    with pytest.raises(StopIteration) as done:
        run.send(None)
    token = f"{signing_input}.{encode_base64url(done.value.value)}"

    try:
        verified = verify(token)
    except JoseError:
        return
    assert verified["iss"] == ISSUER
    assert verified["exp"] > SECONDS
