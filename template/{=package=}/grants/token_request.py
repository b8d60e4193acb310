"""What every grant is given and what every grant answers (RFC 6749 §4, §5.1)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Protocol

from ..core.client import Client
from ..core.confirmation import Confirmation
from ..core.events import Event, EventName
from ..core.parameters import Parameters


class Lasting(Protocol):
    """The part of a transaction that a grant may touch: what it did lasts only from `commit` on."""

    async def commit(self) -> None: ...
    def after_commit(self, callback: Callable[[], Awaitable[None]]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """A request of an authenticated client that may use this grant. `now` is the one instant of the request.

    `confirmation` is the key that the sender proved to hold, if it did: what is issued is bound to it.
    """

    client: Client
    parameters: Parameters
    now: datetime
    transaction: Lasting
    emit: Callable[[Event], Awaitable[None]]
    confirmation: Confirmation | None = None
    client_ip: str | None = None

    @property
    def token_type(self) -> str:
        """The type of the access tokens that this request gets (RFC 6749 §7.1)."""
        return self.confirmation.token_type if self.confirmation else "Bearer"

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
            token_type=self.token_type,
            sender_constraint=self.confirmation.method if self.confirmation else None,
            cnf=self.confirmation.as_claim() if self.confirmation else None,
        )
        self.transaction.after_commit(partial(self.emit, event))


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenResponse:
    """A successful answer (RFC 6749 §5.1). `expires_in` is in seconds; `members` is what grants and features add."""

    access_token: str = field(repr=False)
    expires_in: int
    scope: str
    token_type: str
    members: Mapping[str, str] = field(default_factory=dict, repr=False)

    def with_member(self, name: str, value: str) -> "TokenResponse":
        """Return the answer with one more member."""
        return replace(self, members={**self.members, name: value})

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
    """One way to obtain tokens. `exchange` raises OAuthError; the endpoint commits what it leaves open.

    `find_confirmation` returns what the presented credential is bound to, if it is bound to anything.
    """

    async def exchange(self, request: TokenRequest) -> TokenResponse: ...
    async def find_confirmation(self, parameters: Parameters) -> Mapping[str, str] | None: ...
