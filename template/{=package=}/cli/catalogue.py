"""All settings, as the environment names them: read from the settings classes, so nothing is written twice."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from ..features import Settings
from ..settings import ENV_PREFIX

_KINDS = {
    bool: "true or false",
    int: "number",
    str: "text",
    timedelta: "seconds",
    Path: "path",
    tuple: "list with commas",
    dict: "JSON object",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A setting. `path` leads to it through the settings classes; `default` is as the environment would write it."""

    path: tuple[str, ...]
    kind: str
    default: str
    meaning: str

    @property
    def variable(self) -> str:
        """The environment variable."""
        return variable(*self.path)

    def read(self, values: Mapping[str, Any]) -> str:
        """Return its value in `values`, which are settings as a mapping, as the environment would write it."""
        value: Any = values
        for name in self.path:
            value = value[name]
        return write(value)


def variable(*path: object) -> str:
    """Return the environment variable of a setting; the names on the way to a nested one end in two underscores."""
    return ENV_PREFIX + "__".join(str(name).upper() for name in path)


def catalogue(model: type[BaseModel] = Settings, *, within: tuple[str, ...] = ()) -> Iterator[Entry]:
    """Return all settings in the order they are declared."""
    for name, field in model.model_fields.items():
        path = (*within, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from catalogue(field.annotation, within=path)
        else:
            default = field.get_default(call_default_factory=True)
            meaning = " ".join((field.description or "").split())
            yield Entry(path=path, kind=_kind(field.annotation), default=write(default), meaning=meaning)


def is_known(name: str) -> bool:
    """Say whether the environment variable `name` sets anything."""
    entries = list(catalogue())
    known = {entry.variable for entry in entries} | {variable(entry.path[0]) for entry in entries}
    tables = tuple(f"{entry.variable}__" for entry in entries if entry.kind == _KINDS[dict])
    return name in known or name.startswith(tables)


def find_nearest(name: str) -> str | None:
    """Return the environment variable that was probably meant by `name`, or None."""
    return next(iter(get_close_matches(name, [entry.variable for entry in catalogue()], n=1, cutoff=0.7)), None)


def write(value: object) -> str:
    """Return a value as the environment would write it."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case timedelta():
            return str(int(value.total_seconds()))
        case tuple():
            return ",".join(map(str, value))
        case dict():
            return json.dumps(value) if value else ""
        case _:
            return str(value)


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " or ".join(map(str, get_args(annotation)))
    if get_origin(annotation) in (Union, UnionType):  # optional: unset is said by leaving it out
        return _kind(next(choice for choice in get_args(annotation) if choice is not NoneType))
    if hasattr(annotation, "__metadata__"):
        return _kind(annotation.__origin__)
    return _KINDS.get(get_origin(annotation) or annotation, "text")
