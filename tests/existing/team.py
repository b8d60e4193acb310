"""A team's repo with files of its own, and Copier as the team runs it: a command, with or without a terminal."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..template import ROOT, contents

AUTH = ".copier-answers.auth.yml"
"""What our answers file is called beside one of another template."""

OTHER_ANSWERS = "# Written by Copier.\n_commit: v3\n_src_path: gh:acme/webapp\ndatabase: mysql\nproject_name: Shop\n"

IN_THE_WAY = [
    ".github/workflows/ci.yml",
    ".gitignore",
    "Dockerfile",
    "README.md",
    "alembic.ini",
    "authserver/__init__.py",
    "compose.yaml",
    "pyproject.toml",
]
"""Files of the team's that a service would bring too."""

THEIRS = {
    **{path: f"# The team's own {path}.\n" for path in IN_THE_WAY},
    ".copier-answers.yml": OTHER_ANSWERS,
    "alembic/versions/1f3a_first.py": "revision = '1f3a'\n",
    "authserver/policy/scopes.py": "# The team's own scopes.\n",
    "main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n",
}


def git(folder: Path, *arguments: str) -> str:
    """Run git in `folder`; return what it printed."""
    command = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.com", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def commit(folder: Path, message: str, *, tag: str | None = None) -> None:
    """Commit all there is in `folder`, in a repo that is made if there is none, and give it `tag`."""
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    if tag:
        git(folder, "tag", tag)


def repo(folder: Path, files: Mapping[str, str], *, tag: str | None = None) -> Path:
    """Make a repo with `files`, committed and given `tag`; return `folder`."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    commit(folder, "Theirs", tag=tag)
    return folder


def touched(folder: Path) -> list[str]:
    """Return what is no longer as it was committed, `git status` line by line; new files are not in it."""
    return git(folder, "status", "--porcelain", "--untracked-files=no").splitlines()


def added(folder: Path) -> list[str]:
    """Return what is new at the root of `folder`."""
    return git(folder, "ls-files", "--others", "--directory", "--exclude-standard").splitlines()


def changed_since(folder: Path, before: Mapping[str, bytes]) -> set[str]:
    """Return the files that differ from what `contents` said before, with new and deleted ones."""
    now = contents(folder)
    return {path for path in now.keys() | before.keys() if now.get(path) != before.get(path)}


def copier(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Copier in `folder` where there is nobody to answer, as in CI."""
    return subprocess.run(
        [sys.executable, "-m", "copier", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def copier_on_terminal(folder: Path, *words: str, keys: str) -> tuple[int, list[str]]:
    """Run Copier on a terminal and press `keys` at each "Overwrite?"; return its exit code and what it asked about."""
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "copier", *words],
        cwd=folder,
        stdin=its,
        stdout=its,
        stderr=its,
        env=os.environ | {"TERM": "xterm"},
        start_new_session=True,
    )
    os.close(its)
    asked: list[str] = []
    printed = b""
    with suppress(OSError):  # how a terminal tells that the last process has left it
        while said := os.read(ours, 65_536):
            if b"\x1b[6n" in said:  # "where is the cursor?"
                os.write(ours, b"\x1b[1;1R")
            printed += said
            for path in re.findall(rb"Overwrite (\S+?)\?", printed):
                if path.decode() not in asked:
                    asked.append(path.decode())
                    os.write(ours, keys.encode())
    os.close(ours)
    return process.wait(timeout=300), asked


def upgrade(folder: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """Run `hooks/upgrade` in `folder`; return its exit code and its report."""
    command = [sys.executable, str(ROOT / "hooks/upgrade"), "--json", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)
