"""Request parameters: read once, strictly (RFC 6749 §3.1, §3.2; appendix B)."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Self
from urllib.parse import unquote_to_bytes

from .errors import InvalidRequest

MAX_PARAMETERS = 60
MAX_VALUE_LENGTH = 16_384
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_VSCHAR = re.compile(r"[\x20-\x7e]*")


class Parameters(Mapping[str, str]):
    """The parameters of one request: an empty value counts as absent (RFC 6749 §3.1).

    Each name is there once, but for the few that a specification lets repeat, which only `all` returns.
    """

    __slots__ = ("_repeated", "_values")

    def __init__(self, values: Mapping[str, str], repeated: Mapping[str, Sequence[str]] | None = None) -> None:
        self._values = {name: value for name, value in values.items() if value}
        self._repeated = {name: tuple(filter(None, several)) for name, several in (repeated or {}).items()}

    @classmethod
    def of(cls, stored: Mapping[str, str | Sequence[str]]) -> Self:
        """Return the parameters that `as_json` returned."""
        single = {name: value for name, value in stored.items() if isinstance(value, str)}
        return cls(single, {name: value for name, value in stored.items() if not isinstance(value, str)})

    def as_json(self) -> dict[str, str | Sequence[str]]:
        """Return plain values for a JSON text: a string, or for what may repeat a list."""
        return {**self._values, **{name: list(several) for name, several in self._repeated.items()}}

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of a parameter that may repeat."""
        return self._repeated.get(name) or tuple(filter(None, [self._values.get(name)]))

    def without(self, names: Collection[str]) -> "Parameters":
        """Return the parameters but for these."""
        return Parameters.of({name: value for name, value in self.as_json().items() if name not in names})

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def require(self, name: str) -> str:
        """Return the value of `name`; raises InvalidRequest when it is absent."""
        value = self._values.get(name)
        if value is None:
            raise InvalidRequest(f"{name} is missing")
        return value

    def visible(self, name: str) -> str | None:
        """Return `name` if present; raises InvalidRequest unless it is printable ASCII (RFC 6749 appendix A)."""
        value = self._values.get(name)
        if value is not None and not _VSCHAR.fullmatch(value):
            raise InvalidRequest(f"{name} holds characters that are not allowed")
        return value


def parse_parameters(encoded: bytes, repeatable: Collection[str] = ()) -> Parameters:
    """Decode a form body or query string, `application/x-www-form-urlencoded` in UTF-8.

    A repeated parameter is refused, whether its values differ or not: two readers of one request must never
    see two requests. Those that are `repeatable` may be read with `all` only. Raises InvalidRequest.
    """
    values: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    if not encoded:
        return Parameters(values)
    pairs = encoded.split(b"&")
    if len(pairs) > MAX_PARAMETERS:
        raise InvalidRequest("too many parameters")
    for pair in pairs:
        if not pair:
            continue
        raw_name, _, raw_value = pair.partition(b"=")
        name, value = _decode(raw_name), _decode(raw_value)
        if name in repeatable:
            repeated.setdefault(name, []).append(value)
            continue
        if name in values:
            raise InvalidRequest("a parameter is given twice", reason=f"{name!r} is repeated")
        values[name] = value
    return Parameters(values, repeated)


def _decode(raw: bytes) -> str:
    if len(raw) > MAX_VALUE_LENGTH:
        raise InvalidRequest("a parameter is too long")
    try:
        text = raw.decode("ascii")
        if "%" in text:
            if _PERCENT.search(text):
                raise InvalidRequest("a parameter is not percent-encoded correctly")
            text = unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
        elif "+" in text:
            text = text.replace("+", " ")
    except UnicodeDecodeError:
        raise InvalidRequest("a parameter is not UTF-8 in percent-encoding") from None
    if "\x00" in text:
        raise InvalidRequest("a parameter holds a NUL")
    return text
