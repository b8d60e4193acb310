"""Token revocation (RFC 7009): a client hands back a token, and its whole authorization ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ..core.access_token import TYPE
from ..core.client import Client
from ..core.errors import OAuthError
from ..core.events import Event, EventName
from ..core.grant import AuthorizationGrant
from ..core.jose import verify_jwt
from ..core.jwk import ALGORITHMS, JoseError
from ..core.refresh_token import digest_family
from ..database import Transaction
from ..endpoints.client_authentication import ClientAuthentication
from ..endpoints.forms import Forms
from ..endpoints.openapi import describe_form_endpoint
from ..endpoints.render import NO_STORE
from ..endpoints.routing import Endpoint
from ..endpoints.transport import TransportPolicy
from ..feature import Composition, Feature
from ..server import Server
from ..stores.grants import Grants


class UnsupportedTokenType(OAuthError):
    """The token is good until it expires, and nothing here could end it (RFC 7009 §2.2.1)."""

    error = "unsupported_token_type"


def feature() -> Feature:
    """Return the feature."""

    def endpoints(composition: Composition) -> Sequence[Endpoint]:
        revocation = Revocation(
            server=composition.server,
            authentication=composition.authentication,
            forms=composition.forms,
            transport=composition.transport,
        )
        return (
            Endpoint(
                path=composition.server.urls.path("revoke"),
                handlers={"POST": revocation.revoke},
                refuse=composition.refuse,
                cors=True,
                describe=describe_form_endpoint(
                    "Hand back a token",
                    "RFC 7009 §2",
                    parameters={
                        "token": "a refresh token or an access token",
                        "token_type_hint": "not needed",
                    },
                    required=("token",),
                    success=None,
                ),
            ),
        )

    def metadata(composition: Composition) -> Mapping[str, Any]:
        return {
            "revocation_endpoint": composition.server.urls.url("revoke"),
            **composition.authentication.as_metadata("revocation_endpoint"),
        }

    return Feature(name="revocation", specification="RFC 7009", endpoints=endpoints, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """Ends the grant that a refresh token or an access token descends from, if it is the client's own."""

    server: Server
    authentication: ClientAuthentication
    forms: Forms
    transport: TransportPolicy

    async def revoke(self, request: Request) -> Response:
        """Answer 200 whether or not there was such a token (RFC 7009 §2.2): nobody learns what exists.

        Raises UnsupportedTokenType for a client's own token that belongs to no grant.
        """
        form = await self.forms.read_form(request)
        async with self.server.database.transaction() as transaction:
            client = await self.authentication.authenticate(request, form, transaction)
            grant = await self._find_grant(form.require("token"), client, transaction)
            if grant is not None and grant.client_id == client.client_id:
                await self._end(grant, request, transaction)
        return Response(status_code=200, headers=NO_STORE)

    async def _find_grant(self, token: str, client: Client, transaction: Transaction) -> AuthorizationGrant | None:
        """Return the living grant of the token; the hint is not needed, as the two kinds look different."""
        if "." not in token:
            return await Grants(transaction).find_by_refresh_token(digest_family(token))
        ring, now = await self.server.keys.current(), self.server.now()
        try:
            claims = verify_jwt(
                token,
                ring.verification_keys(now),
                typ=TYPE,
                algorithms=ALGORITHMS,  # those of keys still published, whatever signs today
                now=now,
                issuer=self.server.urls.issuer,
            )
        except JoseError:
            return None
        grant_id = claims.get("grant_id")
        if grant_id is not None:
            return await Grants(transaction).find_live(grant_id)
        if claims.get("client_id") == client.client_id:
            raise UnsupportedTokenType("this token ends by itself and cannot be revoked")
        return None

    async def _end(self, grant: AuthorizationGrant, request: Request, transaction: Transaction) -> None:
        if not await Grants(transaction).end(grant.id, self.server.now()):
            return
        event = Event(
            name=EventName.TOKEN_REVOKED,
            client_id=grant.client_id,
            subject=grant.subject,
            grant_id=grant.id,
            reason="the client revoked it",
            client_ip=self.transport.read_peer(request.scope).client_ip,
        )
        transaction.after_commit(partial(self.server.emit, event))
        await transaction.commit()
