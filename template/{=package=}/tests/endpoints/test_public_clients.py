"""Public clients: they name themselves, prove themselves by PKCE, and may do less (RFC 6749 §2.1)."""

from typing import Any

import pytest

from ..harness import Answer, ServerUnderTest, serving
from ..people import VERIFIER, add_person, obtain_code, obtain_tokens, redeem, refresh

pytestmark = pytest.mark.usefixtures("everybody")


@pytest.fixture
async def everybody(server: ServerUnderTest) -> None:
    """Ada, a public client and a confidential one."""
    await add_everybody(server)


async def add_everybody(server: ServerUnderTest) -> None:
    await add_person(server)
    await server.add_client("app", token_endpoint_auth_method="none")
    await server.add_client("web")


async def test_a_public_client_names_itself(server: ServerUnderTest) -> None:
    """C1: at the token endpoint, for both grants that a person gave."""
    tokens = await obtain_tokens(server, "app")

    assert (await refresh(server, tokens["refresh_token"], "app")).status == 200


async def test_none_is_advertised_where_public_clients_exist(server: ServerUnderTest) -> None:
    """B1, C5."""
    metadata = (await server.http.get("/.well-known/oauth-authorization-server")).json()

    assert "none" in metadata["token_endpoint_auth_methods_supported"]


async def test_a_confidential_client_cannot_pass_for_a_public_one(server: ServerUnderTest) -> None:
    """C1, C8: its id alone is worth nothing, with a good code and verifier as well."""
    code = await obtain_code(server)
    server_secret = server.secrets.pop("web")

    nameless = await redeem(server, code, "web")
    server.secrets["web"] = server_secret

    assert nameless.refusal == (401, "invalid_client")
    assert (await redeem(server, code)).status == 200


@pytest.mark.parametrize("secret", ["", "guess"])
async def test_a_public_client_that_brings_a_secret_fails(server: ServerUnderTest, secret: str) -> None:
    """C8, C10: a method other than the registered one; an empty secret in the form counts as absent (P5)."""
    code = await obtain_code(server, "app")

    by_form = await redeem(server, code, "app", client_secret=secret)
    server.secrets["app"] = secret or "x"
    by_header = await redeem(server, code, "app")

    assert by_form.status == (401 if secret else 200)
    assert by_header.refusal == (401, "invalid_client")


@pytest.mark.parametrize("client", [None, "nobody"])
async def test_an_unknown_client_fails_with_a_challenge(server: ServerUnderTest, client: str | None) -> None:
    """C3: AI connectors register anew on 401."""
    answer = await redeem(server, "code", client)  # type: ignore[arg-type]

    assert answer.refusal == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic ")


async def test_a_public_client_cannot_act_in_its_own_name(server: ServerUnderTest) -> None:
    """C12, RFC 6749 §4.4: anybody could, who can read its id; registered for the grant or not."""
    answer = await server.token("app", grant_type="client_credentials", scope="notes:read")

    assert answer.refusal == (400, "unauthorized_client")


async def test_where_none_is_switched_off_public_clients_fail(server: ServerUnderTest, database_url: str) -> None:
    """C5: enforced and advertised from one value."""
    code = await obtain_code(server, "app")
    async with serving(database_url, token_endpoint_auth_methods=("client_secret_basic",)) as strict:
        answer = await redeem(strict, code, "app")
        metadata = (await strict.http.get("/.well-known/oauth-authorization-server")).json()

    assert answer.refusal == (401, "invalid_client")
    assert "none" not in metadata["token_endpoint_auth_methods_supported"]


@pytest.mark.parametrize("by_header", [True, False])
async def test_credentials_by_a_method_that_is_switched_off_make_nobody_public(
    server: ServerUnderTest, database_url: str, by_header: bool
) -> None:
    """C5, C8: they fail, and are not passed over."""
    code = await obtain_code(server, "app")
    form = {} if by_header else {"client_secret": "x"}
    async with serving(database_url, token_endpoint_auth_methods=("none",)) as public:
        if by_header:
            public.secrets["app"] = "x"  # which the client then sends in its header
        with_credentials = await redeem(public, code, "app", **form)
        public.secrets.clear()
        without = await redeem(public, code, "app")

    assert with_credentials.refusal == (401, "invalid_client")
    assert without.status == 200


async def test_a_client_of_unstated_type_is_public(server: ServerUnderTest) -> None:
    """N C1: and gets no secret that it could leak."""
    client = await server.add_client("unstated", token_endpoint_auth_method="none")

    assert client.is_public
    assert "unstated" not in server.secrets


async def test_a_foreign_header_does_not_make_a_client_public(server: ServerUnderTest) -> None:
    """C8: credentials that nobody understands must fail, not be passed over."""
    code = await obtain_code(server, "app")
    form: dict[str, Any] = {
        "grant_type": "authorization_code",
        "client_id": "app",
        "code": code,
        "redirect_uri": "https://client.example/callback",
        "code_verifier": VERIFIER,
    }
    path = server.authorization_server.server.urls.path("token")

    answer = Answer.of(await server.http.post(path, data=form, headers={"authorization": "Bearer x"}))

    assert answer.refusal == (401, "invalid_client")
