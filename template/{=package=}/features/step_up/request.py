"""`acr_values` as something that has to be met (RFC 9470 §5).

OpenID Connect leaves a server free to sign somebody in less well than was asked (OIDC Core §3.1.2.1). The client of an
API that insists would then come back with the same useless token for ever. So here the request fails.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from ...core.authorization_request import AuthorizationRequest
from ...core.client import Client
from ...core.errors import OAuthError
from ...core.grant import Authentication
from ...core.interaction import Interaction
from ...core.parameters import Parameters


class UnmetAuthenticationRequirements(OAuthError):
    """Nobody can sign in, or has signed in, as the client needs it
    (OpenID Connect Core Error Code unmet_authentication_requirements 1.0).
    """

    error = "unmet_authentication_requirements"


class Principals(Protocol):
    """What step-up asks of `policy/principals.py`: the authentication contexts that people can reach."""

    @property
    def acr_values(self) -> Collection[str]: ...


@dataclass(frozen=True, slots=True)
class ReachableContexts:
    """Looks whether a request asks for something that can be had."""

    principals: Principals

    async def check(
        self, parameters: Parameters, request: AuthorizationRequest, client: Client
    ) -> AuthorizationRequest:
        """Return the request, which asks for one of them or for none in particular.

        Raises UnmetAuthenticationRequirements, so that nobody signs in in vain.
        """
        if request.acr_values and not set(request.acr_values) & set(self.principals.acr_values):
            raise UnmetAuthenticationRequirements("none of acr_values can be reached here")
        return request


def is_enough(interaction: Interaction, authentication: Authentication) -> bool:
    """Say whether the person signed in as the request needs it; if not, they may do so now.

    A session that is not enough is `login_required` where `prompt=none`, because with a page it could become enough
    (OIDC Core §3.1.2.6). Raises UnmetAuthenticationRequirements when they signed in since the request came and still
    not well enough.
    """
    wanted = interaction.request.acr_values
    if not wanted or authentication.acr in wanted:
        return True
    if authentication.auth_time >= interaction.created_at:
        raise UnmetAuthenticationRequirements(
            "the person did not sign in as acr_values asks", reason=f"reached {authentication.acr!r}, not {wanted}"
        )
    return False
