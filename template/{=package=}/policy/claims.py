"""What may a client know of a person?

Decide: which claims each scope stands for, and where their values come from. As shipped: standard scopes of OIDC Core
§5.4, answered from `principals.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ..core.scope import Scope
from ..core.seam import stub
from ..database import Transaction

SCOPES: Mapping[str, str] = {
    "openid": "know who you are",
    "profile": "see your name",
    "email": "see your e-mail address",
}
"""The scopes about people, and what a person is told that each allows."""

CLAIMS_OF_SCOPE: Mapping[str, Sequence[str]] = {
    "profile": ("name", "preferred_username"),
    "email": ("email", "email_verified"),
}


class Profiles(Protocol):
    """Where values come from."""

    async def profile(self, subject: str, transaction: Transaction) -> Mapping[str, Any] | None: ...


@stub("Decide which claims about people each scope stands for.")
class Claims:
    """Release what the scope stands for, from the person's profile."""

    contract = 1

    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles

    def scopes(self) -> Mapping[str, str]:
        """Return the scopes about people; `openid` must be among them."""
        return SCOPES

    def supported(self) -> Sequence[str]:
        """Return every claim that may be released, for metadata."""
        return [claim for claims in CLAIMS_OF_SCOPE.values() for claim in claims]

    def entitled(self, scope: Scope) -> Sequence[str]:
        """Return the claims that `scope` stands for. A client gets no other, even if it asks for one by name."""
        return [claim for token in scope for claim in CLAIMS_OF_SCOPE.get(token, ())]

    async def release(self, subject: str, names: Sequence[str], transaction: Transaction) -> Mapping[str, Any] | None:
        """Return the values of `names` that are known, or None if there is nobody with this subject any more.

        `sub` and the protocol's own claims are the server's.
        """
        profile = await self._profiles.profile(subject, transaction)
        if profile is None:
            return None
        return {name: profile[name] for name in names if profile.get(name) is not None}
