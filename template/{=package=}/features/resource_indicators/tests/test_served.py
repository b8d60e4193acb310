"""Which resources a client may have tokens for: the default audience, those in the settings, those of policy (H6)."""

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from ....app import AuthorizationServer
from ....core.client import Client
from ....features import Settings
from ....policy.resources import Resources
from .. import ResourceIndicatorsSettings
from ..served import ServedResources

ISSUER = "https://as.example"
ORDERS, NOTES, OWN = "https://orders.example", "https://notes.example/mcp", "https://own.example/"
CLIENT = Client(client_id="web")


class Decided:
    """A policy that was decided."""

    contract = 1

    def __init__(self, *resources: str) -> None:
        self.resources = resources

    async def served(self, client: Client) -> Sequence[str]:
        return self.resources if client == CLIENT else ()


def told(**settings: Any) -> Settings:
    return Settings(_env_file=None, issuer=ISSUER, **settings)


async def test_every_client_may_have_what_is_configured_and_one_may_have_more() -> None:
    """H6, N: nobody has to be linked to anything."""
    served = ServedResources(ISSUER, (ORDERS, NOTES), Decided(OWN))

    everybody = {ISSUER: ISSUER, ORDERS: ORDERS, NOTES: NOTES}
    assert await served.find_for(Client(client_id="other")) == everybody
    assert await served.find_for(CLIENT) == {**everybody, "https://own.example": OWN}


async def test_policy_as_shipped_adds_nothing() -> None:
    """N: the default audience and the settings are enough."""
    assert await ServedResources(ISSUER, (), Resources()).find_for(CLIENT) == {ISSUER: ISSUER}


async def test_policy_cannot_spell_anew_what_is_configured() -> None:
    """H6: an API that is in the settings knows itself by that name."""
    served = ServedResources(ISSUER, (ORDERS,), Decided(f"{ORDERS}/", f"{ISSUER}/"))

    assert await served.find_for(CLIENT) == {ISSUER: ISSUER, ORDERS: ORDERS}


@pytest.mark.parametrize("resource", ["orders", "https://orders.example#a", "https://me@orders.example", ""])
async def test_policy_that_names_no_resource_is_a_fault(resource: str) -> None:
    """A4: it is never passed over, since somebody relies on it."""
    with pytest.raises(ValueError, match="must be an absolute URL"):
        await ServedResources(ISSUER, (), Decided(resource)).find_for(CLIENT)


def test_the_environment_lists_resources_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """N: spelled as they are, for `aud`."""
    prefix = str(Settings.model_config["env_prefix"])
    monkeypatch.setenv(f"{prefix}RESOURCE_INDICATORS__RESOURCES", f"{OWN}, HTTPS://Notes.example/MCP")

    assert told().resource_indicators.resources == (OWN, "HTTPS://Notes.example/MCP")
    assert ResourceIndicatorsSettings().resources == ()


@pytest.mark.parametrize(
    "resource",
    ["orders", "/orders", "https://a.example#b", "https://me@a.example", "https://a.example/".ljust(501, "x")],
)
def test_what_is_no_resource_is_refused_at_boot(resource: str) -> None:
    """B6, A4: the message names the setting."""
    with pytest.raises(ValidationError) as refused:
        told(resource_indicators={"resources": [ORDERS, resource]})

    (error,) = refused.value.errors()
    assert error["loc"] == ("resource_indicators", "resources")


@pytest.mark.parametrize(
    "resources", [(f"{ISSUER}/",), (ORDERS, "https://ORDERS.example"), (NOTES, ORDERS, f"{ORDERS}/")]
)
def test_one_resource_in_two_spellings_is_refused_at_boot(resources: tuple[str, ...]) -> None:
    """B6, H6: an API accepts one `aud`, so which it is cannot depend on the order of a list."""
    with pytest.raises(ValueError, match=r"RESOURCE_INDICATORS__RESOURCES names .* in another spelling"):
        AuthorizationServer(told(resource_indicators={"resources": resources}))


def test_the_default_audience_may_be_named_too() -> None:
    """B6: it is served in any case, and to say so is no mistake."""
    AuthorizationServer(told(resource_indicators={"resources": (ISSUER, ORDERS)}))


def test_policy_of_another_contract_is_refused_at_boot(monkeypatch: pytest.MonkeyPatch) -> None:
    """A8."""
    monkeypatch.setattr(Resources, "contract", 2)

    with pytest.raises(TypeError, match="Resources is written for contract 2, this server knows none after 1"):
        AuthorizationServer(told())
