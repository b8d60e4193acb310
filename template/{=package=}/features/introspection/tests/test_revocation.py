"""A token that was handed back shows at introspection (H1, H2, D7)."""

import pytest

from ....tests.harness import ISSUER, ServerUnderTest
from ....tests.people import add_person, obtain_tokens
from .asking import INACTIVE, ask


@pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
async def test_what_was_handed_back_is_inactive_at_once(server: ServerUnderTest, kind: str) -> None:
    """H1, RFC 7009 §2.1, RFC 7662 §2.2: with all that descends from it; on each database."""
    await add_person(server)
    await server.add_client("web")
    await server.add_client("api", metadata={"introspects": [ISSUER]})
    tokens = await obtain_tokens(server)
    another = await obtain_tokens(server)

    assert (await server.post("revoke", token=tokens[kind])).status == 200

    assert await ask(server, tokens["access_token"], "api") == INACTIVE
    assert await ask(server, tokens["refresh_token"]) == INACTIVE
    assert (await ask(server, another["access_token"], "api"))["active"] is True
