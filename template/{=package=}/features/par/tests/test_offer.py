"""How clients find the endpoint, and who may call it from a browser (B2, B7, B8, A5)."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from ....tests.harness import ServerUnderTest
from ....tests.people import authorization_request
from ....tests.sqlite_server import serving_on_sqlite
from .. import PARSettings
from .pushing import push, push_with

METADATA = "/.well-known/oauth-authorization-server"
ORIGIN = "https://app.example"


async def read(server: ServerUnderTest, path: str = METADATA) -> dict[str, Any]:
    return (await server.http.get(path)).json()  # type: ignore[no-any-return]


@pytest.mark.parametrize("settings", [{}, {"prefix": "/a"}, {"paths": {"par": "/oauth/v1/push"}}])
async def test_the_endpoint_is_where_metadata_says(settings: dict[str, Any]) -> None:
    """B1, A5, RFC 9126 §5: and other references are still not followed."""
    async with serving_on_sqlite(**settings) as server:
        await server.add_client("app", token_endpoint_auth_method="none")
        metadata = await read(server)

        url = metadata["pushed_authorization_request_endpoint"]

        assert (await server.http.post(url, data=authorization_request("app"))).status_code == 201
        assert metadata["request_uri_parameter_supported"] is False


async def ask(server: ServerUnderTest) -> httpx.Response:
    """Ask, as a browser does, whether a script may push."""
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    return await server.http.options("/oauth/par", headers=asked)


async def test_scripts_may_push_where_public_clients_may() -> None:
    """B8: and read what they are answered, refusals too."""
    async with serving_on_sqlite() as server:
        await server.add_client("app", token_endpoint_auth_method="none")

        answers = [await push_with({"Origin": ORIGIN}, server, name) for name in ("app", "nobody")]

        assert (await ask(server)).headers["access-control-allow-origin"] == "*"
        assert [answer.status for answer in answers] == [201, 401]
        assert {answer.headers["access-control-allow-origin"] for answer in answers} == {"*"}


async def test_scripts_may_not_push_where_only_servers_may() -> None:
    """B8: no script can keep a secret."""
    async with serving_on_sqlite(token_endpoint_auth_methods=("client_secret_basic",)) as server:
        await server.add_client("app", token_endpoint_auth_method="none")

        asked, answer = await ask(server), await push_with({"Origin": ORIGIN}, server, "app")

        assert asked.status_code == 405
        assert answer.refusal == (401, "invalid_client")
        assert not {"access-control-allow-origin"} & {*asked.headers, *answer.headers}


def form_of(operation: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the form that an operation reads."""
    return operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]  # type: ignore[no-any-return]


async def test_the_openapi_document_describes_a_push() -> None:
    """B7: what is read, and what is answered."""
    async with serving_on_sqlite() as server:
        await server.add_client("app", token_endpoint_auth_method="none")
        operation = (await read(server, "/openapi.json"))["paths"]["/oauth/par"]["post"]

        answer = await push(server, "app")

        form = form_of(operation)
        assert set(form["required"]) == {"response_type", "redirect_uri"}
        assert {"client_id", "client_secret", "code_challenge", "scope", "state"} <= set(form["properties"])
        assert "request_uri" not in form["properties"]
        assert set(operation["responses"]) == {"201", "400", "401", "413", "500"}
        schema = operation["responses"]["201"]["content"]["application/json"]["schema"]
        assert set(schema["required"]) == set(answer.body) == set(schema["properties"])
        assert operation["security"] == [{"oauthClient": []}, {}]


async def test_the_openapi_document_says_that_a_reference_will_do() -> None:
    """B7, RFC 9126 §4: then only the client need be named beside it."""
    async with serving_on_sqlite() as server:
        paths = (await read(server, "/openapi.json"))["paths"]

        read_from_query = {each["name"]: each["required"] for each in paths["/oauth/authorize"]["get"]["parameters"]}
        form = form_of(paths["/oauth/authorize"]["post"])

        assert {name for name, required in read_from_query.items() if required} == {"client_id"}
        assert "request_uri" in read_from_query
        assert set(read_from_query) == set(form["properties"])
        assert form["required"] == ["client_id"]


@pytest.mark.parametrize("seconds", [5, 600])
async def test_the_lifetime_has_bounds_that_can_be_reached(seconds: int) -> None:
    """F1, RFC 9126 §2.2."""
    async with serving_on_sqlite(par={"lifetime": seconds}) as server:
        await server.add_client("app", token_endpoint_auth_method="none")

        assert (await push(server, "app"))["expires_in"] == seconds


@pytest.mark.parametrize("seconds", [0, 4, 601, "for ever"])
def test_a_lifetime_beyond_its_bounds_is_refused(seconds: object) -> None:
    """B6."""
    with pytest.raises(ValidationError):
        PARSettings.model_validate({"lifetime": seconds})


def test_a_misspelt_setting_is_refused() -> None:
    """B6."""
    with pytest.raises(ValidationError):
        PARSettings.model_validate({"require": True})
    assert PARSettings().lifetime == timedelta(seconds=60)
