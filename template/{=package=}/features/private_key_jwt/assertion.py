"""Client assertions and when one is good (RFC 7523 §3, RFC 7521 §5.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final, NamedTuple

from ...core.jose import JoseError, check_typ, read_claims, read_jws, verify_jwt
from ...core.jwk import Algorithm, VerificationKey

METHOD: Final = "private_key_jwt"
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

LEEWAY: Final = timedelta(seconds=30)
"""How far a client's clock may be off, in either direction, and those of our own servers from each other."""

MAX_JTI_LENGTH: Final = 256

# An assertion was a JWT without a type for long, and now has one of its own. Whatever says that it is something else
# is something else, though the client signed it (RFC 8725 §3.11).
_TYPES: Final = ("JWT", "client-authentication+jwt")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionRules:
    """What is accepted: the one `audience`, the algorithms, and how far ahead `exp` may be."""

    audience: str
    algorithms: tuple[Algorithm, ...]
    lifetime: timedelta


class Claimed(NamedTuple):
    """What an assertion says before anything vouches for it: whose keys to look for, and of which kind."""

    client_id: str
    algorithm: Algorithm


class Assertion(NamedTuple):
    """What is left of a good assertion: the name under which it is used up, and how long to remember that."""

    jti: str
    remember_until: datetime


def read_claimed(token: str, rules: AssertionRules) -> Claimed:
    """Return who an assertion claims to be from. Raises JoseError for what could not be one whoever signed it."""
    jws = read_jws(token)
    if "typ" in jws.header:
        _check_typ(jws.header)
    named = jws.header.get("alg")
    algorithm = next((each for each in rules.algorithms if each == named), None)
    if algorithm is None:
        raise JoseError("alg is not accepted")
    subject = read_claims(jws.payload).get("sub")
    if not isinstance(subject, str):
        raise JoseError("sub is not a string")
    return Claimed(subject, algorithm)


def verify_assertion(
    token: str, keys: Mapping[str, VerificationKey], claimed: Claimed, rules: AssertionRules, now: datetime
) -> Assertion:
    """Return the assertion if one of `keys` signed it and it holds now. Raises UnknownKey or another JoseError.

    `iss` and `sub` are the client, `aud` is our issuer identifier alone: not a list, in which others could stand too,
    and no endpoint, whose name another server may have put into its metadata. This is stricter than RFC 7523 §3.
    """
    claims = verify_jwt(
        token,
        keys,
        typ=None,
        algorithms=(claimed.algorithm,),
        now=now,
        leeway=LEEWAY,
        issuer=claimed.client_id,
        audience=rules.audience,
        strict_audience=True,
        kid_needed=False,
    )
    if claims["exp"] > (now + rules.lifetime + LEEWAY).timestamp():
        raise JoseError("exp is too far ahead")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI_LENGTH:
        raise JoseError("jti is missing, or not a short string")
    # Once for the client's clock, and once for a server of ours whose clock is ahead, and which would forget it first.
    return Assertion(jti, datetime.fromtimestamp(ceil(claims["exp"]), UTC) + 2 * LEEWAY)


def _check_typ(header: Mapping[str, object]) -> None:
    for typ in _TYPES:
        try:
            return check_typ(header, typ)
        except JoseError:
            continue
    raise JoseError("typ is that of another kind of token")
