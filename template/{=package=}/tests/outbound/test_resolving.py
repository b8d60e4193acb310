"""Names become addresses that may be called (S1)."""

import socket
import threading

import anyio
import anyio.lowlevel
import pytest

from ...outbound import resolving
from ...outbound.resolving import SystemResolver, choose_addresses

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "found",
    [
        ["10.0.0.1"],
        ["8.8.8.8", "10.0.0.1"],
        ["10.0.0.1", "8.8.8.8"],
        ["8.8.8.8", "2606:4700::1", "::ffff:169.254.169.254"],
        ["127.0.0.1"],
        ["::1"],
        ["64:ff9b::8.8.8.8"],
    ],
)
def test_one_bad_address_refuses_them_all(found: list[str]) -> None:
    """S1: mixed records are how a name is first judged and then called elsewhere."""
    with pytest.raises(ValueError, match="special use"):
        choose_addresses(found, allow_loopback=False)


def test_a_name_without_addresses_is_refused() -> None:
    """H10: nothing to call is not everything to call."""
    with pytest.raises(ValueError, match="no address"):
        choose_addresses([], allow_loopback=True)


def test_public_addresses_are_called_in_the_order_of_the_resolver() -> None:
    """RFC 6724: it knows which of them can be reached from here."""
    chosen = choose_addresses(["2606:4700::1", "::ffff:8.8.8.8"], allow_loopback=False)

    assert list(map(str, chosen)) == ["2606:4700::1", "8.8.8.8"]


def test_development_adds_loopback_and_nothing_else() -> None:
    """N H10."""
    assert len(choose_addresses(["127.0.0.1", "::1"], allow_loopback=True)) == 2
    for address in ("10.0.0.1", "169.254.169.254", "fe80::1", "0.0.0.0"):
        with pytest.raises(ValueError, match="special use"):
            choose_addresses(["127.0.0.1", address], allow_loopback=True)


async def test_the_system_knows_this_machine_and_odd_spellings_of_it() -> None:
    """R5, S1: whatever a resolver makes of a name, what counts is the address."""
    resolve = SystemResolver()

    for host in ("localhost", "127.0.0.1", "127.1", "2130706433", "0x7f.0.0.1"):
        found = await resolve(host, 443)
        assert found
        with pytest.raises(ValueError, match="special use"):
            choose_addresses(found, allow_loopback=False)
    with pytest.raises(OSError, match=r"."):
        await resolve("name.invalid", 443)
    resolve.close()


async def test_names_that_never_answer_hold_up_only_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """S3: the threads of everything else stay free."""
    asked, release = [], threading.Event()

    def look_up(host: str, port: int) -> list[tuple[object, ...]]:
        asked.append(host)
        release.wait(30)
        return [(socket.AF_INET, 0, 0, "", ("8.8.8.8", port))]

    monkeypatch.setattr(resolving, "_look_up", look_up)
    resolve = SystemResolver()
    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(resolve, f"host{number}.example", 443)
        while len(asked) < 4:
            await anyio.lowlevel.checkpoint()

        answer = await anyio.to_thread.run_sync(lambda: "free")
        waiting = len(asked)
        group.cancel_scope.cancel()

    assert (answer, waiting) == ("free", 4)
    release.set()
    resolve.close()
