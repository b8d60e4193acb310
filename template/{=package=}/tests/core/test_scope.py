"""Scope as a value, and its algebra at a resource server (RFC 6749 §3.3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ...core.errors import InvalidScope
from ...core.scope import Scope, covers, narrow_scope

CHARACTERS = [chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"\\']
tokens = st.text(st.sampled_from(CHARACTERS), min_size=1, max_size=12)
scopes = st.lists(tokens, max_size=6).map(Scope.of)


@given(scopes)
def test_a_scope_that_is_printed_reads_back_as_itself(scope: Scope) -> None:
    """RFC 6749 §3.3: tokens with one space between them."""
    assert Scope.parse(str(scope)) == scope
    assert Scope.parse(str(scope)).tokens == scope.tokens


@given(scopes, scopes)
def test_scopes_behave_as_sets(left: Scope, right: Scope) -> None:
    """The operators are those of a set, whatever the order."""
    assert set(left & right) == set(left) & set(right)
    assert set(left | right) == set(left) | set(right)
    assert set(left - right) == set(left) - set(right)
    assert (left <= right) == (set(left) <= set(right))
    assert (left == right) == (set(left) == set(right))
    assert left != right or hash(left) == hash(right)
    assert left & frozenset(right) == left & right


def test_a_scope_is_printed_in_the_order_of_first_appearance() -> None:
    """A person reads it as the client wrote it."""
    scope = Scope.parse("write read write delete")

    assert str(scope) == "write read delete"
    assert str(scope | Scope.parse("admin read")) == "write read delete admin"
    assert scope == Scope.parse("delete read write")
    assert "read" in scope
    assert len(scope) == 3
    assert not Scope()


@pytest.mark.parametrize("text", ["a  b", " a", "a ", "a\tb", "a\nb", 'a"b', "a\\b", "é", "a\x00", "a\n", " "])
def test_a_malformed_scope_is_refused(text: str) -> None:
    """P4: nothing but the characters of RFC 6749 §3.3, and single spaces."""
    with pytest.raises(InvalidScope):
        Scope.parse(text)


def test_narrowing_keeps_within_what_was_granted() -> None:
    """RFC 6749 §6: absent means all; more than all is refused."""
    granted = Scope.parse("read write")

    assert narrow_scope(granted, None) == granted
    assert str(narrow_scope(granted, Scope.parse("write"))) == "write"
    with pytest.raises(InvalidScope):
        narrow_scope(granted, Scope.parse("write admin"))
    with pytest.raises(InvalidScope):
        narrow_scope(Scope.parse("read:*"), Scope.parse("read:orders"))


@pytest.mark.parametrize(
    ("granted", "required", "answer"),
    [
        ("read:orders", "read:orders", True),
        ("read:orders", "read:order", False),
        ("read:order", "read:orders", False),
        ("read:*", "read:orders", True),
        ("read:*", "read:orders:7", True),
        ("read:*", "read", False),
        ("read:*", "reader:orders", False),
        ("read:*", "write:orders", False),
        ("rea*", "read", False),
        ("*:orders", "read:orders", False),
        ("*", "anything", True),
        ("read:orders", "read:*", False),
        ("read:orders", "*", False),
        ("", "read", False),
        ("", "", True),
        ("read:* write:orders", "read:orders write:orders", True),
        ("read:* write:orders", "read:orders write:*", False),
    ],
)
def test_a_wildcard_reaches_only_what_it_names(granted: str, required: str, answer: bool) -> None:
    """I2: exact, `*`, and `prefix:*`; a required wildcard is no pattern."""
    assert covers(Scope.parse(granted), Scope.parse(required)) is answer


@given(scopes, scopes)
def test_more_grant_never_reaches_less(granted: Scope, required: Scope) -> None:
    """I2: reach grows with the grant, and each set reaches itself."""
    assert covers(required, required)
    assert covers(granted | required, required)
    assert covers(granted, required) <= covers(granted | Scope.of(["*"]), required)
    assert not covers(granted, required) or covers(granted, required - granted)
