"""Processes of their own, for what must hold between processes: forks of one that has imported the server already."""

import multiprocessing
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.synchronize import Barrier
from typing import Any, TypeVar
from unittest import mock

T = TypeVar("T")

_barriers: list[Barrier] = []


def run_together(work: Callable[..., T], arguments: Sequence[tuple[Any, ...]]) -> list[T]:
    """Return what `work` returns for each of `arguments`, in as many processes; raises what one of them raises.

    `work` is a function of a module. It calls `start_together` when it is ready.
    """
    context, count = _start_server(), len(arguments)
    with ProcessPoolExecutor(count, context, initializer=_meet_at, initargs=(context.Barrier(count),)) as pool:
        return list(pool.map(work, *zip(*arguments, strict=True), timeout=60))


def start(work: Callable[..., object], *arguments: Any) -> ForkServerProcess:
    """Let a process do `work`, which is a function of a module; return the process."""
    process = _start_server().Process(target=work, args=arguments)
    process.start()
    return process


def start_together() -> None:
    """Wait until the others are ready too."""
    _barriers[-1].wait(60)


def _meet_at(barrier: Barrier) -> None:
    _barriers.append(barrier)


@cache
def _start_server() -> ForkServerContext:
    """Start the process that the others are forks of. It has no thread and no connection that they could inherit."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", f"{__package__}.harness"])
    with mock.patch.dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)):
        forkserver.ensure_running()
    return context
