"""What was released stays, or leaves in steps that a team can follow (DESIGN, section 4)."""

import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from . import releases
from .breaches import breaches
from .changelog import sections
from .small_template import NOTHING, write_template
from .template import ROOT

CHANGELOG = """# Changelog

## 1.1.0 (2026-02-01)

### What you get

More.

### What moves in your repository

{moves}

### What you must do

Nothing.
"""
ERRORS, ERRORS_TEST = "{=package=}/core/errors.py", "{=package=}/tests/test_errors.py"
SHIM = '"""Moved to core/refusals.py in 1.1.0."""\n\nfrom .refusals import OAuthError as OAuthError\n'
MOVED = {ERRORS: {"moved": "1.1.0", "to": "{=package=}/core/refusals.py"}}

Change = Callable[[Path], object]


def replace(name: str, old: str, new: str) -> Change:
    """Return what puts `new` in place of `old` in a file of the template."""

    def change(template: Path) -> None:
        assert old in (template / name).read_text()
        (template / name).write_text((template / name).read_text().replace(old, new))

    return change


def remove(path: str) -> Change:
    return lambda template: (template / "template" / path).unlink()


def put(path: str, text: str) -> Change:
    return lambda template: (template / "template" / path).write_text(text)


@cache
def promised() -> releases.Record:
    """What the small template promises."""
    with tempfile.TemporaryDirectory() as folder:
        return releases.promise(write_template(Path(folder)))


def found(
    template: Path,
    *changes: Change,
    moved: releases.Record | None = None,
    questions: releases.Record | None = None,
    shims: bool = False,
) -> str:
    """What is found in a template that was released as 1.0.0 and then changed.

    `moved` and `questions` are what is written down on it; with `shims` it was in 1.1.0 too.
    """
    record = {"files": moved or {}, "questions": questions or {}}
    released = releases.record({}, promised(), NOTHING, "1.0.0", "2026-01-01")
    if shims:
        released = releases.record(released, promised(), record, "1.1.0", "2026-02-01")
    write_template(template)
    for change in changes:
        change(template)
    told = " ".join(f"`{path.removeprefix('{=package=}/')}`" for path in record["files"] | record["questions"])
    changelog = sections(CHANGELOG.format(moves=told) + CHANGELOG.format(moves=told).replace("1.1.0", "1.2.0"))
    return "\n".join(breaches(released, releases.promise(template), record, template, changelog))


def test_this_template_keeps_what_its_releases_promised(template: Path) -> None:
    """A8: no released file, question, choice, default or migration is gone or has changed."""
    changelog = sections((ROOT / "CHANGELOG.md").read_text())
    released, moved = releases.read(releases.RELEASED), releases.read(releases.MOVED)

    broken = breaches(released, releases.promise(template), moved, template, changelog)

    assert not broken, "\n".join(broken)


def test_the_changelog_has_a_section_for_every_release() -> None:
    """Newest first, each in the same parts and with the date of its record."""
    changelog = sections((ROOT / "CHANGELOG.md").read_text())
    released = releases.read(releases.RELEASED)["releases"]

    assert [fault for section in changelog.values() for fault in section.faults()] == []
    assert [*changelog] == sorted(changelog, key=releases.number, reverse=True)
    assert {version: changelog[version].date for version in released} == {
        version: facts["date"] for version, facts in released.items()
    }


def test_the_record_holds_what_the_releases_had() -> None:
    """Nobody took a line out of it. A clone without history has nothing to compare with."""
    released = releases.read(releases.RELEASED)
    lost = []
    for version, facts in released["releases"].items():
        tree = ["git", "ls-tree", "-r", "-z", f"{facts.get('commit', version)}:template"]
        listed = subprocess.run(tree, cwd=ROOT, capture_output=True, text=True).stdout
        for line in filter(None, listed.split("\0")):
            (_, _, blob), path = line.split("\t")[0].split(), line.split("\t")[1]
            recorded = released["files"].get(path)
            if recorded is None or recorded.get("blob", blob) != blob:
                lost.append(f"{path} of {version}")

    assert not lost


def test_a_template_that_did_not_change_breaks_nothing(tmp_path: Path) -> None:
    assert found(tmp_path) == ""


@pytest.mark.parametrize(
    "changes",
    [
        [put("{=package=}/core/tokens.py", "")],
        [replace("copier.yml", "[openid, par]", "[openid, par, dpop]")],
        [
            replace("copier.yml", "[openid, par]", "[openid, par, dpop]"),
            replace("copier.yml", "['openid', 'par'] if", "['openid', 'par', 'dpop'] if"),
        ],
        [replace("copier.yml", "[sqlite, postgresql]", "[sqlite, postgresql, mysql]")],
        [replace("copier.yml", "demo:", "layout: {type: str, choices: [service, package], default: service}\ndemo:")],
        [replace("copier.yml", "    /{=package=}/par.py\n", "")],
        [put(ERRORS, "class OAuthError(ValueError): ...\n")],
    ],
    ids=["file", "feature", "everything", "choice", "question", "always there", "code"],
)
def test_what_only_adds_breaks_nothing(tmp_path: Path, changes: list[Change]) -> None:
    """Only who wanted everything gets more."""
    assert found(tmp_path, *changes) == ""


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (remove(ERRORS), "core/errors.py was released in 1.0.0 and is gone"),
        (remove("README.md"), "README.md was released in 1.0.0 and is gone"),
        (remove("{=package=}/stores/migrations/0001_first.py"), "0001_first.py was released in 1.0.0 and is gone"),
        (put("{=package=}/stores/migrations/0001_first.py", "# Nicer.\n"), "is a released migration and has changed"),
        (
            replace(
                "copier.yml",
                '_exclude:\n  - |\n    # {% if "par"',
                '_exclude:\n  - |\n    # {% if not demo %}\n    /README.md\n    # {% endif %}\n    # {% if "par"',
            ),
            "README.md is now left out with the answer 'demo=false'",
        ),
        (
            replace("copier.yml", "  - |\n", "  - README.md\n  - |\n"),
            "README.md is now left out with the answer 'always'",
        ),
        (
            replace("copier.yml", "    /{=package=}/par.py\n", "    /{=package=}/par.py\n    /{=package=}/core\n"),
            "core/errors.py is now left out with the answer 'without par'",
        ),
        (replace("copier.yml", "default: false", "default: true"), "demo has another default with profile oidc: True"),
        (replace("copier.yml", "else ['openid']", "else []"), "features has another default with profile custom: []"),
        (
            replace("copier.yml", "['openid', 'par'] if", "['par'] if"),
            "another default with profile everything: ['par']",
        ),
        (replace("copier.yml", "[sqlite, postgresql]", "[sqlite]"), "database has lost its choice postgresql"),
        (replace("copier.yml", "demo: {type: bool", "demo: {type: str"), "demo has another type"),
        (replace("copier.yml", "database:", "storage:"), "question database is gone"),
    ],
)
def test_what_takes_away_is_found(tmp_path: Path, change: Change, sentence: str) -> None:
    """Each would take something from a team, and Copier would say nothing."""
    assert sentence in found(tmp_path, change)


def test_a_new_feature_takes_no_file_from_who_does_not_have_it(tmp_path: Path) -> None:
    """What was there before the feature stays there without it."""
    feature = replace("copier.yml", "[openid, par]", "[openid, par, dpop]")
    own = replace("copier.yml", '"par" not in features', '"dpop" not in features')

    assert "par.py is now left out with the answer 'without dpop'" in found(tmp_path, feature, own)


def test_a_new_question_takes_no_file_from_who_never_answered_it(tmp_path: Path) -> None:
    """Its default is what every team has after the update."""
    asked = replace("copier.yml", "demo:", "layout: {type: str, choices: [service, package], default: service}\ndemo:")
    left_out = '_exclude:\n  - |\n    # {{% if layout == "{}" %}}\n    /README.md\n    # {{% endif %}}\n'

    def exclude(layout: str) -> Change:
        return replace("copier.yml", "_exclude:\n  - |\n", left_out.format(layout))

    assert found(tmp_path / "other", asked, exclude("package")) == ""
    assert "with the answer 'layout=service'" in found(tmp_path / "default", asked, exclude("service"))


def test_a_module_may_move_and_leave_a_shim(tmp_path: Path) -> None:
    """The old path says where it went, and what imported from it still does."""
    to = put("{=package=}/core/refusals.py", "class OAuthError(Exception): ...\n")

    assert found(tmp_path, to, put(ERRORS, SHIM), moved=MOVED) == ""


def test_a_test_and_a_page_that_move_leave_a_pointer(tmp_path: Path) -> None:
    """Nothing imports from them."""
    to = [put("{=package=}/tests/test_refusals.py", ""), put("RUNNING.md", "")]
    pointers = [
        put(ERRORS_TEST, '"""Moved to tests/test_refusals.py in 1.1.0."""\n'),
        put("README.md", "Moved to RUNNING.md in 1.1.0.\n"),
    ]
    moved = {
        ERRORS_TEST: {"moved": "1.1.0", "to": "{=package=}/tests/test_refusals.py"},
        "README.md": {"moved": "1.1.0", "to": "RUNNING.md"},
    }

    assert found(tmp_path, *to, *pointers, moved=moved) == ""


@pytest.mark.parametrize(
    ("shim", "sentence"),
    [
        ("class OAuthError(Exception): ...\n", "of which one says 'Moved to core/refusals.py in 1.1.0.'"),
        (SHIM + "\n" * 20, "at most 20 lines"),
        ('"""Moved to core/refusals.py in 1.1.0."""\n', "it must import from {=package=}/core/refusals.py"),
        (SHIM.replace(".refusals import", ".tokens import"), "it must import from {=package=}/core/refusals.py"),
        (SHIM.replace(".refusals import", "..core.refusals import"), ""),
    ],
)
def test_a_shim_says_where_it_went_and_leads_there(tmp_path: Path, shim: str, sentence: str) -> None:
    to = put("{=package=}/core/refusals.py", "class OAuthError(Exception): ...\n")

    told = found(tmp_path, to, put(ERRORS, shim), moved=MOVED)

    assert sentence in told if sentence else told == ""


def test_a_shim_goes_a_minor_release_later(tmp_path: Path) -> None:
    """Not in the release that brought it, nor in a patch of that one."""
    to = put("{=package=}/core/refusals.py", "")

    def gone(version: str) -> str:
        moved = {ERRORS: MOVED[ERRORS] | {"gone": version}}
        return found(tmp_path / version, to, remove(ERRORS), moved=moved, shims=True)

    assert gone("1.2.0") == ""
    assert "stays until the minor release after that" in gone("1.1.0")
    assert "stays until the minor release after that" in gone("1.1.1")


def test_a_shim_was_released_before_it_goes(tmp_path: Path) -> None:
    """To write down that there was one is not enough."""
    moved = {ERRORS: MOVED[ERRORS] | {"gone": "1.2.0"}}
    to = put("{=package=}/core/refusals.py", "")

    told = found(tmp_path, to, remove(ERRORS), moved=moved)

    assert f"{ERRORS} is said to have moved in 1.1.0, and no such release had a shim there" in told


def test_only_what_was_released_and_may_move_is_listed(tmp_path: Path) -> None:
    """Migrations and policies keep their place for ever."""
    paths = ["{=package=}/stores/migrations/0001_first.py", "{=package=}/policy/scopes.py", "never.py"]

    told = found(tmp_path, moved={path: {"moved": "1.1.0"} for path in paths}).splitlines()

    assert ["never move" in line for line in told] == [True, True, False]
    assert "was never released" in told[2]


def test_what_is_listed_is_so(tmp_path: Path) -> None:
    """Where it is said to have gone there is something, and what is said to be gone is."""
    nowhere = found(tmp_path / "nowhere", put(ERRORS, SHIM), moved=MOVED)
    to = put("{=package=}/core/refusals.py", "")
    there = found(tmp_path / "there", to, moved={ERRORS: MOVED[ERRORS] | {"gone": "1.2.0"}})

    assert "is said to be at {=package=}/core/refusals.py now, and there is nothing" in nowhere
    assert "is said to be gone since 1.2.0, and is there" in there


def test_what_moves_is_told_in_the_changelog(tmp_path: Path) -> None:
    template = write_template(tmp_path)
    now = releases.promise(template)
    released = releases.record({}, now, NOTHING, "1.0.0", "2026-01-01")
    changelog = sections(CHANGELOG.format(moves="Nothing."))

    told = breaches(released, now, {"files": MOVED, "questions": {}}, template, changelog)

    assert f"{ERRORS} left its place in 1.1.0: say so in that section of CHANGELOG.md" in told


@pytest.mark.parametrize(
    ("default", "sentence"),
    [
        ("\"{= database | default('sqlite') =}\"", ""),
        ("sqlite", "question storage comes after database: let its default read the answer"),
    ],
)
def test_a_question_is_renamed_with_a_successor_that_reads_its_answer(
    tmp_path: Path, default: str, sentence: str
) -> None:
    """Plain Copier follows it too: what was answered is at hand while defaults are rendered."""
    old = "database: {type: str, choices: [sqlite, postgresql], default: sqlite}"
    rename = replace("copier.yml", old, f"storage: {{type: str, choices: [sqlite, postgresql], default: {default}}}")

    told = found(tmp_path, rename, questions={"database": {"moved": "1.1.0", "to": "storage"}})

    assert sentence in told if sentence else told == ""


def test_a_record_keeps_what_came_before(tmp_path: Path) -> None:
    """A file that left stays in the record, one that stayed says since when it is there, and a shim that it is one."""
    template = write_template(tmp_path)
    first = releases.record({}, releases.promise(template), NOTHING, "1.0.0", "2026-01-01")
    remove("README.md")(template)
    put("RUNNING.md", "")(template)

    second = releases.record(first, releases.promise(template), NOTHING | {"files": MOVED}, "1.1.0", "2026-02-01")
    releases.write(second, tmp_path / "released.yml")

    assert {path: facts["since"] for path, facts in second["files"].items() if path.endswith(".md")} == {
        "README.md": "1.0.0",
        "RUNNING.md": "1.1.0",
    }
    assert second["files"][ERRORS] == {"since": "1.0.0", "shim": "1.1.0"}
    assert releases.read(tmp_path / "released.yml") == second
