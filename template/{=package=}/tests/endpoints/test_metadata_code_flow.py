"""What the code flow adds to metadata, and keeps from other origins (B1, B2, B8)."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from ...app import ConfigurationError
from ...endpoints.authorization_rules import RequestSource
from ...policy.principals import Principals
from ..harness import ServerUnderTest
from ..sqlite_server import serving_on_sqlite

METADATA = "/.well-known/oauth-authorization-server"
ORIGIN = "https://app.example"


async def read(server: ServerUnderTest) -> dict[str, Any]:
    return (await server.http.get(METADATA)).json()  # type: ignore[no-any-return]


async def test_what_clients_of_assistants_look_for_is_there() -> None:
    """B1, B2, D2, D3: without S256, or `none`, or `iss`, they refuse to begin."""
    async with serving_on_sqlite() as server:
        metadata = await read(server)

        assert metadata["authorization_endpoint"] == "https://as.example/oauth/authorize"
        assert metadata["response_types_supported"] == ["code"]
        assert metadata["response_modes_supported"] == ["query", "fragment", "form_post"]
        assert metadata["code_challenge_methods_supported"] == ["S256"]
        assert metadata["authorization_response_iss_parameter_supported"] is True
        assert "none" in metadata["token_endpoint_auth_methods_supported"]
        assert {"authorization_code", "refresh_token"} <= set(metadata["grant_types_supported"])
        assert "offline_access" in metadata["scopes_supported"]


async def test_public_clients_are_advertised_where_they_may_be() -> None:
    """B1, C5."""
    async with serving_on_sqlite(token_endpoint_auth_methods=("client_secret_post",)) as server:
        assert (await read(server))["token_endpoint_auth_methods_supported"] == ["client_secret_post"]


async def test_acr_values_are_advertised_where_people_can_reach_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """B2, H7."""

    async with serving_on_sqlite() as server:
        assert "acr_values_supported" not in await read(server)

    monkeypatch.setattr(Principals, "acr_values", ("phr",))
    async with serving_on_sqlite() as server:
        assert (await read(server))["acr_values_supported"] == ["phr"]


@pytest.mark.parametrize("settings", [{}, {"prefix": "/a"}, {"paths": {"authorize": "/oauth/v1/authorize"}}])
async def test_the_authorization_endpoint_is_where_metadata_says(settings: dict[str, Any]) -> None:
    """A5: and its pages are below the same prefix."""
    async with serving_on_sqlite(**settings) as server:
        url = (await read(server))["authorization_endpoint"]

        response = await server.http.get(url)

        assert urlsplit(url).path == server.authorization_server.server.urls.path("authorize")
        assert response.status_code == 400
        style = response.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
        assert (await server.http.get(style)).status_code == 200


async def test_two_endpoints_at_one_place_are_refused() -> None:
    """B6, A5: at start-up, and by name."""
    with pytest.raises(ConfigurationError, match=r"PATHS or .*PREFIX puts two endpoints at /oauth/token"):
        async with serving_on_sqlite(paths={"authorize": "/oauth/token"}):
            pass


async def test_browsers_go_to_authorize_and_to_pages_but_never_call_them() -> None:
    """B8: nothing that a person sees, or that acts as a person, can be read by another origin."""
    async with serving_on_sqlite() as server:
        for path in ("authorize", "interaction", "pages/style.css"):
            asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
            preflight = await server.http.options(f"/oauth/{path}", headers=asked)
            called = await server.http.get(f"/oauth/{path}", headers={"Origin": ORIGIN})

            assert preflight.status_code == 405
            for response in (preflight, called):
                assert not [name for name in response.headers if name.startswith("access-control-")]


async def test_every_other_endpoint_for_public_clients_can_be_called_from_browsers() -> None:
    """B8: clients in browsers redeem, refresh and revoke; where they are not welcome, no script need call."""
    async with serving_on_sqlite() as server:
        metadata = await read(server)
        for name, url in metadata.items():
            is_public = "none" in metadata.get(f"{name}_auth_methods_supported", ["none"])
            if name.endswith("_endpoint") and name != "authorization_endpoint" and is_public:
                response = await server.http.post(url, headers={"Origin": ORIGIN})

                assert response.headers["access-control-allow-origin"] == "*", name


async def test_the_tokens_of_the_flow_are_described() -> None:
    """B7: the form names what its grants read, the answer what it can hold."""
    async with serving_on_sqlite() as server:
        document = (await server.http.get("/openapi.json")).json()

        token = document["paths"]["/oauth/token"]["post"]
        form = token["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]["properties"]
        answer = token["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
        assert {"code", "redirect_uri", "code_verifier", "refresh_token"} <= set(form)
        assert "refresh_token" in answer


async def test_what_a_browser_meets_at_authorize_is_described() -> None:
    """B7: a page when nothing is proved, a redirect when the target is."""
    async with serving_on_sqlite() as server:
        await server.add_client()
        document = (await server.http.get("/openapi.json")).json()
        good = {"client_id": "web", "redirect_uri": "https://client.example/callback"}
        declared = document["paths"]["/oauth/authorize"]["get"]

        page = await server.http.get("/oauth/authorize")
        posted = await server.http.get("/oauth/authorize", params={**good, "response_mode": "form_post"})
        redirect = await server.http.get("/oauth/authorize", params=good)

        met = {str(each.status_code): each for each in (page, posted, redirect)}
        assert met.keys() == declared["responses"].keys()
        for status in ("200", "400"):
            media_type = met[status].headers["content-type"].partition(";")[0]
            assert media_type in declared["responses"][status]["content"]
        elsewhere = server.authorization_server.composition.extensions(RequestSource)
        required = {each["name"] for each in declared["parameters"] if each["required"]}
        assert required == {"client_id", *(() if elsewhere else ("response_type", "redirect_uri"))}
