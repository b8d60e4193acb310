"""Where edits go. Each leaves a word that is nowhere else, so that its loss is seen, and can be taken out again."""

import ast
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

TABLE = """

class {name}Row(TeamTable, table=True):
    \"\"\"Ours: {word}.\"\"\"

    __tablename__ = f"{{TABLE_PREFIX}}{table}"

    id: str = Field(primary_key=True)
"""
COMMENTS = {".py": "# {}", ".html": "{{# {} #}}", ".css": "/* {} */", ".md": "{}", ".toml": "# {}", ".yaml": "# {}"}
WORD = re.compile(r"kept\d+x\d+y")

_TABLE = re.compile(r"\n\nclass Ours\d+Row\(TeamTable.*?primary_key=True\)\n", re.DOTALL)
_LINE = re.compile(
    r"""\s*(_ = "our |# our |\{# our |/\* our |our |"requests>=2"|from \. import ours|ours\d+\.feature)"""
)


@dataclass
class Work:
    """A project that a team edits, and what it did to it; paths are relative to the project, as they were then."""

    root: Path
    chance: random.Random
    seed: int
    package: str
    words: int = 0
    planted: dict[str, str] = field(default_factory=dict)  # the word: the file
    dropped: dict[str, list[str]] = field(default_factory=dict)  # the file: lines that are gone
    added: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    moved: dict[str, str] = field(default_factory=dict)  # where it is: where it was
    reformatted: set[str] = field(default_factory=set)
    renamed_words: dict[str, str] = field(default_factory=dict)  # as it is: as it was
    options: list[str] = field(default_factory=list)  # of `hooks/upgrade`, beyond the version

    @property
    def home(self) -> Path:
        return self.root / self.package

    def word(self, path: Path) -> str:
        """Return a new word, which the caller writes into `path`."""
        self.words += 1
        word = f"kept{self.seed}x{self.words}y"
        self.planted[word] = self.name(path)
        return word

    def name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def modules(self, folder: str = "") -> list[Path]:
        """Return the modules below `folder` of the package that are there and say something."""
        found = sorted((self.home / folder).rglob("*.py"))
        return [path for path in found if len(path.read_bytes()) > 200 and "migrations" not in path.parts]

    def pick(self, *names: str) -> list[Path]:
        """Return those of the package's files that are here, in an order of chance."""
        here = [path for name in names if (path := self.home / name).exists()]
        return self.chance.sample(here, len(here))

    def move(self, old: Path, new: Path) -> None:
        """Move a file and remember that, also for what was planted there."""
        new.parent.mkdir(parents=True, exist_ok=True)
        old.rename(new)
        self.moved[self.name(new)] = self.name(old)


def plant(work: Work, path: Path) -> None:
    """Insert a line into `path`, a module or a text, at a place where it changes nothing."""
    lines = path.read_text().splitlines(keepends=True)
    places = [*_statements(path.read_text())] if path.suffix == ".py" else [*_gaps(path.suffix, lines)]
    if not places:
        places = [(len(lines), "")]
    number, indent = work.chance.choice(places)
    word = work.word(path)
    comment = COMMENTS.get(path.suffix, "# {}").format(f"our {word}")
    statement = f'_ = "our {word}"' if path.suffix == ".py" and indent and work.chance.random() < 0.6 else comment
    lines.insert(number, f"{indent}{statement}\n")
    path.write_text("".join(lines))


def change_a_line(work: Work, path: Path) -> None:
    """Change a line of a function by a remark at its end."""
    lines = path.read_text().splitlines(keepends=True)
    here = [n for n in _simple_lines(path.read_text()) if len(lines[n]) < 90 and "#" not in lines[n]]
    if here:
        number = work.chance.choice(here)
        lines[number] = f"{lines[number].rstrip()}  # our {work.word(path)}\n"
        path.write_text("".join(lines))


def delete_a_line(work: Work, path: Path) -> None:
    """Delete a comment that stands in the file once."""
    lines = path.read_text().splitlines(keepends=True)
    here = [n for n, line in enumerate(lines) if re.match(r" +# [A-Z]", line) and lines.count(line) == 1]
    if here:
        gone = lines.pop(work.chance.choice(here))
        work.dropped.setdefault(work.name(path), []).append(gone)
        path.write_text("".join(lines))


def without_edits(text: str) -> str:
    """Return `text` without what was planted."""
    lines = _TABLE.sub("", text).splitlines(keepends=True)
    kept = [line for line in lines if not (WORD.search(line) and _LINE.match(line))]
    return "".join(re.sub(r"  # our kept\d+x\d+y$", "", line) for line in kept)


def answers_of(root: Path) -> dict[str, Any]:
    """Return the recorded answers."""
    (file,) = root.glob("*copier-answers.yml")
    told = yaml.safe_load(file.read_text())
    return {name: value for name, value in told.items() if not name.startswith("_")}


def _statements(source: str) -> Iterator[tuple[int, str]]:
    """Where in `source` a line may come between two statements of a function: its number and its indentation."""
    lines = source.splitlines()
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for body in _bodies(function):
            for statement in body[1:]:
                first = min([statement.lineno, *(one.lineno for one in getattr(statement, "decorator_list", []))])
                indent = lines[first - 1][: statement.col_offset]
                if not indent.strip():
                    yield first - 1, indent


def _bodies(statement: ast.AST) -> Iterator[list[ast.stmt]]:
    body = getattr(statement, "body", [])
    yield body
    for one in body:
        if isinstance(one, ast.If | ast.For | ast.While | ast.With | ast.AsyncWith | ast.Try | ast.AsyncFor):
            yield from _bodies(one)


def _simple_lines(source: str) -> Iterator[int]:
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for body in _bodies(function):
                for one in body:
                    is_simple = isinstance(one, ast.Assign | ast.Return | ast.AnnAssign) or (
                        isinstance(one, ast.Expr) and isinstance(one.value, ast.Call)
                    )
                    if is_simple and one.lineno == one.end_lineno:
                        yield one.lineno - 1


def _gaps(suffix: str, lines: list[str]) -> Iterator[tuple[int, str]]:
    """Where in a text that is no Python a line may come."""
    before = {".html": r" *(<p|<h1|\{% end|</).*[>}]$", ".css": r"\}$"}.get(suffix, "$")
    after = r"[A-Z][a-z]" if suffix == ".md" else ""
    for number in range(1, len(lines)):
        if re.match(before, lines[number - 1]) and re.match(after, lines[number]):
            yield number, ""
