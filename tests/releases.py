"""What releases promised to those who own a rendered server, and whether a template keeps it.

`docs/releases/released.yml` holds the promises; `dev/release.py` writes it. `docs/releases/moved.yml` is written by
hand: which released file or question went elsewhere, and when. Neither needs tags or history to be read.
"""

import hashlib
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from copier._main import Worker
from copier._settings import SettingsModel
from copier.errors import DirtyLocalWarning
from jinja2.meta import find_undeclared_variables

from .left_out import LeftOut, choices_of
from .template import ROOT, files

RELEASED = ROOT / "docs/releases/released.yml"
MOVED = ROOT / "docs/releases/moved.yml"

MIGRATION = re.compile(r"/migrations/(versions/)?[0-9][^/]*\.py$")

Record = dict[str, Any]


def read(path: Path) -> Record:
    """Return what a record says."""
    return dict(yaml.safe_load(path.read_text()))


def write(released: Record, path: Path) -> None:
    """Keep `released` with a line for each thing that was promised, so that a release shows as the lines it added."""
    lines = ["# What was released and must stay. Written by dev/release.py, read by tests/test_releases.py."]
    for section, promises in released.items():
        flow = (
            yaml.safe_dump({name: facts}, default_flow_style=True, sort_keys=False, width=10_000)
            for name, facts in promises.items()
        )
        lines += ["", f"{section}:", *(f"  {line.strip()[1:-1]}" for line in flow)]
    path.write_text("\n".join(lines) + "\n")


def number(version: str) -> tuple[int, int, int]:
    """Return `version` as numbers to compare. Raises ValueError if it is not three of them."""
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", version):
        raise ValueError(f"{version} is no version: give three numbers, such as 1.2.0, and no v before them")
    major, minor, patch = (int(part) for part in version.split("."))
    return major, minor, patch


def last_version(released: Record) -> str:
    """Return the newest version of a record."""
    return str(max(released["releases"], key=number))


def promise(template: Path) -> Record:
    """Return what a release of `template` would promise: its files and its questions.

    `template` is a plain folder, without git: what is not committed counts.
    """
    with (
        warnings.catch_warnings(),
        Worker(str(template), template / "project", settings=SettingsModel(), defaults=True, vcs_ref="HEAD") as worker,
    ):
        warnings.simplefilter("ignore", DirtyLocalWarning)
        return {"questions": _questions(worker), "files": _files(worker, template / "template")}


def record(released: Record, now: Record, moved: Record, version: str, date: str) -> Record:
    """Return `released` and what a release of `now` adds to it. Of what has `moved` it says where a shim is."""
    kept = dict(released.get("files", {}))
    for path, facts in now["files"].items():
        kept[path] = {
            "since": kept.get(path, {}).get("since", version),
            **facts,
            **({"shim": moved["files"][path]["moved"]} if path in moved["files"] else {}),
        }
    return {
        "releases": released.get("releases", {}) | {version: {"date": date}},
        "questions": released.get("questions", {}) | now["questions"],
        "files": dict(sorted(kept.items())),
    }


def _defaults(worker: Worker, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Every answer, hidden ones too, where nothing but `answers` was given."""
    worker.data = dict(answers)
    worker._ask()
    return {name: worker.answers.combined[name] for name in worker.template.questions_data}


def _questions(worker: Worker) -> Record:
    """Each question's type, choices and default; a default that the profile decides is given for each profile.

    `reads` are the names in a default that no question has now: those of questions that it succeeds.
    """
    asked = worker.template.questions_data
    by_profile = {p: _defaults(worker, {"profile": p}) for p in choices_of(asked["profile"])}
    by_name = {name: {p: answers[name] for p, answers in by_profile.items()} for name in asked}
    by_name["profile"] = dict.fromkeys(by_profile, _defaults(worker, {})["profile"])
    found = {}
    for name, question in asked.items():
        defaults = by_name[name]
        values = list(defaults.values())
        reads = find_undeclared_variables(worker.jinja_env.parse(str(question["default"]))) - {*asked}
        found[name] = {
            "type": question["type"],
            **({"multiselect": True} if question.get("multiselect") else {}),
            **({"choices": choices_of(question)} if "choices" in question else {}),
            "default": defaults if any(value != values[0] for value in values) else values[0],
            **({"reads": sorted(reads)} if reads else {}),
        }
    return found


def _files(worker: Worker, folder: Path) -> Record:
    """Each file, the answers that leave it out, and of a migration what git calls its bytes."""
    exclusions = LeftOut(worker, _defaults(worker, {}))
    found = {}
    for file in files(folder):
        path = file.relative_to(folder).as_posix()
        left_out = exclusions.find(path)
        found[path] = {
            **({"left_out": left_out} if left_out else {}),
            **({"blob": _blob(file.read_bytes())} if MIGRATION.search(path) else {}),
        }
    return found


def _blob(content: bytes) -> str:
    """Return git's name for `content`: `git show` with it prints what was released."""
    return hashlib.sha1(b"blob %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest()
