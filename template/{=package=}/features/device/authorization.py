"""The device authorization endpoint (RFC 8628 §3.1, §3.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from ...core.client import Client
from ...core.errors import InvalidRequest, InvalidScope, OAuthError, TemporarilyUnavailable, UnauthorizedClient
from ...core.events import Event, EventName
from ...core.parameters import Parameters
from ...core.scope import Scope
from ...core.secrets import digest, mint_secret
from ...database import Transaction
from ...endpoints.client_authentication import ClientAuthentication
from ...endpoints.forms import Forms
from ...endpoints.openapi import describe_form_endpoint
from ...endpoints.render import JSONRefusal, render_json
from ...endpoints.routing import Endpoint
from ...endpoints.sender import Sender, Senders
from ...endpoints.transport import TransportPolicy
from ...grants.issuing import ChooseAudience
from ...server import Server
from .device_code import GRANT_TYPE, DeviceCode
from .events import DeviceEvent
from .settings import DeviceSettings
from .store import DeviceCodes
from .user_code import mint_user_code, print_user_code

PATH = "device_authorization"
MAX_SCOPE_TOKENS = 50
"""The page has a box for each, and a form of more fields is not read."""

_TRIES = 5
_ANSWER = {
    "type": "object",
    "required": ["device_code", "user_code", "verification_uri", "expires_in", "interval"],
    "properties": {
        "device_code": {"type": "string", "description": "what the device asks for tokens with"},
        "user_code": {"type": "string", "description": "what the device shows"},
        "verification_uri": {"type": "string", "description": "where the person goes"},
        "verification_uri_complete": {"type": "string", "description": "the same, with the code filled in"},
        "expires_in": {"type": "integer", "description": "seconds"},
        "interval": {"type": "integer", "description": "seconds between two requests for tokens"},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAuthorizationEndpoint:
    """Gives a device a code to ask for tokens with, and one to show to a person."""

    server: Server
    settings: DeviceSettings
    authentication: ClientAuthentication
    senders: Senders
    forms: Forms
    transport: TransportPolicy
    choose_audience: ChooseAudience
    verification_uri: str

    async def authorize(self, request: Request) -> Response:
        """Answer with both codes (RFC 8628 §3.2), or refuse in the words of RFC 6749 §5.2."""
        form = await self.forms.read_form(request)
        client_ip = self.transport.read_peer(request.scope).client_ip
        client, sender, device_code = None, Sender(), mint_secret()
        try:
            async with self.server.database.transaction() as transaction:
                client = await self.authentication.authenticate(request, form, transaction)
                sender = await self._identify(request, client)
                code = await self._make(form, client, sender, device_code, client_ip)
                user_code = await self._keep(code, transaction)
                issued = Event(
                    name=DeviceEvent.DEVICE_AUTHORIZATION_ISSUED,
                    client_id=client.client_id,
                    scope=code.scope,
                    grant_type=GRANT_TYPE,
                    client_ip=client_ip,
                    sender_constraint=sender.confirmation.method if sender.confirmation else None,
                    cnf=code.confirmation,
                )
                transaction.after_commit(partial(self.server.emit, issued))
                await transaction.commit()
        except OAuthError as refusal:
            refusal.headers.update(sender.headers)
            failed = Event(
                name=EventName.AUTHORIZATION_FAILED,
                client_id=client.client_id if client else form.get("client_id"),
                grant_type=GRANT_TYPE,
                result=refusal.error,
                reason=refusal.reason,
                client_ip=client_ip,
            )
            await self.server.emit(failed)
            raise
        return render_json(self._answer(device_code, user_code), headers=sender.headers)

    async def _identify(self, request: Request, client: Client) -> Sender:
        """Return the sender. Whoever reads a public client's device code could ask for its tokens as well, so it is
        bound to a key wherever there is a way to prove one.
        """
        if GRANT_TYPE not in client.grant_types:
            raise UnauthorizedClient("this client may not use the device authorization grant")
        sender = await self.senders.identify(request, client)
        must_prove = client.is_public and self.settings.public_clients_prove_key and self.senders.constraints
        if must_prove and sender.confirmation is None:
            raise InvalidRequest("a proof of the key is missing", reason=f"{client.client_id} is public")
        return sender

    async def _make(
        self, form: Parameters, client: Client, sender: Sender, device_code: str, client_ip: str | None
    ) -> DeviceCode:
        """Return what the device asks for, as far as policy allows. What it asks for later counts no more (V4)."""
        now = self.server.now()
        scope = await self.server.scopes.allow(client, Scope.parse(form.get("scope", "")))
        if len(scope) > MAX_SCOPE_TOKENS:
            raise InvalidScope(f"more than {MAX_SCOPE_TOKENS} scope tokens cannot be shown on a page")
        return DeviceCode(
            digest=digest(device_code),
            client_id=client.client_id,
            scope=str(scope),
            resources=await self.choose_audience(form, client, None),
            confirmation=sender.confirmation.as_claim() if sender.confirmation else None,
            client_ip=client_ip,
            interval=self.settings.interval,
            created_at=now,
            expires_at=now + self.settings.code_lifetime,
        )

    async def _keep(self, code: DeviceCode, transaction: Transaction) -> str:
        """Keep the code under a user code that no other device shows, and return that one."""
        for _ in range(_TRIES):
            user_code = mint_user_code()
            if await DeviceCodes(transaction).add(code, user_code):
                return user_code
        raise TemporarilyUnavailable("no user code is free", reason=f"{_TRIES} user codes were taken")

    def _answer(self, device_code: str, user_code: str) -> Mapping[str, Any]:
        shown = print_user_code(user_code)
        separator = "&" if "?" in self.verification_uri else "?"
        return {
            "device_code": device_code,
            "user_code": shown,
            "verification_uri": self.verification_uri,
            "verification_uri_complete": f"{self.verification_uri}{separator}{urlencode({'user_code': shown})}",
            "expires_in": int(self.settings.code_lifetime.total_seconds()),
            "interval": int(self.settings.interval.total_seconds()),
        }

    def endpoint(self, refuse: JSONRefusal) -> Endpoint:
        """Return the endpoint to mount."""
        return Endpoint(
            path=self.server.urls.path(PATH),
            handlers={"POST": self.authorize},
            refuse=refuse,
            cors=True,
            describe=describe_form_endpoint(
                "Ask for a code that a person enters elsewhere",
                "RFC 8628 §3.1",
                parameters={"scope": "scope tokens with spaces between them"},
                required=(),
                success=_ANSWER,
                senders=self.senders,
            ),
        )
