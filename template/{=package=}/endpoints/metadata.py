"""Authorization server metadata and the key set: bytes made once (RFC 8414, RFC 7517)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ..server import Server
from .client_authentication import ClientAuthentication
from .openapi import describe_document
from .render import JSONRefusal
from .routing import Endpoint, Handler

JWK_SET = "application/jwk-set+json"


def build_metadata(
    server: Server,
    *,
    grant_types: Sequence[str],
    authentication: ClientAuthentication,
    contributions: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the members of the metadata document (RFC 8414 §2): what is on, and nothing else.

    A list that a feature contributes is added to the list that is there.
    """
    metadata: dict[str, Any] = {
        "issuer": server.urls.issuer,
        "token_endpoint": server.urls.url("token"),
        "jwks_uri": server.urls.origin + server.urls.jwks_path,
        "scopes_supported": list(server.scopes.supported()),
        "response_types_supported": [],
        "grant_types_supported": list(grant_types),
        **authentication.as_metadata("token_endpoint"),
        "request_uri_parameter_supported": False,
    }
    for contribution in contributions:
        for name, value in contribution.items():
            known = metadata.get(name)
            metadata[name] = [*known, *value] if isinstance(known, list) else value
    return metadata


def public_headers(max_age: int) -> dict[str, str]:
    """Return the headers of what anybody may read and keep for `max_age` seconds.

    A cache may hand the answer to one caller on to all others, so each must be readable from every origin.
    """
    return {"Cache-Control": f"public, max-age={max_age}", "Access-Control-Allow-Origin": "*"}


def serve_document(document: Mapping[str, Any], *, max_age: int) -> Handler:
    """Return a handler that answers with `document`, made into bytes now."""
    body = json.dumps(document, separators=(",", ":")).encode()
    headers = public_headers(max_age)

    async def answer(request: Request) -> Response:
        return Response(body, headers=headers, media_type="application/json")

    return answer


def metadata_endpoints(
    server: Server, document: Mapping[str, Any], further_names: Sequence[str], refuse: JSONRefusal
) -> list[Endpoint]:
    """Return the metadata document and the key set as endpoints.

    The one document also stands under each of `further_names`, there by both rules of where to find it.
    """
    max_age = int(server.settings.metadata_cache_lifetime.total_seconds())

    def document_at(path: str, handler: Handler, description: dict[str, Any]) -> Endpoint:
        return Endpoint(
            path=path,
            handlers={"GET": handler},
            refuse=refuse,
            cors=True,
            needs_https=False,
            describe=description,
        )

    metadata = serve_document(document, max_age=max_age)

    async def key_set(request: Request) -> Response:
        ring = await server.keys.current()
        headers = public_headers(int(server.settings.jwks_cache_lifetime.total_seconds()))
        return Response(ring.jwks(server.now()), headers=headers, media_type=JWK_SET)

    urls = server.urls
    further = (path for name in further_names for path in (urls.well_known(name), urls.appended_well_known(name)))
    paths = dict.fromkeys((urls.well_known("oauth-authorization-server"), *further))
    return [
        *(document_at(path, metadata, describe_document("What this server offers", "RFC 8414 §3")) for path in paths),
        document_at(
            server.urls.jwks_path,
            key_set,
            describe_document("The public keys of this server", "RFC 7517 §5", JWK_SET),
        ),
    ]
