"""The authorization endpoint (RFC 6749 §3.1): a request is checked, kept, and handed to the pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ..core.authorization_request import AuthorizationRequest
from ..core.client import Client
from ..core.errors import OAuthError
from ..core.events import Event, EventName
from ..core.interaction import Interaction
from ..core.parameters import Parameters
from ..core.secrets import digest, mint_secret
from ..database import Transaction
from ..server import Server
from ..stores.interactions import Interactions
from .answering import answering
from .authorization_rules import AuthorizationRules, RequestSource
from .client_answer import ClientAnswers
from .forms import Forms
from .openapi import describe_content, describe_form, describe_query
from .render import NO_STORE
from .transport import TransportPolicy

PARAMETERS = {
    "response_type": "always code",
    "client_id": "the client",
    "redirect_uri": "exactly as registered",
    "scope": "scope tokens with spaces between them",
    "state": "given back as it came",
    "code_challenge": "RFC 7636 §4.2",
    "code_challenge_method": "always S256",
    "response_mode": "query, fragment or form_post",
    "prompt": "none, login, consent, select_account",
    "max_age": "seconds",
    "acr_values": "how the person should be authenticated, best first",
    "login_hint": "a user name",
    "ui_locales": "languages, best first",
}
"""What an authorization request says, described for the OpenAPI document."""

_REQUIRED = ("response_type", "client_id", "redirect_uri")
_OPERATION = {
    "summary": "Ask a person for authorization",
    "responses": {
        "200": describe_content("text/html", "a page that posts a refusal to the client, with form_post"),
        "303": {"description": "on to the pages, or back to the client with error, state and iss"},
        "400": describe_content("text/html", "a page: the client or its redirect URI is unknown"),
    },
}


def describe(sources: Sequence[RequestSource]) -> dict[str, Any]:
    """Return what the OpenAPI document says of this endpoint. What a source can bring, a request need not say."""
    parameters = PARAMETERS | {name: text for source in sources for name, text in source.parameters.items()}
    required = ("client_id",) if sources else _REQUIRED
    return {
        "get": {
            **_OPERATION,
            "description": "RFC 6749 §3.1",
            "parameters": describe_query(parameters, required=required),
        },
        "post": {
            **_OPERATION,
            "description": "OIDC Core §3.1.2.1",
            "requestBody": describe_form(parameters, required=required),
        },
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationEndpoint:
    """Checks requests. `interaction_lifetime` is how long a person may take on the pages."""

    server: Server
    rules: AuthorizationRules
    answers: ClientAnswers
    forms: Forms
    interaction_lifetime: timedelta
    transport: TransportPolicy

    async def get(self, request: Request) -> Response:
        """Answer a request in the query string (RFC 6749 §3.1)."""
        return await self._authorize(self.forms.read_query(request), request)

    async def post(self, request: Request) -> Response:
        """Answer a request in a form (OIDC Core §3.1.2.1)."""
        return await self._authorize(await self.forms.read_form(request), request)

    async def _authorize(self, parameters: Parameters, request: Request) -> Response:
        async with self.server.database.transaction() as transaction:
            # Before the redirect URI is proved, a redirect would make us an open redirector (RFC 9700 §4.11.2).
            client = await self.rules.get_client(parameters, transaction)
            sourced = await self.rules.read(parameters, client)
            target = self.rules.prove_target(sourced.parameters, client)
            with answering(self.answers.to(target)):
                try:
                    checked = await self.rules.check(sourced, client, target)
                except OAuthError as refusal:
                    await self._report(client, refusal, request)
                    raise
                interaction_id = await self._keep(checked, transaction)
        location = f"{self.server.urls.path('interaction')}?id={interaction_id}"
        return Response(status_code=303, headers={**NO_STORE, "Location": location})

    async def _keep(self, checked: AuthorizationRequest, transaction: Transaction) -> str:
        now, interaction_id = self.server.now(), mint_secret()
        await Interactions(transaction).add(
            Interaction(
                digest=digest(interaction_id),
                request=checked,
                browser_id=None,
                account_chosen=None,
                created_at=now,
                expires_at=now + self.interaction_lifetime,
                finished_at=None,
            )
        )
        await transaction.commit()
        return interaction_id

    async def _report(self, client: Client, refusal: OAuthError, request: Request) -> None:
        await self.server.emit(
            Event(
                name=EventName.AUTHORIZATION_FAILED,
                client_id=client.client_id,
                result=refusal.error,
                reason=refusal.reason,
                client_ip=self.transport.read_peer(request.scope).client_ip,
            )
        )
