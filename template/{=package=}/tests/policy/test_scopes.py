"""Scopes as shipped: what the client registered and the server knows, nothing more (E5)."""

import pytest

from ...core.client import Client
from ...core.errors import InvalidScope
from ...core.scope import Scope
from ...policy.scopes import SCOPES, Scopes

scopes = Scopes({"of:feature": "use the feature"})
CLIENT = Client(client_id="web", scope=frozenset({"notes:read", "of:feature", "retired"}))


def test_the_scopes_of_features_and_of_the_team_are_supported() -> None:
    """B2: each with what people are told."""
    assert scopes.supported() == {"of:feature": "use the feature", **SCOPES}


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("notes:read", "notes:read"),
        ("of:feature notes:read", "of:feature notes:read"),
        ("notes:read notes:write", "notes:read"),
        ("notes:read retired", "notes:read"),
        ("notes:read notes:*", "notes:read"),
        ("", ""),
    ],
)
async def test_what_is_asked_for_is_cut_to_what_is_registered_and_known(asked: str, given: str) -> None:
    """E5, C12: nothing asked for is nothing given; a wildcard is no scope of its own."""
    assert str(await scopes.allow(CLIENT, Scope.parse(asked))) == given


@pytest.mark.parametrize("asked", ["notes:write", "retired", "*", "unknown notes:write"])
async def test_a_request_of_which_nothing_is_left_is_refused(asked: str) -> None:
    """E5, RFC 6749 §3.3: not registered, not known any more, never known."""
    with pytest.raises(InvalidScope):
        await scopes.allow(CLIENT, Scope.parse(asked))
