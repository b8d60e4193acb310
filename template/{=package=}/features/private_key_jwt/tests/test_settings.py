"""What may be set about client assertions (B6)."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from ....features import Settings
from ....outbound.fetcher import Fetcher
from ....tests.sqlite_server import serving_on_sqlite
from .. import PrivateKeyJWTSettings, feature
from .assertions import add_signing_client, honest, offer

pytestmark = pytest.mark.anyio


def test_the_defaults_are_those_of_the_specification() -> None:
    """C4: no RS256, five minutes."""
    settings = PrivateKeyJWTSettings()

    assert settings.signing_algorithms == ("PS256", "ES256", "EdDSA")
    assert settings.assertion_lifetime == timedelta(seconds=300)


def test_the_environment_writes_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """B6."""
    prefix = str(Settings.model_config["env_prefix"])
    monkeypatch.setenv(f"{prefix}PRIVATE_KEY_JWT__SIGNING_ALGORITHMS", "ES256,RS256")
    monkeypatch.setenv(f"{prefix}PRIVATE_KEY_JWT__ASSERTION_LIFETIME", "60")

    settings = Settings(_env_file=None, issuer="https://as.example").private_key_jwt

    assert settings.signing_algorithms == ("ES256", "RS256")
    assert settings.assertion_lifetime == timedelta(seconds=60)


@pytest.mark.parametrize(
    "told",
    [
        {"signing_algorithms": ()},
        {"signing_algorithms": "none"},
        {"signing_algorithms": "HS256"},
        {"signing_algorithms": "ES256,ES256"},
        {"assertion_lifetime": 29},
        {"assertion_lifetime": 3601},
        {"assertion_lifetime": -1},
    ],
)
def test_what_no_request_could_satisfy_or_no_server_bear_is_refused(told: dict[str, Any]) -> None:
    """B6, C3, C4."""
    with pytest.raises(ValidationError):
        PrivateKeyJWTSettings.model_validate(told)


def test_what_the_fetcher_holds_is_let_go_of_with_the_server() -> None:
    """S3: threads that ask for names do not outlive it."""
    fetcher = Fetcher()

    made = feature(PrivateKeyJWTSettings(), ephemeral=None, fetcher=fetcher)  # type: ignore[arg-type]

    assert made.close == fetcher.close


async def test_a_longer_lifetime_is_accepted_where_it_is_set() -> None:
    """C3: `exp` has one bound, which is this."""
    async with serving_on_sqlite(private_key_jwt={"assertion_lifetime": 3600}) as server:
        await add_signing_client(server)
        path, now = server.authorization_server.server.urls.path("token"), int(server.clock().timestamp())

        statuses = []
        for ahead in (3600, 3631):
            form = {"grant_type": "client_credentials", **offer(await honest(server, exp=now + ahead))}
            statuses.append((await server.http.post(path, data=form)).status_code)

    assert statuses == [200, 401]
