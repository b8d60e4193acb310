"""The token endpoint (RFC 6749 §3.2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from ..core.client import Client
from ..core.confirmation import Confirmation, check_confirmation
from ..core.errors import InvalidClient, OAuthError, UnauthorizedClient, UnsupportedGrantType
from ..core.events import Event, EventName
from ..core.parameters import Parameters
from ..database import Transaction
from ..grants.token_request import Grant, TokenRequest
from ..server import Server
from .client_authentication import ClientAuthentication
from .forms import Forms
from .openapi import describe_form_endpoint, describe_token_response
from .render import JSONRefusal, render_json
from .routing import Endpoint
from .sender import Sender, Senders
from .transport import TransportPolicy

MakeGrant = Callable[[Transaction], Grant]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEndpoint:
    """Trades grants for tokens. `grants` is what is enforced and what metadata advertises.

    `parameters` and `members` describe what grants read and what features add to the answer.
    """

    server: Server
    grants: Mapping[str, MakeGrant]
    authentication: ClientAuthentication
    senders: Senders
    forms: Forms
    transport: TransportPolicy
    parameters: Mapping[str, str]
    members: Mapping[str, str]

    async def token(self, request: Request) -> Response:
        """Answer with tokens, or refuse in the words of RFC 6749 §5.2."""
        form = await self.forms.read_form(request)
        client_ip = self.transport.read_peer(request.scope).client_ip
        client, sender = None, Sender()
        try:
            async with self.server.database.transaction() as transaction:
                try:
                    client = await self.authentication.authenticate(request, form, transaction)
                except InvalidClient:
                    await self._check_proof_is_not_missing(form, request, transaction)
                    raise
                grant = self._get_grant(form, client)(transaction)
                sender = await self.senders.identify(request, client)
                response = await grant.exchange(
                    TokenRequest(
                        client=client,
                        parameters=form,
                        now=self.server.now(),
                        transaction=transaction,
                        emit=self.server.emit,
                        confirmation=sender.confirmation,
                        client_ip=client_ip,
                    )
                )
                await transaction.commit()
        except OAuthError as refusal:
            refusal.headers.update(sender.headers)
            if refusal.is_denial:
                await self._report(refusal, form, client, client_ip, sender.confirmation)
            raise
        return render_json(response.as_json(), headers=sender.headers)

    async def _check_proof_is_not_missing(self, form: Parameters, request: Request, transaction: Transaction) -> None:
        """Check that what is presented is not bound to a key that nothing here proves. Raises InvalidRequest.

        Whoever is no client either is told of the key first, as FAPI 2.0 has it; nothing is spent.
        """
        make_grant = self.grants.get(form.get("grant_type", ""))
        if make_grant is not None and not self.senders.is_proof_offered(request):
            check_confirmation(await make_grant(transaction).find_confirmation(form), None)

    def _get_grant(self, form: Parameters, client: Client) -> MakeGrant:
        grant_type = form.require("grant_type")
        make_grant = self.grants.get(grant_type)
        if make_grant is None:
            raise UnsupportedGrantType("this grant type is not offered here", reason=f"{grant_type!r}")
        if grant_type not in client.grant_types:
            raise UnauthorizedClient(
                "this client may not use this grant type", reason=f"{client.client_id}: {grant_type}"
            )
        return make_grant

    async def _report(
        self,
        refusal: OAuthError,
        form: Parameters,
        client: Client | None,
        client_ip: str | None,
        confirmation: Confirmation | None,
    ) -> None:
        await self.server.emit(
            Event(
                name=EventName.TOKEN_DENIED,
                client_id=client.client_id if client else form.get("client_id"),
                grant_type=form.get("grant_type"),
                result=refusal.error,
                reason=refusal.reason,
                client_ip=client_ip,
                token_type=confirmation.token_type if confirmation else None,
                sender_constraint=confirmation.method if confirmation else None,
                cnf=confirmation.as_claim() if confirmation else None,
            )
        )

    def endpoint(self, refuse: JSONRefusal) -> Endpoint:
        """Return the endpoint to mount."""
        return Endpoint(
            path=self.server.urls.path("token"),
            handlers={"POST": self.token},
            refuse=refuse,
            cors=True,
            describe=describe_form_endpoint(
                "Obtain tokens",
                "RFC 6749 §3.2",
                parameters={"grant_type": "one of " + ", ".join(self.grants), **self.parameters},
                required=("grant_type",),
                success=describe_token_response(self.members, self.senders.token_types),
                senders=self.senders,
            ),
        )
