"""What a code must meet when it is exchanged (RFC 6749 §4.1.3)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ...core.authorization_code import AuthorizationCode, check_exchange
from ...core.errors import InvalidGrant, InvalidRequest
from ...core.grant import Authentication, AuthorizationGrant
from ...core.pkce import compute_challenge

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
SECOND = timedelta(seconds=1)
REDIRECT_URI = "https://client.example/callback"
VERIFIER = "a-verifier-of-at-least-forty-three-characters"
GRANT = AuthorizationGrant(
    id="grant",
    client_id="web",
    authentication=Authentication(subject="user_1", auth_time=NOW),
    scope="",
    created_at=NOW,
    expires_at=NOW + SECOND,
)
CODE = AuthorizationCode(
    digest=b"digest",
    redirect_uri=REDIRECT_URI,
    code_challenge=compute_challenge(VERIFIER),
    expires_at=NOW + SECOND,
    redeemed_at=None,
    grant=GRANT,
)


def check(code: AuthorizationCode, redirect_uri: str | None = REDIRECT_URI, verifier: str | None = VERIFIER) -> None:
    check_exchange(code, redirect_uri=redirect_uri, code_verifier=verifier, confirmation=None, now=NOW)


def test_a_code_with_its_redirect_uri_and_its_verifier_passes() -> None:
    """RFC 6749 §4.1.3, RFC 7636 §4.6."""
    check(CODE)
    check(replace(CODE, code_challenge=None), verifier=None)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (replace(CODE, expires_at=NOW), "the code has expired"),
        (replace(CODE, grant=replace(GRANT, ended_at=NOW)), "the grant of the code has ended"),
    ],
)
def test_a_code_that_comes_too_late_looks_unknown(code: AuthorizationCode, reason: str) -> None:
    """K2, M1: at the very second; which of the two it was is for the log."""
    with pytest.raises(InvalidGrant, match=r"^unknown code$") as refused:
        check(code)

    assert refused.value.reason == reason


@pytest.mark.parametrize("redirect_uri", [None, "", REDIRECT_URI + "/", REDIRECT_URI.upper()])
def test_the_redirect_uri_must_be_the_same_text(redirect_uri: str | None) -> None:
    """K6."""
    with pytest.raises(InvalidGrant, match="redirect_uri"):
        check(CODE, redirect_uri=redirect_uri)


def test_the_verifier_must_be_there_well_formed_and_right() -> None:
    """K4; and not be there where there was no challenge."""
    with pytest.raises(InvalidGrant, match="missing"):
        check(CODE, verifier=None)
    with pytest.raises(InvalidGrant, match="does not match"):
        check(CODE, verifier=VERIFIER[::-1])
    with pytest.raises(InvalidRequest, match="malformed"):
        check(CODE, verifier="short")
    with pytest.raises(InvalidGrant, match="without a code_challenge"):
        check(replace(CODE, code_challenge=None))
