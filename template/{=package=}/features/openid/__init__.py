"""OpenID Connect (OIDC Core, OIDC Discovery): who signed in, on top of the code flow."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from ...core.seam import Seam
from ...endpoints.authorization_rules import RequestCheck
from ...endpoints.routing import Endpoint
from ...feature import Composition, Feature
from ...grants.granted_tokens import TokenMember
from .claims import ClaimRelease, Claims
from .id_token import IDTokenIssuer
from .request import OpenIDRequest
from .userinfo import UserInfoEndpoint

SEAMS = (Seam("claims.Claims", Claims),)


class OpenIDSettings(BaseModel):
    """What is asked of OpenID Connect clients."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    claims_parameter: bool = False
    """Honour the `claims` parameter, which asks for single claims (OIDC Core §5.5)."""

    require_nonce: bool = False
    """Refuse authentication requests without `nonce` (OIDC Core §3.1.2.1)."""


def feature(settings: OpenIDSettings, *, claims: Claims) -> Feature:
    """Return the feature with the team's claims in it."""
    release = ClaimRelease(claims)

    def endpoints(composition: Composition) -> Sequence[Endpoint]:
        return UserInfoEndpoint.of(composition, release).endpoints()

    def request_check(composition: Composition) -> RequestCheck:
        request = OpenIDRequest(
            server=composition.server,
            claims_parameter=settings.claims_parameter,
            require_nonce=settings.require_nonce,
        )
        return RequestCheck(request.check)

    def id_token(composition: Composition) -> TokenMember:
        return TokenMember(IDTokenIssuer(server=composition.server, claims=release).make)

    def metadata(composition: Composition) -> Mapping[str, Any]:
        server = composition.server
        return {
            "userinfo_endpoint": server.urls.url("userinfo"),
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": list(server.settings.signing_algorithms),
            "claims_supported": ["sub", *claims.supported()],
            "claims_parameter_supported": settings.claims_parameter,
            "prompt_values_supported": ["none", "login", "consent", "select_account"],
            "request_parameter_supported": False,
        }

    return Feature(
        name="openid",
        specification="OIDC Core, OIDC Discovery",
        endpoints=endpoints,
        token_members={"id_token": "with the scope openid, a JWT (OIDC Core §2)"},
        metadata=metadata,
        scopes=claims.scopes(),
        metadata_names=("openid-configuration",),
        extends={RequestCheck: request_check, TokenMember: id_token},
    )
