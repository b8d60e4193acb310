"""A feature goes off in a project that lives, and comes back: its rows are there (A9, DESIGN section 3)."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .servers import database_of
from .template import render, snapshot, update
from .test_update import commit, git

ALWAYS = ["code_flow", "openid", "revocation"]
DATABASES = ("sqlite", "postgresql")

# What a team's server does while the feature is on. It runs in the project, with the project's own test harness.
LIFE = """
import asyncio, json, sys
from authserver.features.device.tests.devices import add_device, ask, let_in, poll
from authserver.tests.harness import Answer, serving
from authserver.tests.people import add_person

async def begin(server):
    await add_device(server)
    await add_person(server)
    waiting, allowed = await ask(server), await ask(server)
    await let_in(server, allowed)
    return [waiting.body, allowed.body]

async def go_on(server, told):
    waiting, allowed = (Answer(200, None, body) for body in told)
    return [(await poll(server, waiting))["error"], sorted((await poll(server, allowed)).body)]

async def main(url, told):
    async with serving(url, device={"public_clients_prove_key": False}) as server:
        return await (go_on(server, told) if told else begin(server))

print(json.dumps(asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))))
"""

COUNT = """
import json, sys
import sqlalchemy as sa
from authserver.database import run_alone
def read(connection):
    names = [name for name in sa.inspect(connection).get_table_names() if not name.endswith("version")]
    found = {name: connection.scalar(sa.text(f"SELECT count(*) FROM {name}")) for name in names}
    linked = connection.scalar(sa.text(
        "SELECT count(*) FROM oauth_device_codes JOIN oauth_core_grants ON oauth_core_grants.id = grant_id"))
    columns = {name: [one["name"] for one in sa.inspect(connection).get_columns(name)] for name in names}
    return {"rows": found, "linked": linked, "columns": columns}
print(json.dumps(run_alone(sys.argv[1], read)))
"""

# A newer release: core changes the table that device codes refer to (SQLite makes it anew for that), and the feature
# goes on too.
CORE_REVISION = '''"""A session's id has a bound."""

import sqlalchemy as sa
from alembic import op

from ...defaults import TABLE_PREFIX


def upgrade() -> None:
    """Apply the change."""
    with op.batch_alter_table(f"{TABLE_PREFIX}core_grants") as batch:
        batch.alter_column("sid", type_=sa.String(200), existing_type=sa.String(), existing_nullable=True)
        batch.add_column(sa.Column("note", sa.String(), nullable=True))


def downgrade() -> None:
    """Undo it."""
'''
DEVICE_REVISION = '''"""A device may have a name."""

import sqlalchemy as sa
from alembic import op

from ....defaults import TABLE_PREFIX


def upgrade() -> None:
    """Apply the change."""
    op.add_column(f"{TABLE_PREFIX}device_codes", sa.Column("name", sa.String(), nullable=True))


def downgrade() -> None:
    """Undo it."""
'''


@dataclass(frozen=True)
class Team:
    """A project under git, rendered from a template that releases, with a database in use."""

    template: Path
    project: Path
    database: str
    url: str

    def features(self, *further: str) -> dict[str, Any]:
        return {"profile": "custom", "features": [*ALWAYS, *further], "database": self.database}

    def update(self, *further: str) -> None:
        """Take the newest release with these features, read nothing, commit, and bring the database along."""
        update(self.project, self.features(*further))
        commit(self.project, "Updated")
        self.migrate()

    def migrate(self) -> None:
        self.run("-m", "alembic", "upgrade", "heads")
        self.run("-m", "alembic", "check")

    def run(self, *words: str) -> str:
        """Run Python in the project."""
        environment = os.environ | {"AUTHSERVER_DATABASE_URL": self.url, "PYTHONPATH": str(self.project)}
        environment |= {"PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, *words], cwd=self.project, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def live(self, told: Any = None) -> Any:
        return json.loads(self.run("-c", LIFE, self.url, json.dumps(told)))

    def count(self) -> Any:
        return json.loads(self.run("-c", COUNT, self.url))

    def autogenerate(self) -> list[str]:
        """Return what Alembic would do to tables that nobody declares; nothing is kept of it."""
        self.run("-m", "alembic", "revision", "--autogenerate", "-m", "nothing of ours changed")
        (revision,) = (self.project / "authserver/policy/migrations/versions").glob("*nothing_of_ours_changed.py")
        found = [line.strip() for line in revision.read_text().splitlines() if "op." in line]
        revision.unlink()
        return found

    def release(self) -> None:
        """Let the template publish a version in which both chains have moved on."""
        package = self.template / "template" / "{=package=}"
        (package / "stores/migrations/0003_bounded_sid.py").write_text(CORE_REVISION)
        (package / "features/device/migrations/0002_names.py").write_text(DEVICE_REVISION)
        commit(self.template, "Second")
        git(self.template, "tag", "1.1.0")


@pytest.fixture(params=DATABASES)
def team(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Team]:
    """A team that rendered the first release with the device grant."""
    template = snapshot(tmp_path / "template")
    git(template, "init", "--quiet")
    commit(template, "First")
    git(template, "tag", "1.0.0")
    with database_of({"database": request.param}, tmp_path) as url:
        made = Team(template, tmp_path / "project", request.param, url)
        render(template, made.project, made.features("device"))
        git(made.project, "init", "--quiet")
        commit(made.project, "Rendered")
        made.migrate()
        yield made


def test_a_feature_that_went_off_finds_its_rows_when_it_is_on_again(team: Team) -> None:
    """A9: on and in use, off, a newer release that alters what its rows refer to, on again with newer revisions."""
    told = team.live()
    used = team.count()
    assert (used["rows"]["oauth_device_codes"], used["linked"]) == (2, 1)

    team.update()
    assert not (team.project / "authserver/features/device").exists()
    assert team.count() == used
    assert team.autogenerate() == []

    team.release()
    team.update()
    altered = team.count()
    assert (altered["rows"], altered["linked"]) == (used["rows"], used["linked"])
    assert "note" in altered["columns"]["oauth_core_grants"]
    assert "name" not in altered["columns"]["oauth_device_codes"]

    team.update("device")
    assert "name" in team.count()["columns"]["oauth_device_codes"]
    waiting, allowed = team.live(told)
    assert waiting == "authorization_pending"
    assert {"access_token", "refresh_token"} <= {*allowed}
