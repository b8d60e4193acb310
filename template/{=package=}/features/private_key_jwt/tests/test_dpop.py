"""A client's key and a sender's key: two JWTs in one request, and neither is the other (J5, RFC 9449)."""

from datetime import datetime
from typing import Any

import pytest

from ....tests.harness import ISSUER, ServerUnderTest
from ...dpop.tests.keys import SenderKey
from ...dpop.tests.provers import Prover, confirmation_of
from .assertions import KEY, add_signing_client, claims, honest, offer, sign

pytestmark = pytest.mark.anyio


def proof_claims(now: datetime, url: str) -> dict[str, Any]:
    """Return what would do for both: the claims of an assertion and of a proof."""
    return {**claims(now), "htm": "POST", "htu": url}


async def test_a_client_signs_in_with_its_key_and_binds_the_token_to_another(server: ServerUnderTest) -> None:
    """C1, D1: both in one request, and a retry for a nonce needs a new assertion."""
    await add_signing_client(server)
    prover = Prover(server)

    answer = await prover.token("web", **offer(await honest(server)))
    if answer.body.get("error") == "use_dpop_nonce":
        answer = await prover.token("web", **offer(await honest(server)))

    assert confirmation_of(answer) == {"jkt": prover.key.thumbprint}


async def test_a_proof_is_no_assertion_though_the_client_signed_it(server: ServerUnderTest) -> None:
    """J5, RFC 8725 §3.11: by the same key, with every claim that either needs."""
    await add_signing_client(server)
    url = f"{ISSUER}/oauth/token"
    content = proof_claims(server.clock(), url)
    jwk = SenderKey(private_key=KEY.private_key).jwk

    for header in ({"typ": "dpop+jwt", "jwk": jwk}, {"typ": "dpop+jwt"}, {"jwk": jwk}):
        form = {"grant_type": "client_credentials", **offer(await sign(content, **header))}
        assert (await server.http.post("/oauth/token", data=form)).status_code == 401


async def test_an_assertion_is_no_proof_though_its_key_is_in_it(server: ServerUnderTest) -> None:
    """J5: and a request with it buys nothing."""
    await add_signing_client(server)
    prover = Prover(server, SenderKey(private_key=KEY.private_key))
    content = proof_claims(server.clock(), prover.url("token"))

    for typ in (None, "JWT", "client-authentication+jwt"):
        proof = await sign(content, typ=typ, jwk=prover.key.jwk, kid=None)
        answer = await prover.token("web", proofs=[proof], **offer(await honest(server)))
        assert answer.refusal == (400, "invalid_dpop_proof")
