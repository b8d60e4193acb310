"""Senders that prove a key where something is issued, which is bound to it from then on (RFC 9449 §5)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from starlette.requests import Request

from ...core.client import Client
from ...core.confirmation import Confirmation
from ...core.errors import InvalidRequest
from ...endpoints.sender import Sender
from .proofs import HEADER, Proofs
from .resource import METHOD, RESPONSE_HEADERS, SCHEME, URLOf

CLIENT_METADATA = "dpop_bound_access_tokens"
"""A client that says so always uses DPoP for token requests (RFC 9449 §5.2)."""


@dataclass(frozen=True, slots=True)
class ProofRule:
    """Who has to prove a key: every client, or those that are registered so."""

    of_everybody: bool

    def applies_to(self, client: Client) -> bool:
        """Say whether this client's tokens are always bound."""
        return self.of_everybody or client.metadata.get(CLIENT_METADATA) is True


@dataclass(frozen=True, slots=True, kw_only=True)
class DPoPSender:
    """Reads the proof of a request and says whose key it is: a `SenderConstraint`."""

    token_type: ClassVar[str] = SCHEME
    request_headers: ClassVar[Mapping[str, str]] = {SCHEME: "a proof of the key to bind tokens to (RFC 9449 §4.2)"}
    response_headers: ClassVar[Mapping[str, str]] = RESPONSE_HEADERS

    proofs: Proofs
    rule: ProofRule
    url_of: URLOf
    now: Callable[[], datetime]

    def is_used(self, request: Request) -> bool:
        """Say whether the request brings a proof, good or not."""
        return HEADER in request.headers

    def is_required_of(self, client: Client) -> bool:
        """Say whether the client has to bring one."""
        return self.rule.applies_to(client)

    async def identify(self, request: Request, client: Client) -> Sender:
        """Return the sender, with the next nonce for it. The proof is spent by that.

        Raises InvalidRequest for a request without a proof, InvalidDPoPProof, or UseDPoPNonce.
        """
        if not self.is_used(request):
            raise InvalidRequest("a DPoP proof is missing", reason=f"{client.client_id} has to bring one")
        now = self.now()
        proof = self.proofs.read(request, url=self.url_of(request), now=now)
        headers = await self.proofs.spend(proof, now)
        confirmation = Confirmation(method=METHOD, value=proof.thumbprint, token_type=SCHEME)
        return Sender(confirmation=confirmation, headers=headers)
