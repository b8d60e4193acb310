"""What a team starts from elsewhere: each hook is one file, which `uv run` takes from a path or an address."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from .template import ROOT

HOOKS = {name: ROOT / "hooks" / name for name in ("upgrade", "drift")}
TOOLS = Path(sys.executable).parent  # uv is among them

hooks = pytest.mark.parametrize("name", HOOKS)


class Files(SimpleHTTPRequestHandler):
    """Serves files and says nothing of it."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where the repository's files are served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(ROOT))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def shared(name: str) -> str:
    """The lines from the first ruler of a hook to the next one."""
    return re.split(r"^# --- .*$", HOOKS[name].read_text(), flags=re.MULTILINE)[1].strip()


def test_what_hooks_share_is_the_same() -> None:
    """Each is one file, so these lines stand in both. A fix belongs into both, too."""
    assert len(shared("upgrade").splitlines()) > 100
    assert shared("upgrade") == shared("drift")


@hooks
@pytest.mark.parametrize("place", ["path", "address"])
def test_uv_runs_it_with_nothing_installed(address: str, tmp_path: Path, name: str, place: str) -> None:
    """In a team's folder, as the guide says: what the file says of its dependencies is enough, and nothing is left."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1"\n')
    target = str(HOOKS[name]) if place == "path" else f"{address}/hooks/{name}"
    path = os.pathsep.join([str(TOOLS), os.environ["PATH"]])

    done = subprocess.run(
        ["uv", "run", "--script", target], cwd=tmp_path, env=os.environ | {"PATH": path}, capture_output=True, text=True
    )

    mend = "name the project's folder, or the file with --answers-file"
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1] == f"{name}: {tmp_path}/.copier-answers.yml is not there: {mend}"
    assert [left.name for left in tmp_path.iterdir()] == ["pyproject.toml"]


@hooks
def test_the_help_names_every_option(name: str) -> None:
    """And what an exit code means."""
    told = subprocess.run([sys.executable, str(HOOKS[name]), "--help"], capture_output=True, text=True, check=True)

    assert "Exit code 0" in told.stdout
    for option in re.findall(r'add_argument\("(--[a-z-]+)"', HOOKS[name].read_text()):
        assert f"{option} " in told.stdout or f"{option}\n" in told.stdout
