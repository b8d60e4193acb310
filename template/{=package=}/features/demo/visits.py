"""What the client remembers between two requests of a browser: in this process, and not for long."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ...core.errors import InvalidRequest
from ...core.secrets import mint_secret
from .exchange import Exchange
from .tokens import Tokens

_LIFETIME = timedelta(hours=1)
_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One authorization request. `browser` is who may come back with its answer; None: whoever got the link."""

    state: str
    nonce: str
    code_verifier: str
    scope: str
    browser: str | None
    expires_at: datetime

    @classmethod
    def begin(cls, scope: str, *, browser: str | None, now: datetime, lifetime: timedelta = _LIFETIME) -> "Attempt":
        """Return an attempt with secrets of its own."""
        return cls(
            state=mint_secret(),
            nonce=mint_secret(),
            code_verifier=mint_secret(),
            scope=scope,
            browser=browser,
            expires_at=now + lifetime,
        )


@dataclass(frozen=True, slots=True)
class Notice:
    """What a page has to say once."""

    text: str
    is_bad: bool = False


@dataclass(slots=True)
class SignIn:
    """A person who signed in with this browser. `form_token` proves that a form came from our own page."""

    tokens: Tokens
    form_token: str
    name: str
    notice: Notice | None = None
    written: Exchange | None = None

    def take_notice(self) -> Notice | None:
        """Return what there is to say, once."""
        notice, self.notice = self.notice, None
        return notice


class Visits:
    """Attempts by `state` and sign-ins by the secret in the browser's cookie. The oldest go first."""

    def __init__(self) -> None:
        self._attempts: dict[str, Attempt] = {}
        self._sign_ins: dict[str, SignIn] = {}

    def remember(self, attempt: Attempt) -> None:
        """Keep an attempt until its answer comes."""
        self._attempts[attempt.state] = attempt
        _shorten(self._attempts)

    def take(self, state: str, *, browser: str | None, now: datetime) -> Attempt:
        """Return the attempt that an answer belongs to, once (RFC 6749 §10.12). Raises InvalidRequest.

        An answer that another browser began is left alone: to carry somebody's answer here is how one is made to
        sign in as somebody else.
        """
        attempt = self._attempts.get(state)
        if attempt is None or attempt.browser not in (None, browser) or attempt.expires_at <= now:
            raise InvalidRequest("this answer belongs to no sign-in that was begun in this browser, or came too late")
        return self._attempts.pop(state)

    def sign_in(self, tokens: Tokens, *, browser: str | None) -> str:
        """Keep the tokens and return a new secret for the browser, so that nobody could have known it before."""
        renewed = mint_secret()
        self._sign_ins.pop(browser or "", None)
        self._sign_ins[renewed] = SignIn(tokens, form_token=mint_secret(), name=tokens.person["sub"])
        _shorten(self._sign_ins)
        for state, attempt in self._attempts.items():
            if browser and attempt.browser == browser:  # of other tabs
                self._attempts[state] = replace(attempt, browser=renewed)
        return renewed

    def find(self, browser: str | None) -> SignIn | None:
        """Return who signed in with this browser, if anybody did."""
        return self._sign_ins.get(browser or "")

    def forget(self, browser: str | None) -> None:
        """Forget who signed in with this browser."""
        self._sign_ins.pop(browser or "", None)


def _shorten(kept: dict[str, Any]) -> None:
    while len(kept) > _MAX:
        kept.pop(next(iter(kept)))
