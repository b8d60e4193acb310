"""Values that must not be guessed: minted, kept as digests, compared in constant time."""

import hashlib
import secrets
from hmac import compare_digest

_ENTROPY = 32  # bytes; RFC 6749 §10.10 asks for at least 128 bits


def mint_secret() -> str:
    """Return 256 random bits as 43 characters of `[A-Za-z0-9_-]`, safe in forms, headers and URLs."""
    return secrets.token_urlsafe(_ENTROPY)


def digest(secret: str) -> bytes:
    """Return the SHA-256 of a minted secret: all that is ever stored of it. Not for what a person chose."""
    return hashlib.sha256(secret.encode()).digest()


def is_digest_of(secret: str, stored: bytes) -> bool:
    """Say, in constant time, whether `stored` is the digest of `secret`."""
    return compare_digest(digest(secret), stored)
