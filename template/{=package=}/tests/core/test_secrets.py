"""Minted values, their digests, and how the two are compared (C6)."""

import re
from hashlib import sha256

import pytest

from ...core import secrets
from ...core.secrets import digest, is_digest_of, mint_secret


def test_minted_secrets_are_long_different_and_safe_everywhere() -> None:
    """C3, RFC 6749 §10.10: 256 bits, of characters that forms, headers and URLs leave alone."""
    minted = {mint_secret() for _ in range(1_000)}

    assert len(minted) == 1_000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", secret) for secret in minted)


def test_a_digest_is_a_sha_256_of_the_text() -> None:
    """C6: what is stored can be written by anybody who moves clients here."""
    assert digest("sécret") == sha256("sécret".encode()).digest()


@pytest.mark.parametrize(("secret", "is_right"), [("secret", True), ("Secret", False), ("secret ", False), ("", False)])
def test_only_the_same_secret_has_the_digest(secret: str, is_right: bool) -> None:
    """C6."""
    assert is_digest_of(secret, digest("secret")) is is_right


def test_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """C11: the comparison is the standard library's, which does not stop at the first difference."""
    compared: list[tuple[bytes, bytes]] = []
    monkeypatch.setattr(secrets, "compare_digest", lambda *pair: compared.append(pair))

    is_digest_of("secret", b"stored")

    assert compared == [(digest("secret"), b"stored")]
