"""The files of a project, wherever the team has moved them."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final

from .modules import Definition, Module, Unreadable
from .notes import Place

MAX_SIZE: Final = 1_000_000
"""Pages, styles and configuration are smaller."""

_PROSE = {".md", ".rst"}
_COMMENTS = {
    ".html": r"<!--.*?-->|\{#.*?#\}",
    ".css": r"/\*.*?\*/",
    ".js": r"/\*.*?\*/|(?<![\S])//[^\n]*",
    ".sql": r"--[^\n]*|/\*.*?\*/",
    "#": r"(?<![\S])#[^\n]*",
}
_CONFLICT = re.compile(r"^<{7} ", re.MULTILINE)
_HASHED = {"", ".yml", ".yaml", ".toml", ".ini", ".cfg", ".conf", ".sh", ".env", ".example"}


@dataclass(frozen=True, slots=True)
class Page:
    """A file that is no Python. Spaces and the kind of quotes are nothing; what is commented out is not in effect."""

    where: str
    suffix: str
    text: str
    is_named: bool
    is_part: bool = False

    def has(self, snippet: str) -> bool:
        """Say whether `snippet` is in effect in it, word for word."""
        comment = _COMMENTS.get("#" if self.suffix in _HASHED else self.suffix, _COMMENTS[".html"])
        effective = re.sub(comment, "", self.text, flags=re.DOTALL)
        before, after = ("(?<![\\w-])" if snippet[0].isalnum() else "", "(?![\\w-])" if snippet[-1].isalnum() else "")
        return re.search(before + _pattern(snippet) + after, effective) is not None

    def resembles(self, snippet: str) -> bool:
        """Say whether `snippet` is in it at all."""
        return re.search(_pattern(snippet), self.text) is not None or self.has(snippet)


class Project:
    """Every file in `folder` that may be served or run. `package` is where the server is, or was rendered."""

    def __init__(self, folder: Path, package: Path) -> None:
        self._folder, self._package = folder, package

    @classmethod
    def around(cls, package: Path) -> "Project":
        """Return the project that `package` stands in. Where it is installed, that is the package alone."""
        parent = package.parent
        is_project = (parent / "pyproject.toml").is_file() or any(parent.glob(".copier-answers*"))
        return cls(parent if is_project else package, package)

    def candidates(self, place: Place) -> Iterator[Definition | Page | Unreadable]:
        """Return what could be the code of `place`: what has its name, and what could be a copy under another one."""
        released = Path(os.path.normpath(self._package / place.path))
        if place.is_python:
            for module in self._modules:
                yield from module.candidates(place, is_released=module.file == released)
        else:
            for file, text in self._texts.items():
                is_named = file == released or (file.name == released.name and released not in self._texts)
                if is_named and _CONFLICT.search(text):
                    yield Unreadable(self._where(file))
                yield Page(self._where(file), file.suffix, text, is_named)

    @cached_property
    def _modules(self) -> list[Module]:
        return [Module(file, self._where(file)) for file in self._files if file.suffix == ".py"]

    @cached_property
    def _texts(self) -> dict[Path, str]:
        files = [
            file
            for file in self._files
            if file.suffix not in {".py", *_PROSE}
            and not (file.suffix == ".toml" and "releases" in file.parts)  # notes quote what they look for
            and file.stat().st_size < MAX_SIZE
        ]
        return {file: file.read_bytes().decode("utf-8", "replace") for file in files}

    @cached_property
    def _files(self) -> list[Path]:
        found = []
        for folder, folders, names in os.walk(self._folder):
            here = Path(folder)
            folders[:] = sorted(name for name in folders if not _is_foreign(here / name))
            found += [here / name for name in sorted(names) if (here / name).is_file()]
        return found

    def _where(self, file: Path) -> str:
        return file.relative_to(self._folder).as_posix()


def _is_foreign(folder: Path) -> bool:
    """Say whether a folder holds tools and libraries, not the project."""
    is_hidden = folder.name.startswith(".") and folder.name != ".github"
    return is_hidden or folder.name in {"__pycache__", "node_modules"} or (folder / "pyvenv.cfg").exists()


@cache
def _pattern(snippet: str) -> str:
    """Return what finds `snippet` whatever stands between its words."""
    words = re.findall(r"\w+|[^\w\s]", snippet)
    return r"\s*".join("[\"']" if word in "\"'" else re.escape(word) for word in words)
