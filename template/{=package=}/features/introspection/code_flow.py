"""What introspection knows of people's authorizations, where there is a code flow: whether they still stand, and of
their refresh tokens.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from ...core.client import Client
from ...core.refresh_token import Presented, judge
from ...database import Transaction
from ...feature import Composition, Feature
from ...server import Server
from ...stores.grants import Grants
from ...stores.refresh_tokens import RefreshTokens
from .tokens import Authorizations, Members


class People(Protocol):
    """What is asked of the team's principals: that the person still is somebody here."""

    async def is_active(self, subject: str, transaction: Transaction) -> bool: ...


def feature(people: People) -> Feature:
    """Return what the code flow adds to introspection, where both are on."""

    def authorizations(composition: Composition) -> Authorizations:
        known = GivenByPeople(composition.server, people)
        return Authorizations(is_alive=known.is_alive, find_other=known.find_refresh_token)

    return Feature(
        name="introspection_code_flow", specification="RFC 7662 §2.2", extends={Authorizations: authorizations}
    )


@dataclass(frozen=True, slots=True)
class GivenByPeople:
    """Looks at grants and refresh tokens and leaves them as they are."""

    server: Server
    people: People

    async def is_alive(self, claims: Members, transaction: Transaction) -> bool:
        """Say whether the grant of an access token has not ended, and its person is still active."""
        subject = claims["sub"]
        # One look-up sees whatever ended the authorization: a replay, a revocation, a click on a page.
        return await Grants(transaction).is_live(claims["grant_id"], subject) and await self.people.is_active(
            subject, transaction
        )

    async def find_refresh_token(self, token: str, caller: Client, transaction: Transaction) -> Members | None:
        """Return what the caller's own refresh token stands for, if presenting it now would rotate it.

        A superseded one is not active, and no sign of theft either: to ask about a token is not to use it. Nobody
        else is told of one, whatever the team's rule says: an API must never take it for an access token.
        """
        family = await RefreshTokens(transaction, timedelta(0)).find(token)  # the lifetime is for new ones
        if family is None or family.grant.client_id != caller.client_id or family.grant.ended_at is not None:
            return None
        if judge(family, token, self.server.now(), grace=timedelta(0)) is not Presented.CURRENT:
            return None
        grant = family.grant
        if not await self.people.is_active(grant.subject, transaction):
            return None
        members: dict[str, Any] = {
            "iss": self.server.urls.issuer,
            "client_id": grant.client_id,
            "sub": grant.subject,
            "exp": int(family.expires_at.timestamp()),
        }
        return members | ({"scope": grant.scope} if grant.scope else {})
