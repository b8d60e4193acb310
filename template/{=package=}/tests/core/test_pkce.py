"""Proof Key for Code Exchange: S256 or nothing (RFC 7636, RFC 9700 §2.1.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ...core.errors import InvalidGrant, InvalidRequest
from ...core.pkce import check_challenge, check_verifier, compute_challenge

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def test_the_example_of_the_standard_comes_out() -> None:
    """RFC 7636 appendix B."""
    assert compute_challenge(VERIFIER) == CHALLENGE

    check_challenge(CHALLENGE, "S256", required=True)
    check_verifier(CHALLENGE, VERIFIER)


@given(st.text(UNRESERVED, min_size=43, max_size=128), st.text(UNRESERVED, min_size=43, max_size=128))
def test_a_verifier_opens_its_own_challenge_and_no_other(verifier: str, other: str) -> None:
    """RFC 7636 §4.1, §4.6: 43 to 128 unreserved characters."""
    challenge = compute_challenge(verifier)

    check_challenge(challenge, "S256", required=True)
    check_verifier(challenge, verifier)
    if other != verifier:
        with pytest.raises(InvalidGrant, match="does not match"):
            check_verifier(challenge, other)


def test_a_challenge_is_asked_for_where_it_is_required() -> None:
    """K4, D2."""
    with pytest.raises(InvalidRequest, match="code_challenge is missing"):
        check_challenge(None, None, required=True)

    check_challenge(None, None, required=False)


@pytest.mark.parametrize("method", [None, "plain", "s256", "S512", "S256 ", "sha256"])
@pytest.mark.parametrize("required", [True, False])
def test_no_other_method_and_none_by_silence(method: str | None, required: bool) -> None:
    """K4: an absent or unknown method must never mean `plain`."""
    with pytest.raises(InvalidRequest, match="must be S256"):
        check_challenge(CHALLENGE, method, required=required)


@pytest.mark.parametrize("required", [True, False])
def test_a_method_without_a_challenge_is_refused(required: bool) -> None:
    """K4: a client that wants PKCE must not go without by mistake."""
    with pytest.raises(InvalidRequest):
        check_challenge(None, "S256", required=required)


@pytest.mark.parametrize(
    "challenge",
    [CHALLENGE[:-1], CHALLENGE + "A", CHALLENGE + "=", CHALLENGE[:-1] + "+", CHALLENGE + "\n", VERIFIER[:9]],
)
def test_a_challenge_that_no_verifier_can_meet_is_refused_at_once(challenge: str) -> None:
    """K4, RFC 7636 §4.2: the base64url of a SHA-256 digest, unpadded."""
    with pytest.raises(InvalidRequest, match="base64url"):
        check_challenge(challenge, "S256", required=True)


def test_a_challenge_cannot_be_met_by_silence_or_by_itself() -> None:
    """K4: a missing verifier, a wrong one, and the challenge played back as if the method were plain."""
    for verifier in (None, VERIFIER[::-1], CHALLENGE):
        with pytest.raises(InvalidGrant):
            check_verifier(CHALLENGE, verifier)


@pytest.mark.parametrize("verifier", ["", "a" * 42, "a" * 129, VERIFIER[:-1] + "+", VERIFIER + "\n", "é" * 43])
def test_a_malformed_verifier_is_refused(verifier: str) -> None:
    """K4, RFC 7636 §4.1: length and characters, before any digest is computed."""
    with pytest.raises(InvalidRequest, match="malformed"):
        check_verifier(CHALLENGE, verifier)


def test_a_verifier_for_a_code_without_a_challenge_is_a_downgrade() -> None:
    """K4, RFC 9700 §4.8.2, CVE-2025-4144: somebody took the challenge out of the request."""
    with pytest.raises(InvalidGrant):
        check_verifier(None, VERIFIER)

    check_verifier(None, None)
