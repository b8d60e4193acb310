"""The template as these tests see it: a copy of the working tree, and what Copier makes of it."""

import re
import shutil
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import copier
import jinja2
import yaml
from copier.errors import DirtyLocalWarning

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "template"
SUPERSET = TEMPLATE / "{=package=}"
MARKER = re.compile(r"# \{%|# \{#|\{=")

# The only Python files with markers in them: the list of features and the rendered defaults.
COMPOSITION_FILES = frozenset({"features/__init__.py", "defaults.py"})

_LITTER_PART = re.compile(r"/(__pycache__|\.git|\.[a-z]+_cache|\.hypothesis)/")
_LITTER = shutil.ignore_patterns("__pycache__", ".*_cache", ".hypothesis", "*.db*")


def snapshot(destination: Path) -> Path:
    """Copy what Copier reads to `destination`, which is then a template of its own; return it."""
    destination.mkdir(parents=True)
    for name in ("questions", "template"):
        shutil.copytree(ROOT / name, destination / name, ignore=_LITTER)
    shutil.copy(ROOT / "copier.yml", destination)
    return destination


_compile = jinja2.Environment.compile
_compiled: dict[object, Any] = {}


def _compile_once(environment: jinja2.Environment, *source: Any, **options: Any) -> Any:
    """Copier compiles the name of a folder again for every file in it, and has the same environment each time."""
    key = (source, tuple(options.items()))
    if key not in _compiled:
        _compiled[key] = _compile(environment, *source, **options)
    return _compiled[key]


def render(template: Path, destination: Path, answers: Mapping[str, Any], *, only: str | None = None) -> Path:
    """Render `template`, or one of its files, with `answers` and defaults; return `destination`.

    Raises what Copier raises.
    """
    with (
        warnings.catch_warnings(),
        mock.patch.object(jinja2.Environment, "compile", _compile_once),
        mock.patch("copier._main.is_git_available", return_value=False),  # asked anew for each file
    ):
        warnings.simplefilter("ignore", DirtyLocalWarning)
        copier.run_copy(
            str(template),
            destination,
            data=dict(answers),
            exclude=("*", f"!{only}") if only else (),
            defaults=True,
            overwrite=True,
            quiet=True,
            vcs_ref="HEAD",
        )
    return destination


def update(project: Path, answers: Mapping[str, Any]) -> None:
    """Bring a rendered project to the newest release of its template, with `answers`. Raises what Copier raises."""
    with mock.patch.object(jinja2.Environment, "compile", _compile_once):
        copier.run_update(project, data=dict(answers), defaults=True, overwrite=True, quiet=True)


def files(folder: Path, pattern: str = "*") -> Iterator[Path]:
    """The files below `folder` that someone wrote, sorted."""
    for path in sorted(folder.rglob(pattern)):
        if path.is_file() and not _LITTER_PART.search(path.as_posix()):
            yield path


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below `folder` by its relative path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files(folder)}


@cache
def questions() -> dict[str, dict[str, Any]]:
    """Every question by its name."""
    merged: dict[str, dict[str, Any]] = {}
    for path in sorted((ROOT / "questions").glob("*.yml")):
        merged |= yaml.safe_load(path.read_text())
    return merged


def choices(question: str) -> list[str]:
    """What a question may be answered with."""
    return list(questions()[question]["choices"].values())


def knowledge(name: str) -> Any:
    """A value of `questions/features.jinja`, as the questions read it."""
    settings = next(yaml.safe_load_all((ROOT / "copier.yml").read_text().partition("\n---\n")[0]))
    environment = jinja2.Environment(**settings["_envops"] | {"undefined": jinja2.StrictUndefined})
    module = environment.from_string((ROOT / "questions" / "features.jinja").read_text()).module
    return getattr(module, name)


def owned_paths() -> list[str]:
    """Every path below the template that the map in `copier.yml` gives to an answer."""
    lines = re.findall(r"^ +(/\S+)$", (ROOT / "copier.yml").read_text(), re.MULTILINE)
    return [line.removeprefix("/") for line in lines]
