"""Policy files: which are still as shipped, and for which contract they were written."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from ...core.seam import Seam, Undecided, find_undecided, stub


class Asked(Protocol):
    """What a server asks of a policy."""

    kind: str

    def answer(self) -> str: ...
    async def release(self, subject: str) -> None: ...


NOW = Seam("claims.Claims", Asked, ("release() has gained subject: add it", "answer() may be None: look for it"))
"""Asked for the third time."""

WRITTEN = """
class Claims:
    contract = 3
    def __init__(self, of_another_time):
        raise AssertionError("it must not be made")
    def answer(self): ...
    async def release(self, subject): ...
"""
SIGHT = f"{__name__}.Asked"
BOTH = """
  contract 2: release() has gained subject: add it
  contract 3: answer() may be None: look for it
"""

Look = Callable[..., str | None]


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Look:
    """Look whether the source of a file fits."""
    monkeypatch.syspath_prepend(tmp_path)
    folder = f"team_{abs(hash(request.node.nodeid))}"
    (tmp_path / folder).mkdir()

    def look(source: str | None, seam: Seam = NOW) -> str | None:
        if source is not None:
            (tmp_path / folder / f"{seam.policy.partition('.')[0]}.py").write_text(source)
        misfit = seam.find_misfit(folder)
        return misfit and misfit.replace(folder, "team")

    return look


@stub("Decide something.")
class Shipped:
    """As shipped."""


class Decided(Shipped):
    """A team's own, made from what was shipped."""


@stub("Decide before anybody comes.", must_decide=True)
class Urgent:
    """What production does not start without."""


def test_a_marked_policy_is_undecided_as_a_class_and_as_an_instance() -> None:
    """`doctor` prints the file's path and the question."""
    mark = Undecided(f"{__name__}.Shipped", "Decide something.", must_decide=False)

    assert find_undecided(Shipped) == mark
    assert find_undecided(Shipped()) == mark


def test_a_subclass_of_a_marked_policy_is_decided() -> None:
    """Whoever writes a class has decided, whatever it inherits."""
    assert find_undecided(Decided()) is None


def test_an_object_without_a_mark_is_decided() -> None:
    """Not everything of the team's was shipped by us."""
    assert find_undecided(object()) is None


def test_a_policy_can_say_that_production_must_not_start_without_it() -> None:
    """The mark carries it."""
    mark = find_undecided(Urgent)

    assert mark is not None
    assert mark.must_decide


def test_a_policy_for_the_contract_fits_and_is_not_made(look: Look) -> None:
    """A8: how one is made may be what changed."""
    assert look(WRITTEN) is None


def test_a_number_may_be_inherited(look: Look) -> None:
    """A team may derive from what was shipped."""
    assert look(f"{WRITTEN.replace('class Claims', 'class Old')}\nclass Claims(Old): ...") is None


def test_an_older_policy_is_told_all_that_changed_since(look: Look) -> None:
    """A8: every step, and the number to write when they are done."""
    told = look(WRITTEN.replace("3", "1"))

    assert told == f"team.claims.Claims is written for contract 1, this server needs 3{BOTH}  then set contract = 3"


def test_a_policy_is_not_told_what_it_knows(look: Look) -> None:
    """A8."""
    assert look(WRITTEN.replace("3", "2")) == (
        "team.claims.Claims is written for contract 2, this server needs 3\n"
        "  contract 3: answer() may be None: look for it\n"
        "  then set contract = 3"
    )


def test_a_policy_may_be_newer_than_the_server(look: Look) -> None:
    """A8: somebody rolled the server back."""
    assert look(WRITTEN.replace("3", "4")) == (
        "team.claims.Claims is written for contract 4, this server knows none after 3\n"
        "  update the server, or take the file back that went with this one"
    )


@pytest.mark.parametrize("stated", ["'3'", "True", "0", "-1", "3.0", "[]"])
def test_a_contract_is_a_whole_number(look: Look, stated: str) -> None:
    """A8: `True` is equal to 1 and `3.0` to 3, and neither was meant."""
    told = look(WRITTEN.replace("3", stated))

    assert told == (
        f"team.claims.Claims has the contract {stated}, which is no whole number from 1{BOTH}"
        f"  set contract = 3 when it does what {SIGHT} asks"
    )


def test_a_policy_that_states_no_contract_may_be_as_old_as_can_be(look: Look) -> None:
    """A8."""
    told = look(WRITTEN.replace("contract = 3", ""))

    assert told == (
        f"team.claims.Claims does not say for which contract it is written{BOTH}"
        f"  set contract = 3 when it does what {SIGHT} asks"
    )


def test_a_policy_of_another_name_is_missed(look: Look) -> None:
    """A8: the team gave it another, or its file is older than the name."""
    told = look(WRITTEN.replace("class Claims", "class OurClaims"))

    assert told == f"team/claims.py has no Claims{BOTH}  give it that name again, or write what {SIGHT} asks"


def test_a_file_that_imports_what_is_gone_is_told(look: Look) -> None:
    """A8: what it imports may have moved between two contracts."""
    told = look(f"from argparse import Gone\n{WRITTEN}")

    assert told is not None
    assert told.startswith("team/claims.py cannot be imported: cannot import name 'Gone' from 'argparse' (")
    assert told.endswith(f"){BOTH}  correct its imports")


def test_a_file_that_is_not_there_is_told(look: Look) -> None:
    """A8."""
    told = look(None)

    assert told == f"team/claims.py is not there\n  take it from a fresh rendering, or write what {SIGHT} asks"


def test_what_a_policy_lacks_is_told(look: Look) -> None:
    """A8: methods alone, since a policy may set what else is asked when it is made."""
    told = look("class Claims:\n    contract = 3")

    assert told == f"team.claims.Claims has no answer, release\n  the server calls it: {SIGHT} says how"


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("contract = 2", None),
        ("contract = 1", "team.keys.key_store is written for contract 1, this server needs 2\n  contract 2: news"),
        ("", "team.keys.key_store is written for contract 1, this server needs 2\n  contract 2: news"),
    ],
)
def test_a_function_has_the_contract_of_its_file(look: Look, number: str, told: str | None) -> None:
    """A8: the first files said nothing and are of the first contract."""
    seam = Seam("keys.key_store", Asked, ("news",))

    misfit = look(f"{number}\ndef key_store(): ...", seam)

    assert misfit == (told and f"{told}\n  then set contract = 2")
