"""Write the next revision of a room, for people who work on the template.

    python dev/write_revision.py core "first tables"

It is what separates the room's tables, as declared, from a database with all revisions so far. Read it before you
keep it: a renamed column looks like one dropped and one added.
"""

import re
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import Connection, TypeDecorator

sys.path.insert(0, str(Path(__file__).parent))

from authserver import database
from authserver.database import migrating
from authserver.defaults import TABLE_PREFIX

ROOT = Path(__file__).parent / "authserver"
TEMPLATE = '''"""{message}."""

import sqlalchemy as sa
from alembic import op

from {dots}defaults import TABLE_PREFIX


def upgrade() -> None:
    """Apply the change."""
    {upgrade}


def downgrade() -> None:
    """Undo it."""
    {downgrade}
'''


def main(name: str, message: str) -> None:
    """Write the revision and print its path."""
    floor = "stores" if name == migrating.CORE else name
    parent = floor if (ROOT / floor).is_dir() else f"features.{name}"
    package = import_module(f"authserver.{parent}")
    for module in walk_packages(package.__path__, f"{package.__name__}."):
        if ".migrations" not in module.name and ".tests" not in module.name:
            import_module(module.name)
    metadata = import_module("authserver.database.tables").ServerTable.metadata
    prefix = f"{TABLE_PREFIX}{name}_"

    def compare(connection: Connection) -> Any:
        for room in migrating.rooms():
            room.upgrade(connection)
        context = MigrationContext.configure(
            connection,
            opts={
                "include_name": lambda table, kind, _: kind != "table" or is_ours(table),
                "include_object": lambda item, table, kind, *_: kind != "table" or is_ours(table),
                "render_item": render_item,
                "target_metadata": metadata,
                "sqlalchemy_module_prefix": "sa.",
                "alembic_module_prefix": "op.",
                "render_as_batch": any(room.name == name for room in migrating.rooms()),
                "user_module_prefix": None,
            },
        )
        script = produce_migrations(context, metadata)
        return [
            render_python_code(
                operations,
                migration_context=context,
                render_as_batch=context.opts["render_as_batch"],
                render_item=render_item,
            )
            for operations in (script.upgrade_ops, script.downgrade_ops)
            if operations is not None
        ]

    def is_ours(table: str) -> bool:
        return table.startswith(prefix) and table != f"{prefix}version"

    with tempfile.TemporaryDirectory() as folder:
        upgrade, downgrade = database.run_alone(f"sqlite:///{folder}/scratch.db", compare)

    source = TEMPLATE.format(
        message=message[0].upper() + message[1:],
        dots="." * (parent.count(".") + 3),
        upgrade=without_prefix(upgrade, name),
        downgrade=without_prefix(downgrade, name),
    )
    target = Path(str(package.__file__)).parent / "migrations"
    target.mkdir(exist_ok=True)
    (target / "__init__.py").write_text(f'"""The revisions of {name}, in the order of their names."""\n')
    count = len(list(target.glob("[0-9]*.py")))
    slug = re.sub(r"\W+", "_", message.lower())
    file = target / f"{count + 1:04}_{slug}.py"
    file.write_text(source)
    print(file)


def render_item(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """Write the plain column type: a revision must still run when the code has moved on."""
    return f"sa.{item.impl_instance!r}" if kind == "type" and isinstance(item, TypeDecorator) else False


def without_prefix(code: str, name: str) -> str:
    """Let the names in `code` begin with whatever TABLE_PREFIX is where the revision runs, core's too."""
    code = re.sub("# ### .*\n? *", "", code).strip()
    ours = rf"{TABLE_PREFIX}((?:{name}|{migrating.CORE})_[^'\"]*)"
    return re.sub(rf"(['\"])([^'\"]*){ours}\1", r'f"\2{TABLE_PREFIX}\3"', code)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit('usage: python dev/write_revision.py <room> "<message>"')
    main(*sys.argv[1:])
