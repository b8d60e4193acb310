"""What the tests of `protect/` share: a server's key, its tokens, and an API behind a guard."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import httpx
from fastapi import Depends, FastAPI

from ...core.jose import sign_jwt
from ...core.keys import Key, KeyRing, LocalKey
from ...protect import Guard, LocalKeys, TokenContext

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
ISSUER = "https://as.example"
API = "https://api.example/orders"
KEY = LocalKey.generate("ES256")
METADATA = "https://api.example/.well-known/oauth-protected-resource/orders"


class Ring:
    """A key store with keys that a test can change."""

    def __init__(self, *signers: LocalKey) -> None:
        self.signers = signers

    async def current(self) -> KeyRing:
        return KeyRing(Key(signer=signer, created_at=NOW, signs_from=NOW) for signer in self.signers)


def make_guard(**changes: Any) -> Guard[Any]:
    """Return a guard of the API with `changes`."""
    settings: dict[str, Any] = {
        "issuer": ISSUER,
        "audience": API,
        "keys": LocalKeys(Ring(KEY), lambda: NOW),
        "now": lambda: NOW,
        "realm": "orders",
        "resource_metadata": METADATA,
    }
    return Guard(**{**settings, **changes})


async def make_token(key: LocalKey = KEY, *, typ: str = "at+jwt", **changes: Any) -> str:
    """Return an access token for the API (RFC 9068 §2.2); a change to None takes the claim away."""
    claims = {
        "iss": ISSUER,
        "aud": API,
        "sub": "alice",
        "client_id": "web",
        "scope": "orders:read orders:write",
        "jti": "1",
        "iat": SECONDS,
        "exp": SECONDS + 900,
        **changes,
    }
    return await sign_jwt(key, {name: value for name, value in claims.items() if value is not None}, typ=typ)


def make_api(guard: Guard[Any], *scope: str) -> FastAPI:
    """Return an API with one protected path that tells what it learned."""
    api = FastAPI()

    @api.get("/orders")
    @api.post("/orders")
    async def orders(
        context: Annotated[TokenContext[Any], Depends(guard.requires(*scope))],
    ) -> Mapping[str, Any]:
        return {
            "subject": context.subject,
            "client_id": context.client_id,
            "scope": str(context.scope),
            "acr": context.acr,
            "auth_time": context.auth_time,
            "grant_id": context.grant_id,
            "principal": context.principal,
        }

    return api


@asynccontextmanager
async def client_of(api: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Return an HTTP client of `api`."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="https://api.example") as client:
        yield client


async def call(guard: Guard[Any], *scope: str, token: str | None = None, **request: Any) -> httpx.Response:
    """Return what the API answers to one request."""
    headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **request.pop("headers", {})}
    method = request.pop("method", "GET")
    async with client_of(make_api(guard, *scope)) as client:
        return await client.request(method, request.pop("url", "/orders"), headers=headers, **request)
