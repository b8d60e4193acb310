"""The APIs of these tests, and what tokens say of them."""

import json
from typing import Any

from ....core.encoding import decode_base64url
from ....tests.harness import ISSUER, Answer, ServerUnderTest

ORDERS, NOTES, UNKNOWN = "https://orders.example", "https://notes.example/mcp", "https://unknown.example"
DEFAULT = ISSUER


def audience_of(answer: Answer) -> str | list[str]:
    """Return the `aud` of the access token in an answer, which must be a good one."""
    assert answer.status == 200, answer.body
    claims: dict[str, Any] = json.loads(decode_base64url(answer["access_token"].split(".")[1]))
    aud: str | list[str] = claims["aud"]
    return aud


async def ask(server: ServerUnderTest, *resources: str, client: str = "web") -> Answer:
    """Ask for a token in a client's own name, for these resources."""
    form: dict[str, Any] = {"grant_type": "client_credentials", "scope": "notes:read", "resource": resources}
    return await server.token(client, **form)
