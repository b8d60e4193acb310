"""Proof Key for Code Exchange (RFC 7636), S256 only."""

import hashlib
import re
from base64 import urlsafe_b64encode
from hmac import compare_digest

from .errors import InvalidGrant, InvalidRequest

S256 = "S256"
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
_CHALLENGE = re.compile(r"[A-Za-z0-9\-_]{43}")


def check_challenge(challenge: str | None, method: str | None, *, required: bool) -> None:
    """Check the challenge of an authorization request (RFC 7636 §4.3). Raises InvalidRequest.

    An absent method would mean `plain`, which is not offered: it must be spelt out.
    """
    if challenge is None:
        if method is not None:
            raise InvalidRequest("code_challenge_method without code_challenge")
        if required:
            raise InvalidRequest("code_challenge is missing")
        return
    if method != S256:
        raise InvalidRequest("code_challenge_method must be S256")
    if not _CHALLENGE.fullmatch(challenge):
        raise InvalidRequest("code_challenge is not a base64url SHA-256 digest")


def check_verifier(challenge: str | None, verifier: str | None) -> None:
    """Check the verifier against the code's challenge (RFC 7636 §4.6).

    A verifier for a code without a challenge is a downgrade (RFC 9700 §4.8.2). Raises InvalidRequest for a
    malformed verifier and InvalidGrant for a missing or wrong one.
    """
    if challenge is None:
        if verifier is not None:
            raise InvalidGrant("the code was issued without a code_challenge")
        return
    if verifier is None:
        raise InvalidGrant("code_verifier is missing")
    if not _VERIFIER.fullmatch(verifier):
        raise InvalidRequest("code_verifier is malformed")
    if not compare_digest(compute_challenge(verifier), challenge):
        raise InvalidGrant("code_verifier does not match")


def compute_challenge(verifier: str) -> str:
    """Return the S256 challenge of `verifier` (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
