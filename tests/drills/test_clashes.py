"""`hooks/upgrade` where both sides did something with the same name: rare, and where a merge loses things if it can."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ..template import contents
from ..test_update import commit
from .cells import ANSWERS, begin, upgrade
from .planting import WORD
from .releases import History

pytestmark = pytest.mark.slow

OURS, OTHERS = "kept0x0y", "kept0x1y"
DOCSTRING = '        """The issuer without its path."""\n'


def remark(path: Path, word: str, after: str = "") -> None:
    """Write a comment behind `after`, or at the end."""
    text = path.read_text()
    assert after in text
    path.write_text(text.replace(after, f"{after}        # {word}\n", 1) if after else f"{text}\n# {word}\n")


def take_the_new_name(core: Path) -> None:
    """Has a module that is called as upstream calls another one now, and has edited that one."""
    (core / "addresses.py").write_text(f'"""Ours: {OURS}."""\n')
    remark(core / "urls.py", OTHERS, DOCSTRING)


def move_to_the_new_name(core: Path) -> None:
    """Has moved a module to where upstream moves another one, and has edited both."""
    (core / "scope.py").rename(core / "addresses.py")
    remark(core / "addresses.py", OURS)
    remark(core / "urls.py", OTHERS, DOCSTRING)


def delete_what_moves(core: Path) -> None:
    (core / "urls.py").unlink()


def move_what_goes(core: Path) -> None:
    (core / "reading.py").rename(core / "reading_ours.py")
    remark(core / "reading_ours.py", OURS)


def leave_a_shim(core: Path) -> None:
    """Has moved a module and left a shim, where the fix arrives now."""
    (core / "encoding.py").rename(core / "encoding_ours.py")
    (core / "encoding.py").write_text(f'"""{OURS}."""\n\nfrom .encoding_ours import *\n')
    remark(core / "encoding_ours.py", OTHERS)


def write_it_anew(core: Path) -> None:
    (core / "encoding.py").unlink()
    (core / "encoded.py").write_text(f'"""{OURS}."""\n' + "".join(f"x{n} = {n}\n" for n in range(80)))


def name_a_file_as_a_folder(core: Path) -> None:
    (core.parent / "cli/options").write_text(OURS)
    remark(core.parent / "cli/client_options/__init__.py", OTHERS)


def have_a_twin(core: Path) -> None:
    """Has a test in a folder that upstream moves, and one of the same name where it moves to."""
    tests = core.parent / "tests"
    (tests / "protocol").mkdir()
    (tests / "core/test_ours.py").write_text(f'"""{OURS}."""\n')
    (tests / "protocol/test_ours.py").write_text(f'"""{OTHERS}."""\n')


# The release, what the team did, and which file must be named.
CLASHES: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "a name that upstream takes": ("0.4.0", take_the_new_name, "core/urls.py"),
    "a move to where upstream moves": ("0.4.0", move_to_the_new_name, "core/urls.py"),
    "deleted, and moved upstream": ("0.4.0", delete_what_moves, "core/addresses.py"),
    "moved, and deleted upstream": ("0.5.0", move_what_goes, "core/reading_ours.py"),
    "a shim where the fix comes": ("0.12.1", leave_a_shim, "core/encoding.py"),
    "written anew": ("0.12.1", write_it_anew, "core/encoding.py"),
    "a file called as a folder": ("0.7.0", name_a_file_as_a_folder, "cli/options"),
    "a twin in a folder that moves": ("0.7.0", have_a_twin, ""),
}


@pytest.mark.parametrize("case", CLASHES)
def test_what_clashes_is_kept_and_named(case: str, history: History, tmp_path: Path) -> None:
    """Every word of the team's is somewhere in its work tree, and the file that needs a person is in the report."""
    version, edit, named = CLASHES[case]
    project = begin(history, tmp_path / "project", ANSWERS["m2m"])
    edit(project / "authserver/core")
    commit(project, "Ours")
    before = words(project)

    done = upgrade(project, "--to", version)

    assert done.returncode == bool(named), done.stdout + done.stderr
    assert named in done.stdout.partition("Needs you")[2]
    assert words(project) == before


def words(project: Path) -> set[str]:
    return {word for data in contents(project).values() for word in WORD.findall(data.decode(errors="replace"))}
