"""A secret sealed under another: only who presents the one can read the other."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

_NONCE_LENGTH = 12  # bytes


def seal(message: str, secret: str) -> bytes:
    """Encrypt `message` under a key derived from `secret`, which must be a minted one: it is not stretched."""
    nonce = secrets.token_bytes(_NONCE_LENGTH)
    return nonce + AESGCM(_key(secret)).encrypt(nonce, message.encode(), None)


def unseal(sealed: bytes, secret: str) -> str | None:
    """Return what was sealed under `secret`, or None when it was another."""
    try:
        plain = AESGCM(_key(secret)).decrypt(sealed[:_NONCE_LENGTH], sealed[_NONCE_LENGTH:], None)
    except InvalidTag:
        return None
    return plain.decode()


def _key(secret: str) -> bytes:
    return HKDFExpand(SHA256(), 32, b"refresh token successor").derive(secret.encode())
