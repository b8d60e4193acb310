"""UserInfo with bound tokens (RFC 9449 §7, OIDC Core §5.3)."""

from typing import Any

import httpx
import pytest

from ....tests.harness import REDIRECT_URI, ServerUnderTest, serving
from ....tests.people import VERIFIER, add_person, obtain_code
from ....tests.sqlite_server import serving_on_sqlite
from ....tests.userinfo import userinfo
from .provers import Prover

pytestmark = pytest.mark.anyio

PATH = "/oauth/userinfo"
URL = f"https://as.example{PATH}"


async def sign_in(server: ServerUnderTest, **changes: str) -> tuple[Prover, str]:
    """Return a sender and its access token, bound to its key."""
    await add_person(server)
    await server.add_client()
    prover = Prover(server)
    form = {"redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER, "scope": ""}
    code = await obtain_code(server, **changes)
    answer = await prover.patient_token(grant_type="authorization_code", code=code, **form)
    assert answer.status == 200, answer.body
    return prover, answer["access_token"]


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Return status and error, which must be in the challenge of the DPoP scheme too."""
    error = response.json()["error"]
    challenge = response.headers["www-authenticate"]
    assert challenge.startswith("DPoP ")
    assert f'error="{error}"' in challenge
    assert 'algs="ES256 EdDSA PS256"' in challenge
    assert "Bearer" not in challenge
    assert response.headers["cache-control"] == "no-store"
    return response.status_code, error


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP"])
async def test_a_bound_token_is_good_with_a_proof_of_its_key(method: str, scheme: str) -> None:
    """H8, RFC 9449 §7.1."""
    async with serving_on_sqlite() as server:
        prover, token = await sign_in(server)

        response = await prover.call(PATH, token, method=method, scheme=scheme)

        assert response.status_code == 200
        assert response.json()["name"]


async def test_a_bound_token_is_no_bearer_token() -> None:
    """D5, RFC 9449 §7.2: without a proof or with a good one, in the header or in a form."""
    async with serving_on_sqlite() as server:
        prover, token = await sign_in(server)

        answers = [
            await userinfo(server, token),
            await prover.call(PATH, token, scheme="Bearer"),
            await server.http.post(PATH, data={"access_token": token}),
        ]

        for response in answers:
            assert (response.status_code, response.json()["error"]) == (401, "invalid_token")
            challenge = response.headers["www-authenticate"]
            assert challenge.startswith('Bearer realm="authorization server", error="invalid_token"')
            assert ', DPoP realm="authorization server", ' in challenge
            assert 'algs="ES256 EdDSA PS256"' in challenge
            assert challenge.count("error=") == 1


async def test_a_bearer_token_is_no_bound_token() -> None:
    """D5, RFC 9449 §7.1: the scheme says what the token is."""
    async with serving_on_sqlite() as server:
        await add_person(server)
        await server.add_client()
        prover = Prover(server)
        form = {"redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER, "scope": ""}
        answer = await prover.token(grant_type="authorization_code", code=await obtain_code(server), proofs=[], **form)

        as_bound = await prover.call(PATH, answer["access_token"])
        as_bearer = await prover.call(PATH, answer["access_token"], scheme="Bearer")

        assert refusal(as_bound) == (401, "invalid_token")
        assert as_bearer.status_code == 200


async def test_who_brings_nothing_is_shown_both_schemes() -> None:
    """N/I1, RFC 9449 §7.1: and no error."""
    async with serving_on_sqlite() as server:
        challenge = (await server.http.get(PATH)).headers["www-authenticate"]

        assert challenge == (
            'Bearer realm="authorization server", scope="openid", '
            'DPoP realm="authorization server", scope="openid", algs="ES256 EdDSA PS256"'
        )


BAD: dict[str, dict[str, Any]] = {
    "another token's hash": {"ath": "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"},
    "no hash": {"ath": None},
    "another method": {"htm": "POST"},
    "another URL": {"htu": "https://as.example/oauth/token"},
    "another host": {"htu": "https://evil.example/oauth/userinfo"},
    "too old": {"age": 61},
    "no jti": {"jti": None},
}


@pytest.mark.parametrize("what", BAD)
async def test_a_proof_that_does_not_hold_is_refused(what: str) -> None:
    """D1, RFC 9449 §4.3, §7.1: 401 invalid_dpop_proof."""
    async with serving_on_sqlite() as server:
        prover, token = await sign_in(server)
        changes = dict(BAD[what])
        claims = prover.key.claim("GET", URL, server.clock(), access_token=token) | changes
        claims["iat"] -= claims.pop("age", 0)

        response = await prover.call(
            PATH,
            token,
            proofs=[prover.key.sign({name: value for name, value in claims.items() if value is not None})],
        )

        assert refusal(response) == (401, "invalid_dpop_proof")


async def test_a_proof_of_another_key_is_refused() -> None:
    """D1, RFC 9449 §7.1: whoever stole the token has no more than the token."""
    async with serving_on_sqlite() as server:
        _, token = await sign_in(server)

        assert refusal(await Prover(server).call(PATH, token)) == (401, "invalid_token")


async def test_no_proof_and_two_proofs_are_refused() -> None:
    """D1, RFC 9449 §4.3."""
    async with serving_on_sqlite() as server:
        prover, token = await sign_in(server)
        proofs = [prover.key.prove("GET", URL, server.clock(), access_token=token) for _ in range(2)]

        for several in ([], proofs, [proofs[0], proofs[0]]):
            assert refusal(await prover.call(PATH, token, proofs=several)) == (401, "invalid_dpop_proof")
        assert (await prover.call(PATH, token, proofs=proofs[:1])).status_code == 200


async def test_a_proof_is_good_once_on_all_servers_together(database_url: str, shared_url: str) -> None:
    """D2: two nodes with one store, whose tokens are good on both."""
    async with serving(database_url, ephemeral_url=shared_url) as one:
        keys = one.settings.key_directory
        async with serving(database_url, ephemeral_url=shared_url, key_directory=keys) as other:
            prover, token = await sign_in(one)
            proof = prover.key.prove("GET", URL, one.clock(), access_token=token)

            first = await prover.call(PATH, token, proofs=[proof])
            here = await prover.call(PATH, token, proofs=[proof])
            there = await Prover(other, prover.key).call(PATH, token, proofs=[proof])

            assert first.status_code == 200
            assert refusal(here) == refusal(there) == (401, "invalid_dpop_proof")
            assert (await Prover(other, prover.key).call(PATH, token)).status_code == 200


@pytest.mark.parametrize("settings", [{}, {"nonce_single_use": True}], ids=["shared", "single use"])
async def test_a_nonce_is_asked_for_with_401_and_is_that_of_the_other_endpoints(settings: dict[str, Any]) -> None:
    """G2, RFC 9449 §9: clients keep one nonce for an origin."""
    async with serving_on_sqlite(dpop={"require_nonce": True, **settings}) as server:
        prover, token = await sign_in(server)

        with_the_last_one = await prover.call(PATH, token)
        prover.nonce = None
        asked = await prover.call(PATH, token)
        again = await prover.call(PATH, token)

        assert with_the_last_one.status_code == again.status_code == 200
        assert refusal(asked) == (401, "use_dpop_nonce")
        assert ("dpop-nonce" in again.headers) == ("nonce_single_use" in settings)


async def test_too_little_scope_is_told_in_the_scheme_that_was_used() -> None:
    """H8, RFC 6750 §3.1: and the next nonce comes with it."""
    async with serving_on_sqlite(dpop={"require_nonce": True, "nonce_single_use": True}) as server:
        prover, token = await sign_in(server, scope="profile")

        response = await prover.call(PATH, token)

        assert refusal(response) == (403, "insufficient_scope")
        assert "dpop-nonce" in response.headers


async def test_the_host_header_does_not_matter() -> None:
    """K1, D1: neither can an attacker choose the URL, nor a proxy break it."""
    async with serving_on_sqlite() as server:
        prover, token = await sign_in(server)
        theirs = prover.key.prove("GET", f"https://evil.example{PATH}", server.clock(), access_token=token)
        ours = prover.key.prove("GET", URL, server.clock(), access_token=token)

        async def call(proof: str) -> int:
            headers = {"Host": "evil.example", "Authorization": f"DPoP {token}", "DPoP": proof}
            return (await server.http.get(PATH, headers=headers)).status_code

        assert (await call(theirs), await call(ours)) == (401, 200)


async def test_where_all_tokens_are_bound_a_bearer_token_is_refused_and_not_offered() -> None:
    """D5, G4: one from before the setting, for example."""
    async with serving_on_sqlite() as lax:
        keys, url = lax.settings.key_directory, lax.settings.database_url
        await add_person(lax)
        await lax.add_client()
        form = {"redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER, "scope": ""}
        bearer = await Prover(lax).token(
            grant_type="authorization_code", code=await obtain_code(lax), proofs=[], **form
        )
        async with serving(url, key_directory=keys, dpop={"required": True}) as strict:
            nothing = (await strict.http.get(PATH)).headers["www-authenticate"]

            response = await userinfo(strict, bearer["access_token"])

            assert nothing.startswith("DPoP ")
            assert "Bearer" not in nothing
            assert refusal(response) == (401, "invalid_token")


async def test_browsers_may_call_with_a_proof() -> None:
    """B8."""
    async with serving_on_sqlite() as server:
        asked = {
            "Origin": "https://app.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization, dpop",
        }

        assert (await server.http.options(PATH, headers=asked)).status_code == 200


async def test_the_openapi_document_shows_the_proof() -> None:
    """B7."""
    async with serving_on_sqlite() as server:
        item = (await server.http.get("/openapi.json")).json()["paths"][PATH]

        for method in ("get", "post"):
            assert [each["name"] for each in item[method]["parameters"]] == ["DPoP"]
            assert "DPoP-Nonce" in item[method]["responses"]["401"]["headers"]


async def test_a_proof_of_the_token_endpoint_is_none_here() -> None:
    """D1, RFC 9449 §4.3: nor the other way round."""
    async with serving_on_sqlite() as server:
        prover, token = await sign_in(server)

        assert refusal(await prover.call(PATH, token, proofs=[prover.prove("token", "GET")])) == (
            401,
            "invalid_dpop_proof",
        )
        here = prover.key.prove("POST", URL, server.clock(), access_token=token)
        assert (await prover.token(proofs=[here])).refusal == (400, "invalid_dpop_proof")
