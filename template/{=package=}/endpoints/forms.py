"""Form bodies, read once and strictly (RFC 6749 §3.2, appendix B)."""

from collections.abc import Collection
from dataclasses import dataclass

from starlette.requests import Request

from ..core.errors import ContentTooLarge, InvalidRequest
from ..core.parameters import Parameters, parse_parameters

FORM = "application/x-www-form-urlencoded"
MAX_QUERY_LENGTH = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    """How this server reads parameters. `max_size` is of a body, in bytes; `repeatable` may stand there twice."""

    max_size: int
    repeatable: Collection[str] = ()

    async def read_form(self, request: Request) -> Parameters:
        """Return the parameters of a form body.

        A query string is refused: credentials do not belong into URLs, and no parameter may stand in two places.
        Raises InvalidRequest or ContentTooLarge, before anything else is done.
        """
        if request.scope["query_string"]:
            raise InvalidRequest("parameters belong into the body, not into the query string")
        return (await self.read_form_beside_query(request))[1]

    async def read_form_beside_query(self, request: Request) -> tuple[Parameters, Parameters]:
        """Return query and form, for forms of our own whose URL says which one it is. Raises as `read_form` does."""
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != FORM:
            raise InvalidRequest(f"the body must be {FORM}")
        query, body = self.read_query(request), await read_body(request, max_size=self.max_size)
        return query, parse_parameters(body, self.repeatable)

    def read_query(self, request: Request) -> Parameters:
        """Return the parameters of the query string. Raises InvalidRequest."""
        query: bytes = request.scope["query_string"]
        if len(query) > MAX_QUERY_LENGTH:
            raise InvalidRequest("the query string is too long")
        return parse_parameters(query, self.repeatable)


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
