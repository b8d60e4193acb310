"""How a token is presented follows from what it is bound to (RFC 7662 §2.2, RFC 7800 §3.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.requests import Request

from ....tests.harness import ServerUnderTest
from ....tests.sqlite_server import serving_on_sqlite
from ..tokens import ActiveTokens
from .asking import buy, claims_of, sign


@dataclass(frozen=True)
class Binding:
    """A way to bind tokens that exists in these tests only."""

    method: str
    scheme: str
    is_required: bool = False
    challenge: Mapping[str, str] = field(default_factory=dict)
    request_headers: Mapping[str, str] = field(default_factory=dict)
    response_headers: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)

    async def check(self, request: Request, token: str, value: str) -> Mapping[str, str]:
        raise AssertionError("introspection is not the place where a token is used")


BINDINGS = (Binding("seal", "Sealed"), Binding("badge", "Bearer"))


async def find(
    server: ServerUnderTest, cnf: dict[str, str] | None, bindings: Sequence[Binding] = BINDINGS
) -> Mapping[str, Any] | None:
    """Return what is told of a token with this `cnf`, where there are these bindings."""
    client = await server.add_client("web")
    token = await sign(server, claims_of(await buy(server)), cnf=cnf)
    tokens = ActiveTokens(server=server.authorization_server.server, constraints=bindings, authorizations=None)
    async with server.database.transaction() as transaction:
        return await tokens.find(token, client, transaction)


@pytest.mark.parametrize(
    ("cnf", "token_type"),
    [(None, "Bearer"), ({"seal": "x"}, "Sealed"), ({"badge": "x"}, "Bearer")],
)
async def test_the_type_is_that_of_the_binding(cnf: dict[str, str] | None, token_type: str) -> None:
    """H2, G4: and what the token is bound to is told, since the API has to check it."""
    async with serving_on_sqlite() as server:
        told = await find(server, cnf)

        assert told is not None
        assert (told["token_type"], told.get("cnf")) == (token_type, cnf)


@pytest.mark.parametrize("cnf", [{"other": "x"}, {"other": "x", "seal": "x"}, {"badge": "x", "seal": "x"}, {}])
async def test_a_binding_that_nobody_here_can_check_makes_no_bearer_token(cnf: dict[str, str]) -> None:
    """D5, RFC 9700 §2.2.1: our own guards refuse it too; of two bindings, one alone is not enough."""
    async with serving_on_sqlite() as server:
        assert await find(server, cnf) is None


async def test_where_all_tokens_have_to_be_bound_one_that_is_not_is_inactive() -> None:
    """D4, G4: it is from before that was decided, and our own guards refuse it."""
    required = (Binding("seal", "Sealed", is_required=True),)
    async with serving_on_sqlite() as server:
        assert await find(server, None, required) is None
    async with serving_on_sqlite() as server:
        assert await find(server, {"seal": "x"}, required) is not None


async def test_without_people_nothing_that_they_gave_is_active() -> None:
    """H2: a server of machines cannot say that it is good."""
    async with serving_on_sqlite() as server:
        client = await server.add_client("web")
        claims = claims_of(await buy(server))
        tokens = ActiveTokens(server=server.authorization_server.server, constraints=(), authorizations=None)

        async with server.database.transaction() as transaction:
            found = [
                await tokens.find(token, client, transaction)
                for token in (await sign(server, claims, grant_id="g1"), "not-a-jwt", await sign(server, claims))
            ]

        assert found[:2] == [None, None]
        assert found[2] is not None
