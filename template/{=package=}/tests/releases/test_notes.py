"""Notes are read strictly: one that says less than it means would hide a weakness."""

from datetime import date
from pathlib import Path

import pytest

from ...releases import NoteError, order, read_note, read_notes

PLACE = """
[[security.code]]
path = "core/door.py"
definition = "open_door"
gone = "password == secret"
"""
ADVISORY = f"""
[[security]]
id = "CHY-2027-01"
severity = "high"
title = "Doors could be opened by guessing"
what = "Who measured the time it took learnt the password."
mend = "Compare with `compare_digest`."
{PLACE}"""
NOTE = f"""version = "1.2.3"
date = 2027-01-31
summary = "Mends."
{ADVISORY}"""


def write(folder: Path, text: str = NOTE, name: str = "releases/1.2.3.toml") -> Path:
    """Keep a note in a package, and return its file."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_a_note_says_what_a_release_mended(tmp_path: Path) -> None:
    """What is one text may be a list of one."""
    note = read_note(write(tmp_path))

    [advisory] = note.security
    assert (note.version, note.date, note.summary) == ("1.2.3", date(2027, 1, 31), "Mends.")
    assert (advisory.id, advisory.version, advisory.severity) == ("CHY-2027-01", "1.2.3", "high")
    assert advisory.accepted == ""
    assert advisory.code[0].definition == ("open_door",)
    assert advisory.code[0].gone == ("password == secret",)


def test_notes_are_found_in_the_package_and_in_its_rooms(tmp_path: Path) -> None:
    """The newest first, by number and not by letter."""
    for version, name in {
        "1.9.0": "releases/1.9.0.toml",
        "1.10.0": "features/doors/releases/1.10.0.toml",
        "1.2.3": "releases/some/1.2.3.toml",
    }.items():
        write(tmp_path, NOTE.replace("1.2.3", version), name)

    assert [note.version for note in read_notes(tmp_path)] == ["1.10.0", "1.9.0", "1.2.3"]
    assert order("1.9.0") < order("1.10.0")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("1.2.3", "1.2.4", "the file must be named <version>.toml"),
        ('"1.2.3"', "1.2", "version is no str"),
        ("date = 2027-01-31", "", "date is missing"),
        ("2027-01-31", '"soon"', "date is no date"),
        ("Mends.", "", "summary is no str"),
        ("summary", "sumary", "summary is missing"),
        ("CHY-2027-01", "the first", "the first is no id"),
        ("high", "awful", "severity is none of low, medium, high, critical"),
        ("mend =", "cure =", "mend is missing"),
        (PLACE, "", "says of no code how the fix is recognised"),
        ("gone =", "gne =", "gne means nothing here"),
        ('gone = "password == secret"', "", "say what must be present, or gone"),
        ("gone =", "present =", "a copy under another name can only be found by what is gone, or by known_by"),
        ("password == secret", "password ==", "is no Python"),
        ("password == secret", "", "gone is no list of texts"),
        ('path = "core/door.py"', "", "path is missing"),
        ("open_door", 'x"\nline = "1', "line means nothing here"),
        ("[[security]]", "[security]", "security is no list of tables"),
        ('title = "Doors', 'title = "Doors" "', "Expected newline"),
    ],
)
def test_a_note_that_is_wrong_says_where(tmp_path: Path, old: str, new: str, fault: str) -> None:
    """No entry is passed over because of a letter."""
    file = write(tmp_path, NOTE.replace(old, new))

    with pytest.raises(NoteError) as refused:
        read_note(file)

    assert str(refused.value).startswith(f"{file}: ")
    assert fault in str(refused.value)


def test_every_note_that_is_shipped_is_sound() -> None:
    """Each id once; what one release says may be in several notes."""
    notes = read_notes(Path(__file__).parents[2])
    ids = [advisory.id for note in notes for advisory in note.security]

    assert {"0.1.0", "0.2.0"} < {note.version for note in notes}
    assert len(ids) == len(set(ids))
