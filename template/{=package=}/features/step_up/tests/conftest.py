"""People who can sign in in two ways."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ....core.grant import Authentication
from ....policy.consent import Consent
from ....policy.principals import Principals
from ....tests.harness import ServerUnderTest
from ....tests.people import add_person
from ....tests.sqlite_server import serving_on_sqlite

PWD, MFA = "urn:example:pwd", "urn:example:mfa"


@dataclass
class Ways:
    """What the next sign-in reaches."""

    acr: str | None = PWD


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Ways:
    """A policy that can reach two contexts, and reaches what the test says."""
    authenticate, reached = Principals.authenticate, Ways()

    async def reach(*arguments: Any, **named: Any) -> Authentication | None:
        found = await authenticate(*arguments, **named)
        return found and replace(found, acr=reached.acr)

    monkeypatch.setattr(Principals, "authenticate", reach)
    monkeypatch.setattr(Principals, "acr_values", (PWD, MFA))
    return reached


@pytest.fixture
async def light() -> AsyncIterator[ServerUnderTest]:
    """A server with ada, bob and a client."""
    async with serving_on_sqlite() as server:
        await add_person(server, "ada")
        await add_person(server, "bob")
        await server.add_client()
        yield server


@pytest.fixture
def nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy by which consent is not needed."""

    async def is_needed(*arguments: object) -> bool:
        return False

    monkeypatch.setattr(Consent, "is_needed", is_needed)
