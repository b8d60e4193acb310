"""Where a template breaks what its releases promised, in lines for whoever has to mend it.

The rules are in CONTRIBUTING.md. What an update takes away it takes with the team's edits and without a word, so a
released file leaves in two steps: first a shim at its path, and a minor release later the shim.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .changelog import Section
from .releases import Record, number

PACKAGE = "{=package=}/"
POLICY = f"{PACKAGE}policy/"
SHIM_LINES = 20

# Before the first public release three files moved without a shim. No other version may be in here.
WITHOUT_SHIM = frozenset({"0.2.0"})


def breaches(
    released: Record, now: Record, moved: Record, template: Path, changelog: Mapping[str, Section]
) -> list[str]:
    """Every promise of `released` that a template broke.

    `now` is what the template would promise, `moved` what people wrote down on what left its place.
    """
    return [
        *_lost_files(released, now, moved["files"]),
        *_lost_questions(released["questions"], now["questions"], moved["questions"]),
        *(line for path, move in moved["files"].items() for line in _move(path, move, released, now, template)),
        *_untold(moved, changelog),
    ]


def _lost_files(released: Record, now: Record, moved: Mapping[str, Any]) -> Iterator[str]:
    for path, was in released["files"].items():
        is_ = now["files"].get(path)
        if is_ is None:
            if "gone" not in moved.get(path, {}):
                yield f"{path} was released in {was['since']} and is gone: leave a shim there, and list it in moved.yml"
            continue
        if is_.get("blob") != was.get("blob"):
            yield f"{path} is a released migration and has changed: restore it, and write a new one"
        known = [
            answer for answer in is_.get("left_out", []) if _may_be(answer, released["questions"], now["questions"])
        ]
        for answer in sorted({*known} - {*was.get("left_out", [])}):
            yield f"{path} is now left out with the answer '{answer}': who has that answer would lose the file"


def _may_be(answer: str, released: Record, now: Record) -> bool:
    """Whether a team that updates can have this answer: one that it could give, or the default of a new question."""
    name, _, choice = answer.partition("=")
    if not choice:
        return True  # `without` a feature
    if name in released:
        return choice in released[name].get("choices", ["false"])
    return choice in {str(_default(now[name], profile)).lower() for profile in released["profile"]["choices"]}


def _lost_questions(released: Record, now: Record, moved: Mapping[str, Any]) -> Iterator[str]:
    for name, was in released.items():
        if name not in now:
            successor = moved.get(name, {}).get("to")
            if successor not in now:
                yield f"question {name} is gone: give it a successor that reads its answer, and list it in moved.yml"
            elif name not in now[successor].get("reads", ()):
                yield f"question {successor} comes after {name}: let its default read the answer to {name}"
            continue
        is_ = now[name]
        if (is_["type"], is_.get("multiselect")) != (was["type"], was.get("multiselect")):
            yield f"question {name} has another type than was released"
        for choice in was.get("choices", ()):
            if choice not in is_.get("choices", ()):
                yield f"question {name} has lost its choice {choice}: an update would take the default instead"
        for profile in released["profile"]["choices"]:
            before, after = (_default(each, profile) for each in (was, is_))
            is_grown = (name, profile) == ("features", "everything") and {*before} <= {*after}
            if before != after and not is_grown:
                yield f"question {name} has another default with profile {profile}: {after}, and it was {before}"


def _default(question: Record, profile: str) -> Any:
    default = question["default"]
    return default[profile] if isinstance(default, dict) else default


def _move(path: str, move: Record, released: Record, now: Record, template: Path) -> Iterator[str]:
    """What is wrong with a file that left its place, or will."""
    since, gone, target = move["moved"], move.get("gone"), move.get("to")
    was = released["files"].get(path)
    if was is None:
        yield f"{path} is in moved.yml and was never released: take it out"
        return
    if "blob" in was or path.startswith(POLICY):
        yield f"{path} is in moved.yml: migrations and policies never move"
        return
    if target and target not in (now["files"] | released["files"]):
        yield f"{path} is said to be at {target} now, and there is nothing"
    if path in now["files"]:
        if gone:
            yield f"{path} is said to be gone since {gone}, and is there"
        yield from _shim(path, target, since, (template / "template" / path).read_text())
    if since in WITHOUT_SHIM:
        return
    if (gone or since in released["releases"]) and was.get("shim") != since:
        yield f"{path} is said to have moved in {since}, and no such release had a shim there"
    if gone and number(gone)[:2] <= number(since)[:2]:
        yield f"{path} leaves in {gone}: its shim came in {since} and stays until the minor release after that"


def _shim(path: str, target: str | None, since: str, text: str) -> Iterator[str]:
    sentence = f"Moved to {target.removeprefix(PACKAGE)} in {since}." if target else f"Removed in {since}."
    if sentence not in text or len(text.splitlines()) > SHIM_LINES:
        yield f"{path} is no shim: at most {SHIM_LINES} lines, of which one says '{sentence}'"
    if target and path.endswith(".py") and "/tests/" not in path and _module(target) not in _imports(path, text):
        yield f"{path} is no shim: it must import from {target} what used to be in it"


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__")


def _imports(path: str, source: str) -> set[str]:
    """The modules that a module imports from, as paths; imports here are relative."""
    found = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom):
            folder = path.split("/")[: -node.level]
            found.add("/".join([*folder, *(node.module or "").split(".")]))
    return found


def _untold(moved: Record, changelog: Mapping[str, Section]) -> Iterator[str]:
    """What left its place and is not in the changelog, for who has edits there."""
    for path, move in (moved["files"] | moved["questions"]).items():
        for version in sorted({move["moved"], move.get("gone", move["moved"])}):
            section = changelog.get(version)
            if section is None or f"`{path.removeprefix(PACKAGE)}`" not in "".join(section.parts.values()):
                yield f"{path} left its place in {version}: say so in that section of CHANGELOG.md"


def too_early(moved: Record, version: str) -> list[str]:
    """What moved.yml puts into a release after `version`."""
    return [
        f"moved.yml has {path} in {at}, which comes after {version}"
        for path, move in (moved["files"] | moved["questions"]).items()
        for at in {move["moved"], move.get("gone", move["moved"])}
        if number(at) > number(version)
    ]
