"""How a policy file says what it is: a contract it was written for, and whether the team has decided yet.

Policy files belong to the team and are never updated, so the server must notice which no longer fit, and say why.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from inspect import isfunction
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


@dataclass(frozen=True, slots=True)
class Seam:
    """What the server asks of one policy. It stands beside the code that asks.

    `policy` is the file and the name in it, `asks` the Protocol of what is called. `changes` has a text for each
    contract after the first: what changed since the one before, and how to mend a policy.
    """

    policy: str
    asks: type
    changes: tuple[str, ...] = ()

    @property
    def contract(self) -> int:
        """The contract that a policy must be written for."""
        return 1 + len(self.changes)

    def find(self, folder: str) -> object:
        """Return the policy, from the package `folder`; None if it has none. Raises ImportError for a broken file."""
        file, _, name = self.policy.partition(".")
        return getattr(import_module(f"{folder}.{file}"), name, None)

    def find_misfit(self, folder: str) -> str | None:
        """Return what keeps the policy in `folder` from fitting and how to mend it; None if it fits.

        The policy is looked at and not made: how to make one may be what changed.
        """
        file, _, name = self.policy.partition(".")
        path, asked = f"{folder.replace('.', '/')}/{file}.py", _path(self.asks)
        try:
            found = self.find(folder)
        except ImportError as error:
            if error.name == f"{folder}.{file}":
                return _tell(f"{path} is not there", f"take it from a fresh rendering, or write what {asked} asks")
            return _tell(f"{path} cannot be imported: {error}", *self._changes_since(1), "correct its imports")
        if found is None:
            mend = f"give it that name again, or write what {asked} asks"
            return _tell(f"{path} has no {name}", *self._changes_since(1), mend)
        policy = f"{folder}.{self.policy}"
        if not isinstance(found, type):  # a function: its file has the number, and the first files had none
            return self._compare(policy, getattr(import_module(f"{folder}.{file}"), "contract", 1))
        return self._compare(policy, getattr(found, "contract", None)) or self._find_lack(policy, found)

    def _compare(self, policy: str, stated: object) -> str | None:
        mend = f"set contract = {self.contract} when it does what {_path(self.asks)} asks"
        if stated is None:
            return _tell(f"{policy} does not say for which contract it is written", *self._changes_since(1), mend)
        if type(stated) is not int or stated < 1:
            what = f"{policy} has the contract {stated!r}, which is no whole number from 1"
            return _tell(what, *self._changes_since(1), mend)
        what = f"{policy} is written for contract {stated}, this server"
        if stated > self.contract:
            mend = "update the server, or take the file back that went with this one"
            return _tell(f"{what} knows none after {self.contract}", mend)
        if stated < self.contract:
            mend = f"then set contract = {self.contract}"
            return _tell(f"{what} needs {self.contract}", *self._changes_since(stated), mend)
        return None

    def _find_lack(self, policy: str, found: type) -> str | None:
        """Signatures are mypy's to check; that a method is there can be seen without calling it."""
        asked = {name: method for base in self.asks.__mro__ for name, method in vars(base).items()}
        methods = [name for name, method in asked.items() if isfunction(method) and not name.startswith("_")]
        lacking = [name for name in sorted(methods) if not hasattr(found, name)]
        if not lacking:
            return None
        return _tell(f"{policy} has no {', '.join(lacking)}", f"the server calls it: {_path(self.asks)} says how")

    def _changes_since(self, stated: int) -> list[str]:
        """Of a policy that does not say how old it is, all may be news."""
        return [f"contract {number}: {text}" for number, text in enumerate(self.changes, 2) if number > stated]


def _path(asks: type) -> str:
    return f"{asks.__module__}.{asks.__qualname__}"


def _tell(what: str, *mend: str) -> str:
    return "\n  ".join((what, *mend))
