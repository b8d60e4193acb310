"""`copier update` alone, without `--trust`: what it keeps, and where Copier itself loses what a team wrote (A8)."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import copier
import pytest
from jinja2 import UndefinedError

from ..matrix import FEATURES, features_of
from ..template import contents
from ..test_update import commit, git
from .cells import ANSWERS, CAN_COME, CAN_GO, OF_OLD, Outcome, begin, edit_feature
from .judging import blemishes, differences, loss
from .planting import WORD, Work, answers_of, plant
from .releases import HEAD, PAST, History, has_commit
from .teams import build, decide, dress

pytestmark = pytest.mark.slow

STEPS = [
    (old, name) for old, sha in PAST.items() if has_commit(sha) for name in ANSWERS if old != "0.1.0" or name in OF_OLD
]


def update(project: Path, version: str, data: Mapping[str, Any] | None = None) -> None:
    """`copier update --defaults --vcs-ref <version>`, as a robot does it. Raises what Copier raises."""
    answers = dict(data or {})
    copier.run_update(project, data=answers, defaults=True, overwrite=True, quiet=True, vcs_ref=version, unsafe=False)


def give(history: History, folder: Path, old: str, name: str, seed: int) -> Work:
    project = begin(history, folder / "project", ANSWERS[name], old)
    return Work(project, random.Random(seed), seed, str(ANSWERS[name].get("package", "authserver")))


@pytest.mark.parametrize(("old", "name"), STEPS)
def test_an_update_keeps_edits_and_switches_features(history: History, tmp_path: Path, old: str, name: str) -> None:
    """From each release to the working tree: policy is kept, the rest is merged, a feature comes and one goes."""
    work = give(history, tmp_path, old, name, seed=5)
    for team in (decide, build, dress):
        team(work)
    commit(work.root, "Ours")
    answers = answers_of(work.root)
    features = {*features_of(answers), *CAN_COME[name][:1]} - {*CAN_GO[name][-1:]}
    chosen = {"profile": "custom", "features": [feature for feature in FEATURES if feature in features]}

    update(work.root, HEAD, chosen)

    outcome = Outcome(work, answers | chosen, work.root)
    kept, _, _ = loss(outcome)
    assert len(kept) == len(work.planted)
    fresh, there = history.fresh(HEAD, outcome.answers), contents(work.root)
    written_once = {path for path in contents(fresh) if "/policy/" in path and path in there}
    marked = {path for path, data in there.items() if data.startswith(b"<<<<<<< ") or b"\n<<<<<<< " in data}
    assert marked <= {f"{work.package}/features/__init__.py", "pyproject.toml", "README.md", "compose.yaml"}
    outcome.reports.append({"needs_you": [{"path": path} for path in written_once | marked]})
    assert differences(outcome, fresh) + blemishes(outcome) == []


def in_a_renamed_file(work: Work) -> dict[str, Any]:
    plant(work, work.home / "core/urls.py")
    return {}


def in_a_deleted_file(work: Work) -> dict[str, Any]:
    plant(work, work.home / "core/reading.py")
    return {}


def in_a_feature_that_goes(work: Work) -> dict[str, Any]:
    edit_feature(work, "openid")
    return {"profile": "custom", "features": ["code_flow", "revocation", "protected_resource"]}


def in_a_renamed_package(work: Work) -> dict[str, Any]:
    plant(work, work.home / "policy/scopes.py")
    plant(work, work.home / "core/urls.py")
    return {"package": "gatekeeper"}


# Where Copier loses edits, with exit code 0. What keeps a team from it: `hooks/upgrade`, which carries or names each;
# and that a released file leaves a shim behind, that policies which every server needs are never renamed or
# conditional, and that docs/updating.md says to look for deleted files.
LOSSES: dict[str, tuple[str, Callable[[Work], dict[str, Any]]]] = {
    "upstream renames the file": ("0.4.0", in_a_renamed_file),
    "upstream deletes the file": ("0.5.0", in_a_deleted_file),
    "the feature goes off, and its policy with it": (HEAD, in_a_feature_that_goes),
    "the package gets another name": (HEAD, in_a_renamed_package),
}


@pytest.mark.parametrize("case", LOSSES)
def test_copier_itself_loses_edits(history: History, tmp_path: Path, case: str) -> None:
    """If this fails, Copier has become better, and docs/updating.md can say so."""
    version, edit = LOSSES[case]
    work = give(history, tmp_path, HEAD, "oidc", seed=1)
    data = edit(work)
    commit(work.root, "Ours")

    update(work.root, version, data)

    found = {word for data in contents(work.root).values() for word in WORD.findall(data.decode())}
    assert work.planted
    assert not found


def test_with_a_shim_copier_loses_nothing_of_a_renamed_file(history: History, tmp_path: Path) -> None:
    """That is why a released file leaves one behind: the edit is in conflict with it, and that shows."""
    work = give(history, tmp_path, HEAD, "oidc", seed=1)
    plant(work, work.home / "core/secrets.py")
    commit(work.root, "Ours")

    update(work.root, "0.4.1")

    (word,) = work.planted
    assert word in (work.home / "core/secrets.py").read_text()
    assert "<<<<<<<" in (work.home / "core/secrets.py").read_text()


def test_copier_brings_no_fix_to_a_file_that_moved(history: History, tmp_path: Path) -> None:
    """`hooks/upgrade` does, and `hooks/drift` finds that it is missing."""
    work = give(history, tmp_path, HEAD, "oidc", seed=1)
    old, new = work.home / "core/encoding.py", work.home / "core/encoding_ours.py"
    old.rename(new)
    commit(work.root, "Ours")

    update(work.root, "0.12.1")

    assert "too long" not in new.read_text()
    assert not old.exists()
    assert git(work.root, "status", "--porcelain", "--", "*encoding*") == ""


def test_copier_answers_what_is_no_choice_any_more_with_the_default(history: History, tmp_path: Path) -> None:
    """`hooks/upgrade` refuses until it is told. This is why a choice that was released is not taken away."""
    work = give(history, tmp_path, HEAD, "custom", seed=1)

    update(work.root, "0.11.0")

    assert answers_of(work.root)["signing_algorithms"] == ["ES256", "RS256"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Copier forgets a folder
def test_copier_reads_the_new_map_with_the_old_answers(history: History, tmp_path: Path) -> None:
    """So `_exclude` reads a question that is new with `default`; without, each update would end like this."""
    work = give(history, tmp_path, HEAD, "m2m", seed=1)

    with pytest.raises(UndefinedError, match="'audit' is undefined"):
        update(work.root, "0.9.1")

    git(work.root, "checkout", "--quiet", "--", ".")
    update(work.root, "0.9.0")
    assert answers_of(work.root)["audit"] is False


def test_a_renamed_question_keeps_its_answer(history: History, tmp_path: Path) -> None:
    """Its default reads the old one, so that tables keep their names."""
    work = give(history, tmp_path, HEAD, "custom", seed=1)

    update(work.root, "0.10.0")

    answers = answers_of(work.root)
    assert answers["tables_begin_with"] == "a_"
    assert "table_prefix" not in answers
