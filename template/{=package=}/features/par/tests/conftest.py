"""What the tests of this room may ask for beside the usual."""

import pytest

from ....tests.cli.conftest import command, settled
from ....tests.ephemeral_stores import place, shared_url
from ....tests.harness import ServerUnderTest
from ....tests.people import add_person

__all__ = ["command", "place", "settled", "shared_url"]


@pytest.fixture
async def clients(server: ServerUnderTest) -> None:
    """A client of each type, and ada, who can sign in."""
    await add_person(server)
    await server.add_client("web")
    await server.add_client("other")
    await server.add_client("app", token_endpoint_auth_method="none")
