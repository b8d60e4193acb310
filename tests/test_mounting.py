"""The server in an app that a team has: rendered as a package, under another name, on PostgreSQL (A5, A6)."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import httpx
import pytest

from .conftest import Render
from .running import find_free_port, wait_for

MAIN = """\
from fastapi import FastAPI
from gatekeeper.app import AuthorizationServer
server = AuthorizationServer()
app = FastAPI(lifespan=server.lifespan)
server.mount(app)


@app.get("/hello")
def hello() -> str:
    return "the team's own"
"""


@contextmanager
def serving(folder: Path, port: int, environment: dict[str, str]) -> Iterator[httpx.Client]:
    """Run the app of `folder` as its team would."""
    command = [sys.executable, "-m", "uvicorn", "main:app", "--port", str(port), "--no-proxy-headers"]
    with (folder / "said").open("w") as said:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=said, stderr=said)
        try:
            wait_for(f"http://127.0.0.1:{port}/hello")
            with httpx.Client(base_url=f"http://127.0.0.1:{port}") as http:
                yield http
        finally:
            process.terminate()
            process.wait(timeout=30)


def test_five_lines_mount_it_into_an_app(rendered: Render, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A6: the tables are made, a client gets a token where the prefix says, and the team's route answers."""
    project = rendered(
        layout="package",
        package="gatekeeper",
        prefix="/mcp/oauth",
        database="postgresql",
        table_prefix="company_identity_v2_",
    )
    shutil.copytree(project / "gatekeeper", tmp_path / "gatekeeper")
    (tmp_path / "main.py").write_text(MAIN)
    monkeypatch.syspath_prepend(tmp_path)
    new_database = import_module("gatekeeper.tests.postgresql_databases").new_database
    port = find_free_port()

    with new_database() as url:
        environment = os.environ | {
            "GATEKEEPER_MODE": "development",
            "GATEKEEPER_ISSUER": f"http://127.0.0.1:{port}",
            "GATEKEEPER_DATABASE_URL": url,
            "GATEKEEPER_KEY_DIRECTORY": "keys",
        }

        def command(*words: str) -> str:
            line = [sys.executable, "-m", "gatekeeper", *words]
            return subprocess.run(
                line, cwd=tmp_path, env=environment, check=True, stdout=subprocess.PIPE, text=True
            ).stdout

        command("migrate")
        command("keys", "rotate")
        grant = ("--grant-type", "client_credentials", "--scope", "notes:read")
        client = json.loads(command("clients", "create", "worker", *grant, "--json"))
        with serving(tmp_path, port, environment) as http:
            auth = (client["client_id"], client["client_secret"])
            form = {"grant_type": "client_credentials", "scope": "notes:read"}
            token = http.post("/mcp/oauth/token", data=form, auth=auth)
            document = http.get("/.well-known/oauth-authorization-server").json()
            hello = http.get("/hello")

    assert token.json()["token_type"] == "Bearer"
    assert document["token_endpoint"] == f"http://127.0.0.1:{port}/mcp/oauth/token"
    assert hello.json() == "the team's own"
