"""Servers that share a database and a store are one server (J1, J2)."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

from ....tests.harness import serving
from ....tests.people import Browser, Page, add_person, redeem
from .pushing import bring, is_dead_end, push_well, sign_in


async def test_servers_with_one_database_are_one(database_url: str, shared_url: str) -> None:
    """J1, J2: pushed at one, brought to the other, used up at both."""
    async with (
        serving(database_url, ephemeral_url=shared_url) as one,
        serving(database_url, ephemeral_url=shared_url) as two,
    ):
        await add_person(one)
        await one.add_client("app", token_endpoint_auth_method="none")
        request_uri = await push_well(one, "app")

        browser, consent = await sign_in(two, request_uri, "app")
        page = await browser.allow(consent)

        assert (await redeem(one, page.code, "app")).status == 200
        assert is_dead_end(await bring(Browser(one), request_uri, "app"))
        assert is_dead_end(await bring(Browser(two), request_uri, "app"))


async def test_of_many_browsers_at_several_servers_one_gets_a_code(database_url: str, shared_url: str) -> None:
    """J1, J2: four people at each of three servers, who all click at once, each over connections of its own."""
    async with AsyncExitStack() as stack:
        told: dict[str, Any] = {"ephemeral_url": shared_url}
        servers = [await stack.enter_async_context(serving(database_url, **told)) for _ in range(3)]
        await add_person(servers[0])
        await servers[0].add_client("app", token_endpoint_auth_method="none")
        for _ in range(3):
            request_uri = await push_well(servers[0], "app")
            people = [await sign_in(server, request_uri, "app") for server in servers for _ in range(4)]

            pages = await asyncio.gather(*(browser.allow(consent) for browser, consent in people))

            assert Counter(map(outcome, pages)) == {"code": 1, "invalid_request_uri": 11}
            (code,) = [page.code for page in pages if outcome(page) == "code"]
            assert (await redeem(servers[1], code, "app")).status == 200


def outcome(page: Page) -> str:
    """Return what an answer brings."""
    return "code" if "code" in page.answer else page.answer["error"]
