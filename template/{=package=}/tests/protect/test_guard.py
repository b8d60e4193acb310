"""A guard admits good tokens and says exactly what is wrong with a request without one (I1, A3)."""

from datetime import timedelta
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI, Form
from starlette.requests import Request

from ...core.errors import InvalidToken
from ...core.keys import LocalKey
from ...protect import LocalKeys, Refused, TokenContext, answer_refusal
from .apis import API, KEY, METADATA, NOW, SECONDS, Ring, call, client_of, make_api, make_guard, make_token

pytestmark = pytest.mark.anyio

NOT_VALID = (
    'Bearer realm="orders", error="invalid_token", '
    'error_description="the access token is expired or not valid", '
    f'{{scope}}resource_metadata="{METADATA}"'
)


def check_refused(answer: httpx.Response, status: int, error: str) -> None:
    """Check status, body and challenge of a refusal."""
    assert answer.status_code == status
    assert answer.json()["detail"]["error"] == error
    assert f'error="{error}"' in answer.headers["www-authenticate"]
    assert f'resource_metadata="{METADATA}"' in answer.headers["www-authenticate"]
    assert answer.headers["cache-control"] == "no-store"


async def test_a_good_token_yields_a_typed_context() -> None:
    """I1."""
    token = await make_token(acr="urn:mfa", auth_time=SECONDS - 60, grant_id="g1")

    answer = await call(make_guard(), "orders:read", token=token)

    assert answer.status_code == 200
    assert answer.json() == {
        "subject": "alice",
        "client_id": "web",
        "scope": "orders:read orders:write",
        "acr": "urn:mfa",
        "auth_time": "2029-12-31T23:59:00Z",
        "grant_id": "g1",
        "principal": None,
    }


async def test_a_request_without_credentials_is_told_where_to_get_them_and_no_error() -> None:
    """RFC 6750 §3.1, RFC 9728 §5.1."""
    answer = await call(make_guard(), "orders:read")

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == (
        f'Bearer realm="orders", scope="orders:read", resource_metadata="{METADATA}"'
    )


@pytest.mark.parametrize("authorization", ["Basic YTpi", "DPoP abc", "Bearerx abc", "Digest a=b"])
async def test_another_scheme_counts_as_no_credentials(authorization: str) -> None:
    """RFC 6750 §3.1."""
    answer = await call(make_guard(), headers={"Authorization": authorization})

    assert answer.status_code == 401
    assert "error=" not in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"aud": "https://other.example"},
        {"aud": ["https://other.example"]},
        {"aud": [API, "https://other.example"]},
        {"aud": [API, API]},
        {"aud": []},
        {"aud": None},
        {"typ": "JWT"},
        {"typ": "logout+jwt"},
        {"exp": SECONDS - 10},
        {"exp": None},
        {"iat": SECONDS + 60},
        {"nbf": SECONDS + 60},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"client_id": None},
        {"client_id": ["web"]},
        {"jti": None},
        {"iat": None},
        {"scope": ["orders:read"]},
        {"scope": "orders:read  orders:write"},
        {"auth_time": "yesterday"},
        {"auth_time": 10**30},
        {"exp": 10**30},
        {"acr": 5},
        {"grant_id": {}},
    ],
)
async def test_a_token_that_is_not_for_here_is_refused(changes: dict[str, Any]) -> None:
    """A3: extra audience, other issuer, an ID token, expired, malformed (RFC 9068 §4)."""
    answer = await call(make_guard(), token=await make_token(**changes))

    check_refused(answer, 401, "invalid_token")


async def test_the_refusal_of_a_token_teaches_little() -> None:
    """One sentence for every cause."""
    scope = 'scope="orders:read", '
    for token in (
        "nonsense",
        await make_token(exp=SECONDS - 10),
        await make_token(LocalKey.generate("ES256")),
    ):
        answer = await call(make_guard(), "orders:read", token=token)

        assert answer.headers["www-authenticate"] == NOT_VALID.format(scope=scope)


async def test_a_single_audience_may_stand_in_a_list() -> None:
    """RFC 7519 §4.1.3."""
    assert (await call(make_guard(), token=await make_token(aud=[API]))).status_code == 200


async def test_shared_tokens_are_accepted_where_that_was_decided() -> None:
    """A3: a decision, never a default."""
    token = await make_token(aud=["https://other.example", API])

    assert (await call(make_guard(shared_tokens=True), token=token)).status_code == 200
    assert (await call(make_guard(), token=token)).status_code == 401


async def test_a_little_skew_is_forgiven() -> None:
    """M7."""
    token = await make_token(exp=SECONDS - 9, iat=SECONDS - 60)

    assert (await call(make_guard(), token=token)).status_code == 200
    assert (await call(make_guard(leeway=timedelta(0)), token=token)).status_code == 401


async def test_a_token_that_does_not_reach_is_told_what_would() -> None:
    """I1, I2: 403 with the scope that is needed (RFC 6750 §3.1)."""
    answer = await call(make_guard(), "orders:read", "orders:delete", token=await make_token())

    check_refused(answer, 403, "insufficient_scope")
    assert 'scope="orders:read orders:delete"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(("scope", "status"), [("orders:*", 200), ("*", 200), ("order:*", 403), ("", 403), (None, 403)])
async def test_wildcards_of_a_token_reach_scopes_of_an_endpoint(scope: str | None, status: int) -> None:
    """I2."""
    answer = await call(make_guard(), "orders:read", "orders:delete", token=await make_token(scope=scope))

    assert answer.status_code == status


async def test_a_sender_constrained_token_is_refused_while_nothing_can_check_it() -> None:
    """F: a bound token that is taken as a bearer token is bound no more."""
    for cnf in ({"jkt": "x"}, {"x5t#S256": "x"}, {}, "x"):
        check_refused(await call(make_guard(), token=await make_token(cnf=cnf)), 401, "invalid_token")
    token = await make_token()
    assert (await call(make_guard(), token=token)).status_code == 200


async def test_a_sender_constraint_is_checked_where_one_is_understood() -> None:
    """I1: the slot for DPoP and mTLS."""
    seen = []

    async def confirm(request: Request, token: str, claims: Any) -> None:
        seen.append((token, claims["cnf"]))
        if request.headers.get("proof") != claims["cnf"]["jkt"]:
            raise InvalidToken("the proof is not of this token's key")

    guard = make_guard(confirm=confirm)
    token = await make_token(cnf={"jkt": "k1"})

    assert (await call(guard, token=token, headers={"proof": "k1"})).status_code == 200
    check_refused(await call(guard, token=token, headers={"proof": "k2"}), 401, "invalid_token")
    assert seen == [(token, {"jkt": "k1"})] * 2


async def test_the_principal_is_loaded_last_and_may_be_gone() -> None:
    """I1: only for tokens that reach; nobody is refused like anybody."""
    loaded = []

    async def load(context: TokenContext) -> str | None:
        loaded.append(context.subject)
        return context.subject.title() if context.subject == "alice" else None

    guard = make_guard(load_principal=load)

    assert (await call(guard, token=await make_token())).json()["principal"] == "Alice"
    check_refused(await call(guard, token=await make_token(sub="bob")), 401, "invalid_token")
    assert (await call(guard, "admin", token=await make_token())).status_code == 403
    assert loaded == ["alice", "bob"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer a b"},
        {"Authorization": "Bearer a,b"},
        {"Authorization": "Bearer é".encode()},
        {"Authorization": 'Bearer "abc"'},
        {"Authorization": "Bearer =abc"},
    ],
)
async def test_a_malformed_header_is_a_bad_request(headers: dict[str, Any]) -> None:
    """RFC 6750 §3.1: invalid_request is 400."""
    check_refused(await call(make_guard(), headers=headers), 400, "invalid_request")


async def test_a_scheme_may_be_written_in_any_case() -> None:
    """RFC 9110 §11.1."""
    token = await make_token()

    assert (await call(make_guard(), headers={"Authorization": f"bearer  {token}"})).status_code == 200


async def test_more_than_one_token_is_a_bad_request_even_if_both_are_good() -> None:
    """P1, P2 (RFC 6750 §2): which one counted would be a guess."""
    token = await make_token()
    bearer = f"Bearer {token}"
    guard = make_guard(carriers=("header", "body"), extractor=lambda request: request.cookies.get("token"))

    async with client_of(make_api(guard)) as client:
        for request in (
            {"headers": [("Authorization", bearer), ("Authorization", bearer)]},
            {"headers": [("Authorization", bearer), ("Authorization", "Basic YTpi")]},
            {"headers": {"Authorization": bearer}, "data": {"access_token": token}},
            {"data": {"access_token": [token, token]}},
            {"headers": {"Authorization": bearer, "Cookie": f"token={token}"}},
        ):
            check_refused(await client.post("/orders", **request), 400, "invalid_request")


async def test_a_token_in_the_url_is_a_bad_request() -> None:
    """P2: it stands in a log by now, whether or not another one came along (RFC 9700 §4.3.2)."""
    token = await make_token()

    for header in (None, token):
        answer = await call(make_guard(), token=header, url=f"/orders?access_token={token}")
        check_refused(answer, 400, "invalid_request")


async def test_a_form_counts_only_where_the_setting_says_so() -> None:
    """I1: header-only by default."""
    form = {"access_token": await make_token()}

    assert (await call(make_guard(), method="POST", data=form)).status_code == 401
    assert (await call(make_guard(carriers=("header", "body")), method="POST", data=form)).status_code == 200
    assert (await call(make_guard(carriers=("body",)), token=form["access_token"])).status_code == 401


async def test_only_a_form_that_rfc_6750_allows_is_looked_at() -> None:
    """RFC 6750 §2.2: no GET, no JSON; P6: nothing large, nothing of unknown size."""
    token = await make_token()
    guard = make_guard(carriers=("header", "body"))

    async def endless() -> Any:
        yield f"access_token={token}".encode()

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for request in (
        {"method": "GET", "data": {"access_token": token}},
        {"method": "POST", "json": {"access_token": token}},
        {"method": "POST", "files": {"access_token": (None, token)}},
        {"method": "POST", "data": {"access_token": token, "filler": "x" * 65_536}},
        {"method": "POST", "content": endless(), "headers": form},
    ):
        assert (await call(guard, **request)).status_code == 401
    malformed = await call(guard, method="POST", content=b"access_token=%ff\xff", headers=form)
    check_refused(malformed, 400, "invalid_request")


async def test_an_endpoint_still_reads_the_form_that_carried_the_token() -> None:
    """RFC 6750 §2.2: other fields are the endpoint's, whether it or FastAPI reads them."""
    guard = make_guard(carriers=("header", "body"))
    context = Annotated[TokenContext[Any], Depends(guard.requires())]
    api = FastAPI()

    @api.post("/declared")
    async def declared(context: context, item: Annotated[str, Form()]) -> str:
        return item

    @api.post("/raw")
    async def raw(context: context, request: Request) -> str:
        return str((await request.form())["item"])

    async with client_of(api) as client:
        for path in ("/declared", "/raw"):
            answer = await client.post(path, data={"access_token": await make_token(), "item": "tea"})
            assert (answer.status_code, answer.json()) == (200, "tea")


async def test_a_cookie_can_supply_the_token() -> None:
    """I3: alone or beside the header."""
    cookie = {"Cookie": f"token={await make_token()}"}
    alone = make_guard(carriers=(), extractor=lambda request: request.cookies.get("token"))

    assert (await call(alone, headers=cookie)).status_code == 200
    assert (await call(alone, headers={"Authorization": f"Bearer {await make_token()}"})).status_code == 401
    check_refused(await call(alone, headers={"Cookie": "token=a@b"}), 400, "invalid_request")


@pytest.mark.parametrize(
    "changes",
    [
        {"carriers": ("header", "query")},
        {"carriers": ("query",)},
        {"carriers": ()},
        {"audience": "orders"},
        {"audience": "https://api.example/#x"},
        {"algorithms": ["HS256"]},
        {"algorithms": ["none"]},
        {"algorithms": []},
    ],
)
def test_a_guard_that_cannot_be_meant_is_refused_at_construction(changes: dict[str, Any]) -> None:
    """I1: `query` is refused at boot."""
    with pytest.raises(ValueError, match="|".join(changes)):
        make_guard(**changes)


async def test_a_rotated_key_is_found_in_the_running_api() -> None:
    """M5: and a withdrawn one is not."""
    new = LocalKey.generate("EdDSA")
    ring = Ring(KEY)
    guard = make_guard(keys=LocalKeys(ring, lambda: NOW))
    assert (await call(guard, token=await make_token(new))).status_code == 401

    ring.signers = (new,)

    assert (await call(guard, token=await make_token(new))).status_code == 200
    assert (await call(guard, token=await make_token(KEY))).status_code == 401


async def test_a_realm_cannot_break_out_of_its_quotes() -> None:
    """K2."""
    answer = await call(make_guard(realm='a"b\\c', resource_metadata=None))

    assert answer.headers["www-authenticate"] == 'Bearer realm="a\\"b\\\\c"'


async def test_a_refusal_can_be_answered_as_the_bare_error() -> None:
    """RFC 6749 §5.2's shape, for APIs that want it; the headers stay."""
    api = make_api(make_guard())
    api.add_exception_handler(Refused, answer_refusal)

    async with client_of(api) as client:
        answer = await client.get("/orders", headers={"Authorization": "Bearer x"})

    assert answer.status_code == 401
    assert answer.json() == {
        "error": "invalid_token",
        "error_description": "the access token is expired or not valid",
    }
    assert answer.headers["www-authenticate"] == NOT_VALID.format(scope="")


def test_openapi_shows_what_is_needed() -> None:
    """B7: an API behind a guard documents itself."""
    document = make_api(make_guard(), "orders:read").openapi()

    assert document["paths"]["/orders"]["get"]["security"] == [{"access_token": []}]
    scheme = document["components"]["securitySchemes"]["access_token"]
    assert (scheme["type"], scheme["scheme"], scheme["bearerFormat"]) == ("http", "bearer", "JWT")
