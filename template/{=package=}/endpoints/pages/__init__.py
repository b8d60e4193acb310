"""The server's HTML pages: plain forms that work without JavaScript.

The words are in `templates/`, the looks in `style.css`; both are yours to change. An edited file shows
on the next request.
"""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from .headers import form_action_sources, page_headers
from .stylesheet import stylesheet, stylesheet_url
from .untrusted import untrusted

__all__ = [
    "SUBMIT_SCRIPT",
    "form_action_sources",
    "render_form_post",
    "render_page",
    "stylesheet",
    "stylesheet_url",
]

# Called on the prototype, so that a parameter named "submit" cannot stand in the way.
SUBMIT_SCRIPT = "HTMLFormElement.prototype.submit.call(document.forms[0])"

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["untrusted"] = untrusted


def render_page(
    name: str,
    *,
    stylesheet: str,
    status: int = 200,
    form_action: Sequence[str] = ("'self'",),
    **context: object,
) -> HTMLResponse:
    """Render `templates/<name>.html` with the headers of every page.

    `stylesheet` is a URL from `stylesheet_url`. `form_action` says where a form on the page may lead, with
    the redirects that follow: `form_action_sources(redirect_uri)` where the answer returns to a client.
    Raises jinja2.UndefinedError if the template asks for something that is not in `context`.
    """
    headers = page_headers(form_action=form_action)
    return HTMLResponse(_render(name, stylesheet=stylesheet, **context), status, headers)


def render_form_post(redirect_uri: str, parameters: Sequence[tuple[str, str]], *, stylesheet: str) -> HTMLResponse:
    """Render the page that posts an authorization response to the client (Form Post Response Mode §2).

    It is the one page with a script, which the policy admits by its hash; without it there is a button.
    Raises ValueError as `form_action_sources` does.
    """
    headers = page_headers(form_action=form_action_sources(redirect_uri), script=SUBMIT_SCRIPT)
    page = _render(
        "form_post",
        stylesheet=stylesheet,
        redirect_uri=redirect_uri,
        parameters=parameters,
        script=SUBMIT_SCRIPT,
    )
    return HTMLResponse(page, headers=headers)


def _render(name: str, **context: object) -> bytes:
    # JSON can carry half a surrogate pair into a client's name: show a question mark, do not fail.
    return _templates.get_template(f"{name}.html").render(context).encode("utf-8", "replace")
