"""Every refusal this server can give, named after its registered code.

    OAuthError
    ├── InvalidRequest              400  RFC 6749 §4.1.2.1, §5.2
    ├── InvalidClient               401  RFC 6749 §5.2
    ├── InvalidGrant                400  RFC 6749 §5.2
    ├── UnauthorizedClient          400  RFC 6749 §4.1.2.1, §5.2
    ├── UnsupportedGrantType        400  RFC 6749 §5.2
    ├── InvalidScope                400  RFC 6749 §4.1.2.1, §5.2
    ├── InvalidToken                401  RFC 6750 §3.1
    ├── InsufficientScope           403  RFC 6750 §3.1
    ├── MethodNotAllowed            405  RFC 9110 §15.5.6
    ├── ContentTooLarge             413  RFC 9110 §15.5.14
    ├── ServerError                 500  RFC 6749 §4.1.2.1
    └── TemporarilyUnavailable      503  RFC 6749 §4.1.2.1

What only one part of the server can refuse stands with the rules of that part.
"""

import re
from collections.abc import Mapping
from typing import ClassVar

_DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")


class OAuthError(Exception):
    """A refusal: `description` is told to the client, `reason` only to the log and to events.

    The description is held to the characters of RFC 6749 §5.2, so that no text can break a header. Where the
    refusal is raised, not what it is, decides whether it may travel back by redirect. `headers` go out with the
    answer; `challenge` are further parameters of its `WWW-Authenticate`, where it has one. One that only says "not yet"
    is no denial, and nothing for the audit log.
    """

    error: ClassVar[str] = "server_error"
    status: ClassVar[int] = 400
    is_denial: ClassVar[bool] = True

    def __init__(
        self,
        description: str,
        *,
        reason: str | None = None,
        headers: Mapping[str, str] | None = None,
        challenge: Mapping[str, str] | None = None,
    ) -> None:
        if not _DESCRIPTION.fullmatch(description):
            raise ValueError(f"not a description that RFC 6749 §5.2 allows: {description!r}")
        super().__init__(description)
        self.description = description
        self.reason = reason or description
        self.headers = dict(headers or {})
        self.challenge = dict(challenge or {})


class InvalidRequest(OAuthError):
    """The request lacks a parameter, repeats one, or is otherwise malformed."""

    error = "invalid_request"


class InvalidClient(OAuthError):
    """The client could not be authenticated. One sentence for every cause, so that nothing is learnt from it."""

    error = "invalid_client"
    status = 401

    def __init__(self, reason: str) -> None:
        super().__init__("client authentication failed", reason=reason)


class InvalidGrant(OAuthError):
    """What was presented for a token is unknown, spent, expired, or somebody else's."""

    error = "invalid_grant"


class UnauthorizedClient(OAuthError):
    """The client is known but may not do this."""

    error = "unauthorized_client"


class UnsupportedGrantType(OAuthError):
    """The grant type is not offered here."""

    error = "unsupported_grant_type"


class InvalidScope(OAuthError):
    """The scope is malformed, unknown, or beyond what was granted."""

    error = "invalid_scope"


class InvalidToken(OAuthError):
    """The access token is expired, revoked, malformed, or not meant for here."""

    error = "invalid_token"
    status = 401


class InsufficientScope(OAuthError):
    """The access token is good but does not reach this far. `scope` is what would."""

    error = "insufficient_scope"
    status = 403

    def __init__(self, description: str, *, scope: str, reason: str | None = None) -> None:
        super().__init__(description, reason=reason)
        self.scope = scope


class MethodNotAllowed(OAuthError):
    """The endpoint exists and does not answer this method. `allow` lists what it answers."""

    error = "invalid_request"
    status = 405

    def __init__(self, allow: str) -> None:
        super().__init__(f"this endpoint answers {allow}")
        self.allow = allow


class ContentTooLarge(OAuthError):
    """The body is larger than any honest request."""

    error = "invalid_request"
    status = 413


class ServerError(OAuthError):
    """Our fault. The cause is logged under an id and never told."""

    error = "server_error"
    status = 500


class TemporarilyUnavailable(OAuthError):
    """Our fault, and a retry may help."""

    error = "temporarily_unavailable"
    status = 503
