"""The states of a device code, and what leads from one to the next (RFC 8628 §3.5), against a model of them."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ....core.secrets import digest
from ....database import Database, Transaction, open_database
from ....migrate import upgrade
from ....stores.grants import Grants
from ....tests.stores.authorizations import NOW, make_grant
from ..device_code import JITTER, SLOWED_BY, DeviceCode
from ..store import DeviceCodes, delete_expired

LIFETIME, INTERVAL, GRANT_LIFETIME = timedelta(minutes=1), timedelta(seconds=5), timedelta(hours=1)
T = TypeVar("T")


@cache
def migrated() -> bytes:
    """An empty database, as bytes: made once."""
    with tempfile.TemporaryDirectory() as folder:
        upgrade(f"sqlite:///{folder}/test.db")
        return (Path(folder) / "test.db").read_bytes()


def make_code(name: str, *, client_id: str = "tv") -> DeviceCode:
    """Return a device code that nobody has answered."""
    return DeviceCode(
        digest=digest(name),
        client_id=client_id,
        scope="notes:read notes:write",
        resources=("https://api.example/",),
        confirmation={"wax": "k1"},
        client_ip="203.0.113.7",
        interval=INTERVAL,
        created_at=NOW,
        expires_at=NOW + LIFETIME,
    )


@dataclass
class Model:
    """What we think a code is."""

    state: str = "pending"
    interval: timedelta = INTERVAL
    polled_at: timedelta | None = None
    ended: bool = False
    gone: bool = False


class Device(RuleBasedStateMachine):
    """One device, any number of people and pollers, and time that passes."""

    def __init__(self) -> None:
        super().__init__()
        self.model, self.passed = Model(), timedelta()
        self.folder = tempfile.TemporaryDirectory()
        (Path(self.folder.name) / "test.db").write_bytes(migrated())
        self.database = open_database(f"sqlite:///{self.folder.name}/test.db")
        self.runner = asyncio.Runner()

    def teardown(self) -> None:
        self.runner.run(self.database.close())
        self.runner.close()
        self.folder.cleanup()

    def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Return what `work` returns in a transaction that is committed."""

        async def run() -> T:
            async with self.database.transaction() as transaction:
                result = await work(transaction)
                await transaction.commit()
                return result

        return self.runner.run(run())

    @property
    def now(self) -> datetime:
        """What the clock says."""
        return NOW + self.passed

    @property
    def is_open(self) -> bool:
        """Whether somebody may still answer."""
        return not self.model.gone and self.model.state == "pending" and self.passed < LIFETIME

    @initialize()
    def ask(self) -> None:
        async def ask(transaction: Transaction) -> bool:
            await Grants(transaction).add(make_grant("grant", expires_at=NOW + GRANT_LIFETIME))
            return await DeviceCodes(transaction).add(make_code("code"), "BCDFGHJK")

        assert self.run(ask)

    @rule(seconds=st.sampled_from([0.4, 1, 4, 4.5, 5, 9, 12, 31, 60]))
    def pass_time(self, seconds: float) -> None:
        self.passed += timedelta(seconds=seconds)

    @rule()
    def approve(self) -> None:
        won = self.run(lambda transaction: DeviceCodes(transaction).approve(digest("code"), "grant", self.now))

        assert won is self.is_open
        if won:
            self.model.state = "approved"

    @rule()
    def deny(self) -> None:
        won = self.run(lambda transaction: DeviceCodes(transaction).deny(digest("code"), self.now))

        assert won is self.is_open
        if won:
            self.model.state = "denied"

    @rule()
    def consume(self) -> None:
        won = self.run(lambda transaction: DeviceCodes(transaction).consume(digest("code"), self.now))

        in_time = self.passed < LIFETIME
        assert won is (self.model.state == "approved" and in_time and not self.model.ended and not self.model.gone)
        if won:
            self.model.state = "consumed"

    @rule()
    def poll(self) -> None:
        async def poll(transaction: Transaction) -> timedelta | None:
            code = await DeviceCodes(transaction).find(digest("code"))
            return await DeviceCodes(transaction).poll(code, self.now) if code else None

        interval, model = self.run(poll), self.model

        if model.gone or model.state != "pending":
            assert interval is None
            return
        if model.polled_at is not None and self.passed - model.polled_at < model.interval - JITTER:
            model.interval += SLOWED_BY
        model.polled_at = self.passed
        assert interval == model.interval

    @rule()
    def end_the_grant(self) -> None:
        self.run(lambda transaction: Grants(transaction).end("grant", self.now))
        self.model.ended = True

    @rule()
    def sweep(self) -> None:
        deleted = self.run(lambda transaction: transaction.run(delete_expired, now=self.now))

        has_expired = self.passed > LIFETIME and self.model.state != "consumed" and not self.model.gone
        assert deleted == has_expired
        self.model.gone = self.model.gone or has_expired

    @invariant()
    def what_is_kept_is_what_happened(self) -> None:
        code = self.run(lambda transaction: DeviceCodes(transaction).find(digest("code")))
        waiting = self.run(lambda transaction: DeviceCodes(transaction).find_pending("BCDFGHJK", self.now))

        assert (code is None) is self.model.gone
        assert (waiting is not None) is self.is_open
        if code is not None:
            assert (code.denied_at is not None) is (self.model.state == "denied")
            assert (code.grant is not None) is (self.model.state in ("approved", "consumed"))
            assert (code.consumed_at is not None) is (self.model.state == "consumed")
            assert code.interval == self.model.interval


@pytest.mark.parametrize("seconds", [60, 61])
async def test_nothing_happens_to_a_code_that_has_expired(database: Database, seconds: int) -> None:
    """RFC 8628 §3.5: the statements say so themselves, whatever was looked at before."""
    late = NOW + timedelta(seconds=seconds)
    async with database.transaction() as transaction:
        codes = DeviceCodes(transaction)
        await Grants(transaction).add(make_grant("grant", expires_at=late))
        for name in ("pending", "allowed"):
            assert await codes.add(make_code(name), name)
        await codes.approve(digest("allowed"), "grant", NOW)

        assert await codes.find_pending("pending", late) is None
        assert not await codes.approve(digest("pending"), "grant", late)
        assert not await codes.deny(digest("pending"), late)
        assert not await codes.consume(digest("allowed"), late)
        assert await codes.consume(digest("allowed"), late - timedelta(seconds=seconds - 59))


Device.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestDevice = Device.TestCase
