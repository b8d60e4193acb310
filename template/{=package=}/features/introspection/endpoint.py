"""The introspection endpoint (RFC 7662 §2)."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response

from ...core.client import Client
from ...endpoints.client_authentication import ClientAuthentication
from ...endpoints.forms import Forms
from ...endpoints.openapi import describe_form_endpoint
from ...endpoints.render import render_json
from ...server import Server
from .tokens import ActiveTokens
from .visibility import is_visible

log = logging.getLogger(__name__)

_SUCCESS = {
    "type": "object",
    "required": ["active"],
    "properties": {
        "active": {"type": "boolean", "description": "the only member if it is false"},
        "token_type": {"type": "string", "description": "of an access token, how it is presented"},
        "scope": {"type": "string"},
        "client_id": {"type": "string", "description": "the client that the token was issued to"},
        "sub": {"type": "string"},
        "aud": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        "iss": {"type": "string"},
        "exp": {"type": "integer"},
        "iat": {"type": "integer"},
        "jti": {"type": "string"},
        "cnf": {"type": "object", "description": "the key that whoever presents it must hold (RFC 7800 §3)"},
        "auth_time": {"type": "integer"},
        "acr": {"type": "string"},
    },
    "description": "RFC 7662 §2.2; of an access token, all claims",
}
DESCRIPTION = describe_form_endpoint(
    "Ask whether a token is good, and what it stands for",
    "RFC 7662 §2.1",
    parameters={"token": "a token of this server", "token_type_hint": "not needed"},
    required=("token",),
    success=_SUCCESS,
)
"""What the OpenAPI document says of this endpoint."""


class IntrospectionRule(Protocol):
    """What is asked of `policy/introspection.py`."""

    async def may_see(self, caller: Client, token: Mapping[str, Any], *, by_default: bool) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class IntrospectionEndpoint:
    """Tells of a token what its caller may know. `authentication` has no place for public clients."""

    server: Server
    authentication: ClientAuthentication
    forms: Forms
    tokens: ActiveTokens
    rule: IntrospectionRule

    async def introspect(self, request: Request) -> Response:
        """Answer what the token stands for, or that it is not active: one answer for every reason (RFC 7662 §2.2)."""
        form = await self.forms.read_form(request)
        async with self.server.database.transaction() as transaction:
            caller = await self.authentication.authenticate(request, form, transaction)
            token = await self.tokens.find(form.require("token"), caller, transaction)
        if token is None or not await self._may_see(caller, token):
            return render_json({"active": False})
        return render_json({**token, "active": True})

    async def _may_see(self, caller: Client, token: Mapping[str, Any]) -> bool:
        """Ask the team's rule. Only a plain yes is one, and a rule that fails has not said it."""
        try:
            answer = await self.rule.may_see(caller, token, by_default=is_visible(caller, token))
        except Exception:
            log.exception("the rule of introspection failed")
            return False
        return answer is True
