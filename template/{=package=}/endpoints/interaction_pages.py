"""What the pages of an interaction are told."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import Response

from ..core.refresh_token import OFFLINE_ACCESS
from .openapi import describe_content, describe_form, describe_query
from .pages import render_page
from .visit import Visit

_RESPONSES = {
    "200": describe_content("text/html", "a page, or an answer to the client with form_post"),
    "303": {"description": "on to the next page, or back to the client with code or error, state and iss"},
    "400": describe_content("text/html", "a page: this cannot be finished here"),
    "404": describe_content("text/html", "a page: nothing is known under this id"),
}
DESCRIPTION_OF_PAGES = {
    "get": {
        "summary": "Sign in, choose, consent: the page that is needed now",
        "parameters": describe_query({"id": "the interaction", "another": "to sign in anew"}, required=("id",)),
        "responses": _RESPONSES,
    },
    "post": {
        "summary": "Send a form of the page",
        "parameters": describe_query({"id": "the interaction", "step": "which form"}, required=("id",)),
        "requestBody": describe_form({"csrf": "as the page gave it"}),
        "responses": _RESPONSES,
    },
}
"""What the OpenAPI document says of the pages. They are for browsers, and their fields may change."""

DESCRIPTION_OF_STYLE = {
    "get": {
        "summary": "The style sheet of the pages",
        "responses": {
            "200": describe_content("text/css", "the style sheet"),
            "304": {"description": "as the browser has it"},
        },
    }
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionPages:
    """`path` is where every form leads, `scopes` the descriptions that people read."""

    path: str
    stylesheet: str
    scopes: Mapping[str, str]

    def login(self, visit: Visit, *, username: str | None = None, error: str | None = None) -> Response:
        """Return the login page, with the user name filled in if the client or the last attempt gave one."""
        request = visit.interaction.request
        return render_page(
            "login",
            stylesheet=self.stylesheet,
            status=400 if error else 200,
            form_action=visit.outcome.form_action(request),
            action=self.url(visit.id, step="login"),
            cancel_action=self.url(visit.id, step="cancel"),
            csrf=visit.csrf_token,
            client_name=visit.client.display_name,
            username=username or request.login_hint or "",
            error=error,
        )

    def select_account(self, visit: Visit, *, account: str) -> Response:
        """Return the page that asks whether to go on as `account`."""
        return render_page(
            "select_account",
            stylesheet=self.stylesheet,
            form_action=visit.outcome.form_action(visit.interaction.request),
            action=self.url(visit.id, step="account"),
            csrf=visit.csrf_token,
            client_name=visit.client.display_name,
            account=account,
        )

    def consent(self, visit: Visit, *, account: str) -> Response:
        """Return the consent page: who asks, for what, and where the answer goes."""
        request, client = visit.interaction.request, visit.client
        scope = [word for word in request.scope.split() if word != OFFLINE_ACCESS]
        template, further = visit.outcome.consent_page(request, client)
        return render_page(
            template,
            stylesheet=self.stylesheet,
            form_action=visit.outcome.form_action(request),
            action=self.url(visit.id, step="consent"),
            switch_action=self.url(visit.id, step="switch"),
            csrf=visit.csrf_token,
            client_name=client.display_name,
            client_uri=client.client_uri,
            scopes=[(word, self.scopes.get(word, word)) for word in scope],
            offline_access=OFFLINE_ACCESS in request.scope.split(),
            account=account,
            resources=request.resources,
            **further,
        )

    def finished(self, title: str, message: str, *, status: int) -> Response:
        """Return the page of an interaction on which nothing can be done any more."""
        return render_page("finished", stylesheet=self.stylesheet, status=status, title=title, message=message)

    def url(self, interaction_id: str, **query: str) -> str:
        """Return the URL of this interaction."""
        return f"{self.path}?{urlencode({'id': interaction_id, **query})}"
