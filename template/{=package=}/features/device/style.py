"""The style sheet of what is on these pages and on no others."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from ...endpoints.openapi import describe_content

DESCRIPTION = {
    "get": {
        "summary": "The style sheet of what only the pages of devices have",
        "responses": {"200": describe_content("text/css", "the style sheet")},
    }
}
"""What the OpenAPI document says of it."""

_PATH = Path(__file__).parent / "style.css"


def style_path(prefix: str) -> str:
    """Return where it is."""
    return f"{prefix}/pages/device.css"


async def style(request: Request) -> Response:
    """Answer with the style sheet; an edited file shows on the next request."""
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return Response(_PATH.read_bytes(), headers=headers, media_type="text/css")
