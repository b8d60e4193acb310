"""Each API is told of the tokens that are for it, and of no other's (H2, H6, N1)."""

from typing import Any

from ....tests.sqlite_server import serving_on_sqlite
from .asking import INACTIVE, ask

ORDERS, NOTES = "https://orders.example", "https://notes.example/mcp"


async def test_an_api_sees_the_tokens_that_are_for_it() -> None:
    """H6, RFC 8707 §2.2: one of several in `aud` is enough."""
    async with serving_on_sqlite(resource_indicators={"resources": (ORDERS, NOTES)}) as server:
        await server.add_client("web")
        await server.add_client("orders", metadata={"introspects": [ORDERS]})
        await server.add_client("notes", metadata={"introspects": [NOTES]})

        async def buy(*resources: str) -> str:
            form: dict[str, Any] = {"grant_type": "client_credentials", "resource": resources}
            token: str = (await server.token("web", **form))["access_token"]
            return token

        for_orders, for_both, for_default = await buy(ORDERS), await buy(ORDERS, NOTES), await buy()

        assert (await ask(server, for_orders, "orders"))["aud"] == ORDERS
        assert (await ask(server, for_both, "notes"))["aud"] == [ORDERS, NOTES]
        for unseen, caller in ((for_orders, "notes"), (for_default, "orders"), (for_default, "notes")):
            assert await ask(server, unseen, caller) == INACTIVE
