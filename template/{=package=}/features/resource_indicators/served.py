"""The resources that this server issues tokens for (RFC 8707 §2)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from ...core.client import Client
from ...settings import ENV_PREFIX
from .resource import identify


class ResourcePolicy(Protocol):
    """What is asked of `policy/resources.py`."""

    async def served(self, client: Client) -> Sequence[str]: ...


class ServedResources:
    """The default audience and what is configured, for every client; and what policy has for this one."""

    def __init__(self, default_audience: str, configured: Iterable[str], policy: ResourcePolicy) -> None:
        """Raises ValueError when one resource is configured in two spellings: `aud` can have only one."""
        self.default = identify(default_audience)
        self._for_everybody = _spell_each_once((default_audience, *configured))
        self._policy = policy

    async def find_for(self, client: Client) -> Mapping[str, str]:
        """Return how `aud` spells each resource that `client` may have tokens for, by what `identify` says of it.

        What is configured keeps its spelling, whatever policy says. Raises ValueError if policy names no resource.
        """
        further = await self._policy.served(client)
        return {identify(resource): resource for resource in further} | self._for_everybody


def _spell_each_once(resources: Iterable[str]) -> dict[str, str]:
    spellings: dict[str, str] = {}
    for resource in resources:
        known = spellings.setdefault(identify(resource), resource)
        if known != resource:
            setting = f"{ENV_PREFIX}RESOURCE_INDICATORS__RESOURCES"
            raise ValueError(f"{setting} names {resource}, which is {known} in another spelling: choose one")
    return spellings
