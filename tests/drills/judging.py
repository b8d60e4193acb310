"""What an update must leave behind, looked at without asking the tool that made it."""

import ast
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from ..template import contents
from ..test_update import git
from .cells import ANSWERS, Cell, Outcome
from .planting import WORD, Work, without_edits
from .releases import History

START = """
import os, sys
from importlib import import_module
package, url = sys.argv[1:]
def of(name): return import_module(f"{package}.{name}")
os.environ[f"{package.upper()}_DATABASE_URL"] = url
told = {"issuer": "https://as.example", "mode": "development", "_env_file": None}
if "serve" in os.environ["DO"]:
    of("app").create_app(of("features").Settings(**told))
if os.path.exists("alembic.ini"):
    import alembic.config
    alembic.config.main(["upgrade", "heads"])
else:
    of("migrate").upgrade(url)
"""


def complaints(history: History, cell: Cell, outcome: Outcome, folder: Path) -> list[str]:
    """Everything that is not as it must be. The server is started, migrated and tested where nothing needs a person."""
    work, project = outcome.work, outcome.work.root
    found = [f"lost: {one}" for one in loss(outcome)[2]]
    for code, report in zip(outcome.codes, outcome.reports, strict=True):
        if code != bool(report["needs_you"]):
            found.append(f"exit code {code}: {report['needs_you']}")
    found += (
        differences(outcome, history.fresh(cell.new, outcome.answers)) + blemishes(outcome) + disorder(work, folder)
    )
    if outcome.named:
        return found
    if lint(project) != lint(outcome.before):
        found.append(f"lint: {lint(project)}")
    database = folder / "server.db"
    before = old_database(history, cell, database)
    package = str(outcome.answers["package"])
    start(project, package, database, "serve", "migrate")
    now = rows(database)
    found += [f"rows of {name}: {now.get(name)} of {count}" for name, count in before.items() if now.get(name) != count]
    if cell.seed % 6 == 0:
        own_tests(project, package, "tests/policy", "tests/test_app.py")
    return found


def loss(outcome: Outcome) -> tuple[list[str], list[str], list[str]]:
    """Sort what was planted by what became of it: kept, named only, lost."""
    found = {
        word for data in contents(outcome.work.root).values() for word in WORD.findall(data.decode(errors="replace"))
    }
    kept: list[str] = []
    named: list[str] = []
    lost: list[str] = []
    for word, path in outcome.work.planted.items():
        place = kept if word in found else named if path in outcome.named else lost
        place.append(f"{word} of {path}")
    return kept, named, lost


def differences(outcome: Outcome, fresh: Path) -> list[str]:
    """Say where the project is not `fresh` with the edits, beyond the files that were named."""
    work, named = outcome.work, outcome.named
    there = _renaming(work)
    moved = {there(new): there(old) for new, old in work.moved.items()}
    mine = {moved.get(path, path): (path, data) for path, data in contents(work.root).items()}
    theirs = contents(fresh)
    deleted = {there(path) for path in work.deleted}
    added = {Path(path).name for path in work.added}
    dropped = {line for lines in work.dropped.values() for line in lines}
    told = {path for path in theirs if path.endswith("copier-answers.yml")}

    def reads(data: bytes) -> Any:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return data
        for new, old in work.renamed_words.items():
            text = text.replace(new, old)
        return "".join(line for line in without_edits(text).splitlines(keepends=True) if line not in dropped)

    def are_alike(path: str, data: bytes, other: bytes) -> bool:
        one, two = reads(data), reads(other)
        if one != two and work.reformatted and path.endswith(".py"):
            return ast.dump(ast.parse(one)) == ast.dump(ast.parse(two))
        return bool(one == two)

    found = []
    for path in sorted(theirs.keys() - mine.keys() - deleted - named):
        found.append(f"missing: {path}")
    for path in sorted(mine.keys() - theirs.keys() - told):
        if mine[path][0] not in named and Path(path).name not in added:
            found.append(f"surplus: {mine[path][0]}")
    for path in sorted(theirs.keys() & mine.keys() - told):
        real, data = mine[path]
        if not {real, path} & named and not are_alike(path, data, theirs[path]):
            found.append(f"differs: {real}")
    for path in sorted(deleted & mine.keys() - named):
        found.append(f"came back: {path}")
    for path, lines in work.dropped.items():
        real, data = mine.get(there(path), ("", b""))
        if real not in named:
            found += [f"came back: {line.strip()} in {real}" for line in lines if line.encode() in data]
    for path in told:
        ours, answers = (
            {name: value for name, value in yaml.safe_load(text).items() if not name.startswith("_")}
            for text in (mine[path][1], theirs[path])
        )
        if ours != answers:
            found.append(f"answers: {ours} instead of {answers}")
    return found


def blemishes(outcome: Outcome) -> list[str]:
    """Find conflict markers, rejected parts and modules that do not parse, where nobody is told to look."""
    found = []
    for path, data in contents(outcome.work.root).items():
        if path in outcome.named:
            continue
        if re.search(rb"^(<<<<<<<|>>>>>>>|\|\|\|\|\|\|\|)", data, re.MULTILINE) or path.endswith((".rej", ".orig")):
            found.append(f"conflict: {path}")
        if path.endswith(".py"):
            try:
                ast.parse(data)
            except SyntaxError as error:
                found.append(f"does not parse: {path}: {error}")
    return found


def disorder(work: Work, folder: Path) -> list[str]:
    """Find what was touched beyond the work tree: the index, the history, the neighbours."""
    project = work.root
    state = {
        "staged": git(project, "diff", "--cached", "--name-only"),
        "stashed": git(project, "stash", "list"),
        "branches": git(project, "branch", "--list").strip().count("\n") * "x",
        "tags": git(project, "tag"),
        "worktrees": "".join(git(project, "worktree", "list").splitlines()[1:]),
        "unreachable": git(project, "fsck", "--no-progress", "--unreachable"),
    }
    known = {"project", "before", "server.db"}
    return [f"{what}: {said}" for what, said in state.items() if said] + [
        f"beside: {path.name}" for path in folder.iterdir() if path.name not in known
    ]


def lint(project: Path) -> str:
    """What Ruff says of a project, by the project's own configuration; a package has none."""
    if not (project / "pyproject.toml").exists():
        return ""
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise", "."]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False).stdout


def old_database(history: History, cell: Cell, destination: Path) -> dict[str, int]:
    """Put a database of the old release there, with rows in each table; return how many rows each has."""
    made = history.folder / "databases" / f"{cell.old}-{cell.answers}.db"
    if not made.exists():
        made.parent.mkdir(exist_ok=True)
        answers = ANSWERS[cell.answers]
        start(history.fresh(cell.old, answers), str(answers.get("package", "authserver")), made, "migrate")
        _fill(made)
    destination.write_bytes(made.read_bytes())
    return rows(destination)


def rows(database: Path) -> dict[str, int]:
    """Count the rows of each table that is nobody's book-keeping."""
    with sqlite3.connect(database) as connection:
        return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in _tables(connection)}


def start(project: Path, package: str, database: Path, *what: str) -> None:
    """Compose the server of a project, if asked to `serve`, and bring the database to its newest revisions."""
    command = [sys.executable, "-B", "-c", START, package, f"sqlite:///{database}"]
    environment = {**os.environ, "DO": " ".join(what), "PYTHONPATH": str(project)}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]


def own_tests(project: Path, package: str, *paths: str) -> None:
    """Let the project run some of its own tests."""
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    there = [path for name in paths if (path := f"{package}/{name}") and (project / path).exists()]
    done = subprocess.run([*command, *there], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def _renaming(work: Work) -> Any:
    option = next((word for word in work.options if word.startswith("package=")), "")
    if not option:
        return lambda path: path
    old, new = work.package, option.partition("=")[2]
    return lambda path: re.sub(rf"^{old}/", f"{new}/", path)


def _tables(connection: sqlite3.Connection) -> Iterator[str]:
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        if not name.endswith("version") and not name.startswith("sqlite_"):
            yield name


def _fill(database: Path) -> None:
    with sqlite3.connect(database) as connection:
        for name in _tables(connection):
            columns = connection.execute(f"PRAGMA table_info({name})").fetchall()
            keys = connection.execute(f"PRAGMA foreign_key_list({name})").fetchall()
            aims = {column: aim or "id" for _, _, _, column, aim, *_ in keys}
            for number in range(3):
                values = [
                    _value(kind, f"{aims.get(column, column)}-{number}", number) for _, column, kind, *_ in columns
                ]
                marks = ", ".join("?" * len(columns))
                connection.execute(f"INSERT INTO {name} VALUES ({marks})", values)


def _value(kind: str, text: str, number: int) -> Any:
    if "DATE" in kind:
        return "2026-01-01 00:00:00.000000"
    if kind in ("BOOLEAN", "INTEGER", "FLOAT", "BIGINT"):
        return number
    return b"x" + text.encode() if kind == "BLOB" else "{}" if kind == "JSON" else text
