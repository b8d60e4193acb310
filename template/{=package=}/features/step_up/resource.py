"""The side of the API: a token whose person signed in too long ago, or not well enough, is refused (RFC 9470 §3).

It stands on `core/` and `protect/` alone, so that an API elsewhere can carry it along.
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from starlette.requests import Request

from ...core.errors import OAuthError
from ...protect.context import Principal, TokenContext
from ...protect.guard import Guard, Requires

_ACR: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749 §3.3: what stands in a list with spaces


class InsufficientUserAuthentication(OAuthError):
    """The token is good, but its person would have to sign in anew for this (RFC 9470 §3)."""

    error = "insufficient_user_authentication"
    status = 401


class StepUp(Requires[Principal]):
    """A dependency like that of `guard.requires(*scope)`, for what asks for a better sign-in, or one not long ago.

    @app.post("/payments")
    async def pay(token: Annotated[TokenContext, Depends(StepUp(guard, "pay", max_age=timedelta(minutes=5)))]) -> ...

    Each of `acr_values` will do, so name all that are good enough: no context is known to include another. Raises
    ValueError for what cannot be meant.
    """

    def __init__(
        self,
        guard: Guard[Principal],
        *scope: str,
        acr_values: Sequence[str] = (),
        max_age: timedelta | None = None,
    ) -> None:
        super().__init__(guard, scope)
        if isinstance(acr_values, str) or not all(_ACR.fullmatch(value) for value in acr_values):
            raise ValueError("acr_values must be a list of names without spaces and quotes")
        if max_age is not None and (max_age < timedelta(seconds=1) or max_age % timedelta(seconds=1)):
            raise ValueError("max_age must be whole seconds, at least one")
        if not acr_values and max_age is None:
            raise ValueError("acr_values or max_age is needed: without both, guard.requires does the same")
        self.acr_values = tuple(acr_values)
        self.max_age = max_age

    async def admit(self, request: Request) -> TokenContext[Principal]:
        """Return the context of the request's token.

        Raises InsufficientUserAuthentication beside what the guard raises.
        """
        context = await super().admit(request)
        if fault := self._find_fault(context):
            raise InsufficientUserAuthentication(
                "a different authentication level is required",
                reason=fault,
                headers=context.headers,
                challenge=self._challenge(),
            )
        return context

    def _find_fault(self, context: TokenContext[Any]) -> str | None:
        """Return what is wrong. What a token does not tell, as one without a person, is never enough."""
        if self.acr_values and context.acr not in self.acr_values:
            return f"the person was authenticated as {context.acr!r}"
        if self.max_age is None:
            return None
        if context.auth_time is None:
            return "the token does not tell when the person was authenticated"
        age, leeway = self.guard.now() - context.auth_time, self.guard.leeway
        return None if -leeway <= age <= self.max_age + leeway else f"the person was authenticated {age} ago"

    def _challenge(self) -> dict[str, str]:
        told = {"acr_values": " ".join(self.acr_values)} if self.acr_values else {}
        if self.max_age is not None:
            told["max_age"] = str(int(self.max_age.total_seconds()))
        return told
