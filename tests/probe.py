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


async def ask(package: Any, questions: dict[str, list[Any]]) -> dict[str, Any]:
    """Start the server and call it."""
    settings = package("features").Settings(mode="development")
    start = datetime.now(UTC) - timedelta(days=1)
    package("stores.key_files").ensure_keys(settings.key_directory, settings.signing_algorithms, now=start)
    composed = package("app").AuthorizationServer(settings)
    app = FastAPI(lifespan=composed.lifespan)
    composed.mount(app)
    server = composed.server
    scope = frozenset(composed.server.scopes.supported())
    client = package("core.client").Client(
        client_id="worker",
        client_name="Worker",
        token_endpoint_auth_method="client_secret_basic",
        grant_types=frozenset(composed.grant_types),
        scope=scope,
    )
    transport = httpx.ASGITransport(app)
    async with composed.lifespan(app), httpx.AsyncClient(transport=transport, base_url=settings.issuer) as http:
        async with server.database.transaction() as transaction:
            secret = await package("policy.clients").Clients().create(client, transaction, now=server.now())
            await transaction.commit()
        token, auth = server.urls.path("token"), ("worker", secret)
        extra = dict.fromkeys(questions["parameters"], "https://elsewhere.example/")
        asked = {"grant_type": "client_credentials", **extra}
        granted = await http.post(token, data=asked, auth=auth, headers=dict.fromkeys(questions["headers"], "x"))
        refusals = {name: await http.post(token, data={"grant_type": name}, auth=auth) for name in questions["grants"]}
        methods = {
            name: await http.post(token, data={"grant_type": "client_credentials", **{field: "x"}})
            for name, field in questions["methods"]
        }
        documents = {
            name: await http.get(f"/.well-known/{name}")
            for name in ("oauth-authorization-server", "openid-configuration", "oauth-protected-resource")
        }
        statuses = {name: (await http.get(server.urls.path(name))).status_code for name in questions["endpoints"]}
        openapi = (await http.get("/openapi.json")).json()
    return {
        "features": [feature.name for feature in composed.features],
        "paths": sorted(endpoint.path for endpoint in composed.endpoints),
        "grant_types": composed.grant_types,
        "authentication_methods": list(composed.authentication_methods),
        "granted": granted.json(),
        "refusals": {name: [answer.status_code, answer.json().get("error")] for name, answer in refusals.items()},
        "methods": {name: [answer.status_code, answer.json().get("error")] for name, answer in methods.items()},
        "documents": {name: answer.json() for name, answer in documents.items() if answer.status_code == 200},
        "statuses": statuses,
        "openapi": openapi,
        "expirable": [expirable.name for feature in composed.features for expirable in feature.expirable],
    }


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
