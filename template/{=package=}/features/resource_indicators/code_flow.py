"""Resource indicators in the authorization code flow: what a person allows is for these APIs (RFC 8707 §2.1)."""

from dataclasses import dataclass, replace

from ...core.authorization_request import AuthorizationRequest
from ...core.client import Client
from ...core.parameters import Parameters
from ...endpoints.authorization_rules import RequestCheck
from ...feature import Composition, Feature
from .resource import choose_among, read_resources
from .served import ServedResources


def feature() -> Feature:
    """Return what resource indicators add to the code flow, where both are on."""

    def check(composition: Composition) -> RequestCheck:
        return RequestCheck(ResourceRequest(composition.get(ServedResources)).check)

    return Feature(name="resource_indicators_code_flow", specification="RFC 8707 §2.1", extends={RequestCheck: check})


@dataclass(frozen=True, slots=True)
class ResourceRequest:
    """Reads from an authorization request where its tokens shall be good."""

    served: ServedResources

    async def check(
        self, parameters: Parameters, request: AuthorizationRequest, client: Client
    ) -> AuthorizationRequest:
        """Return the request with its resources, in the spelling that `aud` will have. Raises InvalidTarget."""
        asked = read_resources(parameters)
        if not asked:
            return request
        return replace(request, resources=choose_among(await self.served.find_for(client), asked))
