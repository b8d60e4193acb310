"""What has to happen next, and which form may say so (OIDC Core §3.1.2)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ...core.authorization_request import AuthorizationRequest, ConsentRequired, LoginRequired
from ...core.grant import Authentication
from ...core.interaction import Browser, Interaction, Step, choose_step, is_login_needed, make_csrf_token

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BEFORE = Authentication(subject="user_ada", auth_time=NOON - 10 * MINUTE)
SINCE = Authentication(subject="user_ada", auth_time=NOON + MINUTE)
LATER = NOON + 2 * MINUTE


def interaction(*, account_chosen: str | None = None, **request: Any) -> Interaction:
    return Interaction(
        digest=bytes(32),
        request=AuthorizationRequest(
            client_id="web", redirect_uri="https://client.example/cb", response_mode="query", scope="a", **request
        ),
        browser_id=None,
        account_chosen=account_chosen,
        created_at=NOON,
        expires_at=NOON + 60 * MINUTE,
        finished_at=None,
    )


@pytest.mark.parametrize(
    ("request_", "authentication", "needed"),
    [
        ({}, None, True),
        ({}, BEFORE, False),
        ({"prompt": ("login",)}, BEFORE, True),
        ({"prompt": ("login",)}, SINCE, False),
        ({"prompt": ("consent",)}, BEFORE, False),
        ({"max_age": 0}, BEFORE, True),
        ({"max_age": 0}, SINCE, False),
        ({"max_age": 719}, BEFORE, True),
        ({"max_age": 720}, BEFORE, False),
        ({"required_subject": "user_ada"}, BEFORE, False),
        ({"required_subject": "user_bob"}, BEFORE, True),
        ({"required_subject": "user_bob"}, None, True),
        ({"required_subject": "user_ada", "prompt": ("login",)}, BEFORE, True),
    ],
)
def test_somebody_must_sign_in_if_nobody_fit_has(
    request_: dict[str, Any], authentication: Authentication | None, needed: bool
) -> None:
    """U6, D4, OIDC Core §3.1.2.1: prompt, max_age and hints; a login since the request came meets the first two."""
    assert is_login_needed(interaction(**request_), authentication, LATER) is needed


def test_a_login_as_somebody_else_does_not_meet_a_hint() -> None:
    """U6, CVE-2026-4349: and asking again and again would not help."""
    with pytest.raises(LoginRequired):
        is_login_needed(interaction(required_subject="user_bob"), SINCE, LATER)


@pytest.mark.parametrize(
    ("request_", "authentication", "consent_needed", "step"),
    [
        ({}, None, False, Step.LOGIN),
        ({}, None, True, Step.LOGIN),
        ({}, BEFORE, True, Step.CONSENT),
        ({}, BEFORE, False, Step.ISSUE),
        ({"prompt": ("consent",)}, BEFORE, False, Step.CONSENT),
        ({"prompt": ("login",)}, BEFORE, False, Step.LOGIN),
        ({"prompt": ("login",)}, SINCE, False, Step.ISSUE),
        ({"prompt": ("login", "consent")}, SINCE, False, Step.CONSENT),
        ({"prompt": ("select_account",)}, BEFORE, True, Step.SELECT_ACCOUNT),
        ({"prompt": ("select_account",), "account_chosen": "user_bob"}, BEFORE, True, Step.SELECT_ACCOUNT),
        ({"prompt": ("select_account",), "account_chosen": "user_ada"}, BEFORE, True, Step.CONSENT),
        ({"prompt": ("select_account", "login")}, BEFORE, False, Step.LOGIN),
        ({"prompt": ("none",)}, BEFORE, False, Step.ISSUE),
    ],
)
def test_one_step_follows_another(
    request_: dict[str, Any], authentication: Authentication | None, consent_needed: bool, step: Step
) -> None:
    """D4: sign in, choose, allow, answer."""
    assert choose_step(interaction(**request_), authentication, consent_needed=consent_needed, now=LATER) is step


@pytest.mark.parametrize(
    ("request_", "authentication", "refusal"),
    [
        ({}, None, LoginRequired),
        ({"max_age": 1}, BEFORE, LoginRequired),
        ({"required_subject": "user_bob"}, BEFORE, LoginRequired),
        ({}, BEFORE, ConsentRequired),
    ],
)
def test_prompt_none_shows_no_page(
    request_: dict[str, Any], authentication: Authentication | None, refusal: type[Exception]
) -> None:
    """D4, OIDC Core §3.1.2.6."""
    with pytest.raises(refusal, match="prompt is none"):
        choose_step(interaction(prompt=("none",), **request_), authentication, consent_needed=True, now=LATER)


def test_a_form_belongs_to_one_browser_one_request_and_one_person() -> None:
    """U1, H12: change any of them, or renew the cookie, and the token is another."""
    browser = Browser(id="1", secret="secret", authentication=None, expires_at=LATER)
    shown = interaction()

    tokens = [
        make_csrf_token(browser, shown, "user_ada"),
        make_csrf_token(browser, shown, "user_bob"),
        make_csrf_token(browser, shown, None),
        make_csrf_token(browser, shown, "null"),
        make_csrf_token(browser, shown, "None"),
        make_csrf_token(browser, replace(shown, digest=b"\x01" * 32), "user_ada"),
        make_csrf_token(replace(browser, secret="another"), shown, "user_ada"),
    ]

    assert len(set(tokens)) == len(tokens)
    assert tokens[0] == make_csrf_token(replace(browser, expires_at=NOON), shown, "user_ada")


@given(
    st.tuples(st.binary(max_size=3), st.none() | st.text(max_size=6)),
    st.tuples(st.binary(max_size=3), st.none() | st.text(max_size=6)),
)
def test_no_two_pages_share_a_token(one: tuple[bytes, str | None], another: tuple[bytes, str | None]) -> None:
    """U1: the binding is injective, whatever delimiters a subject holds."""
    browser = Browser(id="1", secret="secret", authentication=None, expires_at=LATER)

    tokens = [
        make_csrf_token(browser, replace(interaction(), digest=digest), subject) for digest, subject in (one, another)
    ]

    assert (tokens[0] == tokens[1]) == (one == another)
