"""The OpenAPI document, declared rather than derived: what the endpoints really read and answer."""

from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from typing import Any

from .routing import Endpoint
from .sender import Senders

CLIENT_SECURITY: Sequence[Mapping[str, Sequence[str]]] = [{"oauthClient": ()}, {}]
_ERROR = {"$ref": "#/components/schemas/OAuthError"}

# Named so that they are not taken for components of the team's own API, which share the document.
SCHEMAS: Mapping[str, Any] = {
    "OAuthError": {
        "type": "object",
        "required": ["error"],
        "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
        "description": "RFC 6749 §5.2",
    },
}
SECURITY_SCHEMES: Mapping[str, Any] = {
    "oauthClient": {"type": "http", "scheme": "basic", "description": "client id and secret, form-encoded"},
    "oauthAccessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
}


def describe_json(schema: Mapping[str, Any], description: str) -> dict[str, Any]:
    """Return an OpenAPI response with a JSON body."""
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def describe_refusal(description: str) -> dict[str, Any]:
    """Return an OpenAPI response with the body of RFC 6749 §5.2."""
    return describe_json(_ERROR, description)


def describe_content(media_type: str, description: str) -> dict[str, Any]:
    """Return an OpenAPI response whose body is text of some other kind, such as a page."""
    return {"description": description, "content": {media_type: {"schema": {"type": "string"}}}}


def describe_form(properties: Mapping[str, str], *, required: Sequence[str] = ()) -> dict[str, Any]:
    """Return an OpenAPI request body that is a form."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: _describe_string(text) for name, text in properties.items()},
    }
    if required:
        schema["required"] = list(required)
    return {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}


def describe_query(parameters: Mapping[str, str], *, required: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return OpenAPI parameters that stand in the query string."""
    return [
        {"name": name, "in": "query", "description": text, "required": name in required, "schema": {"type": "string"}}
        for name, text in parameters.items()
    ]


def describe_headers(
    operation: Mapping[str, Any], *, request: Mapping[str, str], response: Mapping[str, str]
) -> dict[str, Any]:
    """Return an operation with the headers that its request may have, and those of its answers."""
    parameters = [
        {"name": name, "in": "header", "description": text, "required": False, "schema": {"type": "string"}}
        for name, text in request.items()
    ]
    headers = {name: {"description": text, "schema": {"type": "string"}} for name, text in response.items()}
    described = dict(operation)
    if parameters:
        described["parameters"] = [*operation.get("parameters", ()), *parameters]
    if headers:
        told = {"200", "201", "400", "401"} & operation["responses"].keys()
        described["responses"] = operation["responses"] | {
            status: {**operation["responses"][status], "headers": headers} for status in sorted(told)
        }
    return described


def describe_token_response(further: Mapping[str, str], token_types: Sequence[str]) -> dict[str, Any]:
    """Return the schema of a token response (RFC 6749 §5.1) with the members that features add."""
    return {
        "type": "object",
        "required": ["access_token", "token_type", "expires_in"],
        "properties": {
            "access_token": {"type": "string", "description": "a JWT (RFC 9068)"},
            "token_type": {"type": "string", "enum": list(token_types)},
            "expires_in": {"type": "integer", "description": "seconds"},
            "scope": {"type": "string"},
            **{name: {"type": "string", "description": text} for name, text in further.items()},
        },
    }


def describe_form_endpoint(
    summary: str,
    specification: str,
    *,
    parameters: Mapping[str, str],
    required: Sequence[str],
    success: Mapping[str, Any] | None,
    status: str = "200",
    senders: Senders | None = None,
) -> dict[str, Any]:
    """Return the path item of a form endpoint that clients authenticate to, and to which `senders` prove themselves."""
    client = dict.fromkeys(("client_id", "client_secret"), "unless the Authorization header says it")
    operation = {
        "summary": summary,
        "description": specification,
        "security": [dict(option) for option in CLIENT_SECURITY],
        "requestBody": describe_form({**parameters, **client}, required=required),
        "responses": {
            status: describe_json(success, "done") if success else {"description": "done"},
            "400": describe_refusal("refused"),
            "401": describe_refusal("client authentication failed"),
            "413": describe_refusal("the body is too large"),
            "500": describe_refusal("the server failed"),
        },
    }
    senders = senders or Senders()
    return {"post": describe_headers(operation, request=senders.request_headers, response=senders.response_headers)}


def describe_document(summary: str, specification: str, media_type: str = "application/json") -> dict[str, Any]:
    """Return the path item of a public JSON document."""
    document = {"description": "the document", "content": {media_type: {"schema": {"type": "object"}}}}
    return {"get": {"summary": summary, "description": specification, "responses": {"200": document}}}


def add_to_openapi(
    document: dict[str, Any],
    endpoints: Sequence[Endpoint],
    client_parameters: Mapping[str, str],
    repeatable: Collection[str] = (),
) -> dict[str, Any]:
    """Return `document`, an OpenAPI document, with every described endpoint added.

    `client_parameters` stand in the form of each endpoint that clients authenticate to. What is `repeatable` is a
    list wherever it stands in a form.
    """
    paths = document.setdefault("paths", {})
    for endpoint in endpoints:
        if endpoint.describe:
            paths[endpoint.path] = described = deepcopy(dict(endpoint.describe))
            for operation in described.values():
                _describe_lists(operation, repeatable)
    for operation in (operation for item in paths.values() for operation in item.values()):
        if operation.get("security") == CLIENT_SECURITY:
            form = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
            form["properties"] |= {name: _describe_string(text) for name, text in client_parameters.items()}
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update(SCHEMAS)
    components.setdefault("securitySchemes", {}).update(SECURITY_SCHEMES)
    return document


def _describe_lists(operation: Mapping[str, Any], repeatable: Collection[str]) -> None:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        properties = content["schema"]["properties"]
        for name in properties.keys() & set(repeatable):
            text = properties[name]["description"]
            properties[name] = {"type": "array", "items": {"type": "string"}, "description": text}


def _describe_string(text: str) -> dict[str, Any]:
    return {"type": "string", "description": text}
