"""Work for nothing, so that the time of an answer does not tell which clients there are (SPEC C3)."""

from datetime import datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from ...core.jose import JoseError, read_jws
from ...core.jwk import Algorithm, PublicKey, VerificationKey
from ...core.keys import LocalKey
from .assertion import AssertionRules, Claimed, verify_assertion


def verify_in_vain(token: str, claimed: Claimed, rules: AssertionRules, now: datetime) -> None:
    """Do with an assertion what would be done if there was a key for it. Nothing follows from how that ends."""
    kid = str(read_jws(token).header.get("kid"))
    try:
        key = VerificationKey(kid, claimed.algorithm, _public_key(claimed.algorithm))
        verify_assertion(token, {kid: key}, claimed, rules, now)
    except JoseError:
        return


@cache
def _public_key(algorithm: Algorithm) -> PublicKey:
    if algorithm in ("PS256", "RS256"):  # any large odd number will do, and takes no time to find
        return RSAPublicNumbers(65_537, (1 << 2048) - 1).public_key()
    return LocalKey.generate(algorithm).verification_key.public_key
