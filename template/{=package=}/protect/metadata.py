"""Protected resource metadata: where a client learns whom to ask for a token (RFC 9728)."""

import json
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from .guard import Guard

WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"

_CORS: Final = {"Access-Control-Allow-Origin": "*"}
_PREFLIGHT: Final = {
    **_CORS,
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, MCP-Protocol-Version",
    "Access-Control-Max-Age": "86400",
}


def metadata_url(resource: str) -> str:
    """Return where the metadata of `resource` is: the well-known name before its path (RFC 9728 §3)."""
    parts = urlsplit(resource)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}{metadata_path(resource)}{query}"


def metadata_path(resource: str) -> str:
    """Return the path of `metadata_url`, to mount the document at."""
    path = urlsplit(resource).path
    return WELL_KNOWN + ("" if path == "/" else path)


def protected_resource_document(guard: Guard[Any], scopes: Iterable[str], **further: object) -> dict[str, object]:
    """Return the metadata of the resource that `guard` stands before (RFC 9728 §2).

    `scopes` are the resource's own; `offline_access` is for the authorization server and never among them.
    `further` are members such as `resource_name` and `resource_documentation`.
    """
    own = [scope for scope in dict.fromkeys(scopes) if scope != "offline_access"]
    of_constraints = {name: value for each in guard.constraints for name, value in each.metadata.items()}
    return {
        "resource": guard.audience,
        "authorization_servers": [guard.issuer],
        **({"scopes_supported": own} if own else {}),  # an empty list is left out (RFC 9728 §3.2)
        # But here it says: none (RFC 9728 §2).
        "bearer_methods_supported": list(guard.carriers) if guard.is_bearer_accepted else [],
        **of_constraints,
        **further,
    }


def protected_resource_metadata(
    guard: Guard[Any], scopes: Iterable[str], *, cache_seconds: int = 3600, **further: object
) -> APIRouter:
    """Return a router that answers with the metadata, made once, to anybody (RFC 9728 §3.1)."""
    body = json.dumps(protected_resource_document(guard, scopes, **further)).encode("utf-8")
    headers = {**_CORS, "Cache-Control": f"public, max-age={cache_seconds}"}

    async def metadata(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=_PREFLIGHT)
        return Response(body, media_type="application/json", headers=headers)

    router = APIRouter()
    path = metadata_path(guard.audience)
    router.add_route(path, metadata, methods=["GET", "OPTIONS"], include_in_schema=False)
    return router
