"""Events are a closed set of names and hold no secret (K3)."""

from dataclasses import FrozenInstanceError, fields

import pytest

from ...core.events import Event, EventName

OF_SPECIFICATION = {
    "token_issued",
    "token_denied",
    "code_issued",
    "authorization_denied",
    "authorization_failed",
    "token_revoked",
    "refresh_issued",
    "refresh_rotated",
    "refresh_reuse_detected",
    "auth_succeeded",
    "auth_denied",
    "client_registered",
}


def test_every_name_that_was_promised_is_there() -> None:
    """K3: whoever reads the audit log relies on these."""
    assert set(EventName) >= OF_SPECIFICATION


def test_an_unknown_name_is_an_error() -> None:
    """K3, N: a misspelt event must not become a new one."""
    with pytest.raises(ValueError, match="token_isued"):
        Event(name="token_isued")  # type: ignore[arg-type]


def test_an_event_cannot_be_changed_on_its_way() -> None:
    """K3: every sink sees the same fact."""
    event = Event(name=EventName.TOKEN_ISSUED)

    with pytest.raises(FrozenInstanceError):
        event.client_id = "other"  # type: ignore[misc]


def test_an_event_has_no_place_for_a_secret() -> None:
    """K3, C13: no member is a code, a token, a password or a secret; `token_type` is only a kind."""
    names = {field.name for field in fields(Event)} - {"token_type"}

    assert not [name for name in names for secret in ("token", "code", "secret", "password") if secret in name]
