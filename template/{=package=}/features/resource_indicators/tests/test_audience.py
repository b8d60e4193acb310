"""A token's audience lies within what was granted, whatever is asked for and in whichever grant (H6, A1)."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ....core.client import Client
from ....core.parameters import Parameters
from ..audience import TokenAudience
from ..resource import InvalidTarget, identify
from ..served import ServedResources

DEFAULT = "https://as.example"
NAMES = [f"https://{name}.example" for name in "abcdef"]
CLIENT = Client(client_id="web")

SOME = st.lists(st.sampled_from([DEFAULT, *NAMES]), unique=True, max_size=5)


class NobodyElse:
    async def served(self, client: Client) -> Sequence[str]:
        return ()


def choose(
    asked: Sequence[str], granted: Sequence[str] | None, *, served: Sequence[str] = NAMES, default: str = DEFAULT
) -> tuple[str, ...]:
    audience = TokenAudience(ServedResources(default, served, NobodyElse()))
    parameters = Parameters({}, {"resource": asked})
    return asyncio.run(audience.choose(parameters, CLIENT, None if granted is None else tuple(granted)))


def test_without_a_resource_it_is_all_that_was_granted() -> None:
    """H6, RFC 8707 §2.2: and the default audience where none was."""
    assert choose([], NAMES[:3]) == tuple(NAMES[:3])
    assert choose([], []) == choose([], None) == ()


def test_a_request_may_ask_for_less_than_was_granted() -> None:
    """H6, RFC 8707 §2.2."""
    assert choose([NAMES[1].upper()], NAMES[:3]) == (NAMES[1],)


@pytest.mark.parametrize("granted", [[], NAMES[:2], [DEFAULT]])
def test_a_request_may_not_ask_for_more_than_was_granted(granted: list[str]) -> None:
    """A1, GHSA-p2fr-6hmx-4528: served is not granted; not even beside what was."""
    for asked in ([NAMES[2]], [*granted, NAMES[2]]):
        with pytest.raises(InvalidTarget):
            choose(asked, granted)


def test_a_grant_without_resources_is_one_of_the_default_audience() -> None:
    """A1: so that, and nothing else, may be asked for by its name."""
    assert choose([f"{DEFAULT}/"], []) == (DEFAULT,)


def test_a_grant_of_resources_is_not_one_of_the_default_audience() -> None:
    """A1: a person who allowed an API did not allow everything else here."""
    with pytest.raises(InvalidTarget):
        choose([DEFAULT], NAMES[:1])


def test_a_client_in_its_own_name_chooses_among_all_that_is_served() -> None:
    """H6: nothing was granted by anybody."""
    assert choose([NAMES[2], DEFAULT], None) == (NAMES[2], DEFAULT)
    with pytest.raises(InvalidTarget):
        choose(["https://unknown.example"], None)


def test_what_is_served_no_more_gets_no_new_token() -> None:
    """H6: an API that left the settings is left out, and if nothing remains the default audience is no substitute."""
    assert choose([], NAMES[:2], served=NAMES[1:]) == (NAMES[1],)
    for asked in ([], [NAMES[0]]):
        with pytest.raises(InvalidTarget):
            choose(asked, NAMES[:1], served=NAMES[1:])


def test_a_resource_is_spelled_as_it_is_configured_now() -> None:
    """H6: an API that is renamed in its spelling is the same one to those who were let in before."""
    assert choose([], ["https://A.example/"]) == (NAMES[0],)


def test_a_malformed_resource_is_refused_whatever_was_granted() -> None:
    """A4."""
    for granted in (None, [], NAMES[:1]):
        with pytest.raises(InvalidTarget):
            choose(["https://a.example#x"], granted)


def _identities(resources: Sequence[str]) -> set[str]:
    return {identify(each) for each in resources}


@given(served=st.sets(st.sampled_from(NAMES)), granted=st.none() | SOME, asked=SOME)
def test_no_choice_is_wider_than_what_was_granted_and_is_served(
    served: set[str], granted: list[str] | None, asked: list[str]
) -> None:
    """A1, F7: whatever the sets are. Refused is exactly what would be."""
    known = served | {DEFAULT}
    ceiling = known if granted is None else known & set(granted or [DEFAULT])
    try:
        chosen = set(choose(asked, granted, served=sorted(served))) or {DEFAULT}
    except InvalidTarget:
        assert not set(asked) <= ceiling or not ceiling
        return

    assert chosen <= ceiling
    assert chosen == (set(asked) or ({DEFAULT} if not granted else ceiling))


@given(granted=SOME, first=SOME, second=SOME)
def test_narrowing_twice_is_never_wider_than_narrowing_once(
    granted: list[str], first: list[str], second: list[str]
) -> None:
    """A1: the sets form a lattice, and each request goes down in it."""
    try:
        once = choose(first, granted)
        twice = choose(second, once)
    except InvalidTarget:
        return

    assert _identities(twice or [DEFAULT]) <= _identities(once or [DEFAULT])
    assert choose(second, granted) == twice or not second


@given(st.data())
def test_the_order_of_a_request_is_the_order_of_the_audience(data: st.DataObject) -> None:
    """H6."""
    granted = data.draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1))
    asked = data.draw(st.lists(st.sampled_from(granted), unique=True, min_size=1))

    assert choose(asked, granted) == choose(asked, granted[::-1]) == tuple(asked)
