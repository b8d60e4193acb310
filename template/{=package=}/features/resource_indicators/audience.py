"""What an access token is for: what its client asks for, within what was granted (RFC 8707 §2.2)."""

from dataclasses import dataclass

from ...core.client import Client
from ...core.parameters import Parameters
from .resource import InvalidTarget, choose_among, identify, read_resources
from .served import ServedResources


@dataclass(frozen=True, slots=True)
class TokenAudience:
    """Chooses the audience of every access token, whichever grant it comes from."""

    served: ServedResources

    async def choose(self, parameters: Parameters, client: Client, granted: tuple[str, ...] | None) -> tuple[str, ...]:
        """Return the resources of a token, none for the default audience.

        A request may ask for less than was granted and never for more; a grant without resources is one of the
        default audience. Without `resource` it is all that was granted and is still served. A client that asks in
        its own name (`granted` is None) chooses among all that is served. Raises InvalidTarget.
        """
        asked = read_resources(parameters)
        if not asked and not granted:
            return ()
        allowed = await self.served.find_for(client)
        if granted is not None:
            within = [identify(resource) for resource in granted] or [self.served.default]
            allowed = {resource: allowed[resource] for resource in within if resource in allowed}
        chosen = choose_among(allowed, asked or allowed)
        # None at all would mean the default audience, which nobody granted here.
        if not chosen:
            raise InvalidTarget("no resource that was granted is served here any more")
        return chosen
