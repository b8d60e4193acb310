"""Which store a URL opens, and what is said of one that opens none (J1)."""

import hashlib
from importlib import import_module

import pytest

from ...database import open_database
from ...defaults import EPHEMERAL_STORES
from ...ephemeral import open_store, record_digest
from .places import NOWHERE


@pytest.mark.parametrize("kind", EPHEMERAL_STORES)
def test_each_example_opens_a_store_of_its_module(kind: str) -> None:
    """J1: nothing is connected yet, so it need not be there."""
    store = open_store(EPHEMERAL_STORES[kind], open_database(NOWHERE))

    assert type(store).__module__ == import_module(f"....ephemeral.{kind}", __name__).__name__


@pytest.mark.parametrize(
    "url", ["", ":", "://", "nonsense", "memcached://cache.example/0", "s:", "s://", "__init__:", "../database:"]
)
def test_an_unknown_kind_of_store_is_refused(url: str) -> None:
    """B6: in one line that says what is accepted, and not what else the URL held."""
    with pytest.raises(ValueError, match=r"^unknown kind of ephemeral store '[^']*': use [^\n]+$") as refused:
        open_store(url, open_database(NOWHERE))

    assert all(example in str(refused.value) for example in EPHEMERAL_STORES.values())


@pytest.mark.parametrize("kind", EPHEMERAL_STORES)
def test_a_kind_without_a_colon_is_no_url(kind: str) -> None:
    """B6."""
    with pytest.raises(ValueError, match=f"use .*{EPHEMERAL_STORES[kind]}"):
        open_store(kind, open_database(NOWHERE))


def test_a_digest_is_of_the_kind_and_the_key() -> None:
    """K8: SHA-256 over both, with a byte between them that no kind has."""
    assert record_digest("nonce", "abc") == hashlib.sha256(b"nonce\x00abc").digest()
    assert len({record_digest(kind, key) for kind, key in [("a", "bc"), ("ab", "c"), ("abc", "c"), ("a", "b")]}) == 4
