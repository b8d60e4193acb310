"""The example API: who gets in, and what the others are told (RFC 6750 §3)."""

import httpx
import pytest

from ....stores.grants import Grants
from ....tests.harness import ServerUnderTest
from ....tests.people import obtain_tokens
from ....tests.userinfo import userinfo
from ..notes import PATH


async def notes(server: ServerUnderTest, token: str | None = None, text: str | None = None) -> httpx.Response:
    """Read the notes, or write one."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if text is None:
        return await server.http.get(PATH, headers=headers)
    return await server.http.post(PATH, headers=headers, json={"text": text})


@pytest.fixture
async def web(listening: ServerUnderTest) -> ServerUnderTest:
    """The listening server with one more client, called over ASGI."""
    await listening.add_client("web")
    return listening


async def test_without_a_token_the_challenge_says_where_to_learn_more(web: ServerUnderTest) -> None:
    """I1, RFC 9728 §5.1: no error code for who brought nothing, and the metadata that names the server."""
    response = await notes(web)

    challenge = response.headers["www-authenticate"]
    metadata = challenge.partition('resource_metadata="')[2].partition('"')[0]
    document = (await web.http.get(httpx.URL(metadata).path)).json()
    assert response.status_code == 401
    assert "error=" not in challenge
    assert document["authorization_servers"] == [web.settings.issuer]


async def test_too_little_scope_is_told_what_would_do(web: ServerUnderTest) -> None:
    """I1, RFC 6750 §3.1."""
    tokens = await obtain_tokens(web, scope="openid notes:read")

    response = await notes(web, tokens["access_token"], "a note")

    assert response.status_code == 403
    assert 'error="insufficient_scope"' in response.headers["www-authenticate"]
    assert 'scope="notes:write"' in response.headers["www-authenticate"]


async def test_a_person_reads_what_was_written_for_them_and_nobody_else_does(web: ServerUnderTest) -> None:
    """The token says whose notes they are."""
    person = (await obtain_tokens(web))["access_token"]
    machine = (await web.token(grant_type="client_credentials", scope="notes:read"))["access_token"]

    written = await notes(web, person, "mine")

    assert written.status_code == 201
    assert (await notes(web, person)).json() == [{"text": "mine"}]
    assert (await notes(web, machine)).json() == [{"text": "Welcome, web. This note is yours alone."}]


async def test_a_token_of_an_ended_authorization_is_refused_at_once(web: ServerUnderTest) -> None:
    """`load_principal` asks the server; an API elsewhere would wait until the token expires."""
    tokens = await obtain_tokens(web)
    subject = (await userinfo(web, tokens["access_token"])).json()["sub"]
    async with web.database.transaction() as transaction:
        await Grants(transaction).end_all(subject, "web", web.clock())
        await transaction.commit()

    response = await notes(web, tokens["access_token"])

    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


async def test_the_api_stands_in_the_openapi_document_with_its_lock(web: ServerUnderTest) -> None:
    """A route of FastAPI's own, found where a team looks for it."""
    document = (await web.http.get("/openapi.json")).json()

    assert document["paths"][PATH]["get"]["security"] == [{"access_token": []}]
