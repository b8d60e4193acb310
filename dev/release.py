"""Release a version of the template, for its maintainers.

    python dev/release.py 0.3.0          check everything, write the record, say what remains
    python dev/release.py 0.3.0 --tag    commit the record and tag it too; to push is yours

What is checked is in CONTRIBUTING.md. Nothing is written before all of it holds.
"""

import argparse
import datetime
import io
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from authserver.releases import Note, NoteError, read_notes

from tests import releases
from tests.breaches import breaches, too_early
from tests.changelog import Section, sections
from tests.template import ROOT, SUPERSET


class Refused(Exception):
    """Why there is no release, a line for each thing to mend."""


def git(*arguments: str) -> str:
    """Run git here; return what it printed. Raises Refused with what it complained of."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise Refused(f"git {arguments[0]}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")
    return done.stdout


def successors(version: str) -> list[str]:
    """What may be released after `version`: a patch, a minor or a major release."""
    major, minor, patch = releases.number(version)
    return [f"{major}.{minor}.{patch + 1}", f"{major}.{minor + 1}.0", f"{major + 1}.0.0"]


def check_version(version: str, last: str) -> None:
    """Raise Refused if `version` does not come after `last`."""
    try:
        releases.number(version)
    except ValueError as error:
        raise Refused(str(error)) from None
    if version not in successors(last):
        raise Refused(f"{version} does not come after {last}: release one of {', '.join(successors(last))}")


def check_tree(version: str) -> None:
    """Raise Refused if there is anything that is not committed, or if the tag is taken."""
    if git("status", "--porcelain"):
        raise Refused("the work tree is not clean: commit what belongs to the release, and put the rest away")
    if git("tag", "--list", version):
        raise Refused(f"the tag {version} is there already: a released version never changes, so take the next one")


def check_section(section: Section | None, version: str) -> None:
    """Raise Refused if the changelog does not tell teams what they need to know of `version`."""
    if section is None:
        raise Refused(f"CHANGELOG.md has no section for {version}: begin one with '## {version} (2026-01-31)'")
    try:
        datetime.date.fromisoformat(section.date)
    except ValueError:
        raise Refused(
            f"'{section.date}' of {version} in CHANGELOG.md is no date: write '## {version} (2026-01-31)'"
        ) from None
    if faults := section.faults():
        raise Refused("\n".join(f"CHANGELOG.md: {fault}" for fault in faults))


def check_notes(version: str, notes: Sequence[Note], changelog: Mapping[str, Section]) -> None:
    """Raise Refused if there is no note for `version`, or if notes and changelog name other weaknesses."""
    dates = {note.date.isoformat() for note in notes if note.version == version}
    if not dates:
        raise Refused(f"template/{{=package=}}/releases/{version}.toml is not there: write the note of this release")
    if dates != {changelog[version].date}:
        raise Refused(
            f"the note of {version} has {', '.join(dates)}, and CHANGELOG.md {changelog[version].date}: make it one"
        )
    noted = {(note.version, advisory.id) for note in notes for advisory in note.security}
    told = {(section.version, line) for section in changelog.values() for line in section.advisories}
    faults = [f"CHANGELOG.md, {each}: no note has an advisory for '{line}'" for each, line in sorted(told - noted)]
    faults += [f"CHANGELOG.md, {each}: no line begins with **Security** {line}" for each, line in sorted(noted - told)]
    if faults:
        raise Refused("\n".join(faults))


def release(version: str, *, tag: bool) -> None:
    """Check that `version` can be released, write its record, and commit and tag it if asked. Raises Refused."""
    released, moved = releases.read(releases.RELEASED), releases.read(releases.MOVED)
    changelog = sections((ROOT / "CHANGELOG.md").read_text())
    check_version(version, releases.last_version(released))
    check_tree(version)
    check_section(changelog.get(version), version)
    try:
        check_notes(version, read_notes(SUPERSET), changelog)
    except NoteError as error:
        raise Refused(str(error)) from None
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as committed:
            committed.extractall(folder, filter="data")
        now = releases.promise(Path(folder))
        if found := [*breaches(released, now, moved, Path(folder), changelog), *too_early(moved, version)]:
            raise Refused("\n".join(found))
    releases.write(releases.record(released, now, moved, version, changelog[version].date), releases.RELEASED)

    steps = [
        ["git", "commit", "--message", f"Release {version}", str(releases.RELEASED.relative_to(ROOT))],
        ["git", "tag", "--annotate", version, "--message", f"Chancery {version}"],
        ["git", "push", "--follow-tags"],
    ]
    if tag:
        for step in steps[:2]:
            git(*step[1:])
    print(f"{version} is {'committed and tagged' if tag else 'recorded'}. What remains:")
    for step in steps[2:] if tag else steps:
        print("  " + " ".join(f"'{word}'" if re.search(r"\s", word) else word for word in step))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Release a version of the template.")
    parser.add_argument("version", help="three numbers, such as 0.3.0")
    parser.add_argument("--tag", action="store_true", help="commit and tag too")
    arguments = parser.parse_args()
    try:
        release(arguments.version, tag=arguments.tag)
    except Refused as refusal:
        sys.exit(str(refusal))
