"""How these tests ask, and what they are told."""

import json
from collections.abc import Mapping
from typing import Any

from ....core.access_token import TYPE
from ....core.encoding import decode_base64url
from ....core.jose import sign_jwt
from ....tests.harness import Answer, ServerUnderTest

INACTIVE = {"active": False}


async def introspect(server: ServerUnderTest, token: str, caller: str | None = "web", **form: str) -> Answer:
    """Ask about a token; a good answer must not be kept by anybody."""
    answer = await server.post("introspect", caller, token=token, **form)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    return answer


async def ask(server: ServerUnderTest, token: str, caller: str = "web") -> dict[str, Any]:
    """Return what a client is told of a token."""
    answer = await introspect(server, token, caller)
    assert answer.status == 200, answer.body
    return answer.body


async def buy(server: ServerUnderTest, client: str = "web") -> str:
    """Return an access token that a client got in its own name."""
    answer = await server.token(client, grant_type="client_credentials", scope="notes:read")
    token: str = answer["access_token"]
    return token


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a JWT, unverified."""
    claims: dict[str, Any] = json.loads(decode_base64url(token.split(".")[1]))
    return claims


async def sign(server: ServerUnderTest, claims: Mapping[str, Any], typ: str = TYPE, **changes: Any) -> str:
    """Sign `claims` with the server's own key; a change to None takes a claim away."""
    ring = await server.authorization_server.server.keys.current()
    changed = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return await sign_jwt(ring.signing_key("ES256", server.clock()), changed, typ=typ)
