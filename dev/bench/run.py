"""The benchmark: our server on SQLite and PostgreSQL next to node-oidc-provider. See README.md."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import uvloop
from load import CONNECTIONS, Load, Refused
from node_provider import NodeProvider
from operations import Material, Requests
from our_server import OurServer
from postgres import drop_database, fresh_database, running_postgres
from processes import LOAD_CORE, SERVER_CORE, core_seconds, cpu_seconds, wait_until_listening
from proofs import Prover
from report import Measurement, Report

BUILD = Path(__file__).parents[2] / "build" / "bench"
REQUESTS = {
    "client_credentials": 4000,
    "client_credentials_dpop": 3000,
    "code": 2000,
    "code_dpop": 1500,
    "refresh": 2000,
    "refresh_dpop": 1500,
    "userinfo": 4000,
    "userinfo_dpop": 2000,
    "discovery": 6000,
}
"""How many requests one round sends; codes and proofs are made before the clock starts."""
CODES = ("code", "code_dpop")


class Target(Protocol):
    """A server under test."""

    name: str
    issuer: str
    port: int
    log: Path

    def install(self) -> None: ...
    def version(self) -> str: ...
    async def prepare(self, codes: int) -> Material: ...
    def serve(self) -> contextlib.AbstractContextManager[int]: ...


class Running:
    """A target that listens, with what its rounds need."""

    def __init__(self, target: Target, pid: int, material: Material) -> None:
        self.target, self.pid = target, pid
        address = f"{target.issuer}/.well-known/openid-configuration"
        with urllib.request.urlopen(address, timeout=10) as answer:
            metadata = json.load(answer)
        self.plain = Requests(target.issuer, metadata, material)
        # Of their own: a token that is bound to a key is good for nothing without it.
        self.proved = Requests(target.issuer, metadata, material.with_own_tokens(), Prover())

    def offers(self, operation: str) -> bool:
        """Say whether this server can be measured: bound tokens for UserInfo are those that a code bought."""
        return operation != "userinfo_dpop" or not self.plain.material.made_access_tokens

    async def measure(self, operation: str, count: int) -> Measurement:
        requests_of = self.proved if operation.endswith("_dpop") else self.plain
        requests, accept = getattr(requests_of, operation.removesuffix("_dpop"))(count)
        load = Load(requests, accept)
        before, busy_before = cpu_seconds(self.pid), core_seconds(SERVER_CORE)
        try:
            await load.run("127.0.0.1", self.target.port)
        except Refused as refused:
            raise Refused(f"{self.target.name}, {operation}: {refused}") from None
        return Measurement(
            requests=len(load.latencies),
            seconds=load.seconds,
            cpu_seconds=cpu_seconds(self.pid) - before,
            core_seconds=core_seconds(SERVER_CORE) - busy_before,
            p50=load.percentile(0.50),
            p99=load.percentile(0.99),
        )


async def bench(targets: list[Target], report: Report, *, rounds: int, share: float) -> None:
    """Start every target, then let them take turns; a first, full turn of each only warms it up."""
    counts = {operation: max(int(count * share), 100) for operation, count in REQUESTS.items()}
    with contextlib.ExitStack() as stack:
        running = []
        for target in targets:
            say(f"preparing {target.name}")
            target.install()
            report.versions[target.name] = target.version()
            material = await target.prepare(sum(REQUESTS[name] + rounds * counts[name] for name in CODES))
            pid = stack.enter_context(target.serve())
            await wait_until_listening(pid, target.port, log=target.log)
            running.append(Running(target, pid, material))
        for number in range(rounds + 1):
            say(f"round {number} of {rounds}" if number else "warming up")
            for operation, count in (counts if number else REQUESTS).items():
                for server in filter(lambda one: one.offers(operation), running):
                    measured = await server.measure(operation, count)
                    if number:
                        report.add(server.target.name, operation, measured)


async def bench_all(arguments: argparse.Namespace, report: Report) -> None:
    with running_postgres() as url:
        names = ("bench_ours", "bench_node")
        ours, theirs = [await fresh_database(url, name) for name in names]
        targets: list[Target] = [
            OurServer(BUILD, "SQLite", audit_log=arguments.audit_log),
            OurServer(BUILD, "PostgreSQL", ours, audit_log=arguments.audit_log),
            NodeProvider(BUILD, theirs, in_memory=arguments.in_memory),
        ]
        wanted = [target for target in targets if arguments.only in target.name]
        try:
            async with asyncio.timeout(arguments.limit):
                await bench(wanted, report, rounds=arguments.rounds, share=arguments.share)
        finally:
            for name in names:
                await drop_database(url, name)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="measured rounds, after one that warms up")
    parser.add_argument("--share", type=float, default=1.0, help="share of the usual number of requests")
    parser.add_argument("--limit", type=float, default=900, help="seconds after which the run gives up")
    parser.add_argument("--only", default="", help="only servers whose name contains this")
    parser.add_argument("--in-memory", action="store_true", help="node has its client and people in memory")
    parser.add_argument("--audit-log", action="store_true", help="let ours write its audit events, as it ships")
    parser.add_argument("--output", type=Path, default=BUILD / "result.json")
    arguments = parser.parse_args()

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.sched_setaffinity(0, {LOAD_CORE})
    BUILD.mkdir(parents=True, exist_ok=True)
    report = Report(
        connections=CONNECTIONS,
        cores={"server": SERVER_CORE, "load": LOAD_CORE},
        machine=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    started = time.monotonic()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(bench_all(arguments, report))
    except (Refused, RuntimeError, OSError, subprocess.SubprocessError) as error:
        say(f"the benchmark failed: {error or 'it took longer than --limit'}")
        return 1
    arguments.output.write_text(json.dumps(report.as_json(), indent=2) + "\n")
    print(report.table())
    if report.disturbance > 0.1:
        say(f"others used {report.disturbance:.0%} of the server's core meanwhile: the figures are not to be trusted")
    say(f"{time.monotonic() - started:.0f} s; written to {arguments.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
