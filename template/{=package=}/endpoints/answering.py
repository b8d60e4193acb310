"""Refusals where a person is looking: they travel back to who asked, or are a page (RFC 6749 §4.1.2.1)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, Self

from starlette.requests import Request
from starlette.responses import Response

from ..core.errors import MethodNotAllowed, OAuthError, ServerError
from .pages import render_page
from .routing import log, new_incident


class Target(Protocol):
    """Where an answer goes, proved to belong to who asked."""

    async def answer(self, parameters: Mapping[str, str]) -> Response: ...


class Answered(OAuthError):
    """A refusal that goes to a proved `target`."""

    def __init__(self, refusal: OAuthError, target: Target) -> None:
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
def answering(target: Target) -> Iterator[None]:
    """Send every refusal and every fault in this block to `target`. Before it, none may be redirected."""
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


class BrowserRefusal:
    """Renders refusals: back to who asked if that is proved safe, else a page."""

    def __init__(self, stylesheet: str) -> None:
        self._stylesheet = stylesheet

    async def __call__(self, refusal: OAuthError, request: Request) -> Response:
        """Return the answer or the page."""
        if isinstance(refusal, Answered):
            answer = {"error": refusal.refusal.error, "error_description": refusal.description}
            return await refusal.target.answer(answer)
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
