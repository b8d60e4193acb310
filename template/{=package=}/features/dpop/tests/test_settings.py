"""What can be told of DPoP, what is told of it to others, and what is refused at boot (B2, B6)."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from ....app import AuthorizationServer
from ....features import Settings
from ....tests.sqlite_server import serving_on_sqlite
from .. import DPoPSettings
from .keys import SenderKey
from .provers import Prover

pytestmark = pytest.mark.anyio


def test_the_defaults_are_those_that_are_documented() -> None:
    """G1, N: proofs may be a minute off, three algorithms, no nonces."""
    settings = DPoPSettings()

    assert settings.signing_algorithms == ("ES256", "EdDSA", "PS256")
    assert settings.proof_window == timedelta(seconds=60)
    assert (settings.required, settings.require_nonce, settings.nonce_single_use, settings.url_of) == (
        False,
        False,
        False,
        None,
    )


def test_the_environment_can_say_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """B6: lists with commas, times in seconds."""
    prefix = str(Settings.model_config["env_prefix"])
    for name, value in {
        "SIGNING_ALGORITHMS": "PS256, ES256",
        "PROOF_WINDOW": "30",
        "REQUIRE_NONCE": "true",
        "NONCE_LIFETIME": "120",
    }.items():
        monkeypatch.setenv(f"{prefix}DPOP__{name}", value)

    settings = Settings(_env_file=None, issuer="https://as.example").dpop

    assert settings.signing_algorithms == ("PS256", "ES256")
    assert settings.proof_window == timedelta(seconds=30)
    assert settings.require_nonce
    assert settings.nonce_lifetime == timedelta(seconds=120)


@pytest.mark.parametrize(
    "told",
    [
        {"signing_algorithms": []},
        {"signing_algorithms": ["none"]},
        {"signing_algorithms": ["HS256"]},
        {"signing_algorithms": ["ES256", "ES256"]},
        {"proof_window": 0},
        {"proof_window": 601},
        {"require_nonce": True, "nonce_lifetime": 9},
        {"require_nonce": True, "nonce_lifetime": 86_401},
        {"nonce_single_use": True},
        {"require_nonces": True},
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused(told: dict[str, Any]) -> None:
    """B6: a symmetric algorithm, a window without end, single use of what nobody is asked for."""
    with pytest.raises(ValidationError):
        DPoPSettings.model_validate(told)


@pytest.mark.parametrize(
    "name", ["", "nowhere", "nowhere.at.all:function", f"{__name__}:nothing", f"{__name__}:__name__", "os:"]
)
def test_a_function_that_is_not_there_is_missed_at_boot(name: str) -> None:
    """B6, N/K1: the message names the setting."""
    with pytest.raises(ValueError, match="DPOP__URL_OF names"):
        AuthorizationServer(Settings(_env_file=None, issuer="https://as.example", dpop=DPoPSettings(url_of=name)))


async def test_metadata_tells_what_is_accepted() -> None:
    """B2, RFC 9449 §5.1: from the one value that is enforced."""
    for algorithms in (("ES256", "EdDSA", "PS256"), ("RS256",)):
        async with serving_on_sqlite(dpop={"signing_algorithms": algorithms}) as server:
            await server.add_client()
            metadata = (await server.http.get("/.well-known/oauth-authorization-server")).json()

            assert metadata["dpop_signing_alg_values_supported"] == list(algorithms)
            accepted = await Prover(server, SenderKey(algorithms[0])).token()
            assert accepted["token_type"] == "DPoP"
            refused = await Prover(server, SenderKey("ES256" if algorithms == ("RS256",) else "RS256")).token()
            assert refused.refusal == (400, "invalid_dpop_proof")


async def test_browsers_may_send_proofs_and_read_nonces() -> None:
    """B8: at the token endpoint; nowhere else does anybody look at them."""
    async with serving_on_sqlite(dpop={"require_nonce": True}) as server:
        await server.add_client()
        asked = {
            "Origin": "https://app.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "dpop, content-type",
        }

        preflight = await server.http.options("/oauth/token", headers=asked)
        refused = await server.http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=("web", server.secrets["web"]),
            headers={"Origin": "https://app.example", "DPoP": Prover(server).prove()},
        )

        assert preflight.status_code == 200
        assert "dpop" in preflight.headers["access-control-allow-headers"].lower()
        assert "dpop-nonce" in refused.headers
        assert "dpop-nonce" in refused.headers["access-control-expose-headers"].lower()


async def test_the_openapi_document_shows_the_proof_the_nonce_and_the_type() -> None:
    """B7."""
    async with serving_on_sqlite() as server:
        token = (await server.http.get("/openapi.json")).json()["paths"]["/oauth/token"]["post"]

        assert [each["name"] for each in token["parameters"] if each["in"] == "header"] == ["DPoP"]
        assert "DPoP-Nonce" in token["responses"]["400"]["headers"]
        schema = token["responses"]["200"]["content"]["application/json"]["schema"]
        assert schema["properties"]["token_type"]["enum"] == ["Bearer", "DPoP"]
