"""No secret, code, token, verifier or password is in a log, an event, a repr or a column (K8, C13, K3)."""

import logging
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from ...core.client import Client
from ...core.grant import Authentication, AuthorizationGrant
from ...core.interaction import Browser as KnownBrowser
from ...core.parameters import Parameters
from ...database import Statement
from ...database.tables import ServerTable
from ...grants.granted_tokens import Issued
from ...grants.issuing import TokenIssuer
from ...grants.token_request import TokenRequest, TokenResponse
from ...policy.tables import TeamTable
from ..harness import EventLog, ServerUnderTest
from ..people import PASSWORD, VERIFIER, Browser, add_person, redeem, refresh

THE_TESTS_OWN = ("httpx", "httpcore")


@pytest.fixture
async def told(server: ServerUnderTest, caplog: pytest.LogCaptureFixture) -> dict[str, str]:
    """Every secret of a whole flow with its mistakes, by what it is; everything was logged that can be."""
    caplog.set_level(logging.DEBUG)
    await add_person(server)
    await server.add_client("web")
    browser = Browser(server)
    login = await browser.authorize()
    interaction = login.url.partition("id=")[2].partition("&")[0]
    planted = dict(browser.http.cookies)
    wrong = await browser.sign_in(login, password="a wrong password")
    consent = await browser.sign_in(wrong)
    code = (await browser.allow(consent)).code
    await redeem(server, code, code_verifier=VERIFIER[::-1])
    tokens = await redeem(server, code)
    newer = await refresh(server, tokens["refresh_token"])
    await refresh(server, tokens["refresh_token"])
    await refresh(server, newer["refresh_token"], scope="admin")
    secret = server.secrets["web"]
    server.secrets["web"] = "a wrong secret"
    await refresh(server, newer["refresh_token"])
    server.secrets["web"] = secret
    await redeem(server, code)
    return {
        "password": PASSWORD,
        "wrong password": "a wrong password",
        "client secret": secret,
        "wrong client secret": "a wrong secret",
        "basic credentials": b64encode(f"web:{secret}".encode()).decode(),
        "code": code,
        "verifier": VERIFIER,
        "wrong verifier": VERIFIER[::-1],
        "access token": tokens["access_token"],
        "signature": tokens["access_token"].rpartition(".")[2],
        "refresh token": tokens["refresh_token"],
        "newer refresh token": newer["refresh_token"],
        "interaction": interaction,
        **{
            f"cookie {number}": value
            for number, value in enumerate([*planted.values(), *browser.http.cookies.values()])
        },
    }


def find(told: dict[str, str], text: str) -> list[str]:
    """Return which secrets stand in a text."""
    return [name for name, secret in told.items() if secret in text]


async def test_no_secret_is_in_a_log(told: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    """C13, DOT #1735: at the lowest level, of any part."""
    records = caplog.get_records("setup")
    lines = [record.getMessage() for record in records if not record.name.startswith(THE_TESTS_OWN)]

    assert any("invalid_grant" in line for line in lines)
    assert find(told, "\n".join(lines)) == []


async def test_no_secret_is_in_an_event(told: dict[str, str], server: ServerUnderTest) -> None:
    """K3: nor in the reason of one."""
    assert {"token_issued", "token_denied", "auth_denied", "token_revoked"} <= set(server.events.names)
    assert find(told, "\n".join(map(repr, server.events.events))) == []


async def test_no_secret_is_in_a_column(told: dict[str, str], server: ServerUnderTest) -> None:
    """K8, C6, D7, E4: digests and sealed values only, in the server's tables and the team's."""
    written: dict[str, str] = {}
    async with server.database.transaction() as transaction:
        for table in (*ServerTable.metadata.tables.values(), *TeamTable.metadata.tables.values()):
            rows = await transaction.all(Statement(select(table)))
            written[table.name] = "\n".join(text for row in rows for value in row for text in _writings(value))

    filled = {name for name, text in written.items() if text}
    for kind in ("grants", "authorization_codes", "refresh_tokens", "interactions", "browser_sessions", "users"):
        assert any(name.endswith(kind) for name in filled)
    assert {name: find(told, text) for name, text in written.items() if find(told, text)} == {}


def _writings(value: Any) -> Iterator[str]:
    if isinstance(value, bytes):
        yield value.decode("latin-1")
        yield value.hex()
    yield str(value)


async def test_a_fault_logs_where_and_not_what(
    server: ServerUnderTest, told: dict[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """C13: a traceback shows lines of code, not their values."""

    async def fail(*_: object, **__: object) -> str:
        raise RuntimeError("a fault downstream")

    browser = Browser(server)
    code = (await browser.allow(await browser.sign_in(await browser.authorize()))).code
    monkeypatch.setattr(TokenIssuer, "issue", fail)
    caplog.clear()

    answer = await redeem(server, code)

    assert answer.refusal == (500, "server_error")
    ours = [record for record in caplog.records if not record.name.startswith(THE_TESTS_OWN)]
    text = "\n".join(logging.Formatter().format(record) for record in ours)
    assert "a fault downstream" in text
    assert find({**told, "fresh code": code}, text) == []


def test_no_secret_is_in_a_repr() -> None:
    """K8, DOT #1736: whoever logs one of our values by mistake tells nothing."""
    now = datetime.now(UTC)
    authentication = Authentication(subject="user_1", auth_time=now)
    grant = AuthorizationGrant(
        id="g", client_id="web", authentication=authentication, scope="", created_at=now, expires_at=now
    )
    client = Client(client_id="web")
    values = [
        Parameters({"code": "hunter2", "client_secret": "hunter2"}),
        TokenResponse(
            access_token="hunter2", expires_in=1, scope="", token_type="Bearer", members={"refresh_token": "hunter2"}
        ),
        TokenRequest(
            client=client,
            parameters=Parameters({"code_verifier": "hunter2"}),
            now=now,
            transaction=None,  # type: ignore[arg-type]
            emit=EventLog().emit,
        ),
        Issued(
            client=client,
            grant=grant,
            scope="",
            access_token="hunter2",
            code="hunter2",
            now=now,
            transaction=None,  # type: ignore[arg-type]
        ),
        KnownBrowser(id="b", secret="hunter2", authentication=None, expires_at=now),
    ]

    assert [type(value).__name__ for value in values if "hunter2" in repr(value)] == []
