"""A client that proves a key when it pushes has its code bound to that key (F2, G4)."""

from collections.abc import AsyncIterator

import pytest

from ....endpoints.sender import SenderConstraint
from ....feature import Feature
from ....tests.harness import REDIRECT_URI, Answer, ServerUnderTest
from ....tests.people import VERIFIER, add_person
from ....tests.sqlite_server import serving_on_sqlite
from .pushing import Seal, add_features, push, push_with, sign_in


def seal(name: str) -> Feature:
    return Feature(name=name, specification="", extends={SenderConstraint: lambda composition: Seal(name)})


@pytest.fixture
async def sealed(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ServerUnderTest]:
    """A server with two ways of proving a key, a client, and ada."""
    add_features(monkeypatch, seal("wax"), seal("lead"))
    async with serving_on_sqlite() as server:
        await add_person(server)
        await server.add_client("app", token_endpoint_auth_method="none")
        yield server


async def code_for(server: ServerUnderTest, pushed: Answer, client_id: str = "app") -> str:
    """Have ada allow what was pushed."""
    browser, consent = await sign_in(server, pushed["request_uri"], client_id)
    return (await browser.allow(consent)).code


async def redeem(server: ServerUnderTest, code: str, client_id: str = "app", **headers: str) -> Answer:
    """Redeem a code with a proof in `headers`."""
    form = {
        "grant_type": "authorization_code",
        "client_id": client_id,
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
    }
    return Answer.of(await server.http.post("/oauth/token", data=form, headers=headers))


async def test_the_code_is_bound_to_the_key_of_the_push(sealed: ServerUnderTest) -> None:
    """F2: whoever has another key, or none, has no use for it, and spends nothing."""
    code = await code_for(sealed, await push_with({"wax": "k1"}, sealed, "app"))

    without, another = await redeem(sealed, code), await redeem(sealed, code, wax="k2")
    tokens = await redeem(sealed, code, wax="k1")

    assert without.refusal == (400, "invalid_request")
    assert another.refusal == (400, "invalid_grant")
    assert tokens["token_type"] == "Wax"


async def test_the_answer_tells_the_sender_what_to_prove_next(sealed: ServerUnderTest) -> None:
    """G2: also a refusal, and the audit log is told whose it was."""
    answer = await push_with({"wax": "k1"}, sealed, "app")
    refused = await push_with({"wax": "k1"}, sealed, "app", redirect_uri="https://evil.example/")

    assert answer.headers["next"] == refused.headers["next"] == "wax k1"
    assert refused.refusal == (400, "invalid_request")
    (event,) = sealed.events.events
    assert (event.sender_constraint, event.cnf) == ("wax", {"wax": "k1"})


async def test_a_client_that_has_to_prove_a_key_may_do_so_later(sealed: ServerUnderTest) -> None:
    """F2: a push issues no token. The token endpoint insists."""
    await sealed.add_client("bound", token_endpoint_auth_method="none", metadata={"wax": True})

    pushed = await push(sealed, "bound")
    code = await code_for(sealed, pushed, "bound")

    assert "next" not in pushed.headers
    assert (await redeem(sealed, code, "bound")).refusal == (400, "invalid_request")
    assert (await redeem(sealed, code, "bound", wax="k1"))["token_type"] == "Wax"


async def test_a_client_that_has_to_prove_one_thing_proves_nothing_by_another(sealed: ServerUnderTest) -> None:
    """D4, G4."""
    await sealed.add_client("bound", token_endpoint_auth_method="none", metadata={"lead": True})

    assert (await push_with({"wax": "k1"}, sealed, "bound")).refusal == (400, "invalid_request")
    assert (await push_with({"wax": "k1", "lead": "k2"}, sealed, "bound")).headers["next"] == "lead k2"


async def test_nothing_is_proved_by_who_is_no_client(sealed: ServerUnderTest) -> None:
    """C3: authentication comes first, so nothing of a proof is spent or told."""
    refused = await push_with({"wax": "k1"}, sealed, "nobody")

    assert refused.refusal == (401, "invalid_client")
    assert "next" not in refused.headers


async def test_the_openapi_document_shows_how_a_sender_proves_itself(sealed: ServerUnderTest) -> None:
    """B7: in the request, and in the answer of a push that went well."""
    operation = (await sealed.http.get("/openapi.json")).json()["paths"]["/oauth/par"]["post"]

    assert "wax" in {each["name"] for each in operation["parameters"] if each["in"] == "header"}
    for status in ("201", "400", "401"):
        assert operation["responses"][status]["headers"]["Next"]["description"] == "what to prove next"
