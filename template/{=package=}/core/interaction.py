"""One pass of a person through the pages, the browser it happens in, and what comes next."""

import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from .authorization_request import (
    AccountSelectionRequired,
    AuthorizationRequest,
    ConsentRequired,
    LoginRequired,
    Prompt,
)
from .errors import OAuthError
from .grant import Authentication


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """An authorization request that waits for a person. Its id is a secret of the browser; we keep the digest.

    `browser_id` is set at the first visit and never changes; `account_chosen` is the subject that was chosen for
    it, on the page or by signing in.
    """

    digest: bytes
    request: AuthorizationRequest
    browser_id: str | None
    account_chosen: str | None
    created_at: datetime
    expires_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """A browser we gave a cookie, with whoever is signed in there. `secret` is the cookie's value."""

    id: str
    secret: str = field(repr=False)
    authentication: Authentication | None
    expires_at: datetime


class Step(Enum):
    """What has to happen next."""

    LOGIN = "login"
    SELECT_ACCOUNT = "account"
    CONSENT = "consent"
    ISSUE = "issue"


_NEEDED_WITHOUT_PAGES: dict[Step, type[OAuthError]] = {
    Step.LOGIN: LoginRequired,
    Step.SELECT_ACCOUNT: AccountSelectionRequired,
    Step.CONSENT: ConsentRequired,
}


def is_login_needed(interaction: Interaction, authentication: Authentication | None, now: datetime) -> bool:
    """Say whether somebody must sign in for this interaction (OIDC Core §3.1.2.1: prompt, max_age, hints).

    A login since the request came meets `prompt=login` and any `max_age`. Raises LoginRequired when there was one and
    it still is not the person the client asked for.
    """
    if authentication is None:
        return True
    request = interaction.request
    is_fresh = authentication.auth_time >= interaction.created_at
    if request.required_subject not in (None, authentication.subject):
        if is_fresh:
            raise LoginRequired("somebody else signed in than the person who was asked for")
        return True
    if is_fresh:
        return False
    too_old = request.max_age is not None and now - authentication.auth_time > timedelta(seconds=request.max_age)
    return too_old or Prompt.LOGIN in request.prompt


def choose_step(
    interaction: Interaction, authentication: Authentication | None, *, consent_needed: bool, now: datetime
) -> Step:
    """Return what has to happen next. Raises the error of OIDC Core §3.1.2.6 where `prompt=none` forbids it."""
    request = interaction.request
    step = Step.ISSUE
    if authentication is None or is_login_needed(interaction, authentication, now):
        step = Step.LOGIN
    elif Prompt.SELECT_ACCOUNT in request.prompt and interaction.account_chosen != authentication.subject:
        step = Step.SELECT_ACCOUNT
    elif consent_needed or Prompt.CONSENT in request.prompt:
        step = Step.CONSENT
    if Prompt.NONE in request.prompt and step is not Step.ISSUE:
        raise _NEEDED_WITHOUT_PAGES[step](f"{step.value} would need a page, and prompt is none")
    return step


def make_csrf_token(browser: Browser, interaction: Interaction, subject: str | None) -> str:
    """Return the token of the forms on this page: of this browser, this request and the person it was shown to.

    So one click answers for exactly what was on the page, and after another person signed in it answers for nothing.
    """
    shown = json.dumps([interaction.digest.hex(), subject])
    return hmac.new(browser.secret.encode(), shown.encode(), "sha256").hexdigest()
