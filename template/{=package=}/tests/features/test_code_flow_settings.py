"""What the code flow can be told (B6, E2, N)."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from ...features import Settings
from ...features.code_flow import CodeFlowSettings
from ...settings import ENV_PREFIX


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("authorization_code_lifetime", (4, 601)),
        ("refresh_token_lifetime", (59, 366 * 86_400, "9" * 30)),
        ("refresh_token_grace", (-1, 301)),
        ("interaction_lifetime", (59, 86_401)),
        ("session_lifetime", (59, 91 * 86_400)),
        ("require_pkce", ("perhaps",)),
        ("refresh_tokn_lifetime", (60,)),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_name(name: str, values: tuple[Any, ...]) -> None:
    """B6, N: every lifetime is bounded on both sides; a misspelt name is noticed."""
    for value in values:
        with pytest.raises(ValidationError) as refused:
            CodeFlowSettings(**{name: value})

        assert [error["loc"] for error in refused.value.errors()] == [(name,)]


def test_the_environment_reaches_them_below_the_name_of_the_feature(monkeypatch: pytest.MonkeyPatch) -> None:
    """B6: in seconds, as everywhere."""
    monkeypatch.setenv(f"{ENV_PREFIX}CODE_FLOW__REFRESH_TOKEN_GRACE", "0")

    assert Settings(_env_file=None, issuer="https://as.example").code_flow.refresh_token_grace == timedelta(0)


def test_the_defaults_are_the_careful_ones() -> None:
    """D2, E2, E4, N."""
    settings = CodeFlowSettings()

    assert settings.authorization_code_lifetime == timedelta(seconds=60)
    assert settings.refresh_token_lifetime == timedelta(days=14)
    assert settings.refresh_token_grace == timedelta(seconds=60)
    assert settings.refresh_token_rotation
    assert settings.require_pkce
