"""A refusal that any FastAPI app answers properly, with no handler to register (RFC 6750 §3)."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..core.errors import OAuthError


class Refused(HTTPException):
    """The `refusal` of a guard with the headers of its answer. FastAPI puts the body under `detail`."""

    def __init__(self, refusal: OAuthError, challenge: str | None) -> None:
        headers = {**refusal.headers, "Cache-Control": "no-store"}
        if challenge is not None:
            headers["WWW-Authenticate"] = challenge
        super().__init__(refusal.status, headers=headers)
        self.refusal = refusal
        self.body = {"error": refusal.error, "error_description": refusal.description}
        self.detail = self.body  # type: ignore[assignment]  # FastAPI writes any JSON here


async def answer_refusal(request: Request, refused: Exception) -> Response:
    """Answer with the bare `{"error": ...}`: `app.add_exception_handler(Refused, answer_refusal)`."""
    if not isinstance(refused, Refused):
        raise refused
    return JSONResponse(refused.body, refused.status_code, refused.headers)
