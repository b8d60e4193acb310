"""People, as shipped."""

import sqlalchemy as sa
from alembic import op

revision = "0002_users"
down_revision = "0001_clients"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    prefix = op.get_context().opts["table_prefix"]
    op.create_table(
        f"{prefix}users",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("email_verified", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{prefix}users")),
        sa.UniqueConstraint("username", name=op.f(f"uq_{prefix}users_username")),
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table(f"{op.get_context().opts['table_prefix']}users")
