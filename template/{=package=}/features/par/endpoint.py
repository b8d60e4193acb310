"""The endpoint to which clients push their requests (RFC 9126 §2)."""

from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ...core.client import Client
from ...core.confirmation import Confirmation
from ...core.errors import InvalidRequest, OAuthError
from ...core.events import Event, EventName
from ...core.parameters import Parameters
from ...endpoints.authorization_rules import AuthorizationRules, Sourced
from ...endpoints.authorize import PARAMETERS
from ...endpoints.client_authentication import ClientAuthentication
from ...endpoints.forms import Forms
from ...endpoints.openapi import describe_form_endpoint
from ...endpoints.render import render_json
from ...endpoints.sender import Sender, Senders
from ...endpoints.transport import TransportPolicy
from ...server import Server
from .pushed_requests import DETAIL, PushedRequests, mint_request_uri, name_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PushEndpoint:
    """Takes requests from clients. Nobody has been asked yet, so every refusal is the client's to read."""

    server: Server
    authentication: ClientAuthentication
    senders: Senders
    rules: AuthorizationRules
    requests: PushedRequests
    forms: Forms
    transport: TransportPolicy

    async def push(self, request: Request) -> Response:
        """Answer with a reference, or refuse as the token endpoint does (RFC 9126 §2.2, §2.3)."""
        form = await self.forms.read_form(request)
        client, sender = None, Sender()
        try:
            async with self.server.database.transaction() as transaction:
                client = await self.authentication.authenticate(request, form, transaction)
            if "request_uri" in form:
                raise InvalidRequest("request_uri cannot be pushed")  # RFC 9126 §2.1
            sender = await self._identify(request, client)
            request_uri = mint_request_uri()
            pushed = await self._check(form, client, sender, name_of(request_uri))
        except OAuthError as refusal:
            refusal.headers.update(sender.headers)
            await self._report(refusal, form, client, sender.confirmation, request)
            raise
        await self.requests.keep(request_uri, pushed, self.server.now())
        answer = {"request_uri": request_uri, "expires_in": int(self.requests.lifetime.total_seconds())}
        return render_json(answer, status=201, headers=sender.headers)

    async def _identify(self, request: Request, client: Client) -> Sender:
        """Return who proved what. Nothing is issued here, so nobody has to prove anything yet."""
        if not self.senders.is_proof_offered(request):
            return Sender()
        return await self.senders.identify(request, client)

    async def _check(self, form: Parameters, client: Client, sender: Sender, name: str) -> Sourced:
        """Return what counts of the form, checked as it will be at the authorization endpoint again."""
        pushed = await self.rules.read(form.without(self.authentication.credentials), client)
        if pushed.parameters.get("client_id", client.client_id) != client.client_id:
            raise InvalidRequest("client_id is not the client that authenticated")
        pushed = replace(
            pushed,
            parameters=Parameters.of({**pushed.parameters.as_json(), "client_id": client.client_id}),
            confirmation=sender.confirmation.as_claim() if sender.confirmation else pushed.confirmation,
            details={**pushed.details, DETAIL: name},
        )
        await self.rules.check(pushed, client, self.rules.prove_target(pushed.parameters, client))
        return pushed

    async def _report(
        self,
        refusal: OAuthError,
        form: Parameters,
        client: Client | None,
        confirmation: Confirmation | None,
        request: Request,
    ) -> None:
        await self.server.emit(
            Event(
                name=EventName.AUTHORIZATION_FAILED,
                client_id=client.client_id if client else form.get("client_id"),
                result=refusal.error,
                reason=refusal.reason,
                client_ip=self.transport.read_peer(request.scope).client_ip,
                sender_constraint=confirmation.method if confirmation else None,
                cnf=confirmation.as_claim() if confirmation else None,
            )
        )


def describe(senders: Senders) -> dict[str, Any]:
    """Return what the OpenAPI document says of this endpoint."""
    return describe_form_endpoint(
        "Push an authorization request",
        "RFC 9126 §2",
        parameters=PARAMETERS,
        required=("response_type", "redirect_uri"),
        status="201",
        success={
            "type": "object",
            "required": ["request_uri", "expires_in"],
            "properties": {
                "request_uri": {"type": "string", "description": "for the authorization endpoint, once"},
                "expires_in": {"type": "integer", "description": "seconds"},
            },
        },
        senders=senders,
    )
