"""The notes of releases, as they stand in TOML files."""

import ast
import re
import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

SEVERITIES: Final = ("low", "medium", "high", "critical")

_VERSION = re.compile(r"\d+\.\d+\.\d+")
_ID = re.compile(r"[A-Z]+-\d{4}-\d{2,}")
_FILES = ("releases/**/*.toml", "features/*/releases/**/*.toml")


class NoteError(ValueError):
    """A note cannot be read. The message names the file and what is wrong there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a fix changed, at `path` below the package when it was released.

    `definition` are the names that it has had there, `Class.method` or the like; none means the whole file. `present`
    must be in it, `gone` must be nowhere, and each of `known_by` tells a copy under whatever name. All are pieces of
    Python, or of text in a file that is none. `removed`: the definition itself is no more.
    """

    path: str
    definition: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    known_by: tuple[str, ...] = ()
    removed: bool = False

    @property
    def is_python(self) -> bool:
        """Whether it is judged as code, not as text."""
        return self.path.endswith(".py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """A weakness: `what` could happen, and how to `mend` it where the fix cannot be taken.

    `accepted` is written by the team into its copy of the note: why it looked, and lives with the verdict.
    """

    version: str
    id: str
    severity: str
    title: str
    what: str
    mend: str
    code: tuple[Place, ...]
    accepted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A release, and what it mended."""

    version: str
    date: date
    summary: str
    security: tuple[Advisory, ...]


def read_notes(package: Path) -> list[Note]:
    """Return the notes that are in a package, the newest first. Raises NoteError."""
    files = sorted(file for pattern in _FILES for file in package.glob(pattern))
    return sorted(map(read_note, files), key=lambda note: order(note.version), reverse=True)


def order(version: str) -> tuple[int, ...]:
    """Return what versions are sorted by."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def read_note(file: Path) -> Note:
    """Return the note in `file`, which is named by its version. Raises NoteError."""
    try:
        read = tomllib.loads(file.read_text(encoding="utf-8"))
        return _note(_Table(read), file.stem)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, _Fault) as fault:
        raise NoteError(f"{file}: {fault}") from None


class _Fault(ValueError):
    """What is wrong in a note."""


class _Table:
    """A table of which every member is taken once, and as what it must be."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._members = dict(members)

    def take(self, name: str, kind: type, default: Any = None) -> Any:
        value = self._members.pop(name, default)
        if type(value) is not kind or value == "" != default:
            raise _Fault(f"{name} is missing" if value is None else f"{name} is no {kind.__name__}")
        return value.strip() if isinstance(value, str) else value

    def take_texts(self, name: str) -> tuple[str, ...]:
        value = self._members.pop(name, [])
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not all(isinstance(text, str) and text.strip() for text in texts):
            raise _Fault(f"{name} is no list of texts")
        return tuple(textwrap.dedent(text).strip() for text in texts)

    def take_tables(self, name: str) -> list["_Table"]:
        value = self._members.pop(name, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise _Fault(f"{name} is no list of tables")
        return [_Table(each) for each in value]

    def end(self) -> None:
        for name in self._members:
            raise _Fault(f"{name} means nothing here")


def _note(table: _Table, version: str) -> Note:
    if table.take("version", str) != version or not _VERSION.fullmatch(version):
        raise _Fault("the file must be named <version>.toml, and version must be 1.2.3 or the like")
    security = tuple(_advisory(each, version) for each in table.take_tables("security"))
    note = Note(version=version, date=table.take("date", date), summary=table.take("summary", str), security=security)
    table.end()
    return note


def _advisory(table: _Table, version: str) -> Advisory:
    identity, severity = table.take("id", str), table.take("severity", str)
    if not _ID.fullmatch(identity):
        raise _Fault(f"{identity} is no id: CHY-2026-01 is one")
    if severity not in SEVERITIES:
        raise _Fault(f"severity is none of {', '.join(SEVERITIES)}")
    told = {name: table.take(name, str) for name in ("title", "what", "mend")}
    places = tuple(_place(each) for each in table.take_tables("code"))
    if not places:
        raise _Fault(f"{identity} says of no code how the fix is recognised")
    accepted = table.take("accepted", str, "")
    table.end()
    return Advisory(version=version, id=identity, severity=severity, code=places, accepted=accepted, **told)


def _place(table: _Table) -> Place:
    texts = {name: table.take_texts(name) for name in ("definition", "present", "gone", "known_by")}
    place = Place(path=table.take("path", str), removed=table.take("removed", bool, False), **texts)
    table.end()
    if not (place.present or place.gone or place.removed):
        raise _Fault(f"{place.path}: say what must be present, or gone, or that it is removed")
    if not (place.gone or place.known_by):
        raise _Fault(f"{place.path}: a copy under another name can only be found by what is gone, or by known_by")
    for snippet in (*place.present, *place.gone, *place.known_by) if place.is_python else ():
        try:
            ast.parse(snippet)
        except SyntaxError as error:
            raise _Fault(f"{place.path}: {snippet.strip().splitlines()[0]!r} is no Python: {error.msg}") from None
    return place
