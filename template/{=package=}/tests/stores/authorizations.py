"""Grants, codes, refresh tokens and interactions to put into a database, and what races are run for."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

from ...core.authorization_code import AuthorizationCode
from ...core.authorization_request import AuthorizationRequest
from ...core.grant import Authentication, AuthorizationGrant
from ...core.interaction import Interaction
from ...core.secrets import digest
from ...database import Transaction
from ...stores.authorization_codes import AuthorizationCodes
from ...stores.grants import Grants
from ...stores.interactions import Interactions
from ...stores.refresh_tokens import RefreshTokens

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LIFETIME = timedelta(days=14)

Attempt = Callable[[Transaction, str, str], Awaitable[bool]]


def make_grant(grant_id: str, *, expires_at: datetime = NOW + SECOND) -> AuthorizationGrant:
    """Return a grant of ada's to the client `web`."""
    return AuthorizationGrant(
        id=grant_id,
        client_id="web",
        authentication=Authentication(subject="user_ada", auth_time=NOW),
        scope="notes:read",
        created_at=NOW,
        expires_at=expires_at,
    )


def make_code(code: str, grant: AuthorizationGrant, *, expires_at: datetime = NOW + SECOND) -> AuthorizationCode:
    """Return an unredeemed code."""
    return AuthorizationCode(
        digest=digest(code),
        redirect_uri="https://client.example/callback",
        code_challenge=None,
        expires_at=expires_at,
        redeemed_at=None,
        grant=grant,
    )


def make_interaction(interaction_id: str, *, expires_at: datetime = NOW + SECOND) -> Interaction:
    """Return an interaction that no browser has claimed."""
    request = AuthorizationRequest(
        client_id="web", redirect_uri="https://client.example/callback", response_mode="query", scope=""
    )
    return Interaction(
        digest=digest(interaction_id),
        request=request,
        browser_id=None,
        account_chosen=None,
        created_at=NOW,
        expires_at=expires_at,
        finished_at=None,
    )


def refresh_tokens(transaction: Transaction) -> RefreshTokens:
    """Return the store with a usual lifetime."""
    return RefreshTokens(transaction, LIFETIME)


async def add_everything(transaction: Transaction, name: str) -> str:
    """Add a grant with a code and a refresh token, and an interaction, all called `name`; return the refresh token."""
    grant = make_grant(name)
    await Grants(transaction).add(grant)
    await AuthorizationCodes(transaction).add(make_code(name, grant))
    await Interactions(transaction).add(make_interaction(name))
    return await refresh_tokens(transaction).begin(grant.id, NOW, confirmation=None)


async def redeem(transaction: Transaction, name: str, by: str) -> bool:
    """Look at the code first, as the grant does, then redeem it."""
    code = await AuthorizationCodes(transaction).find(digest(name))
    return code is not None and await AuthorizationCodes(transaction).redeem(code.digest, NOW)


async def rotate(transaction: Transaction, name: str, by: str) -> bool:
    """`name` is the refresh token."""
    family = await refresh_tokens(transaction).find(name)
    return family is not None and await refresh_tokens(transaction).rotate(name, NOW) is not None


async def claim(transaction: Transaction, name: str, by: str) -> bool:
    """Two browsers open one page."""
    interaction = await Interactions(transaction).find(digest(name))
    return interaction is not None and await Interactions(transaction).claim(interaction.digest, by)


async def finish(transaction: Transaction, name: str, by: str) -> bool:
    """One click in two tabs."""
    interaction = await Interactions(transaction).find(digest(name))
    return interaction is not None and await Interactions(transaction).finish(interaction.digest, NOW)


async def end(transaction: Transaction, name: str, by: str) -> bool:
    """Two reasons to end a grant."""
    grant = await Grants(transaction).find_live(name)
    return grant is not None and await Grants(transaction).end(grant.id, NOW)


RACES: Mapping[str, Attempt] = {"redeem": redeem, "rotate": rotate, "claim": claim, "finish": finish, "end": end}
"""Every change of which one of many attempts may win."""
