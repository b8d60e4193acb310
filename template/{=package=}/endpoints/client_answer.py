"""Answers that go back to the client through the browser, and the modes in which they travel
(OAuth 2.0 Multiple Response Types §2.1, OAuth 2.0 Form Post Response Mode).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from ..core.authorization_request import ResponseMode
from ..core.authorization_response import ResponseTarget
from .pages import render_form_post
from .render import NO_STORE

RenderAnswer = Callable[[ResponseTarget, Mapping[str, str], str], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class AnswerMode:
    """A slot: a response mode. `render` is given the target, the answer, and the URL of the style sheet."""

    name: str
    render: RenderAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTarget:
    """A proved redirect URI and the mode in which the client wants its answer."""

    target: ResponseTarget
    mode: AnswerMode
    stylesheet: str

    async def answer(self, parameters: Mapping[str, str]) -> Response:
        """Return the response that carries `parameters` to the client."""
        return await self.mode.render(self.target, parameters, self.stylesheet)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAnswers:
    """The modes that are offered: what is enforced is what is advertised."""

    modes: Sequence[AnswerMode]
    stylesheet: str

    @property
    def names(self) -> list[str]:
        """The modes as metadata advertises them (RFC 8414 §2)."""
        return [mode.name for mode in self.modes]

    def to(self, target: ResponseTarget) -> ClientTarget:
        """Return `target` as one that can be answered."""
        modes = {mode.name: mode for mode in self.modes}
        return ClientTarget(target=target, mode=modes[target.response_mode], stylesheet=self.stylesheet)


async def redirect(target: ResponseTarget, answer: Mapping[str, str], stylesheet: str) -> Response:
    """Answer in the URL (RFC 6749 §4.1.2); always 303, so that no form is posted on (RFC 9700 §4.12)."""
    headers = {**NO_STORE, "Location": target.location(dict(answer)), "Referrer-Policy": "no-referrer"}
    return Response(status_code=303, headers=headers)


async def form_post(target: ResponseTarget, answer: Mapping[str, str], stylesheet: str) -> Response:
    """Answer with a page that posts itself to the client (Form Post Response Mode §2)."""
    return render_form_post(target.redirect_uri, target.parameters(dict(answer)), stylesheet=stylesheet)


MODES = (
    AnswerMode(ResponseMode.QUERY, redirect),
    AnswerMode(ResponseMode.FRAGMENT, redirect),
    AnswerMode(ResponseMode.FORM_POST, form_post),
)
"""The modes that need nothing but a browser."""
