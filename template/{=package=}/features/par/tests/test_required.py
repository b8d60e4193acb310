"""Where pushing is required, nothing else will do (RFC 9126 §4, §5, §6)."""

import pytest

from ....tests.cli.conftest import CommandLine
from ....tests.people import Browser
from ....tests.sqlite_server import serving_on_sqlite
from .pushing import bring, push_well

METADATA = "require_pushed_authorization_requests"
OPTION = "--require-pushed-authorization-requests"
CALLBACK = "https://app.example/callback"


async def test_a_server_may_require_it_of_everybody() -> None:
    """F1: what comes through a browser goes back with an error, and what was pushed is answered."""
    async with serving_on_sqlite(par={"required": True}) as server:
        await server.add_client("app", token_endpoint_auth_method="none")

        refused = await Browser(server).authorize("app", state="mine", pushed_request="forged", details="forged")
        posted = await server.http.post("/oauth/authorize", data=dict(refused.response.request.url.params))
        pushed = await bring(Browser(server), await push_well(server, "app"), "app")

        assert (refused.answer["error"], refused.answer["state"]) == ("invalid_request", "mine")
        assert "error=invalid_request" in posted.headers["location"]
        assert pushed.heading.startswith("Sign in")


async def test_it_may_be_required_of_single_clients() -> None:
    """F1, RFC 9126 §6: only the JSON value true says so."""
    async with serving_on_sqlite() as server:
        for name, value in {"careful": True, "plain": False, "odd": "yes"}.items():
            await server.add_client(name, token_endpoint_auth_method="none", metadata={METADATA: value})

        refused = await Browser(server).authorize("careful")

        assert refused.answer["error"] == "invalid_request"
        assert (await bring(Browser(server), await push_well(server, "careful"), "careful")).status == 200
        for name in ("plain", "odd"):
            assert (await Browser(server).authorize(name)).heading.startswith("Sign in")


@pytest.mark.parametrize("required", [True, False])
async def test_metadata_says_whether_it_is_required(required: bool) -> None:
    """B2, RFC 9126 §5."""
    async with serving_on_sqlite(par={"required": required}) as server:
        metadata = (await server.http.get("/.well-known/oauth-authorization-server")).json()

        assert metadata[METADATA] is required


def test_the_command_line_requires_it_of_a_client(settled: CommandLine) -> None:
    """M4, RFC 9126 §6: when the client is made, or later, and no longer."""
    settled("clients", "create", "careful", "--redirect-uri", CALLBACK, OPTION)
    settled("clients", "create", "web", "--redirect-uri", CALLBACK)

    def of(client_id: str) -> object:
        return settled("clients", "show", client_id, "--json").json.get(METADATA)

    assert (of("careful"), of("web")) == (True, None)
    assert settled("clients", "change", "web", OPTION).code == 0
    assert settled("clients", "change", "careful", "--no" + OPTION[1:]).code == 0
    assert (of("careful"), of("web")) == (None, True)


def test_the_command_line_refuses_it_for_a_client_that_asks_nobody(settled: CommandLine) -> None:
    """It would say nothing; without it such a client is made as ever."""
    refusal = settled("clients", "create", "job", OPTION).refusal
    made = settled("clients", "create", "job")

    assert refusal == f"{OPTION} is for clients with authorization_code"
    assert made.code == 0


def test_nothing_changes_unless_it_is_said(settled: CommandLine) -> None:
    """M4."""
    settled("clients", "create", "careful", "--redirect-uri", CALLBACK, OPTION)

    assert settled("clients", "change", "careful").code == 1
    assert settled("clients", "show", "careful", "--json").json[METADATA] is True
