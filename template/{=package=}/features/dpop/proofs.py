"""The proofs that a server accepts: one a request, and each once (RFC 9449 §4.3, §11.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request

from .nonces import Nonces, Records
from .proof import InvalidDPoPProof, Proof, verify_proof

HEADER: Final = "dpop"
"""In the lower case in which servers get the names of headers."""
REPLAY: Final = "dpop_replay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """What every proof has to meet, at whichever endpoint. `read` it, see whose it is, and then `spend` it."""

    records: Records
    nonces: Nonces
    algorithms: Sequence[str]
    window: timedelta

    def read(self, request: Request, *, url: str, now: datetime, access_token: str | None = None) -> Proof:
        """Return the proof that the request carries, verified for this request. Raises InvalidDPoPProof."""
        found = request.headers.getlist(HEADER)
        if len(found) != 1:
            raise InvalidDPoPProof("the request must have one DPoP header, and one only", reason=f"it has {len(found)}")
        return verify_proof(
            found[0],
            method=request.method,
            url=url,
            now=now,
            window=self.window,
            algorithms=self.algorithms,
            access_token=access_token,
        )

    async def spend(self, proof: Proof, now: datetime) -> Mapping[str, str]:
        """Accept the proof this once; return what the answer's headers tell its sender.

        It is the last that is asked, for it is remembered: as long as the proof could be accepted, by a clock that is
        behind ours too. Raises UseDPoPNonce, or InvalidDPoPProof for a replay.
        """
        headers = await self.nonces.check(proof.nonce, now)
        is_new = await self.records.add(
            REPLAY, f"{proof.thumbprint} {proof.jti}", now=now, expires_at=proof.issued_at + 2 * self.window
        )
        if not is_new:
            raise InvalidDPoPProof("the DPoP proof was used before", headers=headers)
        return headers
