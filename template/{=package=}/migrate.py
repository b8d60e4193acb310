"""Bring a database to the newest revisions, or say which are missing: the server's first, then the team's.

`alembic upgrade heads` at the root of the project does the same. What is here also works without `alembic.ini`.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from pydantic_settings import BaseSettings
from sqlalchemy import Connection

from .database import run_alone
from .database.migrating import MigrationError, pending_revisions
from .defaults import DATABASE_URL, TABLE_PREFIX
from .settings import ServerSettings

VERSION_TABLE = f"{TABLE_PREFIX}version"
"""Where Alembic remembers the revision of the team's tables."""


class _DatabaseSettings(BaseSettings):
    """Only this one setting: tables can be made before the rest is decided."""

    model_config = ServerSettings.model_config
    database_url: str = DATABASE_URL


def database_url() -> str:
    """Return the URL that the settings name."""
    return _DatabaseSettings().database_url


def upgrade(url: str) -> list[str]:
    """Apply every missing revision at `url` and return their names, as `room/revision`.

    Six of these at once are as good as one. Not to be called inside an event loop: use a thread there. Raises
    DatabaseUnavailable, MigrationError, or ValueError for an unknown kind of database.
    """
    missing = run_alone(url, _pending)
    try:
        command.upgrade(_config(url), "heads")
    except CommandError as error:
        raise MigrationError(str(error)) from error
    return missing


def pending(url: str) -> list[str]:
    """Return which revisions are missing at `url`, as `room/revision`; raises what `upgrade` does."""
    return run_alone(url, _pending, create=False)


def is_current(url: str) -> bool:
    """Say whether every revision is applied; raises what `upgrade` does."""
    return not pending(url)


def _pending(connection: Connection) -> list[str]:
    scripts = ScriptDirectory.from_config(_config(""))
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    try:
        revisions = [*scripts.iterate_revisions("heads", context.get_current_heads() or "base")]
    except (CommandError, RevisionError) as error:
        raise MigrationError(str(error)) from error
    return pending_revisions(connection) + [f"team/{script.revision}" for script in reversed(revisions)]


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "policy" / "migrations"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("package", __package__)
    config.attributes["database_url"] = url
    return config
