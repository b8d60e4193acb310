"""`hooks/upgrade` with a database in use: migrations, a feature off and on, another package; every row is there."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ..matrix import Answers
from ..servers import database_of
from ..test_update import commit
from .cells import ANSWERS, begin, upgrade
from .planting import Work
from .releases import History
from .teams import RENAMED, build

pytestmark = pytest.mark.slow

# What a server does for people and clients. It runs in the project, with the project's own test harness.
LIFE = """
import asyncio, json, sys
from PACKAGE.tests.harness import serving
from PACKAGE.tests.people import add_person, obtain_tokens, refresh

async def main(url, token, secret):
    async with serving(url) as server:
        if not token:
            await server.add_client()
            await add_person(server)
            tokens = await obtain_tokens(server)
        else:
            server.secrets["web"] = secret
            tokens = await refresh(server, token)
        assert tokens.status == 200, tokens.body
        return [tokens["refresh_token"], server.secrets["web"]]

print(json.dumps(asyncio.run(main(sys.argv[1], *json.loads(sys.argv[2])))))
"""

COUNT = """
import json, sys
import sqlalchemy as sa
from PACKAGE.database import run_alone
def read(connection):
    for statement in sys.argv[2:]:
        connection.execute(sa.text(statement))
    names = [name for name in sa.inspect(connection).get_table_names() if not name.endswith("version")]
    return {name: connection.scalar(sa.text(f"SELECT count(*) FROM {name}")) for name in names}
print(json.dumps(run_alone(sys.argv[1], read)))
"""


@dataclass
class Live:
    """A project with a room of the team's, and its database."""

    work: Work
    url: str
    package: str = "authserver"

    def upgrade(self, *words: str) -> None:
        """Upgrade, commit, and bring the database along."""
        done = upgrade(self.work.root, *words)
        assert done.returncode == 0, done.stdout + done.stderr
        commit(self.work.root, "Upgraded")

    def migrate(self) -> None:
        self.run("-m", "alembic", "upgrade", "heads")
        self.run("-m", "alembic", "check")

    def live(self, *told: str | None) -> Any:
        return json.loads(self.run("-c", LIFE.replace("PACKAGE", self.package), self.url, json.dumps(told)))

    def count(self, *statements: str) -> dict[str, int]:
        """Run some SQL, and count the rows of each table."""
        found: dict[str, int] = json.loads(
            self.run("-c", COUNT.replace("PACKAGE", self.package), self.url, *statements)
        )
        return found

    def run(self, *words: str) -> str:
        """Run Python in the project."""
        environment = os.environ | {f"{self.package.upper()}_DATABASE_URL": self.url, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, *words], cwd=self.work.root, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(params=["sqlite", "postgresql"])
def live(request: pytest.FixtureRequest, history: History, tmp_path: Path) -> Iterator[Live]:
    """A team on the working tree's release with a room, a table and a migration of its own."""
    answers: Answers = {**ANSWERS["everything"], "demo": False, "database": request.param}
    project = begin(history, tmp_path / "project", answers)
    work = Work(project, random.Random(2), 2, "authserver")
    build(work)
    commit(project, "Ours")
    with database_of(answers, tmp_path) as url:
        yield Live(work, url)


def test_nobody_is_signed_out_and_no_row_is_lost(live: Live) -> None:
    """Two upgrades: a release with migrations and a feature off; the feature on again and another name.

    After each, what a client was given before it still works.
    """
    live.migrate()
    token, secret = live.live(None, None)
    before = live.count("INSERT INTO oauth_ours2 VALUES ('ours')")
    assert all(
        before[f"oauth_{table}"] for table in ("clients", "users", "ours2", "core_grants", "core_refresh_tokens")
    )

    live.upgrade("--to", "0.13.0", "--off", "device")
    live.migrate()

    assert live.count() == before
    token, secret = live.live(token, secret)
    used = live.count()

    live.upgrade("--to", "0.13.0", "--on", "device", "--data", f"package={RENAMED}")
    live.package = RENAMED
    live.migrate()

    assert live.count() == used
    assert live.live(token, secret)
