"""Device codes."""

import sqlalchemy as sa
from alembic import op

from ....defaults import TABLE_PREFIX


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        f"{TABLE_PREFIX}device_attempts",
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f(f"pk_{TABLE_PREFIX}device_attempts")),
    )
    op.create_index(
        op.f(f"ix_{TABLE_PREFIX}device_attempts_expires_at"),
        f"{TABLE_PREFIX}device_attempts",
        ["expires_at"],
        unique=False,
    )
    op.create_table(
        f"{TABLE_PREFIX}device_codes",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_code_digest", sa.LargeBinary(), nullable=True),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("resources", sa.String(), nullable=False),
        sa.Column("confirmation", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("client_ip", sa.String(), nullable=True),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("last_polled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("denied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("grant_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"],
            [f"{TABLE_PREFIX}core_grants.id"],
            name=op.f(f"fk_{TABLE_PREFIX}device_codes_grant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f(f"pk_{TABLE_PREFIX}device_codes")),
        sa.UniqueConstraint("user_code_digest", name=op.f(f"uq_{TABLE_PREFIX}device_codes_user_code_digest")),
    )
    op.create_index(
        op.f(f"ix_{TABLE_PREFIX}device_codes_expires_at"), f"{TABLE_PREFIX}device_codes", ["expires_at"], unique=False
    )
    op.create_index(
        op.f(f"ix_{TABLE_PREFIX}device_codes_grant_id"), f"{TABLE_PREFIX}device_codes", ["grant_id"], unique=False
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_index(op.f(f"ix_{TABLE_PREFIX}device_codes_grant_id"), table_name=f"{TABLE_PREFIX}device_codes")
    op.drop_index(op.f(f"ix_{TABLE_PREFIX}device_codes_expires_at"), table_name=f"{TABLE_PREFIX}device_codes")
    op.drop_table(f"{TABLE_PREFIX}device_codes")
    op.drop_index(op.f(f"ix_{TABLE_PREFIX}device_attempts_expires_at"), table_name=f"{TABLE_PREFIX}device_attempts")
    op.drop_table(f"{TABLE_PREFIX}device_attempts")
