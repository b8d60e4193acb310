"""A reference to what was pushed, where a browser brings it and where it is used up (RFC 9126 §4)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ...core.authorization_request import AuthorizationRequest
from ...core.client import Client
from ...core.errors import InvalidRequest, OAuthError
from ...core.interaction import Interaction
from ...core.parameters import Parameters
from ...endpoints.authorization_rules import Sourced
from .pushed_requests import DETAIL, URN, PushedRequests, name_of

CLIENT_METADATA = "require_pushed_authorization_requests"
"""A client that says so sends no request through a browser (RFC 9126 §6). Metadata says it of all (§5)."""

PARAMETERS = {"request_uri": "what the push was answered with, in place of all but client_id (RFC 9126 §4)"}


class InvalidRequestURI(OAuthError):
    """The reference leads to nothing that this client may have answered (RFC 9101 §7, RFC 9126 §2.2)."""

    error = "invalid_request_uri"

    def __init__(self, reason: str) -> None:
        super().__init__("request_uri is unknown, expired, or used already", reason=reason)


@dataclass(frozen=True, slots=True)
class Reference:
    """Finds what was pushed: a `RequestSource`. Only what was pushed counts; the rules look at all of it again.

    Looking does not use the reference up: a person may reload, or sign in first.
    """

    requests: PushedRequests
    now: Callable[[], datetime]

    def is_ours(self, parameters: Parameters) -> bool:
        """Say whether there is a reference of the kind that is given out here. No other is followed."""
        return parameters.get("request_uri", "").startswith(URN)

    async def read(self, parameters: Parameters, client: Client) -> Sourced:
        """Return what was pushed. Raises InvalidRequest or InvalidRequestURI."""
        if "request" in parameters:
            raise InvalidRequest("request and request_uri exclude each other")  # RFC 9101 §5
        request_uri, now = parameters["request_uri"], self.now()
        pushed = await self.requests.find(request_uri, now)
        if pushed is None:
            raise InvalidRequestURI(f"unknown or expired, brought for {client.client_id}")
        if pushed.parameters["client_id"] != client.client_id:
            raise InvalidRequestURI(f"pushed by {pushed.parameters['client_id']}, brought for {client.client_id}")
        if await self.requests.is_claimed(name_of(request_uri), now):
            raise InvalidRequestURI(f"used already, brought for {client.client_id}")
        return pushed


@dataclass(frozen=True, slots=True)
class PushRule:
    """Who has to push: every client, or those that are registered so."""

    of_everybody: bool

    async def check(
        self, parameters: Parameters, request: AuthorizationRequest, client: Client
    ) -> AuthorizationRequest:
        """Return the request as it is. Raises InvalidRequest if it had to be pushed and was not (RFC 9126 §4)."""
        has_to_push = self.of_everybody or client.metadata.get(CLIENT_METADATA) is True
        if has_to_push and DETAIL not in request.details:
            raise InvalidRequest("this client has to push its requests")
        return request


@dataclass(frozen=True, slots=True)
class SingleUse:
    """Uses a reference up when the answer is yes: a `FinalClaim`."""

    requests: PushedRequests

    async def claim(self, interaction: Interaction, now: datetime) -> None:
        """Return if the interaction did not come by a reference, or is the first to be answered that did.

        Raises InvalidRequestURI.
        """
        name = interaction.request.details.get(DETAIL)
        if name is not None and not await self.requests.claim(name, interaction, now):
            raise InvalidRequestURI("another interaction was faster")
