"""An API that asks for a better sign-in, or one not long ago (RFC 9470 §3, H7, I1)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from starlette.requests import Request

from ....protect import Guard, Refused, TokenContext, answer_refusal
from ....tests.protect.apis import METADATA, SECONDS, client_of, make_guard, make_token
from ..resource import StepUp
from .conftest import MFA, PWD

MINUTES = timedelta(minutes=5)
TOLD = f'scope="pay", resource_metadata="{METADATA}"'
REFUSED = 'error="insufficient_user_authentication", error_description="a different authentication level is required"'


class Sealed:
    """A constraint of a scheme of its own, whose answers carry a header."""

    method, scheme, is_required = "x", "Sealed", False
    challenge: Mapping[str, str] = {"seals": "wax"}
    metadata: Mapping[str, object] = {}
    request_headers: Mapping[str, str] = {}
    response_headers: Mapping[str, str] = {}

    async def check(self, request: Request, token: str, value: str) -> Mapping[str, str]:
        return {"Next-Seal": "17"}


async def call(guard: Guard[Any], token: str | None, scheme: str = "Bearer", **wanted: Any) -> httpx.Response:
    """Return what an API answers that wants `wanted` of the sign-in."""
    api = FastAPI()
    api.add_exception_handler(Refused, answer_refusal)

    @api.get("/pay")
    async def pay(context: Annotated[TokenContext[Any], Depends(StepUp(guard, "pay", **wanted))]) -> dict[str, Any]:
        return {"subject": context.subject, "acr": context.acr, "principal": context.principal}

    async with client_of(api) as client:
        return await client.get("/pay", headers={"Authorization": f"{scheme} {token}"} if token else {})


async def token_of(**claims: Any) -> str:
    """Return a token for a payment."""
    return await make_token(scope="pay", **claims)


@pytest.mark.parametrize("acr", [PWD, MFA])
async def test_any_of_the_contexts_is_admitted(acr: str) -> None:
    """RFC 9470 §3, I1: and the endpoint learns which."""
    answer = await call(make_guard(), await token_of(acr=acr), acr_values=(MFA, PWD))

    assert (answer.status_code, answer.json()) == (200, {"subject": "alice", "acr": acr, "principal": None})


@pytest.mark.parametrize("acr", [PWD, f"{PWD} {MFA}", MFA.upper(), MFA[:-1], "", None])
async def test_another_context_is_challenged(acr: str | None) -> None:
    """RFC 9470 §3, F7: 401 with what would do; no context includes another, and none is not enough."""
    answer = await call(make_guard(), await token_of(acr=acr), acr_values=(MFA, "urn:example:phr"))

    assert (answer.status_code, answer.json()["error"]) == (401, "insufficient_user_authentication")
    assert answer.headers["www-authenticate"] == (
        f'Bearer realm="orders", {REFUSED}, {TOLD}, acr_values="{MFA} urn:example:phr"'
    )
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("seconds", "status"),
    [(0, 200), (300, 200), (310, 200), (311, 401), (86_400, 401), (-10, 200), (-11, 401), (None, 401)],
)
async def test_a_sign_in_may_be_so_old(seconds: int | None, status: int) -> None:
    """RFC 9470 §3, U6: with the guard's leeway both ways; a token that does not tell is too old."""
    auth_time = None if seconds is None else SECONDS - seconds

    answer = await call(make_guard(), await token_of(auth_time=auth_time), max_age=MINUTES)

    assert answer.status_code == status
    if status == 401:
        assert answer.headers["www-authenticate"] == f'Bearer realm="orders", {REFUSED}, {TOLD}, max_age="300"'


@pytest.mark.parametrize(
    "claims", [{"acr": MFA}, {"acr": MFA, "auth_time": SECONDS - 999}, {"acr": PWD, "auth_time": SECONDS}, {}]
)
async def test_both_must_hold_where_both_are_wanted(claims: dict[str, Any]) -> None:
    """RFC 9470 §3: and both are told. A token of a client that acts for itself has neither."""
    wanted: dict[str, Any] = {"acr_values": (MFA,), "max_age": MINUTES}

    refused = await call(make_guard(), await token_of(**claims), **wanted)
    admitted = await call(make_guard(), await token_of(acr=MFA, auth_time=SECONDS), **wanted)

    assert (refused.status_code, admitted.status_code) == (401, 200)
    assert refused.headers["www-authenticate"].endswith(f'acr_values="{MFA}", max_age="300"')


async def test_the_challenge_is_of_the_scheme_that_was_used() -> None:
    """RFC 9470 §3: it extends whichever scheme is there; what the constraint's check brought goes out too."""
    guard = make_guard(constraints=(Sealed(),))
    token = await token_of(acr=PWD, cnf={"x": "1"})

    refused = await call(guard, token, "Sealed", acr_values=(MFA,))
    admitted = await call(guard, token, "Sealed", acr_values=(PWD,))

    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == (
        f'Sealed realm="orders", {REFUSED}, {TOLD}, seals="wax", acr_values="{MFA}"'
    )
    assert admitted.status_code == 200
    assert refused.headers["next-seal"] == admitted.headers["next-seal"] == "17"


async def test_what_the_guard_refuses_is_refused_as_ever() -> None:
    """I1, RFC 6750 §3.1: no token, a bad one, a scope too small; a better sign-in would not help."""
    good = {"acr": MFA, "auth_time": SECONDS}
    others: list[tuple[str | None, int, str | None]] = [
        (None, 401, None),
        (await token_of(exp=SECONDS - 60, **good), 401, "invalid_token"),
        (await make_token(scope="orders:read", acr=PWD), 403, "insufficient_scope"),
    ]

    for token, status, error in others:
        answer = await call(make_guard(), token, acr_values=(MFA,), max_age=MINUTES)
        challenge = answer.headers["www-authenticate"]
        assert answer.status_code == status
        assert (f'error="{error}"' in challenge) if error else ("error" not in challenge)
        assert "acr_values" not in challenge


async def test_the_principal_is_loaded_as_ever() -> None:
    """I1."""

    async def load(token: TokenContext[None]) -> str:
        return token.subject.title()

    answer = await call(make_guard(load_principal=load), await token_of(acr=MFA), acr_values=(MFA,))

    assert answer.json()["principal"] == "Alice"


@pytest.mark.parametrize(
    ("wanted", "fault"),
    [
        ({}, "is needed"),
        ({"acr_values": ()}, "is needed"),
        ({"acr_values": MFA}, "list"),
        ({"acr_values": ("a b",)}, "without spaces"),
        ({"acr_values": ("",)}, "without spaces"),
        ({"acr_values": ('a"',)}, "quotes"),
        ({"acr_values": ("ä",)}, "quotes"),
        ({"max_age": timedelta()}, "at least one"),
        ({"max_age": timedelta(seconds=-5)}, "at least one"),
        ({"max_age": timedelta(seconds=1.5)}, "whole"),
    ],
)
def test_what_cannot_be_meant_is_refused_when_the_api_starts(wanted: dict[str, Any], fault: str) -> None:
    """RFC 9470 §3: a list with spaces, whole seconds; and a rule that asks for nothing is a mistake."""
    with pytest.raises(ValueError, match=fault):
        StepUp(make_guard(), "pay", **wanted)


def test_it_is_shown_in_the_api_document() -> None:
    """B7: as every guarded endpoint."""
    api = FastAPI()

    @api.get("/pay")
    async def pay(context: Annotated[TokenContext[Any], Depends(StepUp(make_guard(), max_age=MINUTES))]) -> None: ...

    assert api.openapi()["paths"]["/pay"]["get"]["security"] == [{"access_token": []}]
