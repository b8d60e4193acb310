"""What every grant is given and what every grant answers (RFC 6749 §4, §5.1)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Protocol

from ..core.client import Client
from ..core.events import Event, EventName
from ..core.parameters import Parameters


class Lasting(Protocol):
    """The part of a transaction that a grant may touch: what it did lasts only from `commit` on."""

    async def commit(self) -> None: ...
    def after_commit(self, callback: Callable[[], Awaitable[None]]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """A request of an authenticated client that may use this grant. `now` is the one instant of the request."""

    client: Client
    parameters: Parameters
    now: datetime
    transaction: Lasting
    emit: Callable[[Event], Awaitable[None]]
    client_ip: str | None = None

    def report(
        self,
        name: EventName,
        *,
        subject: str | None = None,
        grant_id: str | None = None,
        scope: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Tell the audit log once, and only if, what happened is committed."""
        event = Event(
            name=name,
            client_id=self.client.client_id,
            subject=subject,
            scope=scope,
            grant_type=self.parameters.get("grant_type"),
            grant_id=grant_id,
            reason=reason,
            client_ip=self.client_ip,
            token_type="Bearer",  # noqa: S106
        )
        self.transaction.after_commit(partial(self.emit, event))


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenResponse:
    """A successful answer (RFC 6749 §5.1). `expires_in` is in seconds; `members` is what grants and features add."""

    access_token: str = field(repr=False)
    expires_in: int
    scope: str
    token_type: str = "Bearer"  # noqa: S105
    members: Mapping[str, str] = field(default_factory=dict, repr=False)

    def as_json(self) -> dict[str, str | int]:
        """Return the members of the JSON body; an empty scope is left out (its grammar has no empty form)."""
        body: dict[str, str | int] = {
            "access_token": self.access_token,
            "token_type": self.token_type,
            "expires_in": self.expires_in,
            **self.members,
        }
        if self.scope:
            body["scope"] = self.scope
        return body


class Grant(Protocol):
    """One way to obtain tokens. `exchange` raises OAuthError; the endpoint commits what it leaves open."""

    async def exchange(self, request: TokenRequest) -> TokenResponse: ...
