"""Ephemeral stores in Redis, for the tests: on the server that TEST_REDIS_URL names, or one started for this run."""

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import pytest

from .ephemeral.places import Place

KINDS = ("redis",)
IS_SHARED = True


@contextmanager
def new_place(kind: str) -> Iterator[Place]:
    """Give a Redis. Others may use it at the same time, so a test makes up its keys."""
    yield Place(url=find_url())


@cache
def find_url() -> str:
    """Return the URL of a Redis; skips the test if there is none and none can be started."""
    if url := os.environ.get("TEST_REDIS_URL"):
        return url
    stack = ExitStack()
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="redis-"))
    url = stack.enter_context(redis_in(Path(folder)))
    atexit.register(stack.close)
    return url


@contextmanager
def redis_in(folder: Path, *options: str) -> Iterator[str]:
    """Run a Redis behind a socket in `folder` until the block ends, and give its URL; skips the test if it cannot."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("no Redis: set TEST_REDIS_URL or install redis-server")
    path = folder / "redis.sock"
    told = ("--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(folder), *options)
    server = subprocess.Popen([program, *told], stdout=subprocess.DEVNULL)
    try:
        while not _answers(path):
            assert server.poll() is None, f"{program} has ended with {server.returncode}"
            time.sleep(0.01)
        yield f"redis+unix://{path}?db=0"
    finally:
        server.terminate()
        server.wait()


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
