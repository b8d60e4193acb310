"""Base64url and JSON, read strictly, so that no two readers can disagree (RFC 7515 §2, RFC 8259)."""

import base64
import json
from typing import Any, Final, NoReturn

_MAX_DEPTH: Final = 8


def encode_base64url(data: bytes) -> str:
    """Return base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_base64url(text: str) -> bytes:
    """Return the bytes of canonical, unpadded base64url. Raises ValueError on any other spelling."""
    encoded = text.encode("ascii")
    data = base64.urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4))
    # The standard library skips foreign characters and ignores stray low bits; writing it again shows both.
    if base64.urlsafe_b64encode(data).rstrip(b"=") != encoded:
        raise ValueError("not canonical base64url")
    return data


def parse_json_object(data: bytes) -> dict[str, Any]:
    """Return the JSON object in `data` (RFC 8259). Raises ValueError.

    Refused: a name twice, NaN and infinite numbers, lone surrogates and NUL (which no database or answer can
    carry), more than eight levels, anything but UTF-8, and any value that is no object.
    """
    try:
        value = _decoder.decode(data.decode("utf-8"))
        # Few texts can hold what `_check` looks for, and this is on the path of every request.
        if rb"\u" in data or data.count(b"[") + data.count(b"{") > _MAX_DEPTH:
            _check(value, _MAX_DEPTH)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member name twice")
    return members


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _float(text: str) -> float:
    number = float(text)
    if number - number != 0:  # 1e999 is read as infinity
        raise ValueError("a number out of range")
    return number


def _check(value: Any, levels: int) -> None:
    if isinstance(value, str):
        if not value.isascii():
            value.encode("utf-8")  # a lone surrogate raises UnicodeEncodeError, which is a ValueError
        if "\x00" in value:
            raise ValueError("a NUL character")
    elif isinstance(value, dict | list):
        if levels == 0:
            raise ValueError("nested too deeply")
        for member in (*value, *value.values()) if isinstance(value, dict) else value:
            _check(member, levels - 1)


_decoder: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
