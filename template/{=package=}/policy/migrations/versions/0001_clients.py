"""Clients, as shipped."""

import sqlalchemy as sa
from alembic import op

revision = "0001_clients"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    prefix = op.get_context().opts["table_prefix"]
    op.create_table(
        f"{prefix}clients",
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("client_name", sa.String(), nullable=False),
        sa.Column("secret_digest", sa.LargeBinary(), nullable=True),
        sa.Column("token_endpoint_auth_method", sa.String(), nullable=False),
        sa.Column("grant_types", sa.String(), nullable=False),
        sa.Column("redirect_uris", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("is_native", sa.Boolean(), nullable=False),
        sa.Column("client_uri", sa.String(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("client_id", name=op.f(f"pk_{prefix}clients")),
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table(f"{op.get_context().opts['table_prefix']}clients")
