"""DPoP in the authorization code flow: the key that a code is bound to (RFC 9449 §10)."""

import re
from dataclasses import dataclass, replace
from typing import Final

from ...core.authorization_request import AuthorizationRequest
from ...core.client import Client
from ...core.errors import InvalidRequest
from ...core.parameters import Parameters
from ...endpoints.authorization_rules import RequestCheck
from ...feature import Feature
from .proof import InvalidDPoPProof
from .resource import METHOD
from .sender import ProofRule
from .settings import DPoPSettings

_THUMBPRINT: Final = re.compile(r"[A-Za-z0-9\-_]{43}")


def feature(settings: DPoPSettings) -> Feature:
    """Return what DPoP adds to the code flow, where both are on."""
    check = DPoPRequest(ProofRule(settings.required)).check
    return Feature(
        name="dpop_code_flow",
        specification="RFC 9449 §10",
        extends={RequestCheck: lambda composition: RequestCheck(check)},
    )


@dataclass(frozen=True, slots=True)
class DPoPRequest:
    """What an authorization request says of the key that will redeem its code."""

    rule: ProofRule

    async def check(
        self, parameters: Parameters, request: AuthorizationRequest, client: Client
    ) -> AuthorizationRequest:
        """Return the request, bound to the key that `dpop_jkt` names.

        A request that came with a proof is bound already, and then both must name the same key. Clients whose tokens
        are always bound need PKCE, confidential ones too. Raises InvalidRequest or InvalidDPoPProof.
        """
        if self.rule.applies_to(client) and request.code_challenge is None:
            raise InvalidRequest("code_challenge is missing", reason="a sender-constrained client needs PKCE")
        named = parameters.get("dpop_jkt")
        if named is None:
            return request
        if not _THUMBPRINT.fullmatch(named):
            raise InvalidRequest("dpop_jkt is not the SHA-256 thumbprint of a key")
        bound = {METHOD: named}
        if request.confirmation not in (None, bound):
            raise InvalidDPoPProof("dpop_jkt is not the key of the proof that came with the request")
        return replace(request, confirmation=bound)
