"""Clients that push with an assertion (RFC 9126 §2, RFC 7523 §2.2)."""

from collections.abc import AsyncIterator

import pytest

from ....tests.harness import ISSUER, ServerUnderTest
from ....tests.people import authorization_request
from ....tests.sqlite_server import serving_on_sqlite
from ...private_key_jwt.tests.assertions import add_signing_client, honest, offer
from .pushing import look_up, push, push_well


@pytest.fixture
async def signing() -> AsyncIterator[ServerUnderTest]:
    """A server whose client `web` signs."""
    async with serving_on_sqlite() as server:
        await add_signing_client(server)
        server.secrets.clear()
        yield server


async def test_an_assertion_authenticates_a_push_and_is_not_kept(signing: ServerUnderTest) -> None:
    """F1, C1, K8."""
    client = await add_signing_client(signing, "another")
    signing.secrets.clear()

    request_uri = await push_well(signing, "another", **offer(await honest(signing, iss="another", sub="another")))

    kept = await look_up(signing, request_uri, client)
    assert dict(kept.parameters) == authorization_request("another")


async def test_an_assertion_pushes_once(signing: ServerUnderTest) -> None:
    """C2: also what comes second with another request."""
    assertion = offer(await honest(signing))

    first, second = await push(signing, **assertion), await push(signing, state="another", **assertion)

    assert first.status == 201
    assert second.refusal == (401, "invalid_client")


@pytest.mark.parametrize("audience", [f"{ISSUER}/oauth/par", f"{ISSUER}/oauth/token", [ISSUER]])
async def test_an_assertion_is_for_the_issuer_here_too(signing: ServerUnderTest, audience: object) -> None:
    """C1, OIDF par-test-*-as-audience: the URL of an endpoint is not its name."""
    answer = await push(signing, **offer(await honest(signing, aud=audience)))

    assert answer.refusal == (401, "invalid_client")


async def test_an_assertion_pushes_for_nobody_else(signing: ServerUnderTest) -> None:
    """F1: the form names the client that signed."""
    await add_signing_client(signing, "another")

    answer = await push(signing, "another", **offer(await honest(signing)))

    assert answer.refusal == (401, "invalid_client")
