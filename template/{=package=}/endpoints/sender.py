"""Who sent a request to an endpoint that issues something: a key that the sender proved to hold, or nobody in
particular (RFC 9700 §2.2).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from starlette.requests import Request

from ..core.client import Client
from ..core.confirmation import Confirmation


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What a request proved of its sender, and what the answer tells that sender in its `headers`."""

    confirmation: Confirmation | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class SenderConstraint(Protocol):
    """A slot: one way in which a sender can prove to hold a key.

    `identify` is asked if the request uses this way or the client has to. It raises OAuthError for a proof that
    fails, or that is missing. `token_type` is that of the tokens that are bound in this way, and the headers are those
    in which a proof comes and the answer tells of the next, described for people.
    """

    @property
    def token_type(self) -> str: ...
    @property
    def request_headers(self) -> Mapping[str, str]: ...
    @property
    def response_headers(self) -> Mapping[str, str]: ...
    def is_used(self, request: Request) -> bool: ...
    def is_required_of(self, client: Client) -> bool: ...
    async def identify(self, request: Request, client: Client) -> Sender: ...


@dataclass(frozen=True, slots=True)
class Senders:
    """Every way that is offered, in the order in which one wins over the next."""

    constraints: Sequence[SenderConstraint] = ()

    def is_proof_offered(self, request: Request) -> bool:
        """Say whether the request tries to prove anything of its sender."""
        return any(constraint.is_used(request) for constraint in self.constraints)

    @property
    def token_types(self) -> Sequence[str]:
        """The types of the tokens that are issued here (RFC 6749 §7.1)."""
        return tuple(dict.fromkeys(("Bearer", *(constraint.token_type for constraint in self.constraints))))

    @property
    def request_headers(self) -> Mapping[str, str]:
        """The headers in which proofs come, for the OpenAPI document."""
        return {name: text for each in self.constraints for name, text in each.request_headers.items()}

    @property
    def response_headers(self) -> Mapping[str, str]:
        """The headers that an answer may have for a sender, for the OpenAPI document."""
        return {name: text for each in self.constraints for name, text in each.response_headers.items()}

    async def identify(self, request: Request, client: Client) -> Sender:
        """Return the sender. What is required of a client is met by that way alone; else the first way used wins.

        Raises what the way raises: InvalidRequest for a proof that is missing, its own error for a bad one.
        """
        required = [each for each in self.constraints if each.is_required_of(client)]
        for constraint in required or [each for each in self.constraints if each.is_used(request)]:
            return await constraint.identify(request, client)
        return Sender()
