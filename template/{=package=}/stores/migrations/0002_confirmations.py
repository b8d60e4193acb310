"""Codes and refresh tokens may be bound to a key of the client."""

import sqlalchemy as sa
from alembic import op

from ...defaults import TABLE_PREFIX

_TABLES = (f"{TABLE_PREFIX}core_authorization_codes", f"{TABLE_PREFIX}core_refresh_tokens")


def upgrade() -> None:
    """Apply the change."""
    for table in _TABLES:
        op.add_column(table, sa.Column("confirmation", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Undo it."""
    for table in _TABLES:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("confirmation")
