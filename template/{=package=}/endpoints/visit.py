"""One request to a page of an interaction, and what the interaction leads to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hmac import compare_digest
from typing import Any, Protocol

from starlette.requests import Request

from ..core.authorization_request import AuthorizationRequest
from ..core.client import Client
from ..core.grant import Authentication, AuthorizationGrant
from ..core.interaction import Browser, Interaction, make_csrf_token
from ..core.parameters import Parameters
from ..database import Transaction
from .answering import Target
from .pages import Template


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request to a page. `browser` is None until the browser has a cookie and owns the interaction."""

    id: str
    interaction: Interaction
    client: Client
    outcome: "Outcome"
    target: Target
    browser: Browser | None
    authentication: Authentication | None
    http: Request
    transaction: Transaction
    now: datetime

    @property
    def owner(self) -> Browser:
        """The browser of an admitted visit. Raises ValueError before that."""
        if self.browser is None:
            raise ValueError("the browser has no cookie yet")
        return self.browser

    @property
    def csrf_token(self) -> str:
        """The token that every form on the page carries."""
        subject = self.authentication.subject if self.authentication else None
        return make_csrf_token(self.owner, self.interaction, subject)

    def is_genuine(self, form: Parameters) -> bool:
        """Say whether the form comes from the page as it would be shown to this browser now."""
        if self.browser is None:
            return False
        return compare_digest(form.get("csrf", "").encode(), self.csrf_token.encode())


class Outcome(Protocol):
    """A slot: what an interaction leads to, if it is not the code flow's own answer.

    `name` stands where a request otherwise says its response mode, `event` is reported when it was allowed.
    `grant_lifetime` is how long a grant is kept that gets no refresh token.
    """

    @property
    def name(self) -> str: ...
    @property
    def event(self) -> StrEnum: ...
    @property
    def grant_lifetime(self) -> timedelta: ...

    def find_target(self, request: AuthorizationRequest, client: Client) -> Target | None:
        """Return where the answer goes, or None if it can go there no longer."""
        ...

    def form_action(self, request: AuthorizationRequest) -> Sequence[str]:
        """Return where a form of the pages may lead (CSP form-action)."""
        ...

    def consent_page(self, request: AuthorizationRequest, client: Client) -> tuple[Template, Mapping[str, Any]]:
        """Return the page that asks for consent, and what it is told beyond what every such page is."""
        ...

    def narrow(self, request: AuthorizationRequest, form: Parameters) -> AuthorizationRequest:
        """Return what of the request the person allowed, as the form of that page says.

        Raises Unusable, after which the person may answer again.
        """
        ...

    async def allow(self, visit: Visit, request: AuthorizationRequest, grant: AuthorizationGrant) -> Mapping[str, str]:
        """Give what was allowed, and return the parameters of the answer. The grant is kept already.

        Raises OAuthError, or Unusable if it is too late; before either nothing lasts.
        """
        ...

    async def refuse(self, visit: Visit) -> None:
        """Take note that nothing was given. Raises Unusable as `allow` does."""
        ...
