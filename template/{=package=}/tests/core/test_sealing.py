"""Sealing: only who presents the one secret can read the other (E4)."""

import pytest

from ...core.sealing import seal, unseal
from ...core.secrets import mint_secret


def test_who_has_the_secret_reads_what_was_sealed() -> None:
    """E4: an honest retry gets the same successor."""
    secret, message = mint_secret(), mint_secret()

    assert unseal(seal(message, secret), secret) == message


def test_another_secret_opens_nothing() -> None:
    """E4."""
    assert unseal(seal("message", mint_secret()), mint_secret()) is None


@pytest.mark.parametrize("place", [0, 11, 12, -1])
def test_whoever_changed_the_sealed_bytes_gets_nothing(place: int) -> None:
    """Nonce, text and tag: one bit is enough."""
    secret = mint_secret()
    sealed = bytearray(seal("message", secret))
    sealed[place] ^= 1

    assert unseal(bytes(sealed), secret) is None


def test_sealing_twice_gives_two_texts_that_show_nothing() -> None:
    """K8: equal successors would be seen to be equal if the nonce were not new each time."""
    secret = mint_secret()

    first, second = seal("message", secret), seal("message", secret)

    assert first != second
    assert b"message" not in first
    assert secret.encode() not in first
