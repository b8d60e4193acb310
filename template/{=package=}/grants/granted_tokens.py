"""The tokens of a grant that a person gave: what a code and a refresh token both buy."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ..core.access_token import PrincipalKind
from ..core.client import Client
from ..core.errors import InvalidGrant
from ..core.events import EventName
from ..core.grant import AuthorizationGrant
from ..core.scope import Scope
from ..database import Transaction
from .issuing import ChooseAudience, TokenIssuer
from .token_request import TokenRequest, TokenResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """What was just issued, for features that add to the answer. `code` only when a code bought it."""

    client: Client
    grant: AuthorizationGrant
    scope: str
    access_token: str = field(repr=False)
    code: str | None = field(repr=False)
    now: datetime
    transaction: Transaction


@dataclass(frozen=True, slots=True)
class TokenMember:
    """A slot of the code flow: what a feature adds to a token response, such as an ID token."""

    make: Callable[[Issued], Awaitable[Mapping[str, str]]]


class People(Protocol):
    """What issuing asks of the team's principals: that the person still is somebody here."""

    kind: PrincipalKind

    async def is_active(self, subject: str, transaction: Transaction) -> bool: ...


class RefreshTokenFamilies(Protocol):
    """Where a grant gets its first refresh token from."""

    async def begin(self, grant_id: str, now: datetime, *, confirmation: Mapping[str, str] | None) -> str: ...


class RefreshTokenRule(Protocol):
    """The team's rule of who gets a refresh token."""

    def is_wanted(self, client: Client, scope: Scope) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedTokens:
    """Makes the tokens of a grant and what features add to them."""

    issuer: TokenIssuer
    people: People
    families: RefreshTokenFamilies
    refresh_token_rule: RefreshTokenRule
    members: Sequence[TokenMember]
    choose_audience: ChooseAudience
    transaction: Transaction

    async def issue(
        self, grant: AuthorizationGrant, request: TokenRequest, *, scope: str, code: str | None = None
    ) -> TokenResponse:
        """Return the answer to `request`: an access token and what features add to it. Writes nothing.

        Raises InvalidGrant when the person is no longer active, and what the rule of the audience raises.
        """
        if not await self.people.is_active(grant.subject, self.transaction):
            raise InvalidGrant("the grant is no longer valid", reason=f"{grant.subject} is not active")
        resources = await self.choose_audience(request.parameters, request.client, grant.resources)
        access_token = await self.issuer.issue(
            subject=grant.subject,
            kind=self.people.kind,
            client_id=request.client.client_id,
            scope=scope,
            now=request.now,
            resources=resources,
            grant_id=grant.id,
            authenticated_at=grant.authentication.auth_time,
            acr=grant.authentication.acr,
            confirmation=request.confirmation,
            claims=grant.claims,
        )
        issued = Issued(
            client=request.client,
            grant=grant,
            scope=scope,
            access_token=access_token,
            code=code,
            now=request.now,
            transaction=self.transaction,
        )
        members: dict[str, str] = {}
        for member in self.members:
            members |= await member.make(issued)
        return TokenResponse(
            access_token=access_token,
            expires_in=self.issuer.expires_in,
            scope=scope,
            token_type=request.token_type,
            members=members,
        )

    async def begin_family(
        self, response: TokenResponse, grant: AuthorizationGrant, request: TokenRequest
    ) -> TokenResponse:
        """Return the first answer of a grant, with a refresh token if the client may have one; report what it holds.

        A public client's is bound to its key, as it has nothing else to prove itself with (RFC 9700 §2.2.2).
        """
        client = request.client
        if "refresh_token" in client.grant_types and self.refresh_token_rule.is_wanted(
            client, Scope.parse(grant.scope)
        ):
            bound = request.confirmation.as_claim() if request.confirmation and client.is_public else None
            token = await self.families.begin(grant.id, request.now, confirmation=bound)
            response = response.with_member("refresh_token", token)
            request.report(EventName.REFRESH_ISSUED, subject=grant.subject, grant_id=grant.id)
        request.report(EventName.TOKEN_ISSUED, subject=grant.subject, grant_id=grant.id, scope=grant.scope)
        return response


@dataclass(frozen=True, slots=True)
class MakeGrantedTokens:
    """What the code flow puts at the service of other rooms that have grants of their own: one per transaction."""

    make: Callable[[Transaction], GrantedTokens]
