"""What the metadata of the server's own resource tells of proofs (RFC 9728 §2)."""

import pytest

from ....tests.sqlite_server import serving_on_sqlite

pytestmark = pytest.mark.anyio

PATH = "/.well-known/oauth-protected-resource"


async def test_the_document_tells_which_proofs_are_accepted() -> None:
    """B2, G1."""
    async with serving_on_sqlite() as server:
        document = (await server.http.get(PATH)).json()

        assert document["dpop_signing_alg_values_supported"] == ["ES256", "EdDSA", "PS256"]
        assert "dpop_bound_access_tokens_required" not in document
        assert document["bearer_methods_supported"] == ["header"]


async def test_the_document_tells_that_every_token_must_be_bound() -> None:
    """G4: then there is no way to present a bearer token."""
    async with serving_on_sqlite(dpop={"required": True}) as server:
        document = (await server.http.get(PATH)).json()

        assert document["dpop_bound_access_tokens_required"] is True
        assert document["bearer_methods_supported"] == []
