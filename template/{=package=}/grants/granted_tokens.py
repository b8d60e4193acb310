"""The tokens of a grant that a person gave: what a code and a refresh token both buy."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ..core.access_token import PrincipalKind
from ..core.client import Client
from ..core.errors import InvalidGrant
from ..core.grant import AuthorizationGrant
from ..database import Transaction
from .issuing import TokenIssuer


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


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedTokens:
    """Makes the access token of a grant and what features add to it."""

    issuer: TokenIssuer
    people: People
    members: Sequence[TokenMember]
    transaction: Transaction

    async def issue(
        self, grant: AuthorizationGrant, client: Client, *, scope: str, now: datetime, code: str | None = None
    ) -> tuple[str, dict[str, str]]:
        """Return the access token and the further members of the answer. Writes nothing.

        Raises InvalidGrant when the person is no longer active.
        """
        if not await self.people.is_active(grant.subject, self.transaction):
            raise InvalidGrant("the grant is no longer valid", reason=f"{grant.subject} is not active")
        access_token = await self.issuer.issue(
            subject=grant.subject,
            kind=self.people.kind,
            client_id=client.client_id,
            scope=scope,
            now=now,
            resources=grant.resources,
            grant_id=grant.id,
            authenticated_at=grant.authentication.auth_time,
            acr=grant.authentication.acr,
            claims=grant.claims,
        )
        issued = Issued(
            client=client,
            grant=grant,
            scope=scope,
            access_token=access_token,
            code=code,
            now=now,
            transaction=self.transaction,
        )
        members: dict[str, str] = {}
        for member in self.members:
            members |= await member.make(issued)
        return access_token, members
