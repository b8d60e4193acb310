"""Scope: a set of words, and what it means for one set to reach as far as another (RFC 6749 §3.3)."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from .errors import InvalidScope

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """Scope tokens, each once, compared as a set and printed in the order in which they first appeared."""

    tokens: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a scope as RFC 6749 §3.3 writes it: tokens with one space between them. Raises InvalidScope.

        The empty text is the empty scope, as it is stored; in a request an empty parameter counts as absent.
        """
        if text and not _SCOPE.fullmatch(text):
            raise InvalidScope("scope is not a list of scope tokens with single spaces between them")
        return cls.of(text.split(" ")) if text else cls()

    @classmethod
    def of(cls, tokens: Iterable[str]) -> Self:
        """Return the scope of these tokens, which are known to be well-formed."""
        return cls(tuple(dict.fromkeys(tokens)))

    def __str__(self) -> str:
        return " ".join(self.tokens)

    def __iter__(self) -> Iterator[str]:
        return iter(self.tokens)

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: object) -> bool:
        return token in self.tokens

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scope) and set(self.tokens) == set(other.tokens)

    def __hash__(self) -> int:
        return hash(frozenset(self.tokens))

    def __and__(self, other: Collection[str]) -> "Scope":
        return Scope(tuple(token for token in self.tokens if token in other))

    def __or__(self, other: Iterable[str]) -> "Scope":
        return Scope.of((*self.tokens, *other))

    def __sub__(self, other: Collection[str]) -> "Scope":
        return Scope(tuple(token for token in self.tokens if token not in other))

    def __le__(self, other: Collection[str]) -> bool:
        return all(token in other for token in self.tokens)


def narrow_scope(granted: Scope, requested: Scope | None) -> Scope:
    """Return `requested`, refusing anything beyond `granted` (RFC 6749 §6). Raises InvalidScope.

    An absent scope means all that was granted, not none.
    """
    if requested is None:
        return granted
    if not requested <= granted:
        raise InvalidScope("the scope asked for goes beyond what was granted")
    return requested


def covers(granted: Iterable[str], required: Iterable[str]) -> bool:
    """Say whether each required token is reached by a granted one, at a resource server.

    `read:orders` reaches itself, `read:*` all that begins with `read:`, and `*` everything. A wildcard stands
    alone, or at the end after a colon; anywhere else a star is a letter like any other.
    """
    exact = frozenset(granted)
    prefixes = tuple(word[:-1] for word in exact if word.endswith(":*") or word == "*")
    return all(word in exact or word.startswith(prefixes) for word in required)
