"""An ephemeral store in memory, for the tests: whoever asks in this process gets the same one."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..ephemeral.memory import MemoryStore
from .ephemeral.places import Place

KINDS = ("memory",)
IS_SHARED = False


def find_url() -> str:
    """Return what keeps a server's records in its memory."""
    return "memory:"


@contextmanager
def new_place(kind: str) -> Iterator[Place]:
    """Give an empty memory."""
    yield Place(url=find_url(), only=MemoryStore())
