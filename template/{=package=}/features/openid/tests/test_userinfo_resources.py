"""UserInfo takes the token that a client has for an API, where clients choose what tokens are for (H6, H8)."""

from typing import Any

import pytest

from ....stores.grants import Grants
from ....tests.harness import ServerUnderTest
from ....tests.people import add_person, obtain_code, obtain_tokens, read_claims, redeem
from ....tests.sqlite_server import serving_on_sqlite
from ....tests.userinfo import userinfo

API, OTHER = "https://mcp.example/mcp", "https://other.example"
APIS = {"resources": (API, OTHER)}


async def prepare(server: ServerUnderTest) -> str:
    """Have ada, and a client; return her subject."""
    await server.add_client()
    return await add_person(server)


@pytest.mark.parametrize("resources", [(API,), (API, OTHER), ()])
async def test_a_token_for_an_api_tells_its_client_who_the_person_is(resources: tuple[str, ...]) -> None:
    """H8, CLIENTS: an assistant asks for the e-mail address with the one token that it has."""
    async with serving_on_sqlite(resource_indicators=APIS) as server:
        subject = await prepare(server)
        changes: dict[str, Any] = {"resource": resources, "scope": "openid email"}

        tokens = await obtain_tokens(server, **changes)
        response = await userinfo(server, tokens["access_token"])

        told = {"sub": subject, "email": "ada@example.org", "email_verified": False}
        assert (response.status_code, response.json()) == (200, told)


async def test_a_token_for_an_api_without_openid_tells_nothing() -> None:
    """H8: a client that keeps the scope to itself gives the API nothing to ask with."""
    async with serving_on_sqlite(resource_indicators=APIS) as server:
        await prepare(server)

        tokens = await obtain_tokens(server, resource=API, scope="email notes:read")
        response = await userinfo(server, tokens["access_token"])

        assert (response.status_code, response.json()["error"]) == (403, "insufficient_scope")


async def test_a_token_for_an_api_ends_with_its_authorization() -> None:
    """D7: at once, as every other."""
    async with serving_on_sqlite(resource_indicators=APIS) as server:
        await prepare(server)
        token = (await redeem(server, await obtain_code(server, resource=API)))["access_token"]
        async with server.database.transaction() as transaction:
            await Grants(transaction).end(read_claims(token)["grant_id"], server.clock())
            await transaction.commit()

        response = await userinfo(server, token)

        assert (response.status_code, response.json()["error"]) == (401, "invalid_token")


async def test_a_client_in_its_own_name_is_nobody_with_a_token_for_an_api_too() -> None:
    """H8, RFC 9068 §5."""
    async with serving_on_sqlite(resource_indicators=APIS) as server:
        await server.add_client()

        tokens = await server.token(grant_type="client_credentials", scope="openid", resource=API)
        response = await userinfo(server, tokens["access_token"])

        assert (response.status_code, response.json()["error"]) == (401, "invalid_token")
