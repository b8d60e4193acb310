"""The one place where an access token is made (RFC 9068)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..core.access_token import TYPE, AccessToken, PrincipalKind
from ..core.client import Client
from ..core.confirmation import Confirmation
from ..core.jose import sign_jwt
from ..core.keys import KeyStore
from ..core.parameters import Parameters

ChooseAudience = Callable[[Parameters, Client, tuple[str, ...] | None], Awaitable[tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class AudienceRule:
    """A slot: the resources that an access token is for.

    `choose` is given the request, its client, and the resources of the authorization that the token descends from,
    or None where a client asks in its own name. It raises OAuthError. None chosen means the default audience.
    """

    choose: ChooseAudience


async def keep_audience(parameters: Parameters, client: Client, granted: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return what was granted: the audience where no rule says otherwise."""
    return granted or ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIssuer:
    """Signs access tokens. `algorithm` is the first of the server's signing algorithms."""

    issuer: str
    default_audience: str
    lifetime: timedelta
    algorithm: str
    keys: KeyStore

    @property
    def expires_in(self) -> int:
        """The lifetime in seconds (RFC 6749 §5.1)."""
        return int(self.lifetime.total_seconds())

    async def issue(
        self,
        *,
        subject: str,
        kind: PrincipalKind,
        client_id: str,
        scope: str,
        now: datetime,
        resources: tuple[str, ...] = (),
        grant_id: str | None = None,
        authenticated_at: datetime | None = None,
        acr: str | None = None,
        confirmation: Confirmation | None = None,
        claims: Mapping[str, Any] | None = None,
    ) -> str:
        """Return a signed access token for `resources`, the default audience if there are none.

        With a `confirmation` it is good only in the hands of who holds that key (RFC 7800 §3).

        Raises ValueError when policy supplied a subject or claim that may not be signed.
        """
        token = AccessToken(
            issuer=self.issuer,
            subject=subject,
            kind=kind,
            audience=resources or (self.default_audience,),
            client_id=client_id,
            scope=scope,
            issued_at=now,
            lifetime=self.lifetime,
            grant_id=grant_id,
            authenticated_at=authenticated_at,
            acr=acr,
            confirmation=confirmation.as_claim() if confirmation else None,
            claims=claims or {},
        )
        ring = await self.keys.current()
        return await sign_jwt(ring.signing_key(self.algorithm, now), token.as_claims(), typ=TYPE)
