"""A fix is recognised by what the code says, and a weakness is never taken for its fix."""

from pathlib import Path

import pytest

from ...releases import Judgement, Project, judge, read_note
from .test_notes import NOTE, PLACE, write

WEAK = '''
def open_door(password: str) -> bool:
    """Say whether the door opens."""
    secret = read_secret()
    return password == secret
'''
FIXED = WEAK.replace("password == secret", "compare_digest(password, secret)")

REPLACED = """
[[security.code]]
path = "core/door.py"
definition = "open_door"
present = "compare_digest(password, secret)"
gone = "password == secret"
"""
ADDED = """
[[security.code]]
path = "core/door.py"
definition = "open_door"
present = '''
if not password:
    return False
'''
known_by = "read_secret()"
"""
WITH_CHECK = WEAK.replace("    secret =", "    if not password:\n        return False\n    secret =")

PAGE = """
[[security.code]]
path = "pages/door.html"
present = "<form method='post'>{{ token }}"
known_by = 'name="password"'
"""


def judged(folder: Path, place: str, files: dict[str, str], rendered: dict[str, str] | None = None) -> Judgement:
    """Return the judgement of a project that consists of these files of its package `here`."""
    project = _write(folder / "project", files)
    before = _write(folder / "rendered", rendered) if rendered is not None else None
    note = read_note(write(folder, NOTE.replace(PLACE, place)))
    [judgement] = judge([note], project, before)
    return judgement


def _write(folder: Path, files: dict[str, str]) -> Project:
    for name, text in files.items():
        file = folder / "here" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Project(folder, folder / "here")


@pytest.mark.parametrize(
    "files",
    [
        {"core/door.py": FIXED},
        {"ours/gate.py": FIXED},
        {"../beside/gate.py": FIXED},
        {"core/door.py": f"'Doors.'\n\n# Ours.\n{FIXED.replace(', ', ',  # Ours.' + chr(10))}"},
        {"core/door.py": FIXED.replace("    return", "    print('knock')\n    return")},
        {"core/door.py": FIXED.replace("compare_digest", "same") + "\nfrom hmac import compare_digest as same\n"},
        {"core/door.py": FIXED, "core/other.py": "def open_window(password): ...\n"},
        {"core/door.py": FIXED, "core/seam.py": "class Doors:\n    def open_door(self) -> bool: ...\n"},
        {"core/door.py": FIXED, ".venv/lib.py": WEAK, "node_modules/x.py": WEAK, "notes.md": WEAK},
    ],
)
def test_a_fix_is_recognised_wherever_it_is(tmp_path: Path, files: dict[str, str]) -> None:
    """Moved, reformatted, edited near, imported under another name."""
    assert judged(tmp_path, REPLACED, files).verdict == "fixed"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"core/door.py": FIXED + "\n\ndef enter(word, key):\n    return word == key\n"}, "enter still has"),
        ({"core/door.py": WEAK}, "here/core/door.py:2 open_door still has `password == secret`"),
        ({"ours/gate.py": WEAK}, "here/ours/gate.py:2 open_door lacks `compare_digest(password, secret)`"),
        ({"core/door.py": FIXED, "old.py": WEAK}, "here/old.py:2 open_door still has"),
        ({"core/door.py": FIXED, "old.py": WEAK.replace("open_door", "enter")}, "here/old.py:2 enter still has"),
        ({"core/door.py": FIXED, "old.py": WEAK.replace("secret", "word")}, "here/old.py:2 open_door still has"),
        ({"core/door.py": FIXED + WEAK}, "here/core/door.py:7 open_door still has"),
        ({"core/door.py": f"if DEBUG:{WEAK.replace(chr(10), chr(10) + '    ')}\n"}, "still has"),
        ({"core/door.py": f"{WEAK}    # compare_digest(password, secret)\n"}, "lacks"),
        ({"core/door.py": WEAK.replace("opens.", "opens: compare_digest(password, secret)")}, "lacks"),
        ({"core/door.py": FIXED.replace("return", "return password == secret or")}, "still has"),
    ],
)
def test_a_weakness_is_told_wherever_it_is(tmp_path: Path, files: dict[str, str], reason: str) -> None:
    """Moved, renamed, copied, half fixed, fixed in a comment only."""
    judgement = judged(tmp_path, REPLACED, files)

    assert judgement.verdict == "missing"
    assert reason in "; ".join(judgement.reasons)


@pytest.mark.parametrize(
    "inside",
    [
        "if STRICT:",
        "while STRICT:",
        "for each in doors:",
        "with suppress(Closed):",
        "def later() -> None:",
        "try:",
    ],
)
def test_a_check_under_a_condition_is_another_check(tmp_path: Path, inside: str) -> None:
    """It is a fix only if it is run whenever the definition is."""
    check = "    if not password:\n        return False\n"
    within = f"    {inside}\n" + "".join(f"    {line}\n" for line in check.splitlines())
    if inside == "try:":
        within += "    except Closed:\n        pass\n"

    judgement = judged(tmp_path, ADDED, {"core/door.py": WITH_CHECK.replace(check, within)})

    assert judgement.verdict == "missing"


@pytest.mark.parametrize(
    "answer",
    ["STRICT and not compare_digest(password, secret)", "compare_digest(password, secret) if STRICT else True"],
)
def test_a_comparison_that_is_not_always_made_is_another_one(tmp_path: Path, answer: str) -> None:
    """What stands behind `and`, `or` and `if` may not be reached."""
    code = FIXED.replace("compare_digest(password, secret)", answer)

    assert judged(tmp_path, REPLACED, {"core/door.py": code}).verdict == "missing"


def test_a_check_that_was_added_is_looked_for_in_copies_too(tmp_path: Path) -> None:
    """By what whoever copies the code copies with it."""
    copy = WEAK.replace("open_door", "enter")

    assert judged(tmp_path / "fixed", ADDED, {"core/door.py": WITH_CHECK}).verdict == "fixed"
    judgement = judged(tmp_path / "copied", ADDED, {"core/door.py": WITH_CHECK, "old.py": copy})
    assert judgement.verdict == "missing"
    assert judgement.reasons == ("here/old.py:2 enter lacks `if not password: …`",)


def test_it_is_nothing_how_a_function_was_imported(tmp_path: Path) -> None:
    """By itself, with its module, or under another name."""
    place = REPLACED.replace("password == secret", "md5(password) == secret")

    for call in ("md5(word)", "hashlib.md5(word)", "old(word)"):
        code = f"from hashlib import md5 as old\n\n\ndef enter(word, secret):\n    return {call} == secret\n"
        judgement = judged(tmp_path / call, place, {"core/door.py": FIXED, "old.py": code})
        assert judgement.reasons == ("here/old.py:4 enter still has `md5(password) == secret`",)


def test_what_must_be_gone_is_looked_for_outside_functions_too(tmp_path: Path) -> None:
    """In a class, after a method; at the top, under a condition."""
    place = REPLACED.replace("password == secret", "STRICT = False")

    for code in ("class Doors:\n    def f(self): ...\n    STRICT = False\n", "if DEBUG:\n    STRICT = False\n"):
        judgement = judged(tmp_path / code[:2], place, {"core/door.py": FIXED, "ours.py": code})
        assert judgement.reasons == ("here/ours.py still has `STRICT = False`",)


def test_what_cannot_be_found_is_told(tmp_path: Path) -> None:
    """A fix under another name is for a person to see; silence is not."""
    judgement = judged(tmp_path, REPLACED, {"core/door.py": FIXED.replace("open_door", "enter")})

    assert judgement.verdict == "unclear"
    assert judgement.reasons == ("open_door cannot be found: look where it went",)


def test_what_the_project_never_had_is_not_missed(tmp_path: Path) -> None:
    """`drift` knows what was rendered."""
    assert judged(tmp_path / "never", REPLACED, {"x.py": ""}, rendered={"x.py": ""}).verdict == "fixed"
    assert judged(tmp_path / "lost", REPLACED, {"x.py": ""}, rendered={"core/door.py": WEAK}).verdict == "unclear"
    older = {"core/gate.py": WEAK.replace("open_door", "enter")}
    assert judged(tmp_path / "older", REPLACED, {"x.py": ""}, rendered=older).verdict == "unclear"


def test_a_file_that_python_cannot_read_is_told(tmp_path: Path) -> None:
    """As after a merge that nobody ended."""
    conflict = f"<<<<<<< ours\n{WEAK}=======\n{FIXED}>>>>>>> theirs\n"

    judgement = judged(tmp_path, REPLACED, {"core/door.py": conflict})

    assert (judgement.verdict, judgement.reasons) == ("unclear", ("here/core/door.py cannot be read",))


def test_what_is_removed_must_be_gone(tmp_path: Path) -> None:
    """A fix can be that a function is no more."""
    place = REPLACED.replace("present =", "removed = true #")

    assert judged(tmp_path / "gone", place, {"core/door.py": ""}).verdict == "fixed"
    assert judged(tmp_path / "there", place, {"core/window.py": FIXED}).verdict == "missing"


def test_a_name_at_the_top_and_a_whole_file_can_be_meant(tmp_path: Path) -> None:
    """And a place may have had several names."""
    name = REPLACED.replace('"open_door"', '["LENGTH", "SIZE"]').replace(
        "compare_digest(password, secret)", "SIZE = 32"
    )
    whole = name.replace('definition = ["LENGTH", "SIZE"]', "")

    assert judged(tmp_path / "name", name, {"core/door.py": "SIZE = 32\n"}).verdict == "fixed"
    assert judged(tmp_path / "weak", name, {"core/door.py": "SIZE = 8\n"}).verdict == "missing"
    assert judged(tmp_path / "file", whole, {"core/door.py": "class Sizes:\n    SIZE = 32\n"}).verdict == "fixed"


@pytest.mark.parametrize(
    ("files", "verdict"),
    [
        ({"pages/door.html": '<form method="post">\n  {{token}}\n<input name="password">'}, "fixed"),
        ({"ours/door.html": "<form method='post'>{{ token }}<input name='password'>"}, "fixed"),
        ({"pages/door.html": "<form method='post'><input name='password'>"}, "missing"),
        ({"pages/door.html": "<!-- <form method='post'>{{ token }} --><form><input name='password'>"}, "missing"),
        ({"pages/door.html": "{# <form method='post'>{{ token }} #}<form><input name='password'>"}, "missing"),
        ({"pages/door.html": "<form method='post'>{{ token_of_old }}<input name='password'>"}, "missing"),
        ({"pages/enter.html": "<form><input name='password'>"}, "missing"),
        ({"pages/other.html": ""}, "unclear"),
        ({"pages/door.html": "<<<<<<< ours\n<form method='post'>{{ token }}\n=======\n>>>>>>> theirs\n"}, "unclear"),
    ],
)
def test_a_page_is_judged_by_its_text(tmp_path: Path, files: dict[str, str], verdict: str) -> None:
    """Spaces and quotes are nothing, and a comment is not in effect."""
    assert judged(tmp_path, PAGE, files).verdict == verdict


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("on: push\npermissions:\n    contents: read  # no more\n", "fixed"),
        ("permissions:\n  contents: read-all\n", "missing"),
        ("permissions:\n  contents: readwrite\n", "missing"),
        ("# permissions:\n#   contents: read\n", "missing"),
        ("permissions: write-all\n", "missing"),
    ],
)
def test_a_file_beside_the_package_is_judged_word_for_word(tmp_path: Path, text: str, verdict: str) -> None:
    """A word that only begins like the right one is another one."""
    place = """
[[security.code]]
path = "../.github/ci.yml"
present = "permissions:\\n  contents: read"
gone = "permissions: write-all"
"""

    assert judged(tmp_path, place, {"../.github/ci.yml": text}).verdict == verdict


def test_the_project_is_what_the_package_stands_in(tmp_path: Path) -> None:
    """Where the package is installed, its neighbours are no business of ours."""
    files = {"core/door.py": FIXED, "../beside.py": WEAK}
    judged(tmp_path, REPLACED, files)
    project, note = tmp_path / "project", read_note(tmp_path / "releases/1.2.3.toml")

    [installed] = judge([note], Project.around(project / "here"))
    (project / "pyproject.toml").touch()
    [rendered] = judge([note], Project.around(project / "here"))

    assert (installed.verdict, rendered.verdict) == ("fixed", "missing")
