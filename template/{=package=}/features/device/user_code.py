"""User codes: short enough to be typed from a screen, of letters that nobody misreads (RFC 8628 §6.1)."""

import secrets
import unicodedata

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so that no code is a word, and nothing that looks like a digit."""

LENGTH = 8
# 20^8 codes are 34.6 bits, far too few to keep guessers out by themselves: what they may try is bounded (RFC 8628
# §5.1). With ten tries in ten minutes from an address, and a code that is good for ten minutes, an address finds a
# given code with a chance of 10 / 20^8, which is 2^-31. Where as many as a thousand codes wait at a time, an address
# that never stops finds one of them once in 48 years; all it wins is to let that device into an account of its own.


def mint_user_code() -> str:
    """Return a new code as it is kept: letters only."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def read_user_code(typed: str) -> str | None:
    """Return the code that somebody typed, in either case and with whatever stands between the letters.

    None if it cannot be one (RFC 8628 §6.1).
    """
    letters = unicodedata.normalize("NFKC", typed[: 4 * LENGTH]).upper()
    user_code = "".join(letter for letter in letters if letter in ALPHABET)
    return user_code if len(user_code) == LENGTH else None


def print_user_code(user_code: str) -> str:
    """Return the code as people read it: two halves."""
    return f"{user_code[: LENGTH // 2]}-{user_code[LENGTH // 2 :]}"
