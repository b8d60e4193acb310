"""Records."""

import sqlalchemy as sa
from alembic import op

from ...defaults import TABLE_PREFIX


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        f"{TABLE_PREFIX}ephemeral_records",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f(f"pk_{TABLE_PREFIX}ephemeral_records")),
    )
    op.create_index(
        op.f(f"ix_{TABLE_PREFIX}ephemeral_records_expires_at"),
        f"{TABLE_PREFIX}ephemeral_records",
        ["expires_at"],
        unique=False,
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_index(op.f(f"ix_{TABLE_PREFIX}ephemeral_records_expires_at"), table_name=f"{TABLE_PREFIX}ephemeral_records")
    op.drop_table(f"{TABLE_PREFIX}ephemeral_records")
