"""Which claims a token or an answer may hold (OIDC Core §5.4, §5.5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ...core.access_token import RESERVED
from ...core.scope import Scope
from ...database import Transaction

SCOPE = "openid"


class Claims(Protocol):
    """What OpenID Connect asks of `policy/claims.py`."""

    def scopes(self) -> Mapping[str, str]: ...
    def supported(self) -> Sequence[str]: ...
    def entitled(self, scope: Scope) -> Sequence[str]: ...
    async def release(
        self, subject: str, names: Sequence[str], transaction: Transaction
    ) -> Mapping[str, Any] | None: ...


@dataclass(frozen=True, slots=True)
class ClaimRelease:
    """Asks the policy, and holds it to what only the server may say."""

    policy: Claims

    async def for_userinfo(self, subject: str, scope: Scope, transaction: Transaction) -> dict[str, Any] | None:
        """Return everything that `scope` stands for (OIDC Core §5.4), or None if the person is not active."""
        return await self._release(subject, self.policy.entitled(scope), transaction)

    async def for_id_token(
        self, subject: str, scope: Scope, details: Mapping[str, Any], transaction: Transaction
    ) -> dict[str, Any]:
        """Return what the `claims` parameter asked for by name, within `scope` (OIDC Core §5.5)."""
        asked = (details.get("claims") or {}).get("id_token") or {}
        names = [name for name in self.policy.entitled(scope) if name in asked]
        return (await self._release(subject, names, transaction) if names else None) or {}

    async def _release(self, subject: str, names: Sequence[str], transaction: Transaction) -> dict[str, Any] | None:
        """Raises ValueError if the policy sets a claim that only the server sets, such as `sub`."""
        released = await self.policy.release(subject, names, transaction)
        if released is None:
            return None
        taken = RESERVED & released.keys()
        if taken:
            raise ValueError(f"policy supplied the claim {min(taken)}, which only the server sets")
        return dict(released)
