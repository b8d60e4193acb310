"""The team's own Alembic beside ours, in one database: neither touches a table of the other's."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..conftest import Render
from ..servers import database_of
from ..template import ROOT

DATABASES = ["sqlite", "postgresql"]
ONE = pytest.mark.parametrize("team", DATABASES[:1], indirect=True)

PREFIX = "auth_"  # "oauth_" would claim the second table below

MODELS = """\
from sqlmodel import Field, SQLModel


class Author(SQLModel, table=True):
    __tablename__ = "authors"
    id: int = Field(primary_key=True)
    name: str


class Account(SQLModel, table=True):
    __tablename__ = "oauth_account"
    id: int = Field(primary_key=True)
"""

GUIDE = (ROOT / "docs/existing-repo.md").read_text()
INCLUDE_NAME, *_ = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
SECTION, *_ = re.findall(r"```ini\n(.*?)```", GUIDE, re.DOTALL)


@dataclass(frozen=True)
class Team:
    """An app with tables of its own, and ours rendered into it as a package."""

    folder: Path
    url: str

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a Python module in the folder."""
        return subprocess.run(
            [sys.executable, "-m", *words],
            cwd=self.folder,
            env=os.environ | {"AUTHSERVER_DATABASE_URL": self.url},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def alembic(self, *words: str) -> str:
        """Run Alembic; return what it printed, and fail if it did."""
        done = self.run("alembic", *words)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    def migrate(self) -> None:
        """Bring our tables up to date as the package's README says."""
        done = self.run("authserver", "migrate")
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace `old`, which must be in the file, wherever it stands."""
        text = (self.folder / path).read_text()
        assert old in text
        (self.folder / path).write_text(text.replace(old, new))

    def begin(self) -> None:
        """Set Alembic up as its tutorial does: `alembic init`, a URL and a metadata."""
        (self.folder / "models.py").write_text(MODELS)
        kind = "generic" if self.url.startswith("sqlite") else "async"
        self.alembic("init", "--template", kind, "alembic")
        url = self.url.replace("postgresql://", "postgresql+asyncpg://").replace("%", "%%")
        ini = self.folder / "alembic.ini"
        ini.write_text(re.sub("(?m)^sqlalchemy.url = .*$", lambda _: f"sqlalchemy.url = {url}", ini.read_text()))
        self.edit("alembic/script.py.mako", "import sqlalchemy as sa\n", "import sqlalchemy as sa\nimport sqlmodel\n")
        self.edit(
            "alembic/env.py",
            "target_metadata = None\n",
            "from models import SQLModel\n\ntarget_metadata = SQLModel.metadata\n",
        )

    def make_room(self) -> None:
        """Write into their files what the guide says."""
        metadata = "target_metadata = SQLModel.metadata\n"
        self.edit("alembic/env.py", metadata, f"{INCLUDE_NAME}\n\n{metadata}")
        named = "target_metadata=target_metadata"
        self.edit("alembic/env.py", named, f"{named}, include_name=include_name")
        with (self.folder / "alembic.ini").open("a") as ini:
            ini.write(f"\n{SECTION}")

    def revise(self) -> str:
        """Write a revision of what they declare, and apply it; return the revision."""
        self.alembic("revision", "--autogenerate", "--message", "Theirs")
        self.alembic("upgrade", "head")
        (revision,) = (self.folder / "alembic/versions").glob("*_theirs.py")
        return revision.read_text()


@pytest.fixture
def team(request: pytest.FixtureRequest, rendered: Render, tmp_path: Path) -> Iterator[Team]:
    """The app, before anybody made a table."""
    answers = {"profile": "everything", "layout": "package", "database": request.param, "table_prefix": PREFIX}
    folder = shutil.copytree(rendered(**answers), tmp_path / "team")
    with database_of(answers, tmp_path) as url:
        team = Team(folder, url)
        team.begin()
        yield team


@pytest.mark.parametrize("first", ["ours", "theirs"])
@pytest.mark.parametrize("team", DATABASES, indirect=True)
def test_two_histories_share_a_database(team: Team, first: str) -> None:
    """In either order: each makes its own tables, and then finds nothing to add, to change or to drop."""
    team.make_room()

    if first == "ours":
        team.migrate()
    revision = team.revise()
    team.migrate()

    assert set(re.findall(r"op\.(\w+)\('(\w+)'", revision)) == {
        ("create_table", "authors"),
        ("create_table", "oauth_account"),
        ("drop_table", "authors"),  # in its downgrade
        ("drop_table", "oauth_account"),
    }
    assert "No new upgrade operations detected" in team.alembic("check")
    assert "No new upgrade operations detected" in team.alembic("--name", "authserver", "check")


@ONE
def test_each_history_has_a_version_of_its_own(team: Team) -> None:
    """Theirs in `alembic_version`, ours in `auth_version` and a table per room: neither command moves the other's."""
    team.make_room()
    team.revise()
    theirs = team.alembic("current")
    team.alembic("--name", "authserver", "upgrade", "heads")

    team.alembic("downgrade", "base")

    assert theirs.strip().endswith("(head)")
    assert team.alembic("current").strip() == ""
    assert team.alembic("--name", "authserver", "current").strip() == "0002_users (head)"
    assert "the tables are up to date" in team.run("authserver", "migrate").stdout


@ONE
def test_without_a_word_theirs_would_drop_ours(team: Team) -> None:
    """Alembic takes every table that it does not know for one to drop. This is what the guide's lines are for."""
    team.migrate()

    done = team.run("alembic", "check")

    assert done.returncode != 0
    assert f"remove_table', Table('{PREFIX}clients'" in done.stdout + done.stderr
