"""What a team does to code so that a fix, or a weakness, looks other than it was released.

Each disguise edits one file, keeps what the code does, and returns where the file is now.
"""

import ast
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

WORDS = ("ours", "legacy", "acme", "shared", "inner")
NEAR = ("print('seen')", "assert True", "note = 'looked at'  # ours", "# ours: keep an eye on this")


class Bench:
    """A rendered project in which files are edited and put back."""

    def __init__(self, project: Path, package: Path) -> None:
        self.project, self.package = project, package
        self._before: dict[Path, bytes | None] = {}

    def read(self, file: Path) -> str:
        return file.read_text()

    def write(self, file: Path, text: str) -> None:
        self._remember(file)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def remove(self, file: Path) -> None:
        self._remember(file)
        file.unlink()

    def restore(self) -> None:
        """Put everything back."""
        for file, before in self._before.items():
            if before is None:
                file.unlink(missing_ok=True)
            else:
                file.write_bytes(before)
        self._before.clear()

    def somewhere(self, dice: random.Random, name: str) -> Path:
        """A place where the team could keep a file."""
        return dice.choice([self.package, self.project, self.package / "core"]) / dice.choice(WORDS) / name

    def _remember(self, file: Path) -> None:
        self._before.setdefault(file, file.read_bytes() if file.exists() else None)


Disguise = Callable[[Bench, Path, tuple[str, ...], random.Random], Path]


def move(bench: Bench, file: Path, names: tuple[str, ...], dice: random.Random) -> Path:
    """The file is elsewhere."""
    return _move(bench, file, bench.somewhere(dice, file.name))


def rename_file(bench: Bench, file: Path, names: tuple[str, ...], dice: random.Random) -> Path:
    """The file has another name."""
    return _move(bench, file, file.with_name(f"{dice.choice(WORDS)}_{file.name}"))


def reformat(bench: Bench, file: Path, names: tuple[str, ...], dice: random.Random) -> Path:
    """Another formatter, shorter lines and other quotes."""
    if file.suffix != ".py":
        text = re.sub(r"^ +", lambda match: match[0] * 2, bench.read(file), flags=re.MULTILINE)
        bench.write(file, text.replace("{{ ", "{{").replace(" }}", "}}"))
        return file
    quotes = dice.choice(["single", "double"])
    style = ("--line-length", "79", "--config", f"format.quote-style='{quotes}'")
    command = [sys.executable, "-m", "ruff", "format", "--isolated", *style, "-"]
    text = bench.read(file)
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    bench.write(file, done.stdout or text)
    return file


def retype(bench: Bench, file: Path, names: tuple[str, ...], dice: random.Random) -> Path:
    """As it would be written from the syntax tree: without comments and blank lines."""
    if file.suffix == ".py":
        bench.write(file, ast.unparse(ast.parse(bench.read(file))) + "\n")
    return file


def edit_near(bench: Bench, file: Path, names: tuple[str, ...], dice: random.Random) -> Path:
    """A line of the team's stands right before one of ours."""
    text = bench.read(file)
    lines = text.splitlines(keepends=True)
    if file.suffix == ".py":
        places = [
            (statement.lineno - 1, statement.col_offset)
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in names
            for statement in node.body[1:]
        ]
        at, indent = dice.choice(places)
        lines.insert(at, f"{' ' * indent}{dice.choice(NEAR)}\n")
    else:
        at = dice.choice([0, len(lines)])
        lines.insert(at, "{# ours #}\n" if file.suffix == ".html" else "# ours\n")
    bench.write(file, "".join(lines))
    return file


def rename_function(bench: Bench, file: Path, names: tuple[str, ...], dice: random.Random) -> Path:
    """The function has another name."""
    text = bench.read(file)
    for name in names:
        text = re.sub(rf"\b{name}\b", f"{name}_of_{dice.choice(WORDS)}", text)
    bench.write(file, text)
    return file


def rename_variables(bench: Bench, file: Path, names: tuple[str, ...], dice: random.Random) -> Path:
    """A parameter or a variable of the function has another name."""
    if file.suffix != ".py":
        return file
    tree = ast.parse(bench.read(file))
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name in names:
            nodes = list(ast.walk(function))
            stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
            arguments = {node.arg for node in nodes if isinstance(node, ast.arg)}
            old = dice.choice(sorted((stored | arguments) - {"self"}))
            for node in nodes:
                if isinstance(node, ast.Name) and node.id == old:
                    node.id = f"the_{old}"
                elif isinstance(node, ast.arg) and node.arg == old:
                    node.arg = f"the_{old}"
    bench.write(file, ast.unparse(tree) + "\n")
    return file


PLAIN: tuple[Disguise, ...] = (move, rename_file, reformat, retype, edit_near)
"""Whatever these do, a fix is recognised."""

STRANGE: tuple[Disguise, ...] = (rename_function, rename_variables)
"""After these a person may be asked to look, but a weakness is never taken for its fix."""


def _move(bench: Bench, file: Path, to: Path) -> Path:
    if to != file:
        bench.write(to, bench.read(file))
        bench.remove(file)
    return to
