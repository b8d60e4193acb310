"""How answers and refusals become bytes. Nothing else writes a status, a challenge or a cache header."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ..core.challenge import challenge
from ..core.errors import InvalidClient, MethodNotAllowed, OAuthError
from ..server import ErrorEnvelope

log = logging.getLogger(__name__)

_print_json = json.JSONEncoder(separators=(",", ":")).encode

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def render_json(body: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return JSON that nobody may keep (RFC 6749 §5.1), with further `headers`."""
    encoded = _print_json(body).encode()
    return Response(encoded, status, headers={**NO_STORE, **(headers or {})}, media_type="application/json")


class JSONRefusal:
    """Refusals of endpoints that clients call directly (RFC 6749 §5.2).

    The team's envelope may reshape the body; status, challenge and cache headers are not its business.
    """

    def __init__(self, envelope: ErrorEnvelope, realm: str) -> None:
        self._envelope = envelope
        # Every 401 must carry a challenge (RFC 9110 §15.5.2), whichever method the client tried.
        self._challenge = challenge("Basic", realm=realm, charset="UTF-8")

    async def __call__(self, refusal: OAuthError, request: Request) -> Response:
        """Return the refusal as JSON."""
        members = {"error": refusal.error, "error_description": refusal.description}
        response = render_json(self._wrap(members), status=refusal.status, headers=refusal.headers)
        if isinstance(refusal, InvalidClient):
            response.headers["WWW-Authenticate"] = self._challenge
        if isinstance(refusal, MethodNotAllowed):
            response.headers["Allow"] = refusal.allow
        return response

    def _wrap(self, members: Mapping[str, str]) -> Mapping[str, object]:
        """Return the body as the team wants it, or the plain one when their envelope fails: a refusal must go out."""
        try:
            return self._envelope.wrap(members)
        except Exception:
            log.exception("the error envelope failed")
            return members
