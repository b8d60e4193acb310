"""A place to run commands in: a folder of its own, and an environment that says what production's would."""

import json
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest

from ...cli import NAME, main
from ...cli.commands import dev, serve
from ...settings import ENV_PREFIX
from .. import processes
from ..harness import alone

PROGRAM = (sys.executable, "-m", NAME)


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What it printed."""
        return self.out.splitlines()

    @property
    def json(self) -> Any:
        """What it printed as JSON."""
        return json.loads(self.out)

    @property
    def refusal(self) -> str:
        """The one line that says why it did nothing."""
        assert (self.code, self.out) == (1, ""), self
        assert self.err.count("\n") == 1, self.err
        return self.err.rstrip()


@dataclass(frozen=True)
class CommandLine:
    """Runs commands in `folder`."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> Outcome:
        """Run a command in this process."""
        self.capsys.readouterr()
        code = main(words)
        captured = self.capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    def told(self, **settings: str | None) -> None:
        """Have the environment name settings; None takes one back."""
        for name, value in settings.items():
            variable = ENV_PREFIX + name.upper()
            if value is None:
                self.monkeypatch.delenv(variable, raising=False)
            else:
                self.monkeypatch.setenv(variable, value)

    def prepared(self) -> "CommandLine":
        """Have tables and a key."""
        assert self("migrate").code == self("keys", "rotate").code == 0
        return self

    def keep_from_answering(self) -> None:
        """Let `serve` and `dev` end where they would begin to answer."""

        def close(app: object, sockets: Sequence[socket.socket], **_: object) -> int:
            for each in sockets:
                each.close()
            return 0

        for module in (dev, serve):
            self.monkeypatch.setattr(module, "answer", close)

    @contextmanager
    def started(self, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Run a command in a process of its own until the block ends; what it says goes to the file `said`."""
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        with (self.folder / "said").open("ab") as said:
            process = subprocess.Popen(
                [*PROGRAM, *words], cwd=self.folder, env=environment, stdout=said, stderr=subprocess.STDOUT
            )
            try:
                yield process
            finally:
                process.terminate()
                process.wait(timeout=20)

    @contextmanager
    def forked(self, *words: str) -> Iterator[ForkServerProcess]:
        """The same, by a process that has imported the server already: it is there sooner."""
        process = processes.start(_run, words, self.folder, dict(os.environ))
        try:
            yield process
        finally:
            process.terminate()
            process.join(20)


def _run(words: Sequence[str], folder: Path, environment: dict[str, str]) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    said = os.open("said", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for descriptor in (1, 2):
        os.dup2(said, descriptor)
    sys.exit(main(words))


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for variable in [name for name in os.environ if name.upper().startswith(ENV_PREFIX)]:
        monkeypatch.delenv(variable)
    line = CommandLine(tmp_path, monkeypatch, capsys)
    line.told(
        issuer="https://as.example",
        database_url=f"sqlite:///{tmp_path}/server.db",
        key_directory=str(tmp_path / "keys"),
        signing_algorithms="ES256",
        **alone(),
    )
    return line


@pytest.fixture
def settled(command: CommandLine, database_url: str) -> CommandLine:
    """The command line, where there is a database with all tables: of each kind in turn."""
    command.told(database_url=database_url)
    return command


@pytest.fixture
def free_port() -> int:
    """A port where nobody listens."""
    return find_free_port()


def find_free_port() -> int:
    """Return a port where nobody listens. It is below those that the system hands out by itself, for else a server
    of some other test could be given it a moment later.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
