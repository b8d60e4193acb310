"""The OpenAPI document, declared rather than derived: what the endpoints really read and answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from .routing import Endpoint

CLIENT_SECURITY: Sequence[Mapping[str, Sequence[str]]] = ({"clientBasic": ()}, {})
_ERROR = {"$ref": "#/components/schemas/Error"}

SCHEMAS: Mapping[str, Any] = {
    "Error": {
        "type": "object",
        "required": ["error"],
        "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
        "description": "RFC 6749 §5.2",
    },
    "TokenResponse": {
        "type": "object",
        "required": ["access_token", "token_type", "expires_in"],
        "properties": {
            "access_token": {"type": "string", "description": "a JWT (RFC 9068)"},
            "token_type": {"type": "string", "enum": ["Bearer"]},
            "expires_in": {"type": "integer", "description": "seconds"},
            "scope": {"type": "string"},
            "refresh_token": {"type": "string"},
            "id_token": {"type": "string"},
        },
        "description": "RFC 6749 §5.1",
    },
}
SECURITY_SCHEMES: Mapping[str, Any] = {
    "clientBasic": {"type": "http", "scheme": "basic", "description": "client id and secret, form-encoded"},
    "accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
}


def describe_json(schema: Mapping[str, Any], description: str) -> dict[str, Any]:
    """Return an OpenAPI response with a JSON body."""
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def describe_form_endpoint(
    summary: str,
    specification: str,
    *,
    parameters: Mapping[str, str],
    required: Sequence[str],
    success: str | None,
) -> dict[str, Any]:
    """Return the path item of a form endpoint that clients authenticate to."""
    properties = {name: {"type": "string", "description": text} for name, text in parameters.items()}
    for name in ("client_id", "client_secret"):
        properties[name] = {"type": "string", "description": "unless the Authorization header says it"}
    body = {"type": "object", "properties": properties, "required": list(required)}
    done = describe_json({"$ref": success}, "done") if success else {"description": "done"}
    return {
        "post": {
            "summary": summary,
            "description": specification,
            "security": [dict(option) for option in CLIENT_SECURITY],
            "requestBody": {
                "required": True,
                "content": {"application/x-www-form-urlencoded": {"schema": body}},
            },
            "responses": {
                "200": done,
                "400": describe_json(_ERROR, "refused"),
                "401": describe_json(_ERROR, "client authentication failed"),
                "413": describe_json(_ERROR, "the body is too large"),
                "500": describe_json(_ERROR, "the server failed"),
            },
        }
    }


def describe_document(summary: str, specification: str) -> dict[str, Any]:
    """Return the path item of a public JSON document."""
    document = describe_json({"type": "object"}, "the document")
    return {"get": {"summary": summary, "description": specification, "responses": {"200": document}}}


def add_to_openapi(document: dict[str, Any], endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """Return `document`, an OpenAPI document, with every described endpoint added."""
    paths = document.setdefault("paths", {})
    for endpoint in endpoints:
        if endpoint.describe:
            paths[endpoint.path] = dict(endpoint.describe)
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update(SCHEMAS)
    components.setdefault("securitySchemes", {}).update(SECURITY_SCHEMES)
    return document
