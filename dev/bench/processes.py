"""Start servers pinned to one core, read what they cost, and end exactly those that were started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]
"""The server under test has the first core; the load, PostgreSQL and everything else the last."""


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


async def run_to_end(command: list[str], *, env: dict[str, str], cwd: Path, seconds: float = 300) -> str:
    """Return the last line that `command` prints. Raises RuntimeError if it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **env}, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return output.decode().splitlines()[-1]


@contextlib.contextmanager
def pinned_server(command: list[str], *, env: dict[str, str], cwd: Path, log: Path) -> Iterator[int]:
    """Run `command` on the server's core and yield its process id; its output goes to `log`."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["taskset", "--cpu-list", str(SERVER_CORE), *command],
            env={**os.environ, **env},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=5)


async def wait_until_listening(pid: int, port: int, *, log: Path, seconds: float = 30.0) -> None:
    """Return once the process accepts connections. Raises TimeoutError, or RuntimeError if it ended."""
    async with asyncio.timeout(seconds):
        while True:
            if state(pid) == "Z":
                raise RuntimeError(f"the server ended at once: see {log}")
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.1)


def state(pid: int) -> str:
    """The state of a process in one letter; Z is one that has ended."""
    return stat_fields(pid)[0]


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, its threads and its children, living or reaped."""
    ticks = sum(int(field) for field in stat_fields(pid)[11:15])
    return ticks / TICKS + sum(cpu_seconds(child) for child in children(pid))


def core_seconds(core: int) -> float:
    """How long a core has been busy, for whomever."""
    line = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith(f"cpu{core} "))
    user, nice, system, _idle, _iowait, irq, softirq, steal, *_ = map(int, line.split()[1:])
    return (user + nice + system + irq + softirq + steal) / TICKS


def stat_fields(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat after the name, which may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def children(pid: int) -> list[int]:
    """The living children of every thread of a process."""
    found: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # a thread that ended meanwhile
            found += [int(child) for child in listed.read_text().split()]
    return found
