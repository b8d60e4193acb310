"""What an interaction of the code flow leads to: a code that goes back to the client (RFC 6749 §4.1.2)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ..core.authorization_request import RESPONSE_TYPE, AuthorizationRequest
from ..core.authorization_response import ResponseTarget
from ..core.client import Client
from ..core.events import EventName
from ..core.grant import AuthorizationGrant
from ..core.parameters import Parameters
from ..core.redirect_uri import describe_destination, is_loopback, is_registered
from ..database import Transaction
from ..grants.issuing_codes import CodeIssuer
from .client_answer import ClientAnswers, ClientTarget
from .pages import Template, form_action_sources
from .visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeAnswer:
    """The `Outcome` of requests that came in at the authorization endpoint."""

    issuer: str
    answers: ClientAnswers
    code_issuer: Callable[[Transaction], CodeIssuer]
    grant_lifetime: timedelta
    name: str = RESPONSE_TYPE
    event: EventName = EventName.CODE_ISSUED

    def find_target(self, request: AuthorizationRequest, client: Client) -> ClientTarget | None:
        """Return the redirect URI, if it still is the client's."""
        if not is_registered(request.redirect_uri, client.redirect_uris, any_loopback_port=client.is_native):
            return None
        return self.answers.to(
            ResponseTarget(
                redirect_uri=request.redirect_uri,
                response_mode=request.response_mode,
                state=request.state,
                issuer=self.issuer,
            )
        )

    def form_action(self, request: AuthorizationRequest) -> Sequence[str]:
        """Return where the answer may go."""
        return form_action_sources(request.redirect_uri)

    def consent_page(self, request: AuthorizationRequest, client: Client) -> tuple[Template, Mapping[str, Any]]:
        """Return the page that tells where the answer goes."""
        return Template("consent"), {
            "redirect_host": describe_destination(request.redirect_uri),
            "loopback_only": all(is_loopback(uri) for uri in client.redirect_uris),
        }

    def narrow(self, request: AuthorizationRequest, form: Parameters) -> AuthorizationRequest:
        """Return the request: it is allowed as a whole, or not."""
        return request

    async def allow(self, visit: Visit, request: AuthorizationRequest, grant: AuthorizationGrant) -> Mapping[str, str]:
        """Return the code."""
        return {"code": await self.code_issuer(visit.transaction).issue(request, grant, now=visit.now)}

    async def refuse(self, visit: Visit) -> None:
        """Do nothing: the client hears of it."""
