"""Run in a rendered project, with its package's name and questions in JSON: make its tables, start it, tell what it is.

Everything about a set of answers that only a running server knows is found here, in one process, because starting one
costs more than all that is asked.
"""

import asyncio
import contextlib
import io
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import httpx
import sqlalchemy
from fastapi import FastAPI

DOCUMENTS = ("oauth-authorization-server", "openid-configuration", "oauth-protected-resource")
REQUEST = {
    "response_type": "code",
    "client_id": "worker",
    "redirect_uri": "https://client.example/callback",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}


def migrate(package: Any, url: str) -> None:
    """`alembic upgrade heads`, twice, and `alembic check`, by the project's own `alembic.ini` if it has one."""
    if Path("alembic.ini").exists():
        for words in ("upgrade heads", "upgrade heads", "check"):
            alembic.config.main(words.split())
        return
    configuration = package("migrate")._config(url)
    alembic.command.upgrade(configuration, "heads")
    alembic.command.check(configuration)


def describe_tables(package: Any, url: str) -> dict[str, list[str]]:
    """Every table in the database with its columns."""

    def read(connection: sqlalchemy.Connection) -> dict[str, list[str]]:
        inspector = sqlalchemy.inspect(connection)
        tables = inspector.get_table_names()
        return {table: [column["name"] for column in inspector.get_columns(table)] for table in tables}

    tables: dict[str, list[str]] = package("database").run_alone(url, read)
    return tables


def say(package: Any, *words: str) -> str:
    """What a command of the project prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        package("cli").main(words)
    return printed.getvalue()


async def ask(package: Any, questions: dict[str, Any]) -> dict[str, Any]:
    """Start the server and call it."""
    settings = package("features").Settings()
    start = datetime.now(UTC) - timedelta(days=1)
    package("stores.key_files").ensure_keys(settings.key_directory, settings.signing_algorithms, now=start)
    composed = package("app").AuthorizationServer(settings)
    app = FastAPI(lifespan=composed.lifespan)
    composed.mount(app)
    path, unheard = composed.server.urls.path, questions["unheard"]
    transport = httpx.ASGITransport(app)
    async with composed.lifespan(app), httpx.AsyncClient(transport=transport, base_url=settings.issuer) as http:
        auth = httpx.BasicAuth("worker", await add_client(package, composed))

        async def document(name: str) -> Any:
            answer = await http.get(f"/.well-known/{name}")
            return answer.json() if answer.status_code == 200 else None

        async def token(grant: str = "client_credentials", **further: Any) -> list[Any]:
            answer = await http.post(path("token"), **{"auth": auth, **further, "data": form(grant, further)})
            return [answer.status_code, answer.json()]

        async def authorize(**further: str) -> str:
            """The error, or the path of the page to go on at."""
            location = httpx.URL((await http.get(path("authorize"), params=REQUEST | further)).headers["location"])
            return str(location.params.get("error", location.path))

        has_pages = "authorization_code" in composed.grant_types
        return {
            "features": [feature.name for feature in composed.features],
            "paths": [endpoint.path for endpoint in composed.endpoints],
            "grant_types": composed.grant_types,
            "authentication_methods": list(composed.authentication_methods),
            "documents": {name: found for name in DOCUMENTS if (found := await document(name))},
            "openapi": (await http.get("/openapi.json")).json(),
            "statuses": {name: (await http.get(path(name))).status_code for name in questions["endpoints"]},
            "grants": {name: await token(name) for name in questions["grants"]},
            "methods": {name: await token(auth=None, data={field: "x"}) for name, field in questions["methods"]},
            "plain": await token(),
            "token_parameters": {name: await token(data={name: unheard}) for name in questions["token_parameters"]},
            "headers": {name: await token(headers={name: unheard}) for name in questions["headers"]},
            "request": await authorize() if has_pages else "",
            "parameters": {name: await authorize(**{name: unheard}) for name in questions["parameters"] if has_pages},
        }


def form(grant: str, further: dict[str, Any]) -> dict[str, str]:
    """What is posted to the token endpoint."""
    return {"grant_type": grant, **further.get("data", {})}


async def add_client(package: Any, composed: Any) -> str:
    """Keep the client that asks, which may do everything; return its secret."""
    server = composed.server
    client = package("core.client").Client(
        client_id="worker",
        client_name="Worker",
        token_endpoint_auth_method="client_secret_basic",
        grant_types=frozenset(composed.grant_types),
        redirect_uris=(REQUEST["redirect_uri"],),
        scope=frozenset(server.scopes.supported()),
    )
    async with server.database.transaction() as transaction:
        secret: str = await package("policy.clients").Clients().create(client, transaction, now=server.now())
        await transaction.commit()
    return secret


def main() -> None:
    """Print what was found as JSON, on a line of its own, the last."""
    name, questions = sys.argv[1], json.loads(sys.argv[2])

    def package(module: str) -> Any:
        return import_module(f"{name}.{module}")

    url = os.environ[f"{name.upper()}_DATABASE_URL"]
    migrate(package, url)
    commands = package("cli.commands").names()
    found = {
        **asyncio.run(ask(package, questions)),
        "tables": describe_tables(package, url),
        "settings": json.loads(say(package, "settings", "--json")),
        "help": "".join(say(package, *words, "--help") for words in ((), *([name] for name in commands))),
        "options": say(package, "clients", "create", "--help"),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
