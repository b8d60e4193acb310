"""A flood of logins: hashing passwords costs much, on purpose, and must cost nobody else."""

import asyncio
import threading
import time

import pytest

from ...policy import principals
from ..harness import ServerUnderTest
from ..people import Browser

FLOOD = 24
"""More than there are connections to a database."""


async def test_who_waits_for_a_password_check_holds_up_nobody(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P6: anybody can have passwords checked. No connection to the database, and no common thread, waits for it."""
    gate, begun = threading.Event(), threading.Event()

    def check_slowly(stored: str, password: str) -> bool:
        begun.set()
        return gate.wait(20) and False

    monkeypatch.setattr(principals, "_is_password", check_slowly)
    await server.add_client("web")
    browser = Browser(server)
    action, hidden = (await browser.authorize()).form("login")

    logins = [
        asyncio.create_task(browser.http.post(action, data={**hidden, "username": "nobody", "password": "x"}))
        for _ in range(FLOOD)
    ]
    try:
        while not begun.is_set():  # noqa: ASYNC110 - it is set on another thread
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        async with asyncio.timeout(5):
            answer = await server.token(grant_type="client_credentials")
            await asyncio.to_thread(time.sleep, 0)
    finally:
        gate.set()

    assert answer.status == 200
    assert {response.status_code for response in await asyncio.gather(*logins)} == {400}
