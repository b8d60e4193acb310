"""The server's HTML pages: plain forms that work without JavaScript.

The words are in `templates/`, the looks in `style.css`; both are yours to change. An edited file shows
on the next request.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from .headers import form_action_sources, page_headers
from .stylesheet import stylesheet, stylesheet_url
from .untrusted import untrusted

__all__ = [
    "SUBMIT_SCRIPT",
    "Template",
    "form_action_sources",
    "render_form_post",
    "render_page",
    "stylesheet",
    "stylesheet_url",
]

# Called on the prototype, so that a parameter named "submit" cannot stand in the way.
SUBMIT_SCRIPT = "HTMLFormElement.prototype.submit.call(document.forms[0])"

_FOLDER = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Template:
    """`<name>.html`, in `folder` if a feature brings it along, where it may extend those that are here."""

    name: str
    folder: Path = _FOLDER


def render_page(
    template: Template | str,
    *,
    stylesheet: str,
    status: int = 200,
    form_action: Sequence[str] = ("'self'",),
    **context: object,
) -> HTMLResponse:
    """Render a template with the headers of every page; one of ours may be told by its name.

    `stylesheet` is a URL from `stylesheet_url`. `form_action` says where a form on the page may lead, with
    the redirects that follow: `form_action_sources(redirect_uri)` where the answer returns to a client.
    Raises jinja2.UndefinedError if the template asks for something that is not in `context`.
    """
    headers = page_headers(form_action=form_action)
    told = Template(template) if isinstance(template, str) else template
    return HTMLResponse(_render(told, stylesheet=stylesheet, **context), status, headers)


def render_form_post(redirect_uri: str, parameters: Sequence[tuple[str, str]], *, stylesheet: str) -> HTMLResponse:
    """Render the page that posts an authorization response to the client (Form Post Response Mode §2).

    It is the one page with a script, which the policy admits by its hash; without it there is a button.
    Raises ValueError as `form_action_sources` does.
    """
    headers = page_headers(form_action=form_action_sources(redirect_uri), script=SUBMIT_SCRIPT)
    page = _render(
        Template("form_post"),
        stylesheet=stylesheet,
        redirect_uri=redirect_uri,
        parameters=parameters,
        script=SUBMIT_SCRIPT,
    )
    return HTMLResponse(page, headers=headers)


def _render(template: Template, **context: object) -> bytes:
    page = _environment(template.folder).get_template(f"{template.name}.html")
    # JSON can carry half a surrogate pair into a client's name: show a question mark, do not fail.
    return page.render(context).encode("utf-8", "replace")


@cache
def _environment(folder: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([folder, _FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["untrusted"] = untrusted
    return environment
