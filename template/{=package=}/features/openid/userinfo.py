"""The UserInfo endpoint (OIDC Core §5.3): a protected resource of this server's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from starlette.requests import Request
from starlette.responses import Response

from ...core.errors import InvalidToken, OAuthError
from ...endpoints.openapi import describe_headers, describe_json, describe_refusal
from ...endpoints.render import render_json
from ...endpoints.routing import Endpoint, Refusal
from ...feature import Composition
from ...grants.issuing import AudienceRule
from ...protect.constraint import TokenConstraint
from ...protect.guard import Guard
from ...protect.keys import LocalKeys
from ...server import Server
from ...stores.grants import Grants
from .claims import SCOPE, ClaimRelease


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInfoEndpoint:
    """Tells a client what it may know of the person whose access token it holds."""

    server: Server
    claims: ClaimRelease
    guard: Guard
    refuse_plainly: Refusal

    @classmethod
    def of(cls, composition: Composition, claims: ClaimRelease) -> Self:
        """Return the endpoint for access tokens of this server, whichever further resources they are for.

        Where clients choose the audience, a token need not be for this server too: clients ask here with the one
        that they have for an API. The living grant and its scope say what a client may know.
        """
        server = composition.server
        guard: Guard = Guard(
            issuer=server.urls.issuer,
            audience=server.settings.default_audience,
            keys=LocalKeys(server.keys, server.now),
            realm=server.settings.realm,
            carriers=("header", "body"),
            shared_tokens=True,
            any_audience=composition.find(AudienceRule) is not None,
            constraints=composition.extensions(TokenConstraint),  # type: ignore[type-abstract]
            now=server.now,
        )
        return cls(server=server, claims=claims, guard=guard, refuse_plainly=composition.refuse)

    async def userinfo(self, request: Request) -> Response:
        """Answer with the claims; the subject is the token's. Raises InvalidToken or InsufficientScope."""
        context = await self.guard.admit(request, SCOPE)
        async with self.server.database.transaction() as transaction:
            # One look-up sees whatever ended the authorization: a replay, a revocation, a click on a page.
            if not (context.grant_id and await Grants(transaction).is_live(context.grant_id, context.subject)):
                raise InvalidToken("the access token is expired or not valid", reason="its grant has ended")
            released = await self.claims.for_userinfo(context.subject, context.scope, transaction)
        if released is None:
            raise InvalidToken("the access token is expired or not valid", reason="the person is not active")
        return render_json({**released, "sub": context.subject}, headers=context.headers)

    async def refuse(self, refusal: OAuthError, request: Request) -> Response:
        """Return a refusal with its challenge (RFC 6750 §3)."""
        response = await self.refuse_plainly(refusal, request)
        challenge = self.guard.challenge(refusal, request, SCOPE)
        if challenge is not None:
            response.headers["WWW-Authenticate"] = challenge
        return response

    def endpoints(self) -> Sequence[Endpoint]:
        """Return the endpoint to mount."""
        operation = {
            "summary": "What the client may know of the person",
            "description": "OIDC Core §5.3",
            "security": [{"oauthAccessToken": []}],
            "responses": {
                "200": describe_json({"type": "object", "required": ["sub"]}, "the claims"),
                "400": describe_refusal("several access tokens, or one in the URL"),
                "401": describe_refusal("no access token, or none that is good here"),
                "403": describe_refusal("the access token lacks the scope openid"),
                "500": describe_refusal("the server failed"),
            },
        }
        guard = self.guard
        operation = describe_headers(operation, request=guard.request_headers, response=guard.response_headers)
        return (
            Endpoint(
                path=self.server.urls.path("userinfo"),
                handlers={"GET": self.userinfo, "POST": self.userinfo},
                refuse=self.refuse,
                cors=True,
                describe={"get": operation, "post": operation},
            ),
        )
