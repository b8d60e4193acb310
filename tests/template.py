"""The template as these tests see it: a copy of the working tree, and what Copier makes of it."""

import re
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from unittest import mock

import copier
import jinja2
import yaml
from copier._main import Worker
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
_render_string = Worker._render_string
_answers_relpath = cached_property(vars(Worker)["answers_relpath"].fget)
_answers_relpath.__set_name__(Worker, "answers_relpath")


def _compile_once(environment: jinja2.Environment, *source: Any, **options: Any) -> Any:
    """Copier compiles the name of a folder again for every file in it, with equal environments."""
    key = (environment.lexer, source, tuple(options.items()))
    if key not in _compiled:
        _compiled[key] = _compile(environment, *source, **options)
    return _compiled[key]


def _render_what_has_markers(worker: Worker, text: str, *context: Any, **named: Any) -> str:
    """Copier gathers all answers to render the name of a folder, for every file in it. Most names are what they are."""
    ours = worker.jinja_env
    markers = (ours.block_start_string, ours.variable_start_string, ours.comment_start_string)
    has_any = any(marker in text for marker in markers)
    return _render_string(worker, text, *context, **named) if has_any else text


@contextmanager
def copier_at_speed() -> Iterator[None]:
    """Have Copier do once what it does for every file, with the same outcome, in half the time or a third of it."""
    with (
        mock.patch.object(jinja2.Environment, "compile", _compile_once),
        mock.patch.object(Worker, "_render_string", _render_what_has_markers),
        mock.patch.object(Worker, "answers_relpath", _answers_relpath),
        mock.patch.object(Worker, "_sync_git_index_executable_bit"),  # where git sees the bit by itself
    ):
        yield


def render(template: Path, destination: Path, answers: Mapping[str, Any], *, only: str | None = None) -> Path:
    """Render `template`, or one of its files, with `answers` and defaults; return `destination`.

    Raises what Copier raises.
    """
    with (
        warnings.catch_warnings(),
        copier_at_speed(),
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
    with copier_at_speed():
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
