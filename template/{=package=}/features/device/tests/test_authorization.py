"""The device authorization endpoint (RFC 8628 §3.1, §3.2)."""

from typing import Any

import pytest
from pydantic import ValidationError

from ....core.secrets import digest
from ....tests.harness import ISSUER, ServerUnderTest, serving
from ....tests.people import Browser
from ....tests.sqlite_server import serving_on_sqlite
from .. import authorization
from ..device_code import GRANT_TYPE, DeviceCode
from ..settings import DeviceSettings
from ..store import DeviceCodes
from .devices import PROMPT, add_device, ask, let_in, open_prompt, poll, read_prompt


async def find(server: ServerUnderTest, device_code: str) -> DeviceCode | None:
    """Return what is kept of a device code."""
    async with server.database.transaction() as transaction:
        return await DeviceCodes(transaction).find(digest(device_code))


async def test_a_device_is_told_what_to_show_and_how_often_to_ask(server: ServerUnderTest) -> None:
    """RFC 8628 §3.2: every member of the answer, none of which may be kept by a cache."""
    answer = await ask(server)

    assert answer.body == {
        "device_code": answer["device_code"],
        "user_code": answer["user_code"],
        "verification_uri": f"{ISSUER}/oauth/device",
        "verification_uri_complete": f"{ISSUER}/oauth/device?user_code={answer['user_code']}",
        "expires_in": 600,
        "interval": 5,
    }
    assert answer.headers["cache-control"] == "no-store"
    assert len(answer["device_code"]) == 43
    assert (await ask(server))["device_code"] != answer["device_code"]


async def test_what_the_device_asked_for_is_kept_and_its_codes_are_not(server: ServerUnderTest) -> None:
    """H5, K8: with the address it asked from; of the codes only digests."""
    answer = await ask(server, scope="notes:read")

    code = await find(server, answer["device_code"])

    assert code is not None
    assert (code.client_id, code.scope, code.client_ip) == ("tv", "notes:read", "127.0.0.1")
    assert (code.created_at, code.grant, code.denied_at, code.confirmation) == (server.clock(), None, None, None)


async def test_public_and_confidential_clients_may_ask(server: ServerUnderTest) -> None:
    """C1: by `none`, by Basic and in the form; one implementation for all endpoints."""
    by_post = {"client_id": "web", "client_secret": server.secrets["web"]}
    await server.add_client("post", token_endpoint_auth_method="client_secret_post")

    assert (await server.post("device_authorization", "tv")).status == 200
    assert (await server.post("device_authorization", "web", scope="notes:read")).status == 200
    assert (await server.post("device_authorization", None, **by_post)).refusal == (401, "invalid_client")
    in_form = {"client_id": "post", "client_secret": server.secrets["post"]}
    assert (await server.post("device_authorization", None, **in_form)).status == 200


@pytest.mark.parametrize(
    "form", [{"scope": "x"}, {"client_id": "nobody"}, {"client_id": "web"}, {"client_id": "tv", "client_secret": "x"}]
)
async def test_whoever_is_no_client_gets_nothing(server: ServerUnderTest, form: dict[str, str]) -> None:
    """RFC 8628 §3.1, RFC 6749 §3.2.1: and the audit log hears of it."""
    answer = await server.post("device_authorization", None, **form)

    assert answer.refusal == (401, "invalid_client")
    (event,) = server.events.events
    assert (event.name, event.client_id, event.result) == (
        "authorization_failed",
        form.get("client_id"),
        "invalid_client",
    )


async def test_a_client_without_the_grant_is_refused(server: ServerUnderTest) -> None:
    """E1: grant types are enforced per client, here and at the token endpoint."""
    await add_device(server, "other", grant_types=frozenset({"authorization_code"}))
    asked = await ask(server)

    assert (await server.post("device_authorization", "other")).refusal == (400, "unauthorized_client")
    assert (await poll(server, asked, "other")).refusal == (400, "unauthorized_client")
    assert server.events.names[1:] == ["authorization_failed", "token_denied"]


async def test_scope_is_what_policy_allows(server: ServerUnderTest) -> None:
    """E5: a part may be left, and none of it is a refusal."""
    await add_device(server, "reader", scope=frozenset({"notes:read"}))

    part = await ask(server, "reader", scope="notes:read notes:write")
    none = await server.post("device_authorization", "reader", scope="notes:write")
    malformed = await server.post("device_authorization", "reader", scope='notes"read')

    code = await find(server, part["device_code"])
    assert code is not None
    assert code.scope == "notes:read"
    assert none.refusal == malformed.refusal == (400, "invalid_scope")


async def test_no_more_is_asked_for_than_a_page_can_show(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N: the approver ticks each, and the form must stay one that is read."""
    many = [f"s{number}" for number in range(authorization.MAX_SCOPE_TOKENS + 1)]
    for word in many:
        monkeypatch.setitem(server.authorization_server.server.scopes.supported(), word, word)
    await add_device(server, "greedy", scope=frozenset(many))

    assert (await server.post("device_authorization", "greedy", scope=" ".join(many))).refusal == (400, "invalid_scope")
    asked = await ask(server, "greedy", scope=" ".join(many[:-1]))
    await let_in(server, asked)
    assert (await poll(server, asked, "greedy"))["scope"] == " ".join(many[:-1])


async def test_a_user_code_that_is_taken_is_drawn_again(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 8628 §6.1: no two devices that wait show the same."""
    drawn = iter(["BCDFGHJK", "BCDFGHJK", "BCDFGHJL"])
    monkeypatch.setattr(authorization, "mint_user_code", lambda: next(drawn))

    assert [(await ask(server))["user_code"] for _ in range(2)] == ["BCDF-GHJK", "BCDF-GHJL"]


async def test_with_no_user_code_left_the_device_is_asked_to_come_again(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 6749 §4.1.2.1: rather than to wait for a stroke of luck."""
    monkeypatch.setattr(authorization, "mint_user_code", lambda: "BCDFGHJK")
    await ask(server)

    answer = await server.post("device_authorization", "tv")

    assert answer.refusal == (503, "temporarily_unavailable")


async def test_what_is_issued_is_told_without_a_secret(server: ServerUnderTest) -> None:
    """K3: and only if it is kept."""
    answer = await ask(server)

    (event,) = server.events.events
    assert event.name == "device_authorization_issued"
    assert (event.client_id, event.scope, event.grant_type) == (
        "tv",
        "notes:read notes:write offline_access",
        GRANT_TYPE,
    )
    assert event.client_ip == "127.0.0.1"
    for secret in (answer["device_code"], answer["user_code"], answer["user_code"].replace("-", "")):
        assert secret not in repr(event)


@pytest.mark.parametrize(
    ("uri", "complete"),
    [
        ("https://example.com/tv", "https://example.com/tv?user_code="),
        ("https://example.com/go?to=tv", "https://example.com/go?to=tv&user_code="),
        ("http://localhost:8000/tv", "http://localhost:8000/tv?user_code="),
    ],
)
async def test_a_pretty_url_can_be_shown_instead(uri: str, complete: str) -> None:
    """A5, H5: and only there; the page stays where it is."""
    async with serving_on_sqlite(device={"verification_uri": uri, "public_clients_prove_key": False}) as server:
        await add_device(server)

        answer = await ask(server)

        assert answer["verification_uri"] == uri
        assert answer["verification_uri_complete"] == complete + answer["user_code"]
        assert (await open_prompt(Browser(server))).status == 200


async def test_both_endpoints_can_be_moved() -> None:
    """A5: routes, metadata, the verification URI and the form of the page follow the setting."""
    paths = {"device": "/oauth/activate", "device_authorization": "/oauth/v1/da"}
    async with serving_on_sqlite(paths=paths, device={"public_clients_prove_key": False}) as server:
        await add_device(server)
        metadata = (await server.http.get("/.well-known/oauth-authorization-server")).json()

        answer = await ask(server)
        page = await open_prompt(Browser(server))

        assert metadata["device_authorization_endpoint"] == f"{ISSUER}/oauth/v1/da"
        assert answer["verification_uri"] == f"{ISSUER}/oauth/activate"
        assert page.heading == PROMPT
        assert read_prompt(page)[0] == "/oauth/activate"
        assert (await server.http.get("/oauth/device")).status_code == 404


async def test_the_grant_and_its_endpoint_are_advertised() -> None:
    """B2, RFC 8628 §4."""
    async with serving_on_sqlite() as server:
        metadata = (await server.http.get("/.well-known/oauth-authorization-server")).json()

        assert metadata["device_authorization_endpoint"] == f"{ISSUER}/oauth/device_authorization"
        assert GRANT_TYPE in metadata["grant_types_supported"]


async def test_the_endpoints_are_described_as_they_are() -> None:
    """B7: what the device sends, what it gets, and what the person's browser meets."""
    async with serving_on_sqlite(device={"public_clients_prove_key": False}) as server:
        await add_device(server)
        paths = (await server.http.get("/openapi.json")).json()["paths"]
        answer = await ask(server)

        described = paths["/oauth/device_authorization"]["post"]
        schema = described["responses"]["200"]["content"]["application/json"]["schema"]
        form = described["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
        assert set(answer.body) == set(schema["properties"])
        assert set(schema["required"]) == set(schema["properties"]) - {"verification_uri_complete"}
        assert {"client_id", "client_secret", "scope"} <= set(form["properties"])
        assert {"200", "303", "400", "429"} == set(paths["/oauth/device"]["post"]["responses"])
        token = paths["/oauth/token"]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
        assert "device_code" in token["properties"]


async def test_devices_that_are_browsers_may_ask_from_their_own_origin(server: ServerUnderTest) -> None:
    """B8: many televisions run web applications; the page for people is no such endpoint."""
    origin = {"Origin": "https://tv.example"}

    asked = await server.http.post("/oauth/device_authorization", data={"client_id": "tv"}, headers=origin)
    page = await server.http.get("/oauth/device", headers=origin)

    assert asked.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in page.headers


@pytest.mark.parametrize(
    "settings",
    [
        {"code_lifetime": 59},
        {"code_lifetime": 1801},
        {"interval": 0},
        {"interval": 61},
        {"user_code_attempts": 2},
        {"user_code_attempts": 101},
        {"verification_uri": "http://example.com/tv"},
        {"verification_uri": "https://example.com/tv#x"},
        {"verification_uri": "/tv"},
        {"unknown": 1},
    ],
)
def test_settings_have_bounds(settings: dict[str, Any]) -> None:
    """B6, H5."""
    with pytest.raises(ValidationError):
        DeviceSettings(**settings)


async def test_lifetime_and_interval_are_settings(database_url: str) -> None:
    """RFC 8628 §3.2."""
    told = {"code_lifetime": 120, "interval": 10, "public_clients_prove_key": False}
    async with serving(database_url, device=told) as server:
        await add_device(server)
        asked = await ask(server)

        assert (asked["expires_in"], asked["interval"]) == (120, 10)
        await poll(server, asked)
        server.clock.advance(9)
        assert (await poll(server, asked)).refusal == (400, "slow_down")
        server.clock.advance(111)
        assert (await poll(server, asked)).refusal == (400, "expired_token")
