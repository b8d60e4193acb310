"""No weakness is taken for its fix, whatever the team did to the code; and no fix is missed that is plainly there."""

import importlib.util
import random
import re
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..template import ROOT, SUPERSET, render
from .disguises import PLAIN, STRANGE, Bench, rename_function
from .weaknesses import WEAKNESSES, Part, Weakness, note

CELLS = 144
EVERYTHING = {"profile": "everything"}


@pytest.fixture(scope="session")
def releases() -> Any:
    """The judge, loaded from its folder alone as `drift` does."""
    spec = importlib.util.spec_from_file_location("judged_releases", SUPERSET / "releases/__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def bench(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A project of every feature, to edit."""
    project = render(template, tmp_path_factory.mktemp("drift") / "project", EVERYTHING)
    return Bench(project, project / "authserver")


@pytest.fixture(scope="session")
def notes(releases: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The note of each weakness."""
    folder = tmp_path_factory.mktemp("notes")
    read: dict[str, Any] = {}
    for weakness in WEAKNESSES:
        file = folder / f"9.0.{len(read)}.toml"
        file.write_text(note(weakness, version=file.stem))
        read[weakness.name] = releases.read_note(file)
    return read


def leave_vulnerable(bench: Bench, weakness: Weakness, dice: random.Random) -> list[Path]:
    """The fix was never taken."""
    return _edit(bench, weakness, weakness.parts, lambda part: part.weak)


def leave_half(bench: Bench, weakness: Weakness, dice: random.Random) -> list[Path]:
    """Only some of the fix was taken; of a fix of one piece, nothing."""
    return _edit(bench, weakness, [dice.choice(weakness.parts)], lambda part: part.weak)


def leave_conflict(bench: Bench, weakness: Weakness, dice: random.Random) -> list[Path]:
    """A merge stopped, and nobody went on."""
    return _edit(
        bench,
        weakness,
        [dice.choice(weakness.parts)],
        lambda part: f"\n<<<<<<< ours\n{part.weak}\n=======\n{part.fixed}\n>>>>>>> theirs\n",
    )


def leave_comment(bench: Bench, weakness: Weakness, dice: random.Random) -> list[Path]:
    """The fix stands there, but as a comment or a text."""

    def comment(part: Part) -> str:
        if part.path.endswith(".html"):
            return f"{part.weak}        <!-- {part.fixed.strip()} -->\n"
        lines = "".join(f"# {line.strip()}\n" for line in part.fixed.strip().splitlines())
        return f"{part.weak}\n{lines}"

    return _edit(bench, weakness, weakness.parts, comment)


def leave_copy(bench: Bench, weakness: Weakness, dice: random.Random) -> list[Path]:
    """The fix was taken, and a weak copy of the file is elsewhere, its functions perhaps under other names."""
    part = dice.choice(weakness.parts)
    file = bench.package / part.path
    copy = bench.somewhere(dice, f"old_{file.name}")
    bench.write(copy, bench.read(file).replace(part.fixed, part.weak))
    if dice.random() < 0.5:
        rename_function(bench, copy, weakness.names, dice)
    return [copy]


def take_fix(bench: Bench, weakness: Weakness, dice: random.Random) -> list[Path]:
    """The fix was taken."""
    return [bench.package / path for path in weakness.paths]


WEAK: tuple[Callable[[Bench, Weakness, random.Random], list[Path]], ...] = (
    leave_vulnerable,
    leave_half,
    leave_conflict,
    leave_comment,
    leave_copy,
)


def _edit(bench: Bench, weakness: Weakness, parts: Any, become: Callable[[Part], str]) -> list[Path]:
    for part in parts:
        file = bench.package / part.path
        bench.write(file, bench.read(file).replace(part.fixed, become(part)))
    return [bench.package / path for path in weakness.paths]


def disguise(bench: Bench, files: list[Path], weakness: Weakness, chosen: list[Any], dice: random.Random) -> None:
    """Do to each file what was chosen, as far as it can still be parsed."""
    for file in files:
        for each in chosen:
            try:
                file = each(bench, file, weakness.names, dice)
            except (SyntaxError, IndexError):  # conflict markers, or no function of that name in this file
                continue


def judge(releases: Any, bench: Bench, read: Any) -> Any:
    """The judgement of the one advisory in a note."""
    [judgement] = releases.judge([read], releases.Project(bench.project, bench.package))
    return judgement


@pytest.mark.slow
def test_no_weakness_is_taken_for_its_fix(releases: Any, bench: Bench, notes: dict[str, Any]) -> None:
    """Vulnerable, half fixed, in conflict, commented out, duplicated; moved, renamed, reformatted, edited near."""
    dice = random.Random(20261126)
    missed = []
    verdicts: Counter[str] = Counter()
    for cell in range(CELLS):
        weakness, leave = WEAKNESSES[cell % len(WEAKNESSES)], dice.choice(WEAK)
        chosen = dice.sample((*PLAIN, *STRANGE), dice.randint(0, 4))
        disguise(bench, leave(bench, weakness, dice), weakness, chosen, dice)
        judgement = judge(releases, bench, notes[weakness.name])
        verdicts[judgement.verdict] += 1
        if judgement.verdict == "fixed":
            missed.append((weakness.name, leave.__name__, [each.__name__ for each in chosen]))
        bench.restore()

    assert not missed, (len(missed), missed)
    assert verdicts.total() == CELLS


@pytest.mark.slow
def test_a_fix_that_is_plainly_there_is_recognised(releases: Any, bench: Bench, notes: dict[str, Any]) -> None:
    """Moved, renamed, reformatted, retyped and edited near, as often as it takes."""
    dice = random.Random(20261127)
    asked = []
    for cell in range(CELLS // 2):
        weakness = WEAKNESSES[cell % len(WEAKNESSES)]
        chosen = dice.sample(PLAIN, dice.randint(0, 4))
        disguise(bench, take_fix(bench, weakness, dice), weakness, chosen, dice)
        judgement = judge(releases, bench, notes[weakness.name])
        if judgement.verdict != "fixed":
            asked.append((weakness.name, [each.__name__ for each in chosen], judgement.reasons))
        bench.restore()

    assert not asked, (len(asked), asked)


@pytest.mark.slow
@pytest.mark.parametrize("answers", [{}, {"profile": "m2m"}, EVERYTHING | {"database": "postgresql"}], ids=repr)
def test_what_is_shipped_has_every_fix_that_its_notes_tell_of(
    releases: Any, rendered: Callable[..., Path], answers: dict[str, Any]
) -> None:
    """A note speaks only of files that are there with it, and its places recognise the code that was released."""
    package = rendered(**answers) / "authserver"
    notes = releases.read_notes(package)

    judgements = releases.judge(notes, releases.Project.around(package))

    assert notes[0].version == max((note.version for note in notes), key=releases.order) != "0.1.0"
    assert not [each for each in judgements if each.verdict != "fixed"]
    assert not [
        place.path
        for note in notes
        for advisory in note.security
        for place in advisory.code
        if not (place.removed or (package / place.path).exists())
    ]


def test_the_note_that_the_guide_shows_is_one(releases: Any, tmp_path: Path) -> None:
    """And its place recognises the code that is here."""
    shown = re.search(r"```toml\n(version.*?)```", (ROOT / "docs/releases.md").read_text(), re.DOTALL)
    assert shown is not None
    file = tmp_path / "1.4.1.toml"
    file.write_text(shown[1])

    [judgement] = releases.judge([releases.read_note(file)], releases.Project(SUPERSET, SUPERSET))

    assert judgement.verdict == "fixed", judgement.reasons
