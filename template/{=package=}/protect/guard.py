"""The guard: from a request to a verified token, or to a refusal that says why (RFC 6750, RFC 9068)."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, TypeAlias, cast, get_args
from urllib.parse import urlsplit

from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.requests import Request

from ..core.challenge import bearer_challenge
from ..core.errors import InsufficientScope, InvalidToken, OAuthError
from ..core.jose import UnknownKey, verify_jwt
from ..core.jwk import ALGORITHMS, JoseError
from ..core.scope import covers
from .carriers import Carrier, Extractor, find_token
from .context import Principal, TokenContext, read_context
from .keys import KeySource
from .refused import Refused

Claims: TypeAlias = Mapping[str, Any]
LoadPrincipal: TypeAlias = Callable[[TokenContext[None]], Awaitable[Principal | None]]
Confirm: TypeAlias = Callable[[Request, str, Claims], Awaitable[None]]

_REQUIRED: Final = ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")  # RFC 9068 §2.2


class MissingToken(InvalidToken):
    """The request brought no credentials. The challenge then names no error (RFC 6750 §3.1)."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard(Generic[Principal]):
    """What stands before a protected resource. Construct once; raises ValueError for what cannot be meant.

    guard = Guard(issuer="https://as.example", audience="https://api.example", keys=RemoteKeys(jwks_uri))

    @app.get("/orders")
    async def orders(context: Annotated[TokenContext, Depends(guard.requires("orders:read"))]) -> ...
    """

    issuer: str
    audience: str
    """This resource's identifier (RFC 8707 §2)."""
    keys: KeySource
    algorithms: Collection[str] = ALGORITHMS
    realm: str | None = None
    resource_metadata: str | None = None
    """Where the RFC 9728 document is; told in each challenge (`metadata.metadata_url`)."""
    carriers: tuple[Carrier, ...] = ("header",)
    """Where a token may stand: `header`, `body`. Never the query (RFC 9700 §4.3.2)."""
    extractor: Extractor | None = None
    """A further place, such as a cookie; whoever reads a cookie must also defend against request forgery."""
    shared_tokens: bool = False
    """Accept tokens that are good at other resources too, each of which could use them here (RFC 9068 §4)."""
    load_principal: LoadPrincipal[Principal] | None = None
    """Makes of the token whatever endpoints want; None means that its subject is no longer welcome."""
    confirm: Confirm | None = None
    """Checks that a token with `cnf` is used by its owner; raises InvalidToken. Without it such a token is
    refused, for to take it as a bearer token would undo the binding (RFC 9449 §7.2)."""
    leeway: timedelta = timedelta(seconds=10)
    now: Callable[[], datetime] = _now

    def __post_init__(self) -> None:
        if unknown := set(self.carriers) - set(get_args(Carrier)):
            raise ValueError(f"carriers: {min(unknown)} is not accepted, only header and body are")
        if not self.carriers and self.extractor is None:
            raise ValueError("carriers: a token must be able to stand somewhere")
        if urlsplit(self.audience).scheme not in ("https", "http") or "#" in self.audience:
            raise ValueError("audience must be an absolute URL without a fragment")
        if not self.algorithms or set(self.algorithms) - set(ALGORITHMS):
            raise ValueError(f"algorithms must be some of {', '.join(ALGORITHMS)}")

    def requires(self, *scope: str) -> "Requires[Principal]":
        """Return the dependency that admits tokens which reach each of `scope`, wildcards counted."""
        return Requires(self, scope)

    async def admit(self, request: Request, *scope: str) -> TokenContext[Principal]:
        """Return the context of the request's token.

        Raises MissingToken, InvalidToken, InsufficientScope or InvalidRequest, which `challenge` puts into a
        header, and TemporarilyUnavailable.
        """
        token = await find_token(request, self.carriers, self.extractor)
        if token is None:
            raise MissingToken("an access token is needed")

        context = read_context(await self._verify(token))
        if "cnf" in context.claims:
            if self.confirm is None:
                raise _not_valid("the token is sender-constrained and nothing here can check that")
            await self.confirm(request, token, context.claims)
        if not covers(context.scope, scope):
            raise InsufficientScope("the access token does not reach this far", scope=" ".join(scope))
        return await self._with_principal(context)

    def challenge(self, refusal: OAuthError, *scope: str) -> str | None:
        """Return the `WWW-Authenticate` header for a refusal, or None where none belongs (RFC 6750 §3)."""
        if refusal.status not in (400, 401, 403):
            return None
        told = not isinstance(refusal, MissingToken)
        return bearer_challenge(
            realm=self.realm,
            error=refusal.error if told else None,
            error_description=refusal.description if told else None,
            scope=" ".join(scope),
            resource_metadata=self.resource_metadata,
        )

    async def _verify(self, token: str) -> Claims:
        try:
            try:
                claims = self._verify_with(token, await self.keys.current())
            except UnknownKey:
                claims = self._verify_with(token, await self.keys.refreshed())
        except JoseError as error:
            raise _not_valid(str(error)) from None
        if not self.shared_tokens and claims["aud"] not in (self.audience, [self.audience]):
            raise _not_valid("aud names others too")
        return claims

    def _verify_with(self, token: str, keys: Any) -> Claims:
        return verify_jwt(
            token,
            keys,
            typ="at+jwt",
            algorithms=self.algorithms,
            now=self.now(),
            leeway=self.leeway,
            issuer=self.issuer,
            audience=self.audience,
            required=_REQUIRED,
        )

    async def _with_principal(self, context: TokenContext[None]) -> TokenContext[Principal]:
        if self.load_principal is None:
            return cast(TokenContext[Principal], context)
        principal = await self.load_principal(context)
        if principal is None:
            raise _not_valid("the principal is not known any more")
        return cast(TokenContext[Principal], replace(context, principal=principal))  # type: ignore[arg-type]


class Requires(SecurityBase, Generic[Principal]):
    """A dependency that yields the `TokenContext`. It is a `SecurityBase` so that OpenAPI shows it."""

    def __init__(self, guard: Guard[Principal], scope: tuple[str, ...]) -> None:
        self.guard = guard
        self.scope = scope
        self.model = HTTPBearer(bearerFormat="JWT")
        self.scheme_name = "access_token"

    async def __call__(self, request: Request) -> TokenContext[Principal]:
        """Admit the request or raise Refused."""
        try:
            return await self.guard.admit(request, *self.scope)
        except OAuthError as refusal:
            raise Refused(refusal, self.guard.challenge(refusal, *self.scope)) from None


def _not_valid(reason: str) -> InvalidToken:
    return InvalidToken("the access token is expired or not valid", reason=reason)
