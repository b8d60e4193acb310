"""Answers that travel back to the client through the browser (RFC 6749 §4.1.2, RFC 9207)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Self

from starlette.requests import Request
from starlette.responses import Response

from ..core.authorization_request import ResponseMode
from ..core.authorization_response import ResponseTarget
from ..core.errors import MethodNotAllowed, OAuthError, ServerError
from .pages import render_form_post, render_page
from .render import NO_STORE
from .routing import log, new_incident


class Answered(OAuthError):
    """A refusal whose redirect URI is proved: it goes back to the client at `target`."""

    def __init__(self, refusal: OAuthError, target: ResponseTarget) -> None:
        super().__init__(refusal.description, reason=refusal.reason)
        self.refusal = refusal
        self.target = target


class Unusable(Exception):
    """Nothing can be done on this page any more; the text tells the person why and what to do."""

    def __init__(self, title: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.title = title
        self.status = status

    @classmethod
    def finished(cls) -> Self:
        """A second submit, or the back button: there is one answer, and it was given."""
        return cls(
            "This is already done",
            "Your answer went to the app. Go back to it, and start again from there if needed.",
        )


@contextmanager
def answering(target: ResponseTarget) -> Iterator[None]:
    """Send every refusal and every fault in this block back to the client. Before it, none may be redirected."""
    try:
        yield
    except Unusable:
        raise
    except OAuthError as refusal:
        raise Answered(refusal, target) from refusal
    except Exception as fault:
        incident = new_incident()
        log.exception("authorization failed, incident %s", incident)
        raise Answered(ServerError(f"the server failed, incident {incident}", reason=incident), target) from fault


def render_answer(target: ResponseTarget, answer: Mapping[str, str], *, stylesheet: str) -> Response:
    """Return the response that carries `answer` to the client; always 303, so that no form is posted on."""
    if target.response_mode == ResponseMode.FORM_POST:
        return render_form_post(target.redirect_uri, target.parameters(dict(answer)), stylesheet=stylesheet)
    headers = {**NO_STORE, "Location": target.location(dict(answer)), "Referrer-Policy": "no-referrer"}
    return Response(status_code=303, headers=headers)


class BrowserRefusal:
    """Refusals where a person is looking: back to the client if that is proved safe, else a page."""

    def __init__(self, stylesheet: str) -> None:
        self._stylesheet = stylesheet

    def __call__(self, refusal: OAuthError, request: Request) -> Response:
        """Return the redirect or the page."""
        if isinstance(refusal, Answered):
            answer = {"error": refusal.refusal.error, "error_description": refusal.description}
            return render_answer(refusal.target, answer, stylesheet=self._stylesheet)
        incident = new_incident()
        if isinstance(refusal, ServerError):
            incident = refusal.reason
            title, message = "Something went wrong here", "The server failed. Try again in a moment."
        else:
            log.info("incident %s: %s, %s", incident, refusal.error, refusal.reason)
            title = "This link does not work"
            message = f"The app sent a request that we cannot answer: {refusal.description}. Please tell its makers."
        page = render_page(
            "error",
            stylesheet=self._stylesheet,
            status=refusal.status,
            title=title,
            message=message,
            incident=incident,
        )
        if isinstance(refusal, MethodNotAllowed):
            page.headers["Allow"] = refusal.allow
        return page
