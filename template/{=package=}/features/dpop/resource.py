"""Tokens that are bound to a key, where they are used: at any resource behind a guard (RFC 9449 §7).

With `htu.py`, `proof.py`, `nonces.py` and `proofs.py` this stands on `core/` and `protect/` alone, so that an API
elsewhere can carry it along.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from urllib.parse import quote

from starlette.requests import Request

from ...core.errors import InvalidToken
from .nonces import HEADER as NONCE_HEADER
from .proof import InvalidDPoPProof, UseDPoPNonce
from .proofs import Proofs

METHOD = "jkt"
"""The member of `cnf` that names the key (RFC 9449 §6.1)."""
SCHEME = "DPoP"
"""The scheme of the Authorization header, and the type of the tokens (RFC 9449 §5, §7.1)."""

REQUEST_HEADERS: Mapping[str, str] = {SCHEME: "a proof of the key that the token is bound to (RFC 9449 §4.2)"}
RESPONSE_HEADERS: Mapping[str, str] = {NONCE_HEADER: "the nonce of the next proof, if one is needed (RFC 9449 §8)"}

URLOf = Callable[[Request], str]


class InvalidDPoPProofAtResource(InvalidDPoPProof):
    """The same refusal, as a resource gives it (RFC 9449 §7.1)."""

    status = 401


class UseDPoPNonceAtResource(UseDPoPNonce):
    """The same refusal, as a resource gives it (RFC 9449 §9)."""

    status = 401


def url_at(origin: str) -> URLOf:
    """Return how the URL of a request is told: its path at `origin`, where clients reach the API.

    Neither the Host header nor a proxy's is asked. Whoever could choose the host would make proofs good here that
    were made for somebody else.
    """

    def url_of(request: Request) -> str:
        path: bytes = request.scope.get("raw_path") or quote(request.scope["path"]).encode("ascii")
        return f"{origin}/{path.decode('latin-1').removeprefix('/')}"  # a path, whatever the request line says

    return url_of


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class DPoPTokens:
    """Checks that who uses a bound token holds the key: a `TokenConstraint` of a guard.

    `url_of` tells the URL that clients know a request by. `is_required`: tokens that are not bound are refused.
    """

    method: ClassVar[str] = METHOD
    scheme: ClassVar[str] = SCHEME
    request_headers: ClassVar[Mapping[str, str]] = REQUEST_HEADERS
    response_headers: ClassVar[Mapping[str, str]] = RESPONSE_HEADERS

    proofs: Proofs
    url_of: URLOf
    is_required: bool = False
    now: Callable[[], datetime] = _now

    @property
    def challenge(self) -> Mapping[str, str]:
        """The algorithms that a proof may be signed with (RFC 9449 §7.1)."""
        return {"algs": " ".join(self.proofs.algorithms)}

    @property
    def metadata(self) -> Mapping[str, object]:
        """What a resource tells of proofs (RFC 9728 §2)."""
        told: dict[str, object] = {"dpop_signing_alg_values_supported": list(self.proofs.algorithms)}
        return told | ({"dpop_bound_access_tokens_required": True} if self.is_required else {})

    async def check(self, request: Request, token: str, value: str) -> Mapping[str, str]:
        """Check that the request has a proof of the key `value` for this token; return headers for the answer.

        Raises InvalidDPoPProof, UseDPoPNonce, or InvalidToken when the proof is good and of another key.
        """
        now = self.now()
        try:
            proof = self.proofs.read(request, url=self.url_of(request), now=now, access_token=token)
            if proof.thumbprint != value:
                raise InvalidToken("the access token is bound to another key", reason=f"proved {proof.thumbprint}")
            return await self.proofs.spend(proof, now)
        except InvalidDPoPProof as refusal:
            raise InvalidDPoPProofAtResource(
                refusal.description, reason=refusal.reason, headers=refusal.headers
            ) from None
        except UseDPoPNonce as refusal:
            raise UseDPoPNonceAtResource(refusal.description, reason=refusal.reason, headers=refusal.headers) from None
