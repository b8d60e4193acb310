"""Lists that are kept as text: what goes in comes out, or does not go in."""

import pytest

from ...database.sqlite import DIALECT
from ...database.types import Words


@pytest.mark.parametrize(
    "words", [(), ("one",), ("https://a.example/cb", "http://127.0.0.1/cb"), ("https://é.example",)]
)
def test_words_come_back_as_they_were(words: tuple[str, ...]) -> None:
    """J1."""
    kept = Words().process_bind_param(words, DIALECT)

    assert Words().process_result_value(kept, DIALECT) == words


@pytest.mark.parametrize("space", [" ", "\t", "\n", "\r", "\x0b", "\x1f", "\x85", "\xa0", "\u2003", "\u2028", "\u3000"])
def test_one_word_never_becomes_two(space: str) -> None:
    """R10: a redirect URI with anything that somebody takes for a space must not be read as two of them."""
    with pytest.raises(ValueError, match="not a list of words"):
        Words().process_bind_param((f"https://client.example/{space}https://evil.example/",), DIALECT)


def test_no_word_is_empty() -> None:
    """J1."""
    with pytest.raises(ValueError, match="not a list of words"):
        Words().process_bind_param(("",), DIALECT)
