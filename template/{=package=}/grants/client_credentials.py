"""The client credentials grant (RFC 6749 §4.4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ..core.access_token import PrincipalKind
from ..core.client import Client
from ..core.errors import UnauthorizedClient
from ..core.events import EventName
from ..core.parameters import Parameters
from ..core.scope import Scope
from .issuing import ChooseAudience, TokenIssuer
from .token_request import TokenRequest, TokenResponse

GRANT_TYPE = "client_credentials"


class AllowScope(Protocol):
    """The team's rule of what a client may have."""

    async def __call__(self, client: Client, requested: Scope) -> Scope: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentialsGrant:
    """A confidential client asks in its own name, and again when the token ends: nothing renews it (§4.4.3)."""

    issuer: TokenIssuer
    allow_scope: AllowScope
    choose_audience: ChooseAudience
    kind: PrincipalKind
    subject_of: Callable[[Client], str]

    async def exchange(self, request: TokenRequest) -> TokenResponse:
        """Return an access token whose subject is the client. Raises UnauthorizedClient or InvalidScope, and what
        the rule of the audience raises.
        """
        client = request.client
        if client.is_public:
            raise UnauthorizedClient("this grant is for confidential clients only")
        scope = await self.allow_scope(client, Scope.parse(request.parameters.get("scope", "")))
        subject = self.subject_of(client)

        access_token = await self.issuer.issue(
            subject=subject,
            kind=self.kind,
            client_id=client.client_id,
            scope=str(scope),
            now=request.now,
            resources=await self.choose_audience(request.parameters, client, None),
            confirmation=request.confirmation,
        )
        request.report(EventName.TOKEN_ISSUED, subject=subject, scope=str(scope))
        return TokenResponse(
            access_token=access_token,
            expires_in=self.issuer.expires_in,
            scope=str(scope),
            token_type=request.token_type,
        )

    async def find_confirmation(self, parameters: Parameters) -> Mapping[str, str] | None:
        """Return None: nothing is presented here but the client itself."""
        return None
