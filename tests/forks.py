"""Runs Python tools in forks of one process that has imported their libraries, which takes longer than what they do.

Started as a program, it is that process. It has imported nothing of a rendered package, so each fork finds its own.
"""

import atexit
import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

LIBRARIES = (
    "alembic.command",
    "alembic.config",
    "fastapi",
    "grimp",
    "httpx",
    "importlinter.cli",
    "jwt",
    "mypy.main",
    "pydantic_settings",
    "sqlalchemy.ext.asyncio",
    "sqlmodel",
    "uvicorn",
)
PATIENCE = 300
"""How many seconds a tool may take."""


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str, str]:
    """Do as `python *command` would in `folder`: return the exit code, the output and the errors.

    `command` begins with `-m` and a module, with `-c` and a program, or with a script. The code is negative if a signal
    ended it, as after 300 seconds.
    """
    with tempfile.TemporaryDirectory() as said:
        output, errors = Path(said, "output"), Path(said, "errors")
        server = _start()
        assert server.stdin
        assert server.stdout
        request = [*map(str, (folder, output, errors)), dict(environment), command]
        print(json.dumps(request), file=server.stdin, flush=True)
        code = int(server.stdout.readline())
        return code, output.read_text(), errors.read_text()


@cache
def _start() -> "subprocess.Popen[str]":
    server = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(server.communicate)  # it ends when nobody can ask any more
    return server


def _serve() -> None:
    """Import, then fork for each line, and say how the fork ended. A fork goes on behind this as any program would."""
    for name in LIBRARIES:
        import_module(name)
    gc.freeze()  # what is shared stays shared
    for line in sys.stdin:
        if (child := os.fork()) == 0:
            return _become(*json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    os._exit(0)


def _become(folder: str, output: str, errors: str, environment: dict[str, str], command: list[str]) -> None:
    """Be what `python *command` is when it begins."""
    signal.alarm(PATIENCE)
    for descriptor, path in enumerate((os.devnull, output, errors)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:1] = [folder, *environment["PYTHONPATH"].split(os.pathsep)]
    sys.argv = command


if __name__ == "__main__":
    _serve()
    if sys.argv[0] == "-m":
        del sys.argv[0]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    elif sys.argv[0] == "-c":
        exec(sys.argv.pop(1), {"__name__": "__main__"})
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")
