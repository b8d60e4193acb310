"""An API asks with a key of its own (C1, RFC 7662 §2.1, RFC 8414 §2)."""

from ....tests.harness import ISSUER, Answer
from ....tests.sqlite_server import serving_on_sqlite
from ...private_key_jwt.tests.assertions import KEY, add_signing_client, honest, offer, public
from .asking import buy


async def test_an_api_authenticates_with_its_key_and_each_assertion_once() -> None:
    """C1, C2: as at every endpoint; and metadata tells the algorithms."""
    async with serving_on_sqlite() as server:
        await server.add_client("worker")
        await add_signing_client(server, "web", metadata={"jwks": public(KEY), "introspects": [ISSUER]})
        form = {"token": await buy(server, "worker"), **offer(await honest(server))}

        first, second = [Answer.of(await server.http.post("/oauth/introspect", data=form)) for _ in range(2)]

        metadata = (await server.http.get("/.well-known/oauth-authorization-server")).json()
        assert first["active"] is True
        assert second.refusal == (401, "invalid_client")
        assert "private_key_jwt" in metadata["introspection_endpoint_auth_methods_supported"]
        told = metadata["introspection_endpoint_auth_signing_alg_values_supported"]
        assert told == metadata["token_endpoint_auth_signing_alg_values_supported"]
