"""A token that is bound to a key says so at introspection, and to which (RFC 9449 §6.2)."""

from ....tests.sqlite_server import serving_on_sqlite
from ...dpop.tests.provers import Prover, confirmation_of
from .asking import ask, buy


async def test_a_bound_token_has_its_type_and_its_key() -> None:
    """H2, G1: one without a proof stays a bearer token."""
    async with serving_on_sqlite() as server:
        await server.add_client("web")
        prover = Prover(server)
        bound = await prover.token()

        told = await ask(server, bound["access_token"])

        assert (told["active"], told["token_type"]) == (True, "DPoP")
        assert told["cnf"] == confirmation_of(bound) == {"jkt": prover.key.thumbprint}
        assert (await ask(server, await buy(server)))["token_type"] == "Bearer"
