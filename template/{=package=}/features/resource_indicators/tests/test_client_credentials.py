"""A client that asks in its own name says what its token is for (RFC 8707 §2.2, RFC 6749 §4.4)."""

from collections.abc import Sequence

import pytest

from ....core.client import Client
from ....policy.resources import Resources
from ....tests.harness import ServerUnderTest
from ....tests.sqlite_server import serving_on_sqlite
from .apis import DEFAULT, NOTES, ORDERS, UNKNOWN, ask, audience_of

REFUSED = (400, "invalid_target")


async def test_without_a_resource_the_token_is_for_the_default_audience(server: ServerUnderTest) -> None:
    """H6, N, RFC 9068 §3."""
    assert audience_of(await ask(server)) == DEFAULT


async def test_one_resource_is_the_audience_and_several_are_a_list_of_them(server: ServerUnderTest) -> None:
    """H6: in the order of the request, each once."""
    assert audience_of(await ask(server, NOTES)) == NOTES
    assert audience_of(await ask(server, NOTES, DEFAULT, NOTES)) == [NOTES, DEFAULT]


@pytest.mark.parametrize("spelling", ["HTTPS://Orders.EXAMPLE", "https://orders.example/"])
async def test_the_audience_is_spelled_as_the_api_expects_it(server: ServerUnderTest, spelling: str) -> None:
    """H6, RFC 8707 §2: a client may have normalised the URL."""
    assert audience_of(await ask(server, spelling, ORDERS)) == ORDERS


@pytest.mark.parametrize(
    "resources",
    [
        (UNKNOWN,),
        (ORDERS, UNKNOWN),
        ("https://notes.example",),
        (f"{NOTES}/",),
        (f"{NOTES}#fragment",),
        ("https://me@orders.example",),
        ("/mcp",),
        (ORDERS,) * 11,
    ],
)
async def test_what_is_not_served_or_no_resource_is_an_invalid_target(
    server: ServerUnderTest, resources: tuple[str, ...]
) -> None:
    """A4, RFC 8707 §2: nothing is issued, and the audit log has it."""
    answer = await ask(server, *resources)

    assert answer.refusal == REFUSED
    assert answer.headers["cache-control"] == "no-store"
    assert [(event.name, event.result) for event in server.events.events] == [("token_denied", "invalid_target")]


async def test_a_client_needs_no_link_to_a_resource(server: ServerUnderTest) -> None:
    """CLIENTS, RFC 8707 §2: one that came a moment ago gets a token like any other."""
    await server.add_client("newcomer")

    assert audience_of(await ask(server, NOTES, client="newcomer")) == NOTES


async def test_policy_can_keep_a_resource_for_some_clients(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H6, N: a function of the team's, asked for each client."""

    async def served(self: Resources, client: Client) -> Sequence[str]:
        return (UNKNOWN,) if client.client_id == "web" else ()

    monkeypatch.setattr(Resources, "served", served)
    await server.add_client("other")

    assert audience_of(await ask(server, UNKNOWN, ORDERS)) == [UNKNOWN, ORDERS]
    assert (await ask(server, UNKNOWN, client="other")).refusal == REFUSED


async def test_policy_that_fails_issues_nothing(server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """E6: and tells no detail."""

    async def served(self: Resources, client: Client) -> Sequence[str]:
        return ("not a resource",)

    monkeypatch.setattr(Resources, "served", served)

    answer = await ask(server, ORDERS)

    assert answer.refusal == (500, "server_error")
    assert "resource" not in answer["error_description"]


async def test_the_default_audience_can_be_another_than_the_issuer() -> None:
    """N: it is served without being listed."""
    async with serving_on_sqlite(audience=NOTES) as server:
        await server.add_client("web")

        assert audience_of(await ask(server)) == audience_of(await ask(server, NOTES)) == NOTES
        assert (await ask(server, DEFAULT)).refusal == REFUSED


async def test_the_openapi_document_says_that_it_may_be_repeated() -> None:
    """B7, D8."""
    async with serving_on_sqlite() as server:
        body = (await server.http.get("/openapi.json")).json()["paths"]["/oauth/token"]["post"]["requestBody"]

        schema = body["content"]["application/x-www-form-urlencoded"]["schema"]["properties"]["resource"]
        assert schema["type"] == "array"
        assert schema["items"] == {"type": "string"}


async def test_no_other_parameter_may_be_repeated(server: ServerUnderTest) -> None:
    """D8, P1."""
    response = await server.http.post(
        "/oauth/token",
        data={"grant_type": "client_credentials", "resource": [ORDERS, NOTES], "scope": ["notes:read"] * 2},
        auth=("web", server.secrets["web"]),
    )

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
