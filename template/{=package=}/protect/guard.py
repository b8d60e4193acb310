"""The guard: from a request to a verified token, or to a refusal that says why (RFC 6750, RFC 9068)."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, TypeAlias, cast, get_args
from urllib.parse import urlsplit

from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.requests import Request
from starlette.responses import Response

from ..core.challenge import bearer_challenge
from ..core.errors import InsufficientScope, InvalidToken, OAuthError
from ..core.jose import UnknownKey, verify_jwt
from ..core.jwk import ALGORITHMS, JoseError
from ..core.scope import covers
from .carriers import BEARER, Carrier, Extractor, find_token, presented_scheme
from .constraint import TokenConstraint
from .context import Principal, TokenContext, read_context
from .keys import KeySource
from .refused import Refused

Claims: TypeAlias = Mapping[str, Any]
LoadPrincipal: TypeAlias = Callable[[TokenContext[None]], Awaitable[Principal | None]]

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
    """This resource's identifier (RFC 9728 §1.2)."""
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
    any_audience: bool = False
    """Accept tokens for whichever resource. Never at an API: it is for the authorization server itself, which can ask
    what was granted."""
    load_principal: LoadPrincipal[Principal] | None = None
    """Makes of the token whatever endpoints want; None means that its subject is no longer welcome."""
    constraints: Sequence[TokenConstraint] = ()
    """Check that a token with `cnf` is used by its owner. One that none of them understands is refused, for to take
    it as a bearer token would undo the binding (RFC 9700 §2.2.1)."""
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
        token = await find_token(request, self.carriers, self.extractor, self._schemes)
        if token is None:
            raise MissingToken("an access token is needed")

        context = read_context(await self._verify(token))
        headers = await self._check_sender(request, token, context.claims)
        try:
            if not covers(context.scope, scope):
                raise InsufficientScope("the access token does not reach this far", scope=" ".join(scope))
            return await self._with_principal(replace(context, headers=headers))
        except OAuthError as refusal:
            refusal.headers.update(headers)  # a sender that proved itself is told what comes next, whatever the answer
            raise

    def challenge(self, refusal: OAuthError, request: Request, *scope: str) -> str | None:
        """Return the `WWW-Authenticate` header for a refusal, or None where none belongs (RFC 6750 §3).

        The error stands in the challenge of the scheme that was used. Whoever came with a bearer token, or with
        nothing, is shown every other scheme too; where all tokens must be bound, Bearer is not offered.
        """
        if refusal.status not in (400, 401, 403):
            return None
        used = presented_scheme(request, self._schemes)
        offered = [each.scheme for each in self.constraints if each.is_required] or self._schemes
        shown = offered if used == BEARER else (used,)
        told = used if used in shown else shown[0]
        return ", ".join(self._challenge(scheme, refusal if scheme == told else None, scope) for scheme in shown)

    @property
    def is_bearer_accepted(self) -> bool:
        """Whether a token may be used by whoever bears it."""
        return not any(constraint.is_required for constraint in self.constraints)

    @property
    def request_headers(self) -> Mapping[str, str]:
        """The headers in which senders prove themselves, for the OpenAPI document."""
        return {name: text for each in self.constraints for name, text in each.request_headers.items()}

    @property
    def response_headers(self) -> Mapping[str, str]:
        """The headers that an answer may have for a sender, for the OpenAPI document."""
        return {name: text for each in self.constraints for name, text in each.response_headers.items()}

    @property
    def _schemes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((BEARER, *(constraint.scheme for constraint in self.constraints))))

    def _challenge(self, scheme: str, refusal: OAuthError | None, scope: tuple[str, ...]) -> str:
        of_scheme = (constraint.challenge for constraint in self.constraints if constraint.scheme == scheme)
        further = {name: value for challenge in of_scheme for name, value in challenge.items()}
        told = refusal if refusal and not isinstance(refusal, MissingToken) else None
        return bearer_challenge(
            scheme=scheme,
            realm=self.realm,
            error=told.error if told else None,
            error_description=told.description if told else None,
            scope=" ".join(scope),
            resource_metadata=self.resource_metadata,
            further={**further, **(told.challenge if told else {})},
        )

    async def _check_sender(self, request: Request, token: str, claims: Claims) -> Mapping[str, str]:
        """Check that who sends the token is whom it is bound to, if it is bound; return headers for the answer."""
        scheme = presented_scheme(request, self._schemes)
        if "cnf" not in claims:
            if scheme != BEARER or not self.is_bearer_accepted:
                raise _not_valid(f"a bearer token, presented as {scheme}")
            return {}
        match claims["cnf"]:
            case dict(bound) if len(bound) == 1:  # of two bindings, to check one would undo the other
                [(method, value)] = bound.items()
            case _:
                method, value = None, None
        for constraint in self.constraints:
            if constraint.method == method and isinstance(value, str):
                if scheme != constraint.scheme:
                    raise _not_valid(f"a token for {constraint.scheme}, presented as {scheme}")
                return await constraint.check(request, token, value)
        raise _not_valid("the token is sender-constrained and nothing here can check that")

    async def _verify(self, token: str) -> Claims:
        try:
            try:
                claims = self._verify_with(token, await self.keys.current())
            except UnknownKey:
                claims = self._verify_with(token, await self.keys.refreshed())
        except JoseError as error:
            raise _not_valid(str(error)) from None
        is_shared = self.shared_tokens or self.any_audience
        if not is_shared and claims["aud"] not in (self.audience, [self.audience]):
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
            audience=None if self.any_audience else self.audience,
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
        self.model = HTTPBearer(bearerFormat="JWT", description=_describe(guard))
        self.scheme_name = "access_token"

    async def admit(self, request: Request) -> TokenContext[Principal]:
        """Return the context of the request's token. Raises what the guard raises."""
        return await self.guard.admit(request, *self.scope)

    async def __call__(self, request: Request, response: Response) -> TokenContext[Principal]:
        """Admit the request or raise Refused."""
        try:
            context = await self.admit(request)
            response.headers.update(context.headers)
            return context
        except OAuthError as refusal:
            raise Refused(refusal, self.guard.challenge(refusal, request, *self.scope)) from None


def _describe(guard: Guard[Any]) -> str | None:
    """Return what the OpenAPI document says of the ways to present a token that it has no words for."""
    others = [f"{each.scheme} (with {', '.join(each.request_headers)})" for each in guard.constraints]
    if not others:
        return None
    return f"{'not as Bearer but' if not guard.is_bearer_accepted else 'a bound token'} as {', '.join(others)}"


def _not_valid(reason: str) -> InvalidToken:
    return InvalidToken("the access token is expired or not valid", reason=reason)
