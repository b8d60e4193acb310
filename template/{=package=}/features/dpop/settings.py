"""What can be told of DPoP."""

from datetime import timedelta
from typing import Annotated

from annotated_types import Ge, Le
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ...settings import Algorithms, Seconds


class DPoPSettings(BaseModel):
    """Which proofs are accepted, for how long, and of whom they are asked."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    required: bool = False
    """Issue no token that is not bound to a key. Off, clients choose, but for those with `dpop_bound_access_tokens`."""

    signing_algorithms: Annotated[Algorithms, Field(min_length=1)] = ("ES256", "EdDSA", "PS256")
    """The algorithms that a proof may be signed with; what is accepted is what metadata tells (RFC 9449 §5.1)."""

    proof_window: Annotated[Seconds, Ge(timedelta(seconds=1)), Le(timedelta(minutes=10))] = timedelta(seconds=60)
    """How far from now a proof may have been made, before or after, as clocks differ (RFC 9449 §11.1)."""

    require_nonce: bool = False
    """Ask for a nonce of this server in every proof, so that none can be made in advance (RFC 9449 §8)."""

    nonce_lifetime: Annotated[Seconds, Ge(timedelta(seconds=10)), Le(timedelta(hours=24))] = timedelta(minutes=5)
    """How long a nonce is good at most; a shared one at least half as long."""

    nonce_single_use: bool = False
    """Give every request a nonce of its own, which costs two more writes; off, there is one for everybody at a time."""

    url_of: str | None = None
    """A function of yours that says which URL a proof has to name, as `package.module:function`."""

    @model_validator(mode="after")
    def _check_together(self) -> "DPoPSettings":
        if self.nonce_single_use and not self.require_nonce:
            raise ValueError("nonce_single_use without require_nonce: nobody would be asked for a nonce")
        return self
