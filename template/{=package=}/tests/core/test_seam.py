"""Policy files: which are still as shipped, and for which contract they were written."""

import pytest

from ...core.seam import Undecided, check_contract, find_undecided, stub


@stub("Decide something.")
class Shipped:
    """As shipped."""

    contract = 2


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


def test_a_policy_for_the_contract_passes() -> None:
    """Also one that inherits the number."""
    check_contract(Decided(), 2)


@pytest.mark.parametrize(("policy", "written_for"), [(Shipped(), "2"), (Urgent(), "None")])
def test_a_policy_for_another_contract_is_refused_and_says_which(policy: object, written_for: str) -> None:
    """A8: a changed seam is noticed at start-up; the line names the class and where to read on."""
    with pytest.raises(TypeError, match=rf"{type(policy).__name__} is written for contract {written_for}, .*needs 3"):
        check_contract(policy, 3)
