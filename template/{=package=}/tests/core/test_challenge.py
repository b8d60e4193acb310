"""What stands in `WWW-Authenticate` (RFC 9110 §11.6.1)."""

import re

from hypothesis import given
from hypothesis import strategies as st

from ...core.challenge import bearer_challenge, challenge

QUOTED = r'"(?:[ !#-\[\]-~]|\\["\\])*"'


def test_a_challenge_lists_what_is_given_in_order() -> None:
    """RFC 6750 §3: absent parameters leave no trace."""
    assert challenge("Basic", realm="clients") == 'Basic realm="clients"'
    assert bearer_challenge() == "Bearer"
    assert bearer_challenge(
        realm="orders",
        error="insufficient_scope",
        scope="read write",
        resource_metadata="https://api.example/m",
    ) == (
        'Bearer realm="orders", error="insufficient_scope", scope="read write", '
        'resource_metadata="https://api.example/m"'
    )


def test_quotes_in_a_realm_are_escaped() -> None:
    """K2: header values are escaped."""
    assert challenge("Bearer", realm='the "big" \\ one') == 'Bearer realm="the \\"big\\" \\\\ one"'


@given(st.text(), st.text())
def test_no_value_can_end_the_header_or_its_own_quotes(realm: str, description: str) -> None:
    """K2: whatever stands in it, the header is one line of ASCII and parses as it was meant."""
    header = bearer_challenge(realm=realm, error_description=description)

    assert re.fullmatch(f"Bearer realm={QUOTED}, error_description={QUOTED}", header)
