"""The authorization request as a value, and the rules it must meet (RFC 6749 §4.1.1, OIDC Core §3.1.2.1)."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from .client import Client
from .errors import InvalidRequest, OAuthError, UnauthorizedClient
from .parameters import Parameters
from .pkce import check_challenge
from .redirect_uri import is_registered
from .scope import Scope

RESPONSE_TYPE = "code"
MAX_STATE_LENGTH = 4_096
MAX_WISH_LENGTH = 1_024
"""Of `acr_values`, `login_hint` and `ui_locales`: anybody can have a request kept, so it must not cost much."""


class UnsupportedResponseType(OAuthError):
    """The response type is not offered here (RFC 6749 §4.1.2.1)."""

    error = "unsupported_response_type"


class AccessDenied(OAuthError):
    """The person, or the policy, said no (RFC 6749 §4.1.2.1)."""

    error = "access_denied"
    status = 403


class LoginRequired(OAuthError):
    """`prompt=none`, and nobody fit is signed in (OIDC Core §3.1.2.6)."""

    error = "login_required"


class ConsentRequired(OAuthError):
    """`prompt=none`, and the person would have to be asked (OIDC Core §3.1.2.6)."""

    error = "consent_required"


class InteractionRequired(OAuthError):
    """`prompt=none`, and a page of some other kind would be needed (OIDC Core §3.1.2.6)."""

    error = "interaction_required"


class AccountSelectionRequired(OAuthError):
    """`prompt=none`, and the person would have to choose an account (OIDC Core §3.1.2.6)."""

    error = "account_selection_required"


class Prompt(StrEnum):
    """What the client asks us to ask (OIDC Core §3.1.2.1)."""

    NONE = "none"
    LOGIN = "login"
    CONSENT = "consent"
    SELECT_ACCOUNT = "select_account"


class ResponseMode(StrEnum):
    """How the answer travels (OAuth 2.0 Multiple Response Types §2.1, OAuth 2.0 Form Post Response Mode)."""

    QUERY = "query"
    FRAGMENT = "fragment"
    FORM_POST = "form_post"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A request that passed every rule that needs no person. Instants and lifetimes are whole seconds.

    `details` is what features read from the request and want to find again when the code is redeemed;
    `required_subject` is the person it must be, if the client named one. `resources` are where its tokens shall be
    good, `confirmation` what the client will have to prove when it redeems the code.
    """

    client_id: str
    redirect_uri: str
    response_mode: str
    scope: str
    state: str | None = None
    code_challenge: str | None = None
    prompt: tuple[str, ...] = ()
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    login_hint: str | None = None
    ui_locales: tuple[str, ...] = ()
    required_subject: str | None = None
    resources: tuple[str, ...] = ()
    confirmation: Mapping[str, str] | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` reads: plain values for a JSON column."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the request that `as_json` stored."""
        lists = {name: tuple(stored.get(name, ())) for name in ("prompt", "acr_values", "ui_locales", "resources")}
        return cls(**{**stored, **lists})


def get_redirect_uri(parameters: Parameters, client: Client) -> str:
    """Return the redirect URI once it is proved to be the client's (RFC 6749 §3.1.2.3).

    Until then no answer may be redirected. It is always required. Raises InvalidRequest.
    """
    redirect_uri = parameters.require("redirect_uri")
    if not is_registered(redirect_uri, client.redirect_uris, any_loopback_port=client.is_native):
        raise InvalidRequest("redirect_uri is not registered for this client", reason=f"{redirect_uri!r}")
    return redirect_uri


def get_response_mode(parameters: Parameters, offered: Collection[str]) -> str:
    """Return how to answer, `query` if the request does not say. Raises InvalidRequest for a mode not offered."""
    mode = parameters.get("response_mode", ResponseMode.QUERY)
    if mode not in offered:
        raise InvalidRequest("response_mode is not offered here")
    return mode


def get_state(parameters: Parameters) -> str | None:
    """Return the state to give back. Raises InvalidRequest when it is not printable ASCII, or too long."""
    state = parameters.visible("state")
    if state and len(state) > MAX_STATE_LENGTH:
        raise InvalidRequest("state is too long")
    return state


def check_authorization_request(
    parameters: Parameters,
    client: Client,
    *,
    redirect_uri: str,
    response_modes: Collection[str],
    scope: Scope,
    require_pkce: bool,
) -> AuthorizationRequest:
    """Return the request as a value (RFC 6749 §4.1.1), with the `scope` that policy left of the one asked for.

    Public clients need PKCE whatever `require_pkce` says. Raises UnauthorizedClient, UnsupportedResponseType or
    InvalidRequest.
    """
    if "authorization_code" not in client.grant_types:
        raise UnauthorizedClient("this client may not use the authorization code grant")
    if parameters.require("response_type") != RESPONSE_TYPE:
        raise UnsupportedResponseType("response_type must be code")
    challenge = parameters.get("code_challenge")
    check_challenge(challenge, parameters.get("code_challenge_method"), required=client.is_public or require_pkce)
    return AuthorizationRequest(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        response_mode=get_response_mode(parameters, response_modes),
        scope=str(scope),
        state=get_state(parameters),
        code_challenge=challenge,
        prompt=_read_prompt(parameters),
        max_age=_read_max_age(parameters),
        acr_values=tuple((_read_wish(parameters, "acr_values") or "").split()),
        login_hint=_read_wish(parameters, "login_hint", is_visible=False),
        ui_locales=tuple((_read_wish(parameters, "ui_locales") or "").split()),
    )


def _read_wish(parameters: Parameters, name: str, *, is_visible: bool = True) -> str | None:
    value = parameters.visible(name) if is_visible else parameters.get(name)
    if value and len(value) > MAX_WISH_LENGTH:
        raise InvalidRequest(f"{name} is too long")
    return value


def _read_prompt(parameters: Parameters) -> tuple[str, ...]:
    prompt = tuple(dict.fromkeys((parameters.get("prompt") or "").split()))
    if any(value not in set(Prompt) for value in prompt):
        raise InvalidRequest("prompt holds a value that is not offered here")
    if Prompt.NONE in prompt and len(prompt) > 1:
        raise InvalidRequest("prompt=none excludes every other value")
    return prompt


def _read_max_age(parameters: Parameters) -> int | None:
    text = parameters.get("max_age")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidRequest("max_age is not a number of seconds")
    return int(text)
