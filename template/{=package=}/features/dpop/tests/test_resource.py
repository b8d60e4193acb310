"""An API of any kind behind a guard that understands bound tokens (RFC 9449 §7)."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request

from ....protect.metadata import protected_resource_document
from ....tests.protect.apis import API, NOW, client_of, make_api, make_guard, make_token
from ..nonces import Nonces, NoNonces, SharedNonces, SingleUseNonces
from ..proofs import Proofs
from ..resource import DPoPTokens, url_at
from .keys import SenderKey
from .records import RecordsInMemory

pytestmark = pytest.mark.anyio

ORIGIN = "https://api.example"
KEY = SenderKey()


def make_tokens(records: RecordsInMemory | None = None, nonces: Nonces | None = None, **changes: Any) -> DPoPTokens:
    """Return the constraint of an API, with `changes`."""
    proofs = Proofs(
        records=records or RecordsInMemory(),
        nonces=nonces or NoNonces(),
        algorithms=("ES256", "PS256"),
        window=timedelta(seconds=60),
    )
    return DPoPTokens(**{"proofs": proofs, "url_of": url_at(ORIGIN), "now": lambda: NOW, **changes})


def make_bound_api(tokens: DPoPTokens) -> FastAPI:
    """Return an API that takes bound tokens."""
    return make_api(make_guard(constraints=(tokens,)), "orders:read")


async def bound_token(key: SenderKey = KEY, **changes: Any) -> str:
    """Return an access token that is bound to a key."""
    return await make_token(cnf={"jkt": key.thumbprint}, **changes)


async def call(
    api: FastAPI, token: str, proof: str | None, *, path: str = "/orders", method: str = "GET", **headers: str
) -> httpx.Response:
    """Return the answer of the API to a token with a proof."""
    sent = {"Authorization": f"DPoP {token}", **({} if proof is None else {"DPoP": proof}), **headers}
    async with client_of(api) as client:
        return await client.request(method, path, headers=sent)


async def test_a_bound_token_is_good_with_a_proof_of_its_key() -> None:
    """I1, RFC 9449 §7.1: with any algorithm of the API's."""
    for algorithm in ("ES256", "PS256"):
        key = SenderKey(algorithm)
        token = await bound_token(key)

        answer = await call(make_bound_api(make_tokens()), token, key.prove("GET", API, NOW, access_token=token))

        assert answer.status_code == 200


async def test_every_refusal_is_a_401_with_a_challenge_that_names_the_algorithms() -> None:
    """D1, N/I1, RFC 9449 §7.1: the body of the API's own kind says the same."""
    token = await bound_token()
    eddsa = SenderKey("EdDSA")
    proofs = {
        "none": None,
        "nonsense": "x",
        "of another method": KEY.prove("POST", API, NOW, access_token=token),
        "of another URL": KEY.prove("GET", f"{API}/1", NOW, access_token=token),
        "of another token": KEY.prove("GET", API, NOW, access_token="x"),
        "of no token": KEY.prove("GET", API, NOW),
        "too old": KEY.prove("GET", API, NOW - timedelta(seconds=61), access_token=token),
        "too new": KEY.prove("GET", API, NOW + timedelta(seconds=61), access_token=token),
        "of an algorithm that is not accepted": eddsa.prove("GET", API, NOW, access_token=token),
    }

    for what, proof in proofs.items():
        answer = await call(make_bound_api(make_tokens()), token, proof)

        assert (answer.status_code, answer.json()["detail"]["error"]) == (401, "invalid_dpop_proof"), what
        challenge = answer.headers["www-authenticate"]
        assert challenge.startswith('DPoP realm="orders", error="invalid_dpop_proof"')
        assert challenge.endswith('algs="ES256 PS256"')


async def test_a_good_proof_of_another_key_is_an_invalid_token() -> None:
    """D1, RFC 9449 §7.1: and is not spent, nor is a nonce."""
    records, token, other = RecordsInMemory(), await bound_token(), SenderKey()
    api = make_bound_api(make_tokens(records, SingleUseNonces(records, timedelta(minutes=5))))

    answer = await call(api, token, other.prove("GET", API, NOW, access_token=token))

    assert (answer.status_code, answer.json()["detail"]["error"]) == (401, "invalid_token")
    assert records.calls == []


async def test_a_token_that_is_not_good_spends_no_proof() -> None:
    """D2: an expired one, or somebody else's."""
    records = RecordsInMemory()
    token = await bound_token(exp=1)

    answer = await call(make_bound_api(make_tokens(records)), token, KEY.prove("GET", API, NOW, access_token=token))

    assert (answer.status_code, records.calls) == (401, [])


async def test_a_bound_token_is_no_bearer_token_and_the_reverse() -> None:
    """D5, RFC 9449 §7.2."""
    bound, bearer = await bound_token(), await make_token()
    api = make_bound_api(make_tokens())
    async with client_of(api) as client:
        for token, scheme, status in (
            (bound, "Bearer", 401),
            (bound, "DPoP", 200),
            (bearer, "DPoP", 401),
            (bearer, "Bearer", 200),
        ):
            proof = KEY.prove("GET", API, NOW, access_token=token)
            headers = {"Authorization": f"{scheme} {token}", "DPoP": proof}
            assert (await client.get("/orders", headers=headers)).status_code == status, scheme


async def test_a_proof_is_good_once() -> None:
    """D2, RFC 9449 §11.1: on this API and on another process of it."""
    records, token = RecordsInMemory(), await bound_token()
    proof = KEY.prove("GET", API, NOW, access_token=token)
    first, second = make_bound_api(make_tokens(records)), make_bound_api(make_tokens(records))

    statuses = [(await call(api, token, proof)).status_code for api in (first, first, second)]

    assert statuses == [200, 401, 401]


@pytest.mark.parametrize("make", [SharedNonces, SingleUseNonces])
async def test_a_nonce_is_asked_for_with_401(make: Any) -> None:
    """G2, RFC 9449 §9: a client that retries is admitted, also by another process."""
    records, token = RecordsInMemory(), await bound_token()
    first, second = (make_bound_api(make_tokens(records, make(records, timedelta(minutes=5)))) for _ in range(2))

    asked = await call(first, token, KEY.prove("GET", API, NOW, access_token=token))
    nonce = asked.headers["dpop-nonce"]
    again = await call(second, token, KEY.prove("GET", API, NOW, access_token=token, nonce=nonce))

    assert (asked.status_code, asked.json()["detail"]["error"]) == (401, "use_dpop_nonce")
    assert 'DPoP realm="orders", error="use_dpop_nonce"' in asked.headers["www-authenticate"]
    assert again.status_code == 200
    assert ("dpop-nonce" in again.headers) == (make is SingleUseNonces)


async def test_the_url_is_where_the_api_says_it_is() -> None:
    """D1, K1: whichever host a request names; the query does not count, and escapes stay what they were."""
    api = make_bound_api(make_tokens())
    token = await bound_token()

    async def status(htu: str, path: str = "/orders", **headers: str) -> int:
        proof = KEY.prove("GET", htu, NOW, access_token=token)
        return (await call(api, token, proof, path=path, **headers)).status_code

    assert await status(API, Host="evil.example") == 200
    assert await status("https://evil.example/orders", Host="evil.example") == 401
    assert await status("https://evil.example/orders", **{"X-Forwarded-Host": "evil.example"}) == 401
    assert await status(API, path="/orders?page=2") == 200
    assert await status(f"{API}?page=2", path="/orders") == 200
    assert await status(API, path="/%6Frders") == 200


@pytest.mark.parametrize(
    ("scope", "url"),
    [
        ({"raw_path": b"/orders"}, "https://api.example/orders"),
        ({"raw_path": b"/a%2Fb", "path": "/a/b"}, "https://api.example/a%2Fb"),
        ({"path": "/a b/\u00e4"}, "https://api.example/a%20b/%C3%A4"),
        ({"raw_path": None, "path": "/orders"}, "https://api.example/orders"),
        ({"raw_path": b".evil.example/"}, "https://api.example/.evil.example/"),
        ({"raw_path": b"@evil.example/"}, "https://api.example/@evil.example/"),
        ({"raw_path": b"//evil.example/"}, "https://api.example//evil.example/"),
    ],
)
def test_a_path_cannot_change_the_host(scope: dict[str, Any], url: str) -> None:
    """D1, R2: whatever a request line holds, it stands behind the origin and a slash."""
    assert url_at(ORIGIN)(Request({"type": "http", "headers": [], **scope})) == url


async def test_an_api_may_tell_its_urls_in_its_own_way() -> None:
    """N/K1: behind a proxy that takes a prefix away, for example."""
    tokens = make_tokens(url_of=lambda request: f"https://public.example/v1{request.url.path}")
    token = await bound_token()
    proof = KEY.prove("GET", "https://public.example/v1/orders", NOW, access_token=token)

    assert (await call(make_bound_api(tokens), token, proof)).status_code == 200


def test_the_metadata_of_the_resource_tells_of_proofs() -> None:
    """RFC 9728 §2: and whether every token must be bound."""
    lax, strict = make_tokens(), make_tokens(is_required=True)

    document = protected_resource_document(make_guard(constraints=(lax,)), [])
    told = protected_resource_document(make_guard(constraints=(strict,)), [])

    assert document["dpop_signing_alg_values_supported"] == ["ES256", "PS256"]
    assert "dpop_bound_access_tokens_required" not in document
    assert told["dpop_bound_access_tokens_required"] is True


async def test_what_an_api_requires_it_enforces() -> None:
    """D5: the metadata is no mere wish."""
    api = make_bound_api(make_tokens(is_required=True))
    async with client_of(api) as client:
        answer = await client.get("/orders", headers={"Authorization": f"Bearer {await make_token()}"})

    assert (answer.status_code, answer.json()["detail"]["error"]) == (401, "invalid_token")


async def test_time_passes_by_itself_where_no_clock_is_given() -> None:
    """RFC 9449 §11.1: an API elsewhere has the usual clock."""
    tokens = make_tokens()
    usual = DPoPTokens(proofs=tokens.proofs, url_of=tokens.url_of)
    token = await bound_token()
    proof = KEY.prove("GET", API, usual.now(), access_token=token)

    assert (await call(make_bound_api(usual), token, proof)).status_code == 200
