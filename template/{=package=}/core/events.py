"""What is worth telling an audit log: a closed set of names, and never a secret."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class EventName(StrEnum):
    """Everything that every server can report. An unknown name is an error, not a new event."""

    TOKEN_ISSUED = "token_issued"  # noqa: S105
    TOKEN_DENIED = "token_denied"  # noqa: S105
    TOKEN_REVOKED = "token_revoked"  # noqa: S105
    CODE_ISSUED = "code_issued"
    AUTHORIZATION_DENIED = "authorization_denied"
    AUTHORIZATION_FAILED = "authorization_failed"
    REFRESH_ISSUED = "refresh_issued"
    REFRESH_ROTATED = "refresh_rotated"
    REFRESH_REUSE_DETECTED = "refresh_reuse_detected"
    AUTH_SUCCEEDED = "auth_succeeded"
    AUTH_DENIED = "auth_denied"
    CLIENT_REGISTERED = "client_registered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One fact for the audit log. `reason` is for us; `cnf` is the key that binds a token, if anything does, and
    `sender_constraint` the way in which it does.
    """

    name: StrEnum
    client_id: str | None = None
    subject: str | None = None
    scope: str | None = None
    grant_type: str | None = None
    grant_id: str | None = None
    result: str | None = None
    reason: str | None = None
    client_ip: str | None = None
    token_type: str | None = None
    sender_constraint: str | None = None
    cnf: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, StrEnum):  # a feature's own names are a closed set in its room
            raise ValueError(f"{self.name!r} is no event")
