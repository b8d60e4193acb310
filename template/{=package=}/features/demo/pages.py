"""The client's pages. They borrow the server's style sheet and page headers, and nothing else of it."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ...endpoints.pages import stylesheet_url
from ...endpoints.pages.headers import page_headers
from ...endpoints.pages.untrusted import untrusted

STYLE_PATH = "/demo/style.css"

_HERE = Path(__file__).parent
_templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["untrusted"] = untrusted


class Pages:
    """Renders templates for a server at `origin` whose endpoints are below `prefix`.

    Links to begin with name the origin: the cookie must be where the answer comes, at whatever name of this computer
    the page itself was opened.
    """

    def __init__(self, origin: str, prefix: str) -> None:
        self._origin = origin
        self._prefix = prefix

    def render(self, name: str, /, *, status: int = 200, **context: object) -> HTMLResponse:
        """Render `templates/<name>.html` with the headers of every page of the server."""
        sheets = (stylesheet_url(self._prefix), STYLE_PATH)
        page = _templates.get_template(f"{name}.html").render(sheets=sheets, origin=self._origin, **context)
        return HTMLResponse(page.encode("utf-8", "replace"), status, page_headers(form_action=("'self'",)))


async def style(request: Request) -> Response:
    """Answer with the demo's own style sheet."""
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return Response((_HERE / "style.css").read_bytes(), headers=headers, media_type="text/css")
