"""What it means that a refresh token is presented (RFC 6749 §6, RFC 9700 §4.14)."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ...core.grant import Authentication, AuthorizationGrant
from ...core.refresh_token import Presented, RefreshTokenFamily, digest_family, judge, mint_refresh_token
from ...core.secrets import digest

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
SECOND = timedelta(seconds=1)
GRACE = timedelta(seconds=60)

OLDEST = mint_refresh_token()
PREVIOUS = mint_refresh_token(OLDEST)
NEWEST = mint_refresh_token(PREVIOUS)
ROTATED = RefreshTokenFamily(
    family_digest=digest_family(OLDEST),
    digest=digest(NEWEST),
    expires_at=NOW + timedelta(days=1),
    previous_digest=digest(PREVIOUS),
    rotated_at=NOW,
    sealed=b"sealed",
    grant=AuthorizationGrant(
        id="grant",
        client_id="web",
        authentication=Authentication(subject="user_1", auth_time=NOW),
        scope="",
        created_at=NOW,
        expires_at=NOW,
    ),
)
FIRST = replace(ROTATED, digest=digest(OLDEST), previous_digest=None, rotated_at=None, sealed=None)


@pytest.mark.parametrize(
    ("left", "meaning"),
    [(SECOND, Presented.CURRENT), (timedelta(0), Presented.EXPIRED), (-SECOND, Presented.EXPIRED)],
)
def test_the_newest_token_is_current_until_it_expires(left: timedelta, meaning: Presented) -> None:
    """RFC 6749 §1.5: at the instant of expiry it is over."""
    assert judge(replace(FIRST, expires_at=NOW + left), OLDEST, NOW, grace=GRACE) is meaning
    assert judge(replace(ROTATED, expires_at=NOW + left), NEWEST, NOW, grace=GRACE) is meaning


@pytest.mark.parametrize(
    ("ago", "meaning"),
    [
        (timedelta(0), Presented.RETRIED),
        (GRACE - SECOND, Presented.RETRIED),
        (GRACE, Presented.REUSED),
        (GRACE + SECOND, Presented.REUSED),
    ],
)
def test_the_token_before_it_is_a_retry_only_inside_the_grace(ago: timedelta, meaning: Presented) -> None:
    """F2, E4: the last second counts, the next one does not."""
    assert judge(replace(ROTATED, rotated_at=NOW - ago), PREVIOUS, NOW, grace=GRACE) is meaning


def test_an_older_generation_is_reuse_even_inside_the_grace() -> None:
    """F2: once the successor was used itself, its answer cannot have been lost."""
    assert judge(ROTATED, OLDEST, NOW, grace=GRACE) is Presented.REUSED


def test_a_token_that_only_begins_like_the_family_is_reuse() -> None:
    """F2: who knows how it begins holds one of its tokens, or made this one up from one."""
    for family in (FIRST, ROTATED):
        for made_up in (mint_refresh_token(OLDEST), OLDEST[:43], NEWEST + "x"):
            assert judge(family, made_up, NOW, grace=GRACE) is Presented.REUSED


@pytest.mark.parametrize("skew", [timedelta(0), timedelta(milliseconds=5), SECOND])
def test_without_a_grace_every_second_presentation_is_reuse(skew: timedelta) -> None:
    """E4: 0 is strict, also for the loser of a race, who may have looked at the clock before the winner."""
    family = replace(ROTATED, rotated_at=NOW + skew)

    assert judge(family, PREVIOUS, NOW, grace=timedelta(0)) is Presented.REUSED


def test_a_superseded_token_of_an_expired_family_is_reuse() -> None:
    """F2: a thief must not be mistaken for somebody who came late."""
    family = replace(ROTATED, expires_at=NOW - SECOND, rotated_at=NOW - timedelta(days=14))

    assert judge(family, PREVIOUS, NOW, grace=GRACE) is Presented.REUSED


def test_the_tokens_of_a_family_begin_alike_and_are_told_apart_by_256_bits() -> None:
    """RFC 6749 §10.10: knowing one tells nothing of the next."""
    assert digest_family(OLDEST) == digest_family(PREVIOUS) == digest_family(NEWEST)
    assert digest_family(mint_refresh_token()) != digest_family(OLDEST)
    assert len({token[43:] for token in (OLDEST, PREVIOUS, NEWEST)} | {OLDEST[:43]}) == 4
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{86}", token) for token in (OLDEST, PREVIOUS, NEWEST))
