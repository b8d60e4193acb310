"""The OpenAPI document: true, whole and valid (B7)."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.openapi.models import OpenAPI
from pydantic import BaseModel

from ...endpoints.openapi import add_to_openapi
from ...policy.clients import Clients
from ..harness import ServerUnderTest
from ..sqlite_server import serving_on_sqlite

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


async def read(server: ServerUnderTest) -> dict[str, Any]:
    return (await server.http.get("/openapi.json")).json()  # type: ignore[no-any-return]


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for member in part.values():
            yield from references(member)
    elif isinstance(part, list):
        for member in part:
            yield from references(member)


def body_of(operation: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the form that an operation reads."""
    return operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]  # type: ignore[no-any-return]


async def test_the_document_is_openapi_3_1() -> None:
    """B7: as far as FastAPI's own model, references and names can tell."""
    async with serving_on_sqlite() as server:
        document = await read(server)

        assert document["openapi"].startswith("3.1.")
        OpenAPI.model_validate(document)
        schemes = document["components"]["securitySchemes"]
        for reference in references(document):
            kind, name = reference.removeprefix("#/components/").split("/")
            assert name in document["components"][kind]
        for path, method, operation in operations(document):
            assert path.startswith("/")
            assert method in METHODS
            assert operation["summary"]
            assert {name for option in operation.get("security", []) for name in option} <= set(schemes)
            named = [(each["name"], each["in"]) for each in operation.get("parameters", [])]
            assert len(set(named)) == len(named)
            for status, response in operation["responses"].items():
                assert 200 <= int(status) <= 599
                assert response["description"]


async def test_every_endpoint_is_described_with_its_methods_and_nothing_else_is() -> None:
    """B7: HEAD goes without saying wherever GET is."""
    async with serving_on_sqlite() as server:
        document = await read(server)

        mounted = {
            each.path: {name.lower() for name in each.handlers} for each in server.authorization_server.endpoints
        }
        assert {path: set(item) for path, item in document["paths"].items()} == mounted


async def test_a_described_form_requires_what_it_describes() -> None:
    """B7."""
    async with serving_on_sqlite() as server:
        forms = [body_of(each) for _, _, each in operations(await read(server)) if "requestBody" in each]

        assert forms
        for schema in forms:
            assert set(schema.get("required", [])) <= set(schema["properties"])


async def test_the_token_endpoint_is_described_truthfully() -> None:
    """B7, E1: it asks for a grant type out of those that are offered."""
    async with serving_on_sqlite() as server:
        token = (await read(server))["paths"]["/oauth/token"]["post"]

        form = body_of(token)
        for grant_type in server.authorization_server.grant_types:
            assert grant_type in form["properties"]["grant_type"]["description"]
        assert form["required"] == ["grant_type"]
        assert {"scope", "client_id", "client_secret"} <= set(form["properties"])
        assert token["security"] == [{"oauthClient": []}, {}]


async def test_each_declared_answer_of_the_token_endpoint_occurs(monkeypatch: pytest.MonkeyPatch) -> None:
    """B7: with a body of the declared kind, and no other status is met on the way."""
    async with serving_on_sqlite() as server:
        await server.add_client()
        form, auth = {"grant_type": "client_credentials"}, httpx.BasicAuth("web", server.secrets["web"])

        answers = [
            await server.http.post("/oauth/token", data={**form, "scope": "notes:read"}, auth=auth),
            await server.http.post("/oauth/token", data={}, auth=auth),
            await server.http.post("/oauth/token", data=form, auth=httpx.BasicAuth("web", "wrong")),
            await server.http.post("/oauth/token", data={**form, "x": "x" * server.settings.max_body_size}),
        ]
        monkeypatch.setattr(Clients, "authenticate", None)
        answers.append(await server.http.post("/oauth/token", data=form, auth=auth))

        declared = (await read(server))["paths"]["/oauth/token"]["post"]["responses"]
        assert [str(each.status_code) for each in answers] == ["200", "400", "401", "413", "500"] == sorted(declared)
        for answer in answers:
            schema = declared[str(answer.status_code)]["content"][answer.headers["content-type"]]["schema"]
            if "$ref" in schema:
                schema = (await read(server))["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            assert set(schema["required"]) <= set(answer.json()) <= set(schema["properties"])


async def test_documents_are_described_with_their_content_type() -> None:
    """B7, B1, B3."""
    async with serving_on_sqlite() as server:
        for path, item in (await read(server))["paths"].items():
            if path.startswith("/.well-known/"):
                response = await server.http.get(path)

                assert response.headers["content-type"] in item["get"]["responses"]["200"]["content"]


async def test_the_document_shows_where_things_are_and_not_where_they_could_be() -> None:
    """A5, B7."""
    async with serving_on_sqlite(prefix="/auth", paths={"token": "/auth/v1/token"}) as server:
        paths = set((await read(server))["paths"])

        assert "/auth/v1/token" in paths
        assert not {"/oauth/token", "/auth/token"} & paths


async def test_the_document_of_a_team_keeps_what_the_team_has() -> None:
    """A6: their paths, their schemas of whatever name, and a description that is made once."""

    class Error(BaseModel):
        code: int

    async with serving_on_sqlite() as server:
        app = FastAPI(title="Team")
        app.get("/orders", response_model=Error)(lambda: None)
        theirs = FastAPI.openapi(app)
        before = json.loads(json.dumps(theirs))
        app.openapi_schema = None
        server.authorization_server.mount(app)

        ours = app.openapi()

        assert ours is app.openapi()
        assert ours["info"]["title"] == "Team"
        assert ours["paths"]["/orders"] == before["paths"]["/orders"]
        assert "/oauth/token" in ours["paths"]
        for name, schema in before["components"]["schemas"].items():
            assert ours["components"]["schemas"][name] == schema


def test_an_endpoint_without_a_description_adds_no_path() -> None:
    """B7: and a document without components gains them."""
    document = add_to_openapi({"openapi": "3.1.0"}, [], {})

    assert document["paths"] == {}
    assert set(document["components"]) == {"schemas", "securitySchemes"}
