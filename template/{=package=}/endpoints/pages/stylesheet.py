"""The one style sheet, cached by browsers until an edit gives it another URL."""

import hashlib
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

_PATH = Path(__file__).parent / "style.css"
_FOR_EVER = "public, max-age=31536000, immutable"


def stylesheet_url(prefix: str) -> str:
    """Return the URL of the style sheet below `prefix`, with a version that changes when the file does."""
    return f"{prefix}/pages/style.css?v={_read()[1]}"


async def stylesheet(request: Request) -> Response:
    """Answer with the style sheet, or 304 if the browser has it (RFC 9110 §13.1.2)."""
    content, version = _read()
    etag = f'"{version}"'
    current = request.query_params.get("v") == version
    headers = {
        "ETag": etag,
        "Cache-Control": _FOR_EVER if current else "no-cache",
        "X-Content-Type-Options": "nosniff",
    }

    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if known & {etag, "*"}:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type="text/css")


def _read() -> tuple[bytes, str]:
    return _read_once(_PATH.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _read_once(modified: int) -> tuple[bytes, str]:
    """Return the file and its version; `modified` only asks for a fresh look after an edit."""
    content = _PATH.read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:16]
