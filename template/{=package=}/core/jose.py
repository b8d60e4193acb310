"""Signed JWTs: one way to write them, one strict way to read them (RFC 7515, RFC 7519, RFC 8725)."""

import hashlib
import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol

from .encoding import decode_base64url, encode_base64url, parse_json_object
from .jwk import Algorithm, VerificationKey
from .jwk import JoseError as JoseError

MAX_TOKEN_SIZE: Final = 16_384

# `crit` and `b64` change how a token is to be read; the others bring the sender's own key (RFC 8725 §3.10).
_REFUSED_HEADERS: Final = frozenset({"crit", "b64", "jwk", "jku", "x5u", "x5c"})
_HASHES: Final[Mapping[str, Any]] = {
    "ES256": hashlib.sha256,
    "PS256": hashlib.sha256,
    "RS256": hashlib.sha256,
    "EdDSA": hashlib.sha512,  # Ed25519 hashes with SHA-512 (RFC 8032 §5.1)
}

_print_json = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


class UnknownKey(JoseError):
    """The token's `kid` names no key we have. Newer keys may know it."""


class JWS(NamedTuple):
    """A compact JWS, taken apart and not yet verified (RFC 7515 §7.1)."""

    signing_input: bytes
    header: Mapping[str, Any]
    payload: bytes
    signature: bytes


class SigningKey(Protocol):
    """A private key that we may use and perhaps never see: it may live in a KMS or an HSM."""

    @property
    def kid(self) -> str: ...
    @property
    def algorithm(self) -> Algorithm: ...
    @property
    def public_jwk(self) -> Mapping[str, Any]: ...

    async def sign(self, signing_input: bytes) -> bytes:
        """Return the raw JWS signature, for ES256 the 64 bytes of R and S (RFC 7518 §3.4)."""
        ...


async def sign_jwt(key: SigningKey, claims: Mapping[str, Any], *, typ: str) -> str:
    """Return `claims` as a compact JWT with the header members `alg`, `typ` and `kid` (RFC 7519 §7.1)."""
    payload = encode_base64url(_print_json(dict(claims)).encode("ascii"))
    signing_input = f"{_header(key.kid, key.algorithm, typ)}.{payload}"
    signature = await key.sign(signing_input.encode("ascii"))
    return f"{signing_input}.{encode_base64url(signature)}"


def verify_jwt(
    token: str,
    keys: Mapping[str, VerificationKey],
    *,
    typ: str | None,
    algorithms: Collection[str],
    now: datetime,
    leeway: timedelta = timedelta(0),
    issuer: str | None = None,
    audience: str | Collection[str] | None = None,
    strict_audience: bool = False,
    required: Collection[str] = (),
    kid_needed: bool = True,
) -> Mapping[str, Any]:
    """Return the claims of a JWT that one of `keys` signed and that holds now. Raises JoseError.

    The header must name a known `kid` and that key's own `alg`, out of `algorithms`, and carry `typ` (`None`
    leaves it unchecked, for profiles that do not set one). `exp` is always needed, `required` names what else
    is. `audience` is one name of ours or several, of which one must be in `aud`; with `strict_audience` the
    claim must be such a name itself, not a list. Where `kid_needed` is false a token without one is verified with the
    only key that fits its `alg`, if there is exactly one (RFC 7515 §4.1.4).
    """
    signing_input, header, payload, signature = read_jws(token)
    key = _choose_key(header, keys, typ=typ, algorithms=algorithms, kid_needed=kid_needed)
    if not key.is_signed(signing_input, signature):
        raise JoseError("the signature is wrong")

    claims = read_claims(payload)
    if missing := [name for name in required if name not in claims]:
        raise JoseError(f"{missing[0]} is missing")
    _check_times(claims, now.timestamp(), leeway.total_seconds())
    if issuer is not None and claims.get("iss") != issuer:
        raise JoseError("iss is not the issuer expected")
    if audience is not None:
        _check_audience(claims.get("aud"), audience, strict=strict_audience)
    return claims


def read_jws(token: str) -> JWS:
    """Return a token taken apart; nothing in it is to be trusted before its signature is. Raises JoseError."""
    if len(token) > MAX_TOKEN_SIZE:
        raise JoseError("the token is too long")
    segments = token.split(".")
    if len(segments) != 3:
        raise JoseError("the token does not have three segments")
    try:
        header, payload, signature = (decode_base64url(segment) for segment in segments)
    except ValueError:
        raise JoseError("a segment is not canonical base64url") from None
    return JWS(token.rpartition(".")[0].encode("ascii"), _parse(header, "header"), payload, signature)


def read_claims(payload: bytes) -> Mapping[str, Any]:
    """Return the claims in a payload whose signature is right (RFC 7519 §7.2). Raises JoseError."""
    return _parse(payload, "claims")


def check_typ(header: Mapping[str, Any], typ: str) -> None:
    """Check what kind of token the header says it is (RFC 8725 §3.11). Raises JoseError."""
    if _media_type(header.get("typ")) != _media_type(typ):
        raise JoseError(f"typ is not {typ}")


def left_half_hash(value: str, algorithm: str) -> str:
    """Return `at_hash` or `c_hash`, made with the algorithm's own hash (OIDC Core §3.1.3.6, §3.3.2.11).

    Raises JoseError for an algorithm whose hash is not known; guessing one would verify nothing.
    """
    make_hash = _HASHES.get(algorithm)
    if make_hash is None:
        raise JoseError("no hash is known for this alg")
    digest: bytes = make_hash(value.encode("ascii")).digest()
    return encode_base64url(digest[: len(digest) // 2])


@lru_cache(maxsize=64)
def _header(kid: str, algorithm: Algorithm, typ: str) -> str:
    return encode_base64url(_print_json({"alg": algorithm, "typ": typ, "kid": kid}).encode())


def _parse(data: bytes, what: str) -> dict[str, Any]:
    try:
        return parse_json_object(data)
    except ValueError as error:
        raise JoseError(f"the {what} cannot be read: {error}") from None


def _choose_key(
    header: Mapping[str, Any],
    keys: Mapping[str, VerificationKey],
    *,
    typ: str | None,
    algorithms: Collection[str],
    kid_needed: bool,
) -> VerificationKey:
    if not _REFUSED_HEADERS.isdisjoint(header):
        raise JoseError("the header has a member that is refused")
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise JoseError("alg is not accepted")
    if typ is not None:
        check_typ(header, typ)
    if "kid" not in header and not kid_needed:
        fitting = [key for key in keys.values() if key.algorithm == algorithm]
        if len(fitting) != 1:
            raise UnknownKey("kid is missing, and there is not exactly one key that fits")
        return fitting[0]
    if not isinstance(kid, str):
        raise JoseError("kid is missing")
    key = keys.get(kid)
    if key is None:
        raise UnknownKey("kid names no known key")
    if key.algorithm != algorithm:
        raise JoseError("alg is not the one of the key")
    return key


def _media_type(typ: object) -> str | None:
    """`at+jwt` and `application/AT+JWT` are the same (RFC 7515 §4.1.9)."""
    return typ.lower().removeprefix("application/") if isinstance(typ, str) else None


def _check_times(claims: Mapping[str, Any], now: float, leeway: float) -> None:
    for name in ("exp", "nbf", "iat"):
        if name in claims and (isinstance(claims[name], bool) or not isinstance(claims[name], int | float)):
            raise JoseError(f"{name} is not a number")
    if "exp" not in claims:
        raise JoseError("exp is missing")
    if claims["exp"] <= now - leeway:  # the moment of exp is already too late (RFC 7519 §4.1.4)
        raise JoseError("the token is expired")
    if claims.get("nbf", now) > now + leeway or claims.get("iat", now) > now + leeway:
        raise JoseError("the token is from the future")


def _check_audience(claim: object, audience: str | Collection[str], *, strict: bool) -> None:
    expected = {audience} if isinstance(audience, str) else set(audience)
    if isinstance(claim, str):
        named = {claim}
    elif isinstance(claim, list) and not strict and all(isinstance(name, str) for name in claim):
        named = set(claim)
    else:
        raise JoseError("aud is not what it has to be")
    if named.isdisjoint(expected):
        raise JoseError("aud names somebody else")
