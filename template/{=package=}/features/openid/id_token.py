"""ID tokens (OIDC Core §2, §3.1.3.6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...core.client import Client
from ...core.errors import InvalidRequest
from ...core.jose import left_half_hash, sign_jwt
from ...core.scope import Scope
from ...grants.granted_tokens import Issued
from ...server import Server
from .claims import SCOPE, ClaimRelease


@dataclass(frozen=True, slots=True, kw_only=True)
class IDTokenIssuer:
    """Adds an ID token to the answers of grants that hold `openid`."""

    server: Server
    claims: ClaimRelease

    async def make(self, issued: Issued) -> Mapping[str, str]:
        """Return the member `id_token`, or nothing without the scope `openid`."""
        scope = Scope.parse(issued.scope)
        if SCOPE not in scope:
            return {}
        ring = await self.server.keys.current()
        key = ring.signing_key(self._algorithm(issued.client), issued.now)
        # What scopes stand for is told at UserInfo; here only what was asked for by name (OIDC Core §5.4, §5.5).
        released = await self.claims.for_id_token(issued.grant.subject, scope, issued.grant.details, issued.transaction)
        claims = released | self._protocol_claims(issued, key.algorithm)
        return {"id_token": await sign_jwt(key, claims, typ="JWT")}

    def _protocol_claims(self, issued: Issued, algorithm: str) -> dict[str, Any]:
        authentication, settings = issued.grant.authentication, self.server.settings
        issued_at = int(issued.now.timestamp())
        claims: dict[str, Any] = {
            "iss": self.server.urls.issuer,
            "sub": issued.grant.subject,
            "aud": issued.client.client_id,
            "iat": issued_at,
            "exp": issued_at + int(settings.access_token_lifetime.total_seconds()),
            "auth_time": int(authentication.auth_time.timestamp()),
            "at_hash": left_half_hash(issued.access_token, algorithm),
        }
        if issued.code is not None:
            claims["c_hash"] = left_half_hash(issued.code, algorithm)
            # A refreshed ID token carries no nonce (OIDC Core §12.2).
            if nonce := issued.grant.details.get("nonce"):
                claims["nonce"] = nonce
        if authentication.acr:
            claims["acr"] = authentication.acr
        if authentication.amr:
            claims["amr"] = list(authentication.amr)
        if authentication.sid:
            claims["sid"] = authentication.sid
        return claims

    def _algorithm(self, client: Client) -> Any:
        """Return what the client registered as `id_token_signed_response_alg`, or our first algorithm."""
        registered = client.metadata.get("id_token_signed_response_alg")
        offered = self.server.settings.signing_algorithms
        if registered is None:
            return offered[0]
        if registered not in offered:
            raise InvalidRequest("the client's id_token_signed_response_alg is not offered here any more")
        return registered
