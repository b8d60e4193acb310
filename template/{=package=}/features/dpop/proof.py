"""A DPoP proof: a JWT that shows, for one request, that its sender holds a key (RFC 9449 §4)."""

import hashlib
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from ...core.encoding import encode_base64url
from ...core.errors import OAuthError
from ...core.jose import JoseError, check_typ, read_claims, read_jws
from ...core.jwk import Algorithm, VerificationKey, load_jwk, thumbprint
from .htu import normalise_url

TYPE: Final = "dpop+jwt"
MAX_SIZE: Final = 8_192
"""Of a proof: one with the largest RSA key has half of that."""
MAX_JTI_LENGTH: Final = 256

_UNVERIFIED: Final = "the DPoP proof is no dpop+jwt that the key in it signed with an algorithm that is accepted here"
# `crit` and `b64` change how a token is to be read; the others would bring a second key (RFC 8725 §3.10).
_REFUSED_HEADERS: Final = frozenset({"crit", "b64", "jku", "x5u", "x5c"})
_LIFE: Final = frozenset({"exp", "nbf"})


class InvalidDPoPProof(OAuthError):
    """There is not exactly one proof, or it does not hold for this request (RFC 9449 §5, §7.1)."""

    error = "invalid_dpop_proof"


class UseDPoPNonce(OAuthError):
    """The proof lacks a nonce of ours that is still good; the answer brings one (RFC 9449 §8, §9)."""

    error = "use_dpop_nonce"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a proof that holds says: by which key it is, and how it is told from all others of that key."""

    thumbprint: str
    jti: str
    issued_at: datetime
    nonce: str | None


def verify_proof(
    proof: str,
    *,
    method: str,
    url: str,
    now: datetime,
    window: timedelta,
    algorithms: Collection[str],
    access_token: str | None = None,
) -> Proof:
    """Return what a proof says that its own key signed for this request (RFC 9449 §4.3). Raises InvalidDPoPProof.

    `url` is what the request is known by to its sender. `iat` may lie as long as `window` before or after `now`.
    With an `access_token` the proof must be for that one. Whether the proof or its nonce is used again is not seen
    here.
    """
    try:
        key, claims = _verify(proof, algorithms)
    except JoseError as error:
        raise InvalidDPoPProof(_UNVERIFIED, reason=str(error)) from None

    if claims.get("htm") != method:
        raise InvalidDPoPProof("htm of the DPoP proof is not the method of this request")
    _check_url(claims.get("htu"), url)
    issued_at = _read_instant(claims, now, window)
    if access_token is not None and claims.get("ath") != hash_access_token(access_token):
        raise InvalidDPoPProof("ath of the DPoP proof is not the hash of the access token")
    return Proof(
        thumbprint=thumbprint(key.public_key),
        jti=_read_jti(claims),
        issued_at=issued_at,
        nonce=_read_nonce(claims),
    )


def hash_access_token(access_token: str) -> str:
    """Return the `ath` of an access token (RFC 9449 §4.2)."""
    return encode_base64url(hashlib.sha256(access_token.encode("ascii")).digest())


def _verify(proof: str, algorithms: Collection[str]) -> tuple[VerificationKey, Mapping[str, Any]]:
    """Return the key in the header and the claims that it signed.

    Nothing but `cnf`, or the request that is to be bound, says whose key it is: whoever trusted a token because its
    header brings a key would trust anybody. So this stays here, and `core/jose.py` refuses such headers.
    """
    if len(proof) > MAX_SIZE:
        raise JoseError("the proof is too long")
    jws = read_jws(proof)
    check_typ(jws.header, TYPE)
    if not _REFUSED_HEADERS.isdisjoint(jws.header):
        raise JoseError("the header has a member that is refused")
    algorithm, jwk = jws.header.get("alg"), jws.header.get("jwk")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise JoseError("alg is not accepted")
    if not isinstance(jwk, dict):
        raise JoseError("jwk is missing")
    key = load_jwk(jwk, algorithm=cast(Algorithm, algorithm))
    if not key.is_signed(jws.signing_input, jws.signature):
        raise JoseError("the signature is wrong")
    return key, read_claims(jws.payload)


def _check_url(htu: object, url: str) -> None:
    try:
        is_same = isinstance(htu, str) and normalise_url(htu) == normalise_url(url)
    except ValueError:
        is_same = False
    if not is_same:
        raise InvalidDPoPProof("htu of the DPoP proof is not the URL of this request", reason=f"{htu!r}, not {url}")


def _read_instant(claims: Mapping[str, Any], now: datetime, window: timedelta) -> datetime:
    """Return when the proof was made. If it sets itself a life, which no proof has to, that counts too."""
    for name in ("iat", *(_LIFE & claims.keys())):
        value = claims.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidDPoPProof(f"{name} of the DPoP proof is not a number")
    # Compared as numbers, which no integer of JSON is too large for.
    earliest, latest = (now - window).timestamp(), (now + window).timestamp()
    if not earliest <= claims["iat"] <= latest:
        raise InvalidDPoPProof("iat of the DPoP proof is too far from now", reason=f"{claims['iat']} at {now}")
    if claims.get("exp", math.inf) <= now.timestamp() or claims.get("nbf", earliest) > latest:
        raise InvalidDPoPProof("the DPoP proof is expired, or not good yet")
    return datetime.fromtimestamp(claims["iat"], UTC)


def _read_jti(claims: Mapping[str, Any]) -> str:
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI_LENGTH:
        raise InvalidDPoPProof(f"jti of the DPoP proof is not a string of 1 to {MAX_JTI_LENGTH} characters")
    return jti


def _read_nonce(claims: Mapping[str, Any]) -> str | None:
    nonce = claims.get("nonce")
    if "nonce" in claims and not isinstance(nonce, str):
        raise InvalidDPoPProof("nonce of the DPoP proof is not a string")
    return nonce
