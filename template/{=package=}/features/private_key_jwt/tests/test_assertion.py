"""When an assertion is good, and for whom (RFC 7523 §3)."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ....core.encoding import encode_base64url
from ....core.jose import JoseError, UnknownKey
from ....core.jwk import ALGORITHMS, Algorithm
from ....core.keys import LocalKey
from ....tests.harness import ISSUER
from ..assertion import Assertion, AssertionRules, read_claimed, verify_assertion
from .assertions import KEY, KEYS, claims, sign

pytestmark = pytest.mark.anyio

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
PUBLIC = {key.kid: key.verification_key for key in KEYS.values()}
RULES = AssertionRules(audience=ISSUER, algorithms=("PS256", "ES256", "EdDSA"), lifetime=timedelta(seconds=300))


def verify(token: str, rules: AssertionRules = RULES, **changes: Any) -> Assertion:
    """Do with an assertion what the server does, but for looking the client up."""
    claimed = read_claimed(token, rules)
    keys = {kid: key for kid, key in PUBLIC.items() if key.algorithm == claimed.algorithm}
    given: dict[str, Any] = {"keys": keys, "now": NOW, **changes}
    return verify_assertion(token, given["keys"], claimed, rules, given["now"])


@pytest.mark.parametrize("algorithm", ["PS256", "ES256", "EdDSA"])
async def test_an_honest_assertion_is_good_until_it_expires(algorithm: Algorithm) -> None:
    """C4: and its `jti` is to be remembered for as long, and longer by what our own clocks may be off."""
    token = await sign(claims(NOW, jti="once"), KEYS[algorithm])

    assert verify(token) == Assertion("once", NOW + timedelta(seconds=60 + 30 + 30))
    assert read_claimed(token, RULES) == ("web", algorithm)


async def test_an_algorithm_counts_if_the_setting_names_it() -> None:
    """C4, C5: RS256 only when asked for."""
    token = await sign(claims(NOW), KEYS["RS256"])

    with pytest.raises(JoseError, match="alg is not accepted"):
        read_claimed(token, RULES)
    rules = AssertionRules(audience=ISSUER, algorithms=("RS256",), lifetime=RULES.lifetime)
    assert verify(token, rules)
    with pytest.raises(JoseError, match="alg is not accepted"):
        verify(await sign(claims(NOW), KEYS["ES256"]), rules)


@pytest.mark.parametrize(
    "typ", ["JWT", "jwt", "client-authentication+jwt", "application/client-authentication+JWT", "application/jwt"]
)
async def test_an_assertion_may_say_that_it_is_one(typ: str) -> None:
    """RFC 7519 §5.1, RFC 7515 §4.1.9: old libraries say JWT, new ones what it is."""
    assert verify(await sign(claims(NOW), typ=typ))


@pytest.mark.parametrize(
    "typ",
    ["at+jwt", "oauth-authz-req+jwt", "logout+jwt", "application/at+jwt", "secevent+jwt", "JOSE", "", 1, ["JWT"], {},
     "JWT "],
)  # fmt: skip
async def test_another_kind_of_token_is_no_assertion(typ: object) -> None:
    """J5, RFC 8725 §3.11: though the client signed it, and everything in it fits."""
    with pytest.raises(JoseError, match="another kind"):
        verify(await sign(claims(NOW), typ=typ))


async def test_a_typ_of_null_is_none_that_is_known() -> None:
    """J5."""
    head = encode_base64url(json.dumps({"alg": "ES256", "kid": KEY.kid, "typ": None}).encode())
    signing_input = f"{head}.{encode_base64url(json.dumps(claims(NOW)).encode())}"
    signature = encode_base64url(await KEY.sign(signing_input.encode()))

    with pytest.raises(JoseError, match="another kind"):
        verify(f"{signing_input}.{signature}")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"aud": f"{ISSUER}/oauth/token"}, "aud names somebody else"),
        ({"aud": f"{ISSUER}/oauth/other"}, "aud names somebody else"),
        ({"aud": f"{ISSUER}/"}, "aud names somebody else"),
        ({"aud": "https://AS.example"}, "aud names somebody else"),
        ({"aud": "https://other.example"}, "aud names somebody else"),
        ({"aud": [ISSUER]}, "aud is not what"),
        ({"aud": [ISSUER, "https://other.example"]}, "aud is not what"),
        ({"aud": []}, "aud is not what"),
        ({"aud": None}, "aud is not what"),
        ({"iss": None}, "iss"),
        ({"iss": "other"}, "iss"),
        ({"iss": ISSUER}, "iss"),
        ({"iss": ["web"]}, "iss"),
        ({"sub": None}, "sub is not a string"),
        ({"sub": 7}, "sub is not a string"),
        ({"sub": ["web"]}, "sub is not a string"),
        ({"sub": "other"}, "iss"),
        ({"exp": None}, "exp is missing"),
        ({"exp": "2030"}, "exp is not a number"),
        ({"exp": True}, "exp is not a number"),
        ({"exp": SECONDS - 30}, "expired"),
        ({"exp": SECONDS - 1000}, "expired"),
        ({"exp": SECONDS + 331}, "too far ahead"),
        ({"exp": SECONDS + 330.5}, "too far ahead"),
        ({"exp": SECONDS + 3600}, "too far ahead"),
        ({"exp": 10**400}, "too far ahead"),
        ({"iat": SECONDS + 31}, "from the future"),
        ({"iat": SECONDS + 61}, "from the future"),
        ({"iat": "now"}, "iat is not a number"),
        ({"nbf": SECONDS + 31}, "from the future"),
        ({"nbf": SECONDS + 61}, "from the future"),
        ({"jti": None}, "jti"),
        ({"jti": ""}, "jti"),
        ({"jti": 7}, "jti"),
        ({"jti": ["x"]}, "jti"),
        ({"jti": "x" * 257}, "jti"),
    ],
)
async def test_an_assertion_that_does_not_hold_is_refused(changes: dict[str, Any], reason: str) -> None:
    """C1, C3 (CVE-2025 audience injection, draft-ietf-oauth-rfc7523bis): though the signature is good."""
    with pytest.raises(JoseError, match=reason):
        verify(await sign(claims(NOW, **changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {"iat": SECONDS + 10, "nbf": SECONDS + 10, "exp": SECONDS + 310},
        {"iat": SECONDS + 30, "exp": SECONDS + 330},
        {"exp": SECONDS - 29},
        {"exp": SECONDS + 0.5},
        {"iat": None},
        {"iat": SECONDS - 10_000},
        {"nbf": SECONDS},
        {"jti": "x" * 256},
        {"anything": {"else": [1]}},
    ],
)
async def test_a_clock_that_is_a_little_off_is_forgiven(changes: dict[str, Any]) -> None:
    """C4: ten seconds are accepted, a minute is not; unknown claims are nobody's business (RFC 7523 §3)."""
    assert verify(await sign(claims(NOW, **changes)))


async def test_a_record_lives_as_long_as_its_assertion_is_accepted() -> None:
    """N C4: also for a server whose clock is half a minute behind; a fraction of a second is rounded up."""
    for exp in (SECONDS + 10, SECONDS + 10.25, SECONDS + 9.999999):
        token = await sign(claims(NOW, exp=exp))
        until = verify(token).remember_until

        assert until.timestamp() >= exp + 60
        with pytest.raises(JoseError, match="expired"):
            verify(token, now=until - timedelta(seconds=30))


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"alg": "none"}, "alg is not accepted"),
        ({"alg": "HS256"}, "alg is not accepted"),
        ({"alg": None}, "alg is not accepted"),
        ({"alg": ["ES256"]}, "alg is not accepted"),
        ({"alg": "es256"}, "alg is not accepted"),
        ({"alg": "RS256"}, "alg is not accepted"),
        ({"alg": "PS256"}, "kid names no known key"),
        ({"kid": "other"}, "kid names no known key"),
        ({"kid": "../../dev/null"}, "kid names no known key"),
        ({"kid": "' OR 1=1 --"}, "kid names no known key"),
        ({"kid": 7}, "kid is missing"),
        ({"crit": ["exp"]}, "a member that is refused"),
        ({"b64": False}, "a member that is refused"),
        ({"jwk": dict(KEY.public_jwk)}, "a member that is refused"),
        ({"jku": "https://evil.example/jwks"}, "a member that is refused"),
        ({"x5u": "https://evil.example/x5u"}, "a member that is refused"),
        ({"x5c": ["MIIB"]}, "a member that is refused"),
    ],
)
async def test_a_header_cannot_bring_its_own_key_or_rules(header: dict[str, Any], reason: str) -> None:
    """C4, C5: none, HMAC with the public key, jwk, jku, x5u, x5c, crit, b64, alg other than the key's."""
    with pytest.raises(JoseError, match=reason):
        verify(await sign(claims(NOW), **header))


async def test_a_signature_of_somebody_else_is_wrong() -> None:
    """C4: the same `kid`, another key."""
    token = await sign(claims(NOW), LocalKey.generate("ES256"), kid=KEY.kid)

    with pytest.raises(JoseError, match="the signature is wrong"):
        verify(token)


async def test_without_kid_the_only_key_that_fits_is_meant() -> None:
    """RFC 7515 §4.1.4: clients with one key often name none; with two there is no telling."""
    token = await sign(claims(NOW), kid=None)
    second = LocalKey.generate("ES256").verification_key

    assert verify(token)
    with pytest.raises(UnknownKey, match="not exactly one"):
        verify(token, keys={KEY.kid: KEY.verification_key, second.kid: second})
    with pytest.raises(UnknownKey, match="not exactly one"):
        verify(token, keys={})


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"null", b"{", b'{"sub":"web","sub":"web"}', b'{"sub":"web","exp":NaN}', b'{"sub":"\\ud800"}',
     b'{"sub":"web\\u0000"}', b'{"sub":"\xff"}', b"[" * 4000, b'{"a":' * 900 + b"1" + b"}" * 900],
)  # fmt: skip
async def test_what_cannot_be_read_in_one_way_is_no_assertion(content: bytes) -> None:
    """C15, P6: duplicate members, NaN, lone surrogates, NUL, nesting."""
    with pytest.raises(JoseError):
        verify(await sign(content))


@pytest.mark.parametrize("token", ["", ".", "..", "a.b", "a.b.c.d", "é.é.é", "a" * 20_000, "ab=.ab.ab"])
def test_what_is_no_jws_is_no_assertion(token: str) -> None:
    """RFC 7515 §3.1, C15."""
    with pytest.raises(JoseError):
        read_claimed(token, RULES)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
claim_names = st.sampled_from(["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "x"])
header_names = st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "jku", "x5c", "x"])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(claim_names, json_values), st.dictionaries(header_names, json_values))
def test_whatever_a_client_signs_the_answer_is_yes_or_a_refusal(
    changed: dict[str, Any], header: dict[str, Any]
) -> None:
    """C15, C3: no other error comes out, and a yes is for this client, this server and this time."""
    content = {**claims(NOW), **changed}
    head = {"alg": "ES256", "kid": KEY.kid, **header}
    signing_input = ".".join(encode_base64url(json.dumps(part).encode()) for part in (head, content))
    run = KEY.sign(signing_input.encode())
    with pytest.raises(StopIteration) as done:
        run.send(None)
    token = f"{signing_input}.{encode_base64url(done.value.value)}"

    try:
        assertion = verify(token)
    except JoseError:
        return
    assert content["iss"] == content["sub"]
    assert content["aud"] == ISSUER
    assert NOW + timedelta(seconds=30) < assertion.remember_until <= NOW + timedelta(seconds=390)
    assert 0 < len(assertion.jti) <= 256


@settings(deadline=None)
@given(st.text(max_size=40), st.integers(0, 400), st.integers(0, 8))
def test_a_mutated_assertion_is_refused(inserted: str, start: int, length: int) -> None:
    """C15: whatever is cut out and put in."""
    mutated = TOKEN[:start] + inserted + TOKEN[start + length :]

    if mutated != TOKEN:
        with pytest.raises(JoseError):
            verify(mutated)


def _make_token() -> str:
    """Return an honest assertion, made outside of any event loop."""
    run = sign(claims(NOW))
    try:
        run.send(None)
    except StopIteration as done:
        return str(done.value)
    raise AssertionError("signing here waits for nothing")


TOKEN = _make_token()
assert set(PUBLIC) == {KEYS[algorithm].kid for algorithm in ALGORITHMS}
