"""What OpenID Connect adds to the authorization request (OIDC Core §3.1.2.1, §5.5)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from ...core.authorization_request import AuthorizationRequest
from ...core.client import Client
from ...core.encoding import parse_json_object
from ...core.errors import InvalidRequest
from ...core.jose import verify_jwt
from ...core.jwk import ALGORITHMS, JoseError
from ...core.parameters import Parameters
from ...core.scope import Scope
from ...server import Server
from .claims import SCOPE

MAX_NONCE_LENGTH = 512
_MAX_CLAIMS = 60
_HINT_AGE = timedelta(days=3650)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIDRequest:
    """Checks the parameters of OpenID Connect and keeps `nonce` and `claims` for the redemption."""

    server: Server
    claims_parameter: bool
    require_nonce: bool

    async def check(
        self, parameters: Parameters, request: AuthorizationRequest, client: Client
    ) -> AuthorizationRequest:
        """Return the request with what OpenID Connect reads from it. Raises InvalidRequest."""
        if SCOPE not in Scope.parse(request.scope):
            return request
        details = dict(request.details)
        if nonce := self._read_nonce(parameters):
            details["nonce"] = nonce
        claims = self._read_claims(parameters) if self.claims_parameter else {}
        if claims:
            details["claims"] = claims
        subject = await self._read_hint(parameters, client) or _subject_in(claims)
        return replace(request, details=details, required_subject=subject or request.required_subject)

    def _read_nonce(self, parameters: Parameters) -> str | None:
        nonce = parameters.visible("nonce")
        if nonce is None and self.require_nonce:
            raise InvalidRequest("nonce is missing")
        if nonce and len(nonce) > MAX_NONCE_LENGTH:
            raise InvalidRequest("nonce is too long")
        return nonce

    def _read_claims(self, parameters: Parameters) -> dict[str, dict[str, Any]]:
        text = parameters.get("claims")
        if text is None:
            return {}
        try:
            asked = parse_json_object(text.encode())
        except ValueError as error:
            raise InvalidRequest("claims is not a JSON object", reason=f"claims: {error}") from None
        found = {where: asked.get(where, {}) for where in ("userinfo", "id_token")}
        for members in found.values():
            if not isinstance(members, dict) or len(members) > _MAX_CLAIMS:
                raise InvalidRequest("claims must hold objects named userinfo and id_token")
            if any(not isinstance(wish, dict | None) for wish in members.values()):
                raise InvalidRequest("each claim asked for must be null or an object")
        return {where: members for where, members in found.items() if members}

    async def _read_hint(self, parameters: Parameters, client: Client) -> str | None:
        """Return the subject of `id_token_hint`: one of our own ID tokens, issued to this client, expired or not."""
        hint = parameters.get("id_token_hint")
        if hint is None:
            return None
        ring, now = await self.server.keys.current(), self.server.now()
        try:
            claims = verify_jwt(
                hint,
                ring.verification_keys(now),
                typ="JWT",
                algorithms=ALGORITHMS,  # those of keys still published, whatever signs today
                now=now,
                leeway=_HINT_AGE,
                issuer=self.server.urls.issuer,
                audience=client.client_id,
                strict_audience=True,
                required=("sub",),
            )
        except JoseError as error:
            raise InvalidRequest(
                "id_token_hint is not an ID token of ours for this client", reason=str(error)
            ) from None
        return str(claims["sub"])


def _subject_in(claims: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return the `sub` that the claims parameter insists on, if it does (OIDC Core §5.5.1)."""
    for members in claims.values():
        value = (members.get("sub") or {}).get("value")
        if isinstance(value, str):
            return value
    return None
