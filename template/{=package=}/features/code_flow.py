"""The authorization code flow (RFC 6749 §4.1, RFC 7636, RFC 9207): request, pages, code, refresh token.

It is the trunk that most other features hang on, so its parts stand on the floors; here they are put together.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, Protocol

from annotated_types import Ge, Le
from pydantic import BaseModel, ConfigDict

from ..core.access_token import PrincipalKind
from ..core.authorization_request import RESPONSE_TYPE
from ..core.pkce import S256
from ..core.refresh_token import OFFLINE_ACCESS
from ..core.seam import Seam
from ..database import Transaction
from ..endpoints.answering import BrowserRefusal
from ..endpoints.authorization_rules import AuthorizationRules, RequestCheck, RequestSource
from ..endpoints.authorize import AuthorizationEndpoint
from ..endpoints.authorize import describe as describe_authorize
from ..endpoints.client_answer import MODES, AnswerMode, ClientAnswers
from ..endpoints.code_answer import CodeAnswer
from ..endpoints.interaction import AuthenticationRule, Consent, FinalClaim, InteractionEndpoint
from ..endpoints.interaction import Principals as PagePrincipals
from ..endpoints.interaction_pages import DESCRIPTION_OF_PAGES, DESCRIPTION_OF_STYLE, InteractionPages
from ..endpoints.pages import stylesheet, stylesheet_url
from ..endpoints.public_client import PublicClient
from ..endpoints.reception import People, Reception
from ..endpoints.routing import Endpoint
from ..endpoints.session_cookie import SessionCookie
from ..endpoints.visit import Outcome
from ..feature import Composition, Feature
from ..grants import authorization_code, refresh_token
from ..grants.authorization_code import AuthorizationCodeGrant
from ..grants.granted_tokens import GrantedTokens, MakeGrantedTokens, RefreshTokenRule, TokenMember
from ..grants.issuing import AudienceRule, keep_audience
from ..grants.issuing_codes import CodeIssuer
from ..grants.refresh_token import RefreshTokenGrant
from ..grants.token_request import Grant
from ..settings import Seconds
from ..stores import authorization_codes, browser_sessions, grants, interactions, refresh_tokens
from ..stores.authorization_codes import AuthorizationCodes
from ..stores.grants import Grants
from ..stores.refresh_tokens import RefreshTokens
from ..stores.sweeper import Expirable

_TOKEN_PARAMETERS = {
    "code": "the authorization code (RFC 6749 §4.1.3)",
    "redirect_uri": "as in the authorization request",
    "code_verifier": "RFC 7636 §4.1",
    "refresh_token": "RFC 6749 §6",
}


class CodeFlowSettings(BaseModel):
    """How long codes, refresh tokens, pages and sessions last, and what is asked of clients."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    authorization_code_lifetime: Annotated[Seconds, Ge(timedelta(seconds=5)), Le(timedelta(minutes=10))] = timedelta(
        seconds=60
    )
    """How long a code can be exchanged (RFC 6749 §4.1.2 allows ten minutes)."""

    refresh_token_lifetime: Annotated[Seconds, Ge(timedelta(minutes=1)), Le(timedelta(days=365))] = timedelta(days=14)
    """How long a refresh token may lie unused; one that is not rotated ends this long after it was issued."""

    refresh_token_grace: Annotated[Seconds, Le(timedelta(minutes=5))] = timedelta(seconds=60)
    """How long a client whose answer got lost may retry with the superseded token; 0 is strict."""

    refresh_token_rotation: bool = True
    """Replace a refresh token at each use. Off, confidential clients keep theirs; public ones rotate anyway."""

    require_pkce: bool = True
    """Ask confidential clients for PKCE too. Public clients need it always (RFC 9700 §2.1.1)."""

    interaction_lifetime: Annotated[Seconds, Ge(timedelta(minutes=1)), Le(timedelta(hours=24))] = timedelta(hours=1)
    """How long a person may take on the pages."""

    session_lifetime: Annotated[Seconds, Ge(timedelta(minutes=1)), Le(timedelta(days=90))] = timedelta(hours=12)
    """How long a browser stays signed in."""


class Principals(PagePrincipals, People, Protocol):
    """What the code flow asks of `policy/principals.py`."""

    kind: PrincipalKind
    acr_values: tuple[str, ...]


SEAMS = (
    Seam("principals.Principals", Principals),
    Seam("consent.Consent", Consent),
    Seam("refresh_tokens.RefreshTokenRule", RefreshTokenRule),
)


def feature(
    settings: CodeFlowSettings, *, principals: Principals, consent: Consent, refresh_token_rule: RefreshTokenRule
) -> Feature:
    """Return the feature with the team's policies in it."""
    room = _CodeFlow(settings, principals, consent, refresh_token_rule)
    return Feature(
        name="code_flow",
        specification="RFC 6749 §4.1, RFC 7636, RFC 9207",
        endpoints=room.endpoints,
        grants=room.grants,
        token_parameters=_TOKEN_PARAMETERS,
        token_members={"refresh_token": "with the scope offline_access (RFC 6749 §6)"},
        client_authentication=lambda composition: (PublicClient(),),
        metadata=room.metadata,
        scopes={OFFLINE_ACCESS: "keep its access while you are away"},
        extends={
            AuthorizationRules: room.rules,
            ClientAnswers: room.answers,
            MakeGrantedTokens: room.granted_tokens,
        },
        expirable=(
            Expirable("interactions", interactions.delete_expired),
            Expirable("browser_sessions", browser_sessions.delete_expired),
            Expirable("authorization_codes", authorization_codes.delete_expired),
            Expirable("refresh_tokens", refresh_tokens.delete_expired),
            Expirable("grants", grants.delete_expired),
        ),
    )


class _CodeFlow:
    """Puts the parts together, once per server."""

    def __init__(
        self,
        settings: CodeFlowSettings,
        principals: Principals,
        consent: Consent,
        refresh_token_rule: RefreshTokenRule,
    ) -> None:
        self._settings = settings
        self._principals = principals
        self._consent = consent
        self._refresh_token_rule = refresh_token_rule

    def rules(self, composition: Composition) -> AuthorizationRules:
        return AuthorizationRules(
            server=composition.server,
            sources=composition.extensions(RequestSource),
            checks=composition.extensions(RequestCheck),
            response_modes=composition.get(ClientAnswers).names,
            require_pkce=self._settings.require_pkce,
        )

    def answers(self, composition: Composition) -> ClientAnswers:
        return ClientAnswers(
            modes=(*MODES, *composition.extensions(AnswerMode)),
            stylesheet=stylesheet_url(composition.server.settings.prefix),
        )

    def granted_tokens(self, composition: Composition) -> MakeGrantedTokens:
        audience, members = composition.find(AudienceRule), composition.extensions(TokenMember)

        def make(transaction: Transaction) -> GrantedTokens:
            return GrantedTokens(
                issuer=composition.server.issuer,
                people=self._principals,
                families=RefreshTokens(transaction, self._settings.refresh_token_lifetime),
                refresh_token_rule=self._refresh_token_rule,
                members=members,
                choose_audience=audience.choose if audience else keep_audience,
                transaction=transaction,
            )

        return MakeGrantedTokens(make)

    def grants(self, composition: Composition) -> Mapping[str, Callable[[Transaction], Grant]]:
        settings = self._settings
        tokens = composition.get(MakeGrantedTokens).make

        def redeem_code(transaction: Transaction) -> Grant:
            return AuthorizationCodeGrant(
                codes=AuthorizationCodes(transaction), grants=Grants(transaction), tokens=tokens(transaction)
            )

        def refresh(transaction: Transaction) -> Grant:
            return RefreshTokenGrant(
                refresh_tokens=RefreshTokens(transaction, settings.refresh_token_lifetime),
                grants=Grants(transaction),
                tokens=tokens(transaction),
                grace=settings.refresh_token_grace,
                rotates=settings.refresh_token_rotation,
            )

        return {authorization_code.GRANT_TYPE: redeem_code, refresh_token.GRANT_TYPE: refresh}

    def endpoints(self, composition: Composition) -> Sequence[Endpoint]:
        server = composition.server
        refuse = BrowserRefusal(stylesheet_url(server.settings.prefix))
        authorize = AuthorizationEndpoint(
            server=server,
            rules=composition.get(AuthorizationRules),
            answers=composition.get(ClientAnswers),
            forms=composition.forms,
            interaction_lifetime=self._settings.interaction_lifetime,
            transport=composition.transport,
        )
        interaction = self._interaction(composition)
        return (
            Endpoint(
                path=server.urls.path("authorize"),
                handlers={"GET": authorize.get, "POST": authorize.post},
                refuse=refuse,
                describe=describe_authorize(composition.extensions(RequestSource)),
            ),
            Endpoint(
                path=server.urls.path("interaction"),
                handlers={"GET": interaction.show, "POST": interaction.submit},
                refuse=refuse,
                describe=DESCRIPTION_OF_PAGES,
            ),
            Endpoint(
                path=f"{server.settings.prefix}/pages/style.css",
                handlers={"GET": stylesheet},
                refuse=refuse,
                needs_https=False,
                describe=DESCRIPTION_OF_STYLE,
            ),
        )

    def _interaction(self, composition: Composition) -> InteractionEndpoint:
        settings, server = self._settings, composition.server
        code_lifetime = settings.authorization_code_lifetime
        cookie = SessionCookie(is_secure=server.urls.issuer.startswith("https://"))
        answer = CodeAnswer(
            issuer=server.urls.issuer,
            answers=composition.get(ClientAnswers),
            code_issuer=lambda transaction: CodeIssuer(AuthorizationCodes(transaction), code_lifetime),
            grant_lifetime=code_lifetime + server.settings.access_token_lifetime,
        )
        outcomes: list[Outcome] = composition.extensions(Outcome)  # type: ignore[type-abstract]
        return InteractionEndpoint(
            server=server,
            reception=Reception(
                server=server,
                people=self._principals,
                cookie=cookie,
                answer=answer,
                outcomes={outcome.name: outcome for outcome in outcomes},
            ),
            principals=self._principals,
            consent=self._consent,
            rules=composition.extensions(AuthenticationRule),
            claims=composition.extensions(FinalClaim),
            pages=InteractionPages(
                path=server.urls.path("interaction"),
                stylesheet=stylesheet_url(server.settings.prefix),
                scopes=server.scopes.supported(),
            ),
            forms=composition.forms,
            cookie=cookie,
            session_lifetime=settings.session_lifetime,
            transport=composition.transport,
        )

    def metadata(self, composition: Composition) -> Mapping[str, Any]:
        told: dict[str, Any] = {
            "authorization_endpoint": composition.server.urls.url("authorize"),
            "response_types_supported": [RESPONSE_TYPE],
            "response_modes_supported": composition.get(ClientAnswers).names,
            "code_challenge_methods_supported": [S256],
            "authorization_response_iss_parameter_supported": True,
            "ui_locales_supported": ["en"],
        }
        if self._principals.acr_values:
            told["acr_values_supported"] = list(self._principals.acr_values)
        return told
