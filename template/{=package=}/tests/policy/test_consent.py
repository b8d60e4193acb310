"""The team's answer to «must this person be asked?», as shipped and as it may become."""

from collections.abc import Mapping
from typing import Any

import jwt
import pytest

from ...core.client import AuthMethod, Client
from ...core.grant import Authentication
from ...core.scope import Scope
from ...core.seam import find_undecided
from ...policy.consent import Consent
from ..harness import ServerUnderTest
from ..people import Browser, add_person, obtain_code, obtain_tokens, redeem


async def test_as_shipped_everybody_is_asked_and_nothing_is_added(server: ServerUnderTest) -> None:
    """D5, U3: public or not, native or not, much asked for or nothing."""
    consent = Consent()
    ada = Authentication(subject="user_ada", auth_time=server.clock())

    for method in AuthMethod:
        for is_native in (True, False):
            client = Client(client_id="app", token_endpoint_auth_method=method, is_native=is_native)
            for scope in (Scope(), Scope.parse("notes:read")):
                assert await consent.is_needed(client, ada, scope)
                assert await consent.claims(client, ada, scope) == {}


def test_as_shipped_it_is_undecided() -> None:
    """D4: `doctor` lists it."""
    mark = find_undecided(Consent())

    assert mark is not None
    assert "consent page" in mark.question


async def test_it_is_told_who_asks_whom_for_what(server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """D4: the client, the person, and the scope as it will be granted."""
    seen: list[tuple[str, str, str]] = []

    async def is_needed(self: Consent, client: Client, authentication: Authentication, scope: Scope) -> bool:
        seen.append((client.client_id, authentication.subject, str(scope)))
        return False

    monkeypatch.setattr(Consent, "is_needed", is_needed)
    subject = await add_person(server)
    await server.add_client(scope=frozenset({"notes:read"}))
    browser = Browser(server)

    page = await browser.sign_in(await browser.authorize(scope="notes:write notes:read"))

    assert page.code
    assert seen == [("web", subject, "notes:read")]


async def test_it_may_add_claims_to_the_access_tokens(server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """N D4: of this grant, after a refresh too."""

    async def claims(self: Consent, client: Client, authentication: Authentication, scope: Scope) -> Mapping[str, Any]:
        return {"tenant": 7, "roles": [str(scope), client.client_id]}

    monkeypatch.setattr(Consent, "claims", claims)
    await add_person(server)
    await server.add_client()

    bought = await obtain_tokens(server, scope="notes:read offline_access")
    monkeypatch.undo()
    refreshed = await server.token(grant_type="refresh_token", refresh_token=bought["refresh_token"])

    for answer in (bought, refreshed):
        told = jwt.decode(answer["access_token"], options={"verify_signature": False})
        assert (told["tenant"], told["roles"]) == (7, ["notes:read offline_access", "web"])


async def test_it_may_not_add_claims_of_the_protocol(server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """E2: no token is issued rather than one that lies."""
    await add_person(server)
    await server.add_client()

    for claim in ("sub", "scope", "aud", "cnf", "grant_id"):

        async def claims(*_: object, claim: str = claim) -> Mapping[str, Any]:
            return {claim: "evil"}

        monkeypatch.setattr(Consent, "claims", claims)
        answer = await redeem(server, await obtain_code(server))

        assert answer.refusal == (500, "server_error"), claim
    assert "token_issued" not in server.events.names
