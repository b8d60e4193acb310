"""What binds a token to its sender: the `cnf` claim (RFC 7800 §3.1, RFC 9700 §2.2)."""

from collections.abc import Mapping
from dataclasses import dataclass

from .errors import InvalidGrant, InvalidRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A key that a sender proved to hold. `method` is the member of `cnf` that names it, `value` its name there."""

    method: str
    value: str
    token_type: str = "Bearer"  # noqa: S105
    """The type of the tokens that are bound in this way (RFC 6749 §7.1)."""

    def as_claim(self) -> dict[str, str]:
        """Return the `cnf` claim, which is also how it is kept."""
        return {self.method: self.value}


def check_confirmation(bound: Mapping[str, str] | None, presented: Confirmation | None) -> None:
    """Check that what is bound to a key is used by whoever holds it; what is not bound, anybody may use.

    Raises InvalidRequest when nothing was proved, InvalidGrant when another key was.
    """
    if not bound:
        return
    if presented is None:
        raise InvalidRequest("a proof of the key is missing", reason=f"bound to {', '.join(bound)}")
    if presented.as_claim() != bound:
        raise InvalidGrant("this is bound to another key", reason=f"bound to {bound}, presented {presented}")
