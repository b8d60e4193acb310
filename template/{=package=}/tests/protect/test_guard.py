"""A guard admits good tokens and says exactly what is wrong with a request without one (I1, A3)."""

from datetime import timedelta
from typing import Annotated, Any, ClassVar

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


@pytest.mark.parametrize("authorization", ["Basic YTpi", "Sealed abc", "Bearerx abc", "Digest a=b"])
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


async def test_tokens_for_whichever_resource_are_accepted_where_that_was_decided() -> None:
    """A3: but a token for nowhere is none."""
    guard = make_guard(any_audience=True)

    for audience in ("https://other.example", ["https://other.example", "https://another.example"]):
        assert (await call(guard, token=await make_token(aud=audience))).status_code == 200
    check_refused(await call(guard, token=await make_token(aud=None)), 401, "invalid_token")
    check_refused(await call(guard, token=await make_token(iss="https://other.example")), 401, "invalid_token")


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
    for cnf in ({"kid": "x"}, {"x5t#S256": "x"}, {}, "x"):
        check_refused(await call(make_guard(), token=await make_token(cnf=cnf)), 401, "invalid_token")
    token = await make_token()
    assert (await call(make_guard(), token=token)).status_code == 200


class Sealed:
    """A constraint for these tests: its tokens come under a scheme of their own, with a header that names the key."""

    method = "seal"
    scheme = "Sealed"
    challenge: ClassVar = {"seals": "wax"}
    metadata: ClassVar = {"seals_supported": ["wax"]}
    request_headers: ClassVar = {"Proof": "of the seal"}
    response_headers: ClassVar = {"Next-Seal": "what to use next"}

    def __init__(self, *, is_required: bool = False) -> None:
        self.is_required = is_required
        self.seen: list[tuple[str, str]] = []

    async def check(self, request: Request, token: str, value: str) -> dict[str, str]:
        self.seen.append((token, value))
        if request.headers.get("proof") != value:
            raise InvalidToken("the proof is not of this token's key", challenge={"hint": "another seal"})
        return {"Next-Seal": "s2"}


async def test_a_bound_token_is_good_in_the_hands_of_who_holds_its_key() -> None:
    """I1, RFC 7800 §3.1: the constraint that understands `cnf` looks, and may tell something with the answer."""
    sealed = Sealed()
    guard = make_guard(constraints=(sealed,))
    token = await make_token(cnf={"seal": "s1"})

    good = await call(guard, headers={"Authorization": f"sealed {token}", "Proof": "s1"})
    bad = await call(guard, headers={"Authorization": f"Sealed {token}", "Proof": "s2"})

    assert (good.status_code, good.headers["next-seal"]) == (200, "s2")
    check_refused(bad, 401, "invalid_token")
    challenge = bad.headers["www-authenticate"]
    assert challenge.startswith("Sealed ")
    assert challenge.endswith('seals="wax", hint="another seal"')
    assert sealed.seen == [(token, "s1")] * 2


@pytest.mark.parametrize(
    ("scheme", "cnf"),
    [
        ("Bearer", {"seal": "s1"}),
        ("Sealed", None),
        ("Sealed", {"other": "s1"}),
        ("Bearer", {"other": "s1"}),
        ("Sealed", {"seal": 1}),
        ("Sealed", {"seal": "s1", "other": "s1"}),
        ("Sealed", "s1"),
        ("Sealed", {}),
        ("Bearer", {}),
    ],
)
async def test_a_token_under_the_scheme_of_another_kind_is_refused(scheme: str, cnf: Any) -> None:
    """D4, D5, RFC 9700 §2.2.1: neither a bound token as a bearer token, nor the reverse, nor what nobody knows."""
    sealed = Sealed()
    token = await make_token(**({} if cnf is None else {"cnf": cnf}))

    answer = await call(
        make_guard(constraints=(sealed,)), headers={"Authorization": f"{scheme} {token}", "Proof": "s1"}
    )

    check_refused(answer, 401, "invalid_token")
    assert sealed.seen == []


async def test_who_comes_with_nothing_or_with_a_bearer_token_sees_every_scheme() -> None:
    """RFC 9110 §11.6.1: the error stands in the challenge of the scheme that was used, and in no other."""
    guard = make_guard(constraints=(Sealed(),), resource_metadata=None)

    nothing = (await call(guard)).headers["www-authenticate"]
    wrong = (await call(guard, token="wrong")).headers["www-authenticate"]

    assert nothing == 'Bearer realm="orders", Sealed realm="orders", seals="wax"'
    assert wrong.startswith('Bearer realm="orders", error="invalid_token"')
    assert wrong.endswith(', Sealed realm="orders", seals="wax"')
    assert wrong.count("error=") == 1


async def test_where_tokens_must_be_bound_a_bearer_token_is_refused_and_not_offered() -> None:
    """D5, RFC 9728 §2: whoever says that it always requires bound tokens takes no others."""
    sealed = Sealed(is_required=True)
    guard = make_guard(constraints=(sealed,), resource_metadata=None)

    nothing = (await call(guard)).headers["www-authenticate"]
    bearer = await call(guard, token=await make_token())
    sent = {"Authorization": f"Sealed {await make_token(cnf={'seal': 's1'})}", "Proof": "s1"}

    assert nothing == 'Sealed realm="orders", seals="wax"'
    assert bearer.status_code == 401
    assert bearer.headers["www-authenticate"].startswith('Sealed realm="orders", error="invalid_token"')
    assert (await call(guard, headers=sent)).status_code == 200


async def test_a_sender_that_is_refused_later_is_told_what_comes_next() -> None:
    """I1: it did prove itself."""

    async def load(context: TokenContext) -> None:
        return None

    sent = {"Authorization": f"Sealed {await make_token(cnf={'seal': 's1'})}", "Proof": "s1"}

    too_far = await call(make_guard(constraints=(Sealed(),)), "admin", headers=sent)
    gone = await call(make_guard(constraints=(Sealed(),), load_principal=load), headers=sent)

    check_refused(too_far, 403, "insufficient_scope")
    check_refused(gone, 401, "invalid_token")
    assert too_far.headers["next-seal"] == gone.headers["next-seal"] == "s2"


@pytest.mark.parametrize(
    ("constraints", "description"),
    [
        ((), None),
        ((Sealed(),), "a bound token as Sealed (with Proof)"),
        ((Sealed(is_required=True),), "not as Bearer but as Sealed (with Proof)"),
    ],
)
async def test_the_openapi_document_says_how_a_bound_token_is_presented(constraints: Any, description: Any) -> None:
    """B7: where it has no words for a scheme, in prose."""
    async with client_of(make_api(make_guard(constraints=constraints))) as client:
        document = (await client.get("/openapi.json")).json()

    assert document["components"]["securitySchemes"]["access_token"].get("description") == description


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
