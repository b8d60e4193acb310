"""Proofs at the token endpoint: what is issued is bound to their key (RFC 9449 §5)."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from ....core.encoding import encode_base64url
from ....core.jwk import Algorithm
from ....tests.harness import Answer, ServerUnderTest, serving
from ....tests.sqlite_server import serving_on_sqlite
from .keys import SenderKey
from .provers import Prover, confirmation_of

pytestmark = pytest.mark.anyio

URL = "https://as.example/oauth/token"
ALGORITHMS: tuple[Algorithm, ...] = ("ES256", "EdDSA", "PS256")


async def sending(server: ServerUnderTest, headers: list[tuple[str, str]]) -> Answer:
    """Ask for a token with exactly these headers."""
    form, auth = {"grant_type": "client_credentials"}, httpx.BasicAuth("web", server.secrets["web"])
    return Answer.of(await server.http.post("/oauth/token", data=form, auth=auth, headers=headers))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("name", ["DPoP", "dpop", "DPOP"])
async def test_a_token_is_bound_with_any_algorithm_and_either_header_case(algorithm: Algorithm, name: str) -> None:
    """G1, RFC 9449 §5: token_type is DPoP and `cnf` names the key."""
    async with serving_on_sqlite() as server:
        await server.add_client()
        key = SenderKey(algorithm)

        answer = await sending(server, [(name, key.prove("POST", URL, server.clock()))])

        assert answer["token_type"] == "DPoP"
        assert confirmation_of(answer) == {"jkt": key.thumbprint}


async def test_without_a_proof_the_token_is_a_bearer_token() -> None:
    """G4: a client that does not have to need not."""
    async with serving_on_sqlite() as server:
        await server.add_client()

        answer = await server.token(grant_type="client_credentials")

        assert answer["token_type"] == "Bearer"
        assert confirmation_of(answer) is None


async def test_what_is_issued_is_in_the_audit_log_with_its_key() -> None:
    """K3, E7: of a denial too, once the key is proved."""
    async with serving_on_sqlite() as server:
        await server.add_client()
        prover = Prover(server)

        await prover.token()
        await prover.token(scope="of:others")
        await prover.token(proofs=["nonsense"])

        cnf = {"jkt": prover.key.thumbprint}
        issued, denied, unproved = server.events.events
        assert (issued.name, issued.token_type, issued.sender_constraint, issued.cnf) == (
            "token_issued",
            "DPoP",
            "jkt",
            cnf,
        )
        assert (denied.name, denied.result, denied.cnf) == ("token_denied", "invalid_scope", cnf)
        assert (unproved.name, unproved.result, unproved.cnf) == ("token_denied", "invalid_dpop_proof", None)


BAD: dict[str, Any] = {
    "another method": {"htm": "GET"},
    "the method in another case": {"htm": "post"},
    "no method": {"htm": None},
    "another endpoint": {"htu": "https://as.example/oauth/revoke"},
    "another host": {"htu": "https://evil.example/oauth/token"},
    "another port": {"htu": "https://as.example:8443/oauth/token"},
    "another scheme": {"htu": "http://as.example/oauth/token"},
    "a path in another case": {"htu": "https://as.example/oauth/Token"},
    "somebody in the URL": {"htu": "https://user@as.example/oauth/token"},
    "a URL that is no string": {"htu": ["https://as.example/oauth/token"]},
    "no URL": {"htu": None},
    "too old": {"iat": -61},
    "too new": {"iat": 61},
    "no time": {"iat": None},
    "no jti": {"jti": None},
    "an empty jti": {"jti": ""},
}


@pytest.mark.parametrize("what", BAD)
async def test_a_proof_that_does_not_hold_is_refused(what: str) -> None:
    """D1, RFC 9449 §5: 400 invalid_dpop_proof, in JSON that nobody keeps."""
    async with serving_on_sqlite() as server:
        await server.add_client()
        key, now = SenderKey(), int(server.clock().timestamp())
        claims = {"jti": "1", "htm": "POST", "htu": URL, "iat": 0, **BAD[what]}
        claims["iat"] = None if claims["iat"] is None else now + claims["iat"]

        answer = await sending(
            server, [("DPoP", key.sign({name: value for name, value in claims.items() if value is not None}))]
        )

        assert answer.refusal == (400, "invalid_dpop_proof")
        assert answer.headers["cache-control"] == "no-store"
        assert "www-authenticate" not in answer.headers


async def test_no_other_key_or_kind_of_token_is_a_proof() -> None:
    """D1, J5: a private key, no key, `none`, a shared secret, another `typ`."""
    async with serving_on_sqlite() as server:
        await server.add_client()
        key, now = SenderKey(), int(server.clock().timestamp())
        claims = {"jti": "1", "htm": "POST", "htu": URL, "iat": now}
        heads = [
            {**key.header, "jwk": {**key.jwk, "d": "AA"}},
            {name: value for name, value in key.header.items() if name != "jwk"},
            {**key.header, "alg": "none"},
            {**key.header, "alg": "HS256"},
            {**key.header, "alg": "RS256"},
            {**key.header, "typ": "JWT"},
            {**key.header, "typ": "at+jwt"},
            {name: value for name, value in key.header.items() if name != "typ"},
        ]

        for head in heads:
            assert (await sending(server, [("DPoP", key.sign(claims, head))])).refusal == (400, "invalid_dpop_proof")
        unsigned = key.sign(claims).rpartition(".")[0]
        for proof in ("", "x", f"{unsigned}.", f"{unsigned}.{encode_base64url(bytes(64))}"):
            assert (await sending(server, [("DPoP", proof)])).refusal == (400, "invalid_dpop_proof")


async def test_two_proofs_are_refused() -> None:
    """D1, RFC 9449 §4.3: two headers, in either case, or two in one."""
    async with serving_on_sqlite() as server:
        await server.add_client()
        one, other = (SenderKey().prove("POST", URL, server.clock()) for _ in range(2))

        for headers in (
            [("DPoP", one), ("DPoP", other)],
            [("DPoP", one), ("dpop", one)],
            [("DPoP", f"{one}, {other}")],
        ):
            assert (await sending(server, headers)).refusal == (400, "invalid_dpop_proof")


async def test_the_url_is_that_of_the_issuer_whatever_the_host_header_says() -> None:
    """D1, K1: a proof made for an attacker's host does not become good by naming that host to us."""
    async with serving_on_sqlite() as server:
        await server.add_client()
        key = SenderKey()
        theirs = key.prove("POST", "https://evil.example/oauth/token", server.clock())
        ours = key.prove("POST", URL, server.clock())

        for name in ("Host", "X-Forwarded-Host"):
            assert (await sending(server, [(name, "evil.example"), ("DPoP", theirs)])).refusal[0] == 400
        assert (await sending(server, [("Host", "10.0.0.1:8000"), ("DPoP", ours)])).status == 200


async def test_the_path_of_an_endpoint_may_be_spelt_otherwise() -> None:
    """RFC 9449 §4.3: the request's URL is normalised like the proof's."""
    async with serving_on_sqlite(prefix="/auth", paths={"token": "/auth/v1/token"}) as server:
        await server.add_client()
        prover = Prover(server)

        assert (await prover.token()).status == 200
        assert (await prover.token(proofs=[prover.prove("revoke")])).status == 400


async def test_the_path_of_the_issuer_is_not_in_the_url() -> None:
    """K1: endpoints are below the prefix, at the root of the host."""
    async with serving_on_sqlite(issuer="https://as.example/tenant") as server:
        server.http.base_url = httpx.URL("https://as.example")
        await server.add_client()

        assert (await Prover(server).token()).status == 200


def tell_internal_url(request: Request, url: str) -> str:
    """A team's function: some clients reach the server by another name."""
    return url.replace("as.example", "as.internal") if request.headers["host"] == "as.internal" else url


async def test_a_function_of_the_team_may_say_which_url_counts() -> None:
    """N/K1: given the request and what the server thinks."""
    async with serving_on_sqlite(dpop={"url_of": f"{__name__}:tell_internal_url"}) as server:
        await server.add_client()
        key = SenderKey()

        def headers(host: str) -> list[tuple[str, str]]:
            return [("Host", host), ("DPoP", key.prove("POST", f"https://{host}/oauth/token", server.clock()))]

        assert (await sending(server, headers("as.internal"))).status == 200
        assert (await sending(server, headers("as.example"))).status == 200
        assert (await sending(server, headers("evil.example"))).status == 400


async def test_a_proof_is_good_once(server: ServerUnderTest) -> None:
    """D2, RFC 9449 §11.1: of 20 requests at once one gets a token, on each kind of database."""
    await server.add_client()
    prover = Prover(server)
    proof = prover.prove()

    answers = await asyncio.gather(*(prover.token(proofs=[proof]) for _ in range(20)))
    later = await prover.token(proofs=[proof])

    assert [answer.status for answer in answers].count(200) == 1
    assert {answer.refusal for answer in answers if answer.status != 200} == {(400, "invalid_dpop_proof")}
    assert later.refusal == (400, "invalid_dpop_proof")
    assert (await prover.token()).status == 200


async def test_a_proof_is_good_once_on_all_servers_together(database_url: str, shared_url: str) -> None:
    """D2: two nodes on one store, asked in turn and at once."""
    async with (
        serving(database_url, ephemeral_url=shared_url) as one,
        serving(database_url, ephemeral_url=shared_url) as other,
    ):
        await one.add_client()
        other.secrets.update(one.secrets)
        provers = Prover(one), Prover(other)
        first, second = provers[0].prove(), provers[0].prove()

        in_turn = [await prover.token(proofs=[first]) for prover in provers]
        at_once = await asyncio.gather(*(provers[n % 2].token(proofs=[second]) for n in range(10)))

        assert [answer.status for answer in in_turn] == [200, 400]
        assert [answer.status for answer in at_once].count(200) == 1


@pytest.mark.parametrize("settings", [{}, {"nonce_single_use": True}], ids=["shared", "single use"])
async def test_a_client_that_retries_gets_along_with_nonces(settings: dict[str, Any]) -> None:
    """G2, RFC 9449 §8: 400 use_dpop_nonce with a nonce, then one request for each token."""
    async with serving_on_sqlite(dpop={"require_nonce": True, **settings}) as server:
        await server.add_client()
        prover = Prover(server)

        first = await prover.token()
        answers = [await prover.token() for _ in range(3)]

        assert first.refusal == (400, "use_dpop_nonce")
        assert first.headers["cache-control"] == "no-store"
        assert [answer.status for answer in answers] == [200] * 3
        assert ("DPoP-Nonce" in answers[-1].headers) == ("nonce_single_use" in settings)


async def test_a_nonce_that_is_stale_or_of_nobody_is_replaced() -> None:
    """D1, G2, RFC 9449 §8.2: a client that goes on with the one it got last never fails twice."""
    async with serving_on_sqlite(dpop={"require_nonce": True, "nonce_lifetime": timedelta(seconds=60)}) as server:
        await server.add_client()
        prover = Prover(server)
        await prover.token()

        server.clock.advance(30)
        rotated = await prover.token()
        server.clock.advance(61)
        stale = await prover.token()
        after = await prover.token()
        foreign = await prover.token(proofs=[prover.prove(nonce="of another server")])

        assert (rotated.status, "DPoP-Nonce" in rotated.headers) == (200, True)
        assert stale.refusal == foreign.refusal == (400, "use_dpop_nonce")
        assert after.status == 200


@pytest.mark.parametrize("settings", [{}, {"nonce_single_use": True}], ids=["shared", "single use"])
async def test_servers_accept_each_others_nonces(database_url: str, shared_url: str, settings: dict[str, Any]) -> None:
    """G2: behind a proxy the retry may come to the other node."""
    told = {"ephemeral_url": shared_url, "dpop": {"require_nonce": True, **settings}}
    async with serving(database_url, **told) as one, serving(database_url, **told) as other:
        await one.add_client()
        other.secrets.update(one.secrets)
        here, there = Prover(one), Prover(other)

        refused = await here.token()
        there.nonce = here.nonce
        answer = await there.token()

        assert refused.refusal == (400, "use_dpop_nonce")
        assert answer.status == 200


async def test_a_single_use_nonce_is_good_once(server: ServerUnderTest) -> None:
    """G2: of several proofs with one nonce, made by several keys, one is accepted."""
    async with serving(server.settings.database_url, dpop={"require_nonce": True, "nonce_single_use": True}) as strict:
        await strict.add_client("app")
        provers = [Prover(strict) for _ in range(10)]
        nonce = (await provers[0].token("app")).headers["DPoP-Nonce"]
        for prover in provers:
            prover.nonce = nonce

        answers = await asyncio.gather(*(prover.token("app") for prover in provers))

        assert [answer.status for answer in answers].count(200) == 1
        assert {answer.refusal for answer in answers if answer.status != 200} == {(400, "use_dpop_nonce")}


async def test_a_client_that_has_to_prove_a_key_gets_nothing_without() -> None:
    """D4, G4, RFC 9449 §5.2: an omitted proof is invalid_request, a bad one invalid_dpop_proof."""
    async with serving_on_sqlite() as server:
        await server.add_client(metadata={"dpop_bound_access_tokens": True})
        prover = Prover(server)

        assert (await prover.token(proofs=[])).refusal == (400, "invalid_request")
        assert (await prover.token(proofs=["nonsense"])).refusal == (400, "invalid_dpop_proof")
        assert (await prover.token())["token_type"] == "DPoP"


@pytest.mark.parametrize("said", [False, None, "true", 1, ["true"]])
async def test_a_client_must_say_so_in_json(said: Any) -> None:
    """RFC 9449 §5.2: a boolean."""
    async with serving_on_sqlite() as server:
        await server.add_client(metadata={"dpop_bound_access_tokens": said})

        assert (await Prover(server).token(proofs=[]))["token_type"] == "Bearer"


async def test_a_server_may_issue_bound_tokens_only() -> None:
    """G4: whatever clients say of themselves."""
    async with serving_on_sqlite(dpop={"required": True}) as server:
        await server.add_client(metadata={"dpop_bound_access_tokens": False})
        prover = Prover(server)

        assert (await prover.token(proofs=[])).refusal == (400, "invalid_request")
        assert (await prover.token())["token_type"] == "DPoP"


async def test_a_proof_does_not_authenticate_a_client() -> None:
    """C3: and is not even looked at before."""
    async with serving_on_sqlite() as server:
        await server.add_client()
        prover = Prover(server)
        proof = prover.prove()

        wrong = await server.http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=("web", "wrong"),
            headers={"DPoP": proof},
        )

        assert wrong.status_code == 401
        assert (await prover.token(proofs=[proof])).status == 200
