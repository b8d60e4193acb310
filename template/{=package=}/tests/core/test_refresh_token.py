"""What it means that a refresh token is presented (RFC 6749 §6, RFC 9700 §4.14)."""

from datetime import UTC, datetime, timedelta

import pytest

from ...core.grant import Authentication, AuthorizationGrant
from ...core.refresh_token import Presented, RefreshToken, judge

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
SECOND = timedelta(seconds=1)
GRACE = timedelta(seconds=60)


def make_token(
    *,
    expires_at: datetime = NOW + timedelta(days=1),
    superseded_at: datetime | None = None,
    successor: bytes | None = None,
    successor_superseded_at: datetime | None = None,
) -> RefreshToken:
    authentication = Authentication(subject="user_1", auth_time=NOW)
    grant = AuthorizationGrant(
        id="grant", client_id="web", authentication=authentication, scope="", created_at=NOW, expires_at=NOW
    )
    return RefreshToken(
        digest=b"digest",
        expires_at=expires_at,
        superseded_at=superseded_at,
        successor=successor,
        successor_superseded_at=successor_superseded_at,
        grant=grant,
    )


@pytest.mark.parametrize(
    ("left", "meaning"),
    [(SECOND, Presented.CURRENT), (timedelta(0), Presented.EXPIRED), (-SECOND, Presented.EXPIRED)],
)
def test_a_token_that_nobody_superseded_is_current_until_it_expires(left: timedelta, meaning: Presented) -> None:
    """RFC 6749 §1.5: at the instant of expiry it is over."""
    assert judge(make_token(expires_at=NOW + left), NOW, grace=GRACE) is meaning


@pytest.mark.parametrize(
    ("ago", "meaning"),
    [
        (timedelta(0), Presented.RETRIED),
        (GRACE - SECOND, Presented.RETRIED),
        (GRACE, Presented.REUSED),
        (GRACE + SECOND, Presented.REUSED),
    ],
)
def test_a_superseded_token_is_a_retry_only_inside_the_grace(ago: timedelta, meaning: Presented) -> None:
    """F2, E4: the last second counts, the next one does not."""
    token = make_token(superseded_at=NOW - ago, successor=b"sealed")

    assert judge(token, NOW, grace=GRACE) is meaning


def test_an_older_generation_is_reuse_even_inside_the_grace() -> None:
    """F2: once the successor was used itself, its answer cannot have been lost."""
    token = make_token(superseded_at=NOW, successor=b"sealed", successor_superseded_at=NOW)

    assert judge(token, NOW, grace=GRACE) is Presented.REUSED


def test_a_superseded_token_without_a_successor_is_reuse() -> None:
    """E4: there is nothing to answer a retry with."""
    assert judge(make_token(superseded_at=NOW), NOW, grace=GRACE) is Presented.REUSED


@pytest.mark.parametrize("skew", [timedelta(0), timedelta(milliseconds=5), SECOND])
def test_without_a_grace_every_second_presentation_is_reuse(skew: timedelta) -> None:
    """E4: 0 is strict, also for the loser of a race, who may have looked at the clock before the winner."""
    token = make_token(superseded_at=NOW + skew, successor=b"sealed")

    assert judge(token, NOW, grace=timedelta(0)) is Presented.REUSED


def test_a_superseded_token_past_its_expiry_is_reuse() -> None:
    """F2: a thief must not be mistaken for somebody who came late."""
    token = make_token(expires_at=NOW - SECOND, superseded_at=NOW - timedelta(days=1), successor=b"sealed")

    assert judge(token, NOW, grace=GRACE) is Presented.REUSED
