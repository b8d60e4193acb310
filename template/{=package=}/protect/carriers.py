"""Finding the access token in a request: exactly one, and never in the URL (RFC 6750 §2)."""

import re
from collections.abc import Callable, Collection
from typing import Final, Literal, TypeAlias
from urllib.parse import parse_qsl

from starlette.requests import Request

from ..core.errors import InvalidRequest

Carrier: TypeAlias = Literal["header", "body"]
Extractor: TypeAlias = Callable[[Request], str | None]

BEARER: Final = "Bearer"

_TOKEN: Final = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
_MAX_FORM_SIZE: Final = 65_536


async def find_token(
    request: Request, carriers: Collection[Carrier], extractor: Extractor | None, schemes: Collection[str] = (BEARER,)
) -> str | None:
    """Return the access token that the request carries, in a header of one of `schemes`, or None.
    Raises InvalidRequest.

    More than one, a malformed one, or one in the query is refused, good or not (RFC 6750 §3.1): what was in a
    URL is in a log too (RFC 9700 §4.3.2).
    """
    if "access_token" in request.query_params:
        raise InvalidRequest("an access token in the URL is not accepted")

    found = []
    if "header" in carriers:
        found += _in_header(request, schemes)
    if "body" in carriers:
        found += await _in_body(request)
    if extractor is not None:
        extracted = extractor(request)
        found += [] if extracted is None else [extracted]

    if len(found) > 1:
        raise InvalidRequest("the request carries more than one access token")
    if found and not _TOKEN.fullmatch(found[0]):
        raise InvalidRequest("the access token is malformed")
    return found[0] if found else None


def presented_scheme(request: Request, schemes: Collection[str]) -> str:
    """Return which of `schemes` the Authorization header names; what is carried elsewhere is presented as Bearer."""
    named = request.headers.get("authorization", "").partition(" ")[0].lower()
    return next((scheme for scheme in schemes if scheme.lower() == named), BEARER)


def _in_header(request: Request, schemes: Collection[str]) -> list[str]:
    headers = request.headers.getlist("authorization")
    if len(headers) > 1:
        raise InvalidRequest("the request has more than one Authorization header")
    accepted = {scheme.lower() for scheme in schemes}
    parts = (header.partition(" ") for header in headers)
    return [credentials.strip(" ") for scheme, _, credentials in parts if scheme.lower() in accepted]


async def _in_body(request: Request) -> list[str]:
    """Return what RFC 6750 §2.2 allows: fields of a single-part form, in a method whose body means something.

    A form that is large, or does not say how large it is, is left alone: nobody has been authenticated yet.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    length = request.headers.get("content-length", "")
    if request.method in ("GET", "HEAD") or media_type != "application/x-www-form-urlencoded":
        return []
    if not (length.isascii() and length.isdecimal() and int(length[:9]) <= _MAX_FORM_SIZE):
        return []
    try:
        body = await request.body()
    except RuntimeError:  # the framework has parsed the form already, and kept it
        return [str(value) for value in (await request.form()).getlist("access_token")]
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict")
    except ValueError:
        raise InvalidRequest("the form is malformed") from None
    return [value for name, value in fields if name == "access_token"]
