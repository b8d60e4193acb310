"""The server as a whole: mounted, started, failing, swept (A6, E6, J3, K3)."""

import ast
import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import ClientDisconnect

from .. import app as composition
from .. import policy
from ..app import AuthorizationServer, ConfigurationError, create_app
from ..core.events import Event
from ..core.finding import Finding
from ..core.keys import KeyStoreError
from ..core.seam import Seam, stub
from ..database import DatabaseUnavailable
from ..feature import Feature
from ..features import SEAMS, Settings, make_features
from ..policy import clients, events
from ..policy.clients import Clients
from ..policy.errors import ErrorEnvelope
from ..policy.events import Events
from ..stores.key_files import ensure_keys
from .harness import ISSUER, ServerUnderTest
from .sqlite_server import serving_on_sqlite


def told(**settings: Any) -> Settings:
    known = {"issuer": ISSUER, "prefix": "/oauth", "database_url": "sqlite:////nowhere/at/all.db"}
    return Settings(_env_file=None, **{**known, **settings})


async def buy(server: ServerUnderTest) -> httpx.Response:
    """Ask for a token in the name of a client."""
    auth = httpx.BasicAuth("web", server.secrets["web"])
    form = {"grant_type": "client_credentials", "scope": "notes:read"}
    return await server.http.post("/oauth/token", data=form, auth=auth)


@asynccontextmanager
async def calling(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ISSUER) as http:
        yield http


async def test_an_app_that_a_team_has_keeps_its_routes() -> None:
    """A6: five lines mount the server; routes that come before and after it, and its own 404, stay."""
    async with serving_on_sqlite() as server:
        app = FastAPI(lifespan=server.authorization_server.lifespan)
        app.get("/before")(lambda: "before")
        server.authorization_server.mount(app)
        app.get("/after")(lambda: "after")

        async with calling(app) as http:
            assert (await http.get("/before")).json() == "before"
            assert (await http.get("/after")).json() == "after"
            assert (await http.get("/elsewhere")).json() == {"detail": "Not Found"}
            assert (await http.get("/.well-known/jwks.json")).status_code == 200


async def test_the_lifespan_of_a_team_can_hold_that_of_the_server() -> None:
    """A6: what theirs yields, they get."""
    async with serving_on_sqlite() as server:
        order = []

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
            async with server.authorization_server.lifespan(app):
                order.append("started")
                yield {"team": "state"}
                order.append("stopping")

        app = FastAPI(lifespan=lifespan)
        server.authorization_server.mount(app)

        async with app.router.lifespan_context(app) as state:
            assert state == {"team": "state"}
        assert order == ["started", "stopping"]


async def test_a_middleware_of_the_team_sees_the_endpoints_too() -> None:
    """A6: one that is added after `mount` stands before the server."""
    async with serving_on_sqlite() as server:
        app = FastAPI()
        server.authorization_server.mount(app)

        async def refuse(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 451, "headers": []})
            await send({"type": "http.response.body"})

        app.add_middleware(lambda inner: refuse)

        async with calling(app) as http:
            assert (await http.get("/.well-known/jwks.json")).status_code == 451


async def test_the_app_of_its_own_shows_no_pages_that_load_scripts_from_elsewhere() -> None:
    """U2: FastAPI's documentation pages do."""
    async with calling(create_app(told())) as http:
        answers = [await http.get(path) for path in ("/docs", "/redoc")]

    assert [answer.status_code for answer in answers] == [404, 404]


@pytest.mark.parametrize("make", [AuthorizationServer, create_app])
def test_policies_of_another_contract_are_refused_before_they_are_made(
    make: Callable[[Settings], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A8: policy files are never updated, so a changed seam must be noticed at start-up. All are told at once."""
    news = [Seam(each.policy, each.asks, ("it is asked more: answer",)) for each in SEAMS]
    monkeypatch.setattr(composition, "SEAMS", news)
    monkeypatch.setattr(Clients, "__init__", None)

    with pytest.raises(TypeError) as refused:
        make(told())

    folder = f"{composition.__package__}.policy"
    assert str(refused.value) == "\n".join(
        f"{folder}.{seam.policy} is written for contract 1, this server needs 2\n"
        "  contract 2: it is asked more: answer\n"
        "  then set contract = 2"
        for seam in news
    )


def test_every_policy_that_states_a_contract_is_asked_for_it() -> None:
    """A8: a seam that nobody declares would change without a word."""
    stating = {
        f"{file.stem}.{node.name}"
        for file in Path(policy.__path__[0]).glob("*.py")
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.ClassDef) and "contract = " in ast.unparse(node)
    }

    assert stating <= {seam.policy for seam in SEAMS}


def test_production_does_not_start_with_a_question_that_must_be_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    """D5, N: development does, and both list what is open."""

    @stub("Decide this first.", must_decide=True)
    class Undecided(Clients):
        pass

    monkeypatch.setattr(clients, "Clients", Undecided)

    with pytest.raises(ConfigurationError, match=r"Undecided is undecided: Decide this first\."):
        AuthorizationServer(told())
    development = AuthorizationServer(told(mode="development"))
    assert "Decide this first." in {mark.question for mark in development.undecided}


def test_production_starts_with_safe_defaults_and_lists_them() -> None:
    """N."""
    questions = {mark.policy.rpartition(".")[2] for mark in AuthorizationServer(told()).undecided}

    assert {"Clients", "Scopes", "Events"} <= questions


def test_a_decided_policy_is_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mark does not pass on to a class that the team derives."""
    monkeypatch.setattr(events, "Events", type("Ours", (Events,), {}))

    assert not any(mark.policy.endswith(".Events") for mark in AuthorizationServer(told()).undecided)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"paths": {"tokn": "/oauth/t"}}, "PATHS names tokn"),
        ({"paths": {"": "/oauth/t"}}, "PATHS names "),
        ({"paths": {"token": "/oauth/t", "t": "/oauth/u"}}, "PATHS names t"),
        ({"token_endpoint_auth_methods": ("tls_client_auth",)}, "TOKEN_ENDPOINT_AUTH_METHODS names tls_client_auth"),
        ({"database_url": "mysql://db.example/x"}, "unknown kind of database"),
        ({"database_url": "nonsense"}, "unknown kind of database"),
    ],
)
def test_what_only_the_whole_can_judge_is_refused_by_name(settings: dict[str, Any], message: str) -> None:
    """B6, C5: an override of nothing, a method that is not built in, a database of another kind."""
    with pytest.raises((ConfigurationError, ValueError), match=message):
        AuthorizationServer(told(**settings))


async def test_a_server_without_its_database_does_not_start() -> None:
    """B6."""
    server = AuthorizationServer(told())

    with pytest.raises(DatabaseUnavailable):
        async with server.lifespan(FastAPI()):
            pass


async def test_a_server_without_keys_does_not_start(tmp_path: Any) -> None:
    """B4."""
    async with serving_on_sqlite() as running:
        url = running.settings.database_url
        server = AuthorizationServer(told(database_url=url, key_directory=tmp_path))

        with pytest.raises(KeyStoreError, match="there is no signing key"):
            async with server.lifespan(FastAPI()):
                pass


async def test_a_server_without_a_key_for_each_algorithm_does_not_start(tmp_path: Any) -> None:
    """B4, B6: rather than to fail at the first client that needs it."""
    async with serving_on_sqlite() as running:
        ensure_keys(tmp_path, ["ES256"], now=running.clock() - timedelta(days=1))
        settings = told(
            database_url=running.settings.database_url, key_directory=tmp_path, signing_algorithms=("ES256", "EdDSA")
        )
        server = AuthorizationServer(settings, now=running.clock)

        with pytest.raises(KeyStoreError, match="EdDSA"):
            async with server.lifespan(FastAPI()):
                pass


async def test_a_failing_event_sink_breaks_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """K3: neither an issuance nor a refusal, and the log says which event was lost."""
    async with serving_on_sqlite() as server:
        await server.add_client()

        async def fail(event: Event) -> None:
            raise OSError("the queue is full")

        monkeypatch.setattr(server.events, "emit", fail)

        issued = await buy(server)
        refused = await server.token(grant_type="nonsense")

        assert issued.status_code == 200
        assert refused.refusal == (400, "unsupported_grant_type")
        lost = [record.getMessage() for record in caplog.records if "event sink failed" in record.getMessage()]
        assert [line.rpartition(" ")[2] for line in lost] == ["token_issued", "token_denied"]


async def test_a_fault_tells_an_incident_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """E6: the client learns an id, the log under that id what happened."""
    async with serving_on_sqlite() as server:
        await server.add_client()

        async def fail(*arguments: object) -> None:
            raise RuntimeError("secret detail")

        monkeypatch.setattr(Clients, "authenticate", fail)
        response = await buy(server)

        assert response.status_code == 500
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["pragma"] == "no-cache"
        assert response.headers["content-type"] == "application/json"
        assert response.json()["error"] == "server_error"
        assert "secret detail" not in response.text
        told_id = re.fullmatch(r"the server failed, incident ([0-9a-f]{12})", response.json()["error_description"])
        assert told_id
        (record,) = [record for record in caplog.records if told_id[1] in record.getMessage()]
        assert record.levelno == logging.ERROR
        assert record.exc_info
        assert "secret detail" in str(record.exc_info[1])


async def test_a_caller_that_hangs_up_is_no_fault(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """E6: anybody can hang up, so it must not fill the log with tracebacks."""
    async with serving_on_sqlite() as server:
        sent: list[Any] = []

        async def receive() -> dict[str, str]:
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"content-type", b"application/x-www-form-urlencoded")]
        await server.app(
            {
                "type": "http",
                "method": "POST",
                "path": "/oauth/token",
                "query_string": b"",
                "scheme": "https",
                "headers": headers,
            },
            receive,
            send,
        )

        assert issubclass(ClientDisconnect, Exception)
        assert sent[0]["status"] == 400
        assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_the_envelope_of_a_team_changes_the_body_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """K2: status, challenge and cache headers stay as they are."""
    monkeypatch.setattr(ErrorEnvelope, "wrap", lambda self, members: {"errors": [dict(members)]})
    async with serving_on_sqlite(realm="the realm") as server:
        response = await server.http.post("/oauth/token", data={"grant_type": "x", "client_id": "no"})

        assert response.status_code == 401
        assert response.json()["errors"][0]["error"] == "invalid_client"
        assert response.headers["www-authenticate"] == 'Basic realm="the realm", charset="UTF-8"'
        assert response.headers["cache-control"] == "no-store"


async def test_every_answer_of_the_token_endpoint_is_kept_by_nobody() -> None:
    """E6, M8."""
    async with serving_on_sqlite() as server:
        await server.add_client()

        for response in (
            await buy(server),
            await server.http.post("/oauth/token"),
            await server.http.get("/oauth/token"),
        ):
            assert response.headers["cache-control"] == "no-store"
            assert response.headers["pragma"] == "no-cache"


async def test_the_sweeper_runs_while_the_server_runs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """J3: at each interval, after a failure too, and not after the end."""
    async with serving_on_sqlite() as running:
        settings = running.settings.model_copy(update={"purge_interval": timedelta(milliseconds=1)})
        server = AuthorizationServer(settings, now=running.clock)
        swept, is_enough = 0, asyncio.Event()

        async def purge() -> dict[str, int]:
            nonlocal swept
            swept += 1
            if swept == 1:
                raise RuntimeError("the database is away")
            if swept == 3:
                is_enough.set()
            return {}

        monkeypatch.setattr(server, "purge", purge)
        async with server.lifespan(FastAPI()):
            await asyncio.wait_for(is_enough.wait(), timeout=5)
        at_the_end = swept
        await asyncio.sleep(0.01)

        assert swept == at_the_end
        assert len([record for record in caplog.records if "sweeping failed" in record.getMessage()]) == 1


async def test_purging_reports_every_table(server: ServerUnderTest) -> None:
    """J3, N: rows by table, on each database."""
    expirables = [each for feature in server.authorization_server.features for each in feature.expirable]

    assert await server.authorization_server.purge() == {each.table: 0 for each in expirables}


async def test_the_server_lets_go_of_its_database_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it could not start."""
    closed = []

    async def close() -> None:
        closed.append(True)

    for url in ("sqlite:////nowhere/at/all.db", ""):
        async with serving_on_sqlite() as running:
            server = AuthorizationServer(
                running.settings.model_copy(update={"database_url": url or running.settings.database_url}),
                now=running.clock,
            )
            monkeypatch.setattr(server.server.database, "close", close)
            try:
                async with server.lifespan(FastAPI()):
                    pass
            except DatabaseUnavailable:
                assert url

    assert len(closed) == 2


async def test_an_envelope_that_fails_leaves_the_plain_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """K2: a refusal must go out."""

    def wrap(self: ErrorEnvelope, members: Mapping[str, str]) -> Mapping[str, object]:
        raise RuntimeError("the team's mistake")

    monkeypatch.setattr(ErrorEnvelope, "wrap", wrap)
    async with serving_on_sqlite() as server:
        answer = await server.token(client=None, grant_type="client_credentials")

    assert answer.refusal == (401, "invalid_client")


@asynccontextmanager
async def with_feature(monkeypatch: pytest.MonkeyPatch, **slots: Any) -> AsyncIterator[AuthorizationServer]:
    """Give a server that has one more feature, on the database and the keys of another."""
    async with serving_on_sqlite() as running:
        one_more = Feature(name="one_more", specification="", **slots)
        monkeypatch.setattr(composition, "make_features", lambda *told: [*make_features(*told), one_more])
        yield AuthorizationServer(running.settings, now=running.clock)


async def test_a_server_whose_feature_finds_an_error_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """B6: and it lets go of what was opened to find it."""
    closed: list[bool] = []

    async def examine(processes: int) -> list[Finding]:
        assert processes == 1
        return [Finding("ok", "this is well"), Finding("error", "that is broken", "mend it")]

    async def close() -> None:
        closed.append(True)

    async with with_feature(monkeypatch, examine=examine, close=close) as server:
        with pytest.raises(ConfigurationError, match=r"^that is broken: mend it$"):
            async with server.lifespan(FastAPI()):
                pass

    assert closed == [True]


async def test_what_a_feature_warns_of_is_logged_once_at_the_start(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """J1: it says so at boot. What is well is not worth a line."""

    async def examine(processes: int) -> list[Finding]:
        return [Finding("ok", "this is well"), Finding("warning", "that could be better", "mend it")]

    async with with_feature(monkeypatch, examine=examine) as server:
        caplog.clear()
        async with server.lifespan(FastAPI()):
            pass

    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert told.count("that could be better: mend it") == 1
    assert "this is well" not in told


async def test_a_feature_that_cannot_let_go_keeps_no_other_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """E1: the database is closed all the same."""
    closed: list[bool] = []

    async def fail() -> None:
        raise RuntimeError("it is stuck")

    async def close() -> None:
        closed.append(True)

    async with with_feature(monkeypatch, close=fail) as server:
        monkeypatch.setattr(server.server.database, "close", close)
        with pytest.raises(RuntimeError, match="it is stuck"):
            await server.close()

    assert closed == [True]
