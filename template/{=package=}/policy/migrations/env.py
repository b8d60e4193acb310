"""The Alembic environment of your tables: what `policy/tables.py` declares.

`alembic upgrade heads` brings the server's tables up to date first, then yours, in one transaction. All other
commands are about yours only: `alembic revision --autogenerate -m "..."`, `alembic check`, `alembic downgrade`.
To move tables of the server, name their room: `alembic -x room=core downgrade base`.
"""

from importlib import import_module
from logging.config import fileConfig
from pkgutil import iter_modules
from typing import Any, Literal

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection, TypeDecorator

# Alembic loads this file by its path, so it cannot import relative to itself.
package = context.config.get_main_option("package")
defaults = import_module(f"{package}.defaults")
migrate = import_module(f"{package}.migrate")
policy = import_module(f"{package}.policy")
tables = import_module(f"{package}.policy.tables")
database = import_module(f"{package}.database")
migrating = import_module(f"{package}.database.migrating")

# Rows may be declared anywhere in the folder.
for module in iter_modules(policy.__path__, f"{policy.__name__}."):
    if not module.ispkg:
        import_module(module.name)
metadata = tables.TeamTable.metadata


def run(connection: Connection) -> None:
    """Do what the command asks for."""
    servers = migrating.server_tables(connection)

    def include_name(name: str | None, kind: str, parents: Any) -> bool:
        """Compare what is declared, and what has our prefix but is declared no more: it was yours."""
        if kind != "table" or name in metadata.tables:
            return True
        return name is not None and name.startswith(defaults.TABLE_PREFIX) and name not in servers

    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=include_name,
        render_item=render_item,
        render_as_batch=True,  # SQLite cannot alter a table, only replace it
        on_version_apply=log,
        version_table=migrate.VERSION_TABLE,
        table_prefix=defaults.TABLE_PREFIX,  # for the revisions that came with the server
    )
    asked = context.get_context().opts
    command = asked["fn"].__name__
    if room := context.get_x_argument(as_dictionary=True).get("room"):
        if command not in ("upgrade", "downgrade"):
            raise CommandError("a room of the server knows upgrade and downgrade only")
        getattr(migrating.get_room(room), command)(connection, asked["destination_rev"])
        return
    if command == "upgrade":
        for each in migrating.rooms():
            each.upgrade(connection)
    context.run_migrations()


def log(ctx: Any, step: Any, heads: Any, run_args: Any) -> None:
    """Say what was done, in the words in which the server's rooms say it."""
    migrating.logger.info("team %s: %s", "upgrade" if step.is_upgrade else "downgrade", step.up_revision_id)


def render_item(kind: str, item: Any, autogen_context: Any) -> str | Literal[False]:
    """Write plain column types into revisions, which must still run when the code has moved on."""
    if kind == "type" and isinstance(item, TypeDecorator):
        plain = item.impl_instance
        if type(plain).__module__ == "sqlalchemy.sql.sqltypes":
            return f"sa.{plain!r}"
    return False


if context.is_offline_mode():
    raise CommandError("--sql is not supported: what is missing is known only by looking at the database")
if context.config.config_file_name:
    fileConfig(context.config.config_file_name, disable_existing_loggers=False)
try:
    database.run_alone(context.config.attributes.get("database_url") or migrate.database_url(), run)
except (database.DatabaseUnavailable, migrating.MigrationError, ValueError) as error:
    raise CommandError(str(error)) from error
