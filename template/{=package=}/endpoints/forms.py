"""Form bodies, read once and strictly (RFC 6749 §3.2, appendix B)."""

from starlette.requests import Request

from ..core.errors import ContentTooLarge, InvalidRequest
from ..core.parameters import Parameters, parse_parameters

FORM = "application/x-www-form-urlencoded"
MAX_QUERY_LENGTH = 16_384


async def read_form(request: Request, *, max_size: int) -> Parameters:
    """Return the parameters of a form body of at most `max_size` bytes.

    A query string is refused: credentials do not belong into URLs, and no parameter may stand in two places.
    Raises InvalidRequest or ContentTooLarge, before anything else is done.
    """
    if request.scope["query_string"]:
        raise InvalidRequest("parameters belong into the body, not into the query string")
    return (await read_form_beside_query(request, max_size=max_size))[1]


async def read_form_beside_query(request: Request, *, max_size: int) -> tuple[Parameters, Parameters]:
    """Return query and form, for forms of our own whose URL says which one it is. Raises as `read_form` does."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != FORM:
        raise InvalidRequest(f"the body must be {FORM}")
    return read_query(request), parse_parameters(await read_body(request, max_size=max_size))


async def read_body(request: Request, *, max_size: int) -> bytes:
    """Return the body, giving up as soon as it exceeds `max_size` bytes. Raises ContentTooLarge."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > max_size:
        raise ContentTooLarge("the body is too large")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_size:
            raise ContentTooLarge("the body is too large")
    return bytes(body)


def read_query(request: Request) -> Parameters:
    """Return the parameters of the query string. Raises InvalidRequest."""
    query: bytes = request.scope["query_string"]
    if len(query) > MAX_QUERY_LENGTH:
        raise InvalidRequest("the query string is too long")
    return parse_parameters(query)
