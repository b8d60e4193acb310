"""Protected resource metadata says what the guard does (RFC 9728; B5)."""

from collections.abc import Mapping
from typing import Any, ClassVar

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request

from ...protect.metadata import metadata_url, protected_resource_document, protected_resource_metadata
from .apis import API, ISSUER, METADATA, call, client_of, make_guard

pytestmark = pytest.mark.anyio


async def ask(audience: str, path: str, *, method: str = "GET", **guard: Any) -> httpx.Response:
    """Return what an API with this audience answers at `path`."""
    api = FastAPI()
    scopes = ["orders:read", "offline_access", "orders:write", "orders:read"]
    api.include_router(protected_resource_metadata(make_guard(audience=audience, **guard), scopes))
    async with client_of(api) as client:
        return await client.request(method, path)


async def test_the_document_says_what_the_guard_does() -> None:
    """B5: the resource's own scopes, never `offline_access`; carriers as the guard has them."""
    answer = await ask(API, "/.well-known/oauth-protected-resource/orders", carriers=("header", "body"))

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json() == {
        "resource": API,
        "authorization_servers": [ISSUER],
        "scopes_supported": ["orders:read", "orders:write"],
        "bearer_methods_supported": ["header", "body"],
    }


@pytest.mark.parametrize(
    ("resource", "url"),
    [
        (API, METADATA),
        ("https://api.example", "https://api.example/.well-known/oauth-protected-resource"),
        ("https://api.example/", "https://api.example/.well-known/oauth-protected-resource"),
        ("https://api.example:8443/a/b", "https://api.example:8443/.well-known/oauth-protected-resource/a/b"),
        ("https://api.example/a?b=c", "https://api.example/.well-known/oauth-protected-resource/a?b=c"),
    ],
)
async def test_the_document_is_where_a_client_will_look(resource: str, url: str) -> None:
    """RFC 9728 §3: inserted between host and path."""
    assert metadata_url(resource) == url

    answer = await ask(resource, url.removeprefix("https://api.example").removeprefix(":8443"))

    assert answer.json()["resource"] == resource


async def test_a_challenge_leads_to_the_document() -> None:
    """RFC 9728 §5.1."""
    challenge = (await call(make_guard(resource_metadata=metadata_url(API)))).headers["www-authenticate"]

    assert f'resource_metadata="{METADATA}"' in challenge


async def test_a_browser_may_ask_first() -> None:
    """B8."""
    answer = await ask(API, "/.well-known/oauth-protected-resource/orders", method="OPTIONS")

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "MCP-Protocol-Version" in answer.headers["access-control-allow-headers"]


def test_lists_that_are_empty_are_left_out_but_for_the_one_that_means_none() -> None:
    """RFC 9728 §2, §3.2; further members are the resource's to add."""
    guard = make_guard(carriers=(), extractor=lambda request: None)

    document = protected_resource_document(guard, ["offline_access"], resource_name="Orders")

    assert document == {
        "resource": API,
        "authorization_servers": [ISSUER],
        "bearer_methods_supported": [],
        "resource_name": "Orders",
    }


def test_what_binds_tokens_is_told_and_whether_it_must() -> None:
    """RFC 9728 §2: where every token must be bound there is no bearer method."""

    class Sealed:
        method = scheme = "seal"
        challenge: ClassVar[Mapping[str, str]] = {}
        metadata: ClassVar = {"seals_supported": ["wax"]}
        request_headers = response_headers = challenge
        is_required = False

        async def check(self, request: Request, token: str, value: str) -> Mapping[str, str]:
            raise AssertionError

    class Required(Sealed):
        is_required = True

    document = protected_resource_document(make_guard(constraints=(Sealed(),)), [])
    strict = protected_resource_document(make_guard(constraints=(Required(),)), [])

    assert document["seals_supported"] == strict["seals_supported"] == ["wax"]
    assert document["bearer_methods_supported"] == ["header"]
    assert strict["bearer_methods_supported"] == []
