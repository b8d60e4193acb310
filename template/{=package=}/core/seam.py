"""How a policy file says what it is: a contract it was written for, and whether the team has decided yet."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Policy = TypeVar("Policy", bound=type)

_MARK = "__undecided__"


@dataclass(frozen=True, slots=True)
class Undecided:
    """A policy that still is as shipped. `must_decide`: production does not start before it is decided."""

    policy: str
    question: str
    must_decide: bool


def stub(question: str, *, must_decide: bool = False) -> Callable[[Policy], Policy]:
    """Mark a policy class as the shipped default. Whoever decides removes the mark."""

    def mark(policy: Policy) -> Policy:
        setattr(policy, _MARK, Undecided(f"{policy.__module__}.{policy.__name__}", question, must_decide))
        return policy

    return mark


def find_undecided(policy: object) -> Undecided | None:
    """Return the mark that `policy`, a class or an instance of one, still carries itself."""
    owner = policy if isinstance(policy, type) else type(policy)
    found = vars(owner).get(_MARK)
    return found if isinstance(found, Undecided) else None


def check_contract(policy: object, expected: int) -> None:
    """Check that `policy` was written for contract version `expected`. Raises TypeError saying what to do.

    Policy files belong to the team and are never updated, so a changed seam must be noticed, not guessed.
    """
    written_for = getattr(policy, "contract", None)
    if written_for != expected:
        name = f"{type(policy).__module__}.{type(policy).__name__}"
        raise TypeError(
            f"{name} is written for contract {written_for}, this server needs {expected}: "
            "see the upgrade notes in CHANGELOG.md, adapt the class and set `contract`"
        )
