"""User codes: what is shown, what is typed, and how hard they are to guess (RFC 8628 §6.1)."""

import math
import secrets

import pytest

from ..user_code import ALPHABET, LENGTH, mint_user_code, print_user_code, read_user_code


def test_a_code_is_of_letters_that_nobody_misreads_and_that_make_no_words() -> None:
    """RFC 8628 §6.1: the example's own alphabet; V2: 34.6 bits."""
    assert not set(ALPHABET) & set("AEIOUY0123456789")
    assert len(set(ALPHABET)) == len(ALPHABET) == 20
    assert math.log2(len(ALPHABET) ** LENGTH) > 34.5


def test_codes_come_from_the_generator_of_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """V2, DOT #1734: each letter is drawn there, and nothing else makes the code."""
    drawn = iter("WDJBMJHT")
    monkeypatch.setattr(secrets, "choice", lambda letters: next(drawn) if letters == ALPHABET else "")

    assert mint_user_code() == "WDJBMJHT"


def test_a_code_is_read_as_it_was_shown() -> None:
    """RFC 8628 §3.2: two halves, with a dash between them."""
    user_code = mint_user_code()

    shown = print_user_code(user_code)

    assert shown == f"{user_code[:4]}-{user_code[4:]}"
    assert read_user_code(shown) == user_code


@pytest.mark.parametrize(
    "typed",
    [
        "WDJB-MJHT",
        "wdjbmjht",
        " wdjb mjht ",
        "WDJB–MJHT",
        "W.D.J.B_M/J:H;T",
        "ＷＤＪＢ－ＭＪＨＴ",
        "wdjb\tmjht",
        "WDJB0-MJHT",
    ],
)
def test_case_and_whatever_stands_between_the_letters_do_not_matter(typed: str) -> None:
    """RFC 8628 §6.1: characters that are not of the alphabet are passed over."""
    assert read_user_code(typed) == "WDJBMJHT"


@pytest.mark.parametrize(
    "typed", ["", "WDJB", "WDJB-MJH", "WDJB-MJHTW", "AEIOUAEIOU", "0000-0000", " " * 40 + "WDJBMJHT"]
)
def test_what_cannot_be_a_code_is_none(typed: str) -> None:
    """H5: too short, too long, of other letters, or lost in noise."""
    assert read_user_code(typed) is None
