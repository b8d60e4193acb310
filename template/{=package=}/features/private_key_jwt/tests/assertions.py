"""Clients that sign, honestly or not."""

import json
from collections.abc import Mapping
from datetime import datetime
from itertools import count
from typing import Any

from ....core.client import Client
from ....core.encoding import encode_base64url
from ....core.jwk import ALGORITHMS
from ....core.keys import LocalKey
from ....tests.harness import ISSUER, ServerUnderTest
from ..assertion import ASSERTION_TYPE

KEYS = {algorithm: LocalKey.generate(algorithm) for algorithm in ALGORITHMS}
KEY = KEYS["ES256"]
_numbers = count()


def public(*keys: LocalKey, **changes: Any) -> dict[str, Any]:
    """Return a JWK Set; a change to None takes a member of each key away."""
    members = ({**key.public_jwk, **changes} for key in keys)
    return {"keys": [{name: value for name, value in jwk.items() if value is not None} for jwk in members]}


def claims(now: datetime, **changes: Any) -> dict[str, Any]:
    """Return the claims of an honest assertion with `changes`; a change to None takes a claim away."""
    seconds = int(now.timestamp())
    members = {"iss": "web", "sub": "web", "aud": ISSUER, "iat": seconds, "exp": seconds + 60, **changes}
    members.setdefault("jti", f"jti-{next(_numbers)}")
    return {name: value for name, value in members.items() if value is not None}


async def sign(content: Mapping[str, Any] | bytes, key: LocalKey = KEY, **header: Any) -> str:
    """Sign exactly this, so that only what the test changed is wrong; `header` as in `claims`."""
    members = {"alg": key.algorithm, "kid": key.kid, **header}
    head = json.dumps({name: value for name, value in members.items() if value is not None}).encode()
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    signing_input = f"{encode_base64url(head)}.{encode_base64url(body)}"
    return f"{signing_input}.{encode_base64url(await key.sign(signing_input.encode()))}"


async def honest(server: ServerUnderTest, key: LocalKey = KEY, **changes: Any) -> str:
    """Return an assertion of the client `web` that is good now."""
    return await sign(claims(server.clock(), **changes), key)


async def add_signing_client(server: ServerUnderTest, client_id: str = "web", **changes: Any) -> Client:
    """Keep a client that authenticates with its key."""
    registered = {"token_endpoint_auth_method": "private_key_jwt", "metadata": {"jwks": public(*KEYS.values())}}
    return await server.add_client(client_id, **{**registered, **changes})


def offer(assertion: str, **changes: str) -> dict[str, str]:
    """Return the form parameters that carry an assertion; a change to nothing takes one away."""
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion, **changes}
