"""First tables."""

import sqlalchemy as sa
from alembic import op

from ...defaults import TABLE_PREFIX


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        f"{TABLE_PREFIX}core_browser_sessions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("previous_digest", sa.LargeBinary(), nullable=True),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("auth_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acr", sa.String(), nullable=True),
        sa.Column("amr", sa.String(), nullable=True),
        sa.Column("sid", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE_PREFIX}core_browser_sessions")),
        sa.UniqueConstraint("digest", name=op.f(f"uq_{TABLE_PREFIX}core_browser_sessions_digest")),
    )
    op.create_index(
        op.f(f"ix_{TABLE_PREFIX}core_browser_sessions_expires_at"),
        f"{TABLE_PREFIX}core_browser_sessions",
        ["expires_at"],
        unique=False,
    )
    op.create_index(
        op.f(f"ix_{TABLE_PREFIX}core_browser_sessions_previous_digest"),
        f"{TABLE_PREFIX}core_browser_sessions",
        ["previous_digest"],
        unique=False,
    )
    op.create_table(
        f"{TABLE_PREFIX}core_grants",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("auth_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acr", sa.String(), nullable=True),
        sa.Column("amr", sa.String(), nullable=False),
        sa.Column("sid", sa.String(), nullable=True),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("resources", sa.String(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("claims", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE_PREFIX}core_grants")),
    )
    op.create_index(
        op.f(f"ix_{TABLE_PREFIX}core_grants_expires_at"), f"{TABLE_PREFIX}core_grants", ["expires_at"], unique=False
    )
    op.create_index(op.f(f"ix_{TABLE_PREFIX}core_grants_sid"), f"{TABLE_PREFIX}core_grants", ["sid"], unique=False)
    op.create_index(
        f"ix_{TABLE_PREFIX}core_grants_subject_client",
        f"{TABLE_PREFIX}core_grants",
        ["subject", "client_id"],
        unique=False,
    )
    op.create_table(
        f"{TABLE_PREFIX}core_interactions",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("browser_id", sa.String(), nullable=True),
        sa.Column("account_chosen", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f(f"pk_{TABLE_PREFIX}core_interactions")),
    )
    op.create_index(
        op.f(f"ix_{TABLE_PREFIX}core_interactions_expires_at"),
        f"{TABLE_PREFIX}core_interactions",
        ["expires_at"],
        unique=False,
    )
    op.create_table(
        f"{TABLE_PREFIX}core_authorization_codes",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("grant_id", sa.String(), nullable=False),
        sa.Column("redirect_uri", sa.String(), nullable=False),
        sa.Column("code_challenge", sa.String(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"],
            [f"{TABLE_PREFIX}core_grants.id"],
            name=op.f(f"fk_{TABLE_PREFIX}core_authorization_codes_grant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f(f"pk_{TABLE_PREFIX}core_authorization_codes")),
    )
    op.create_index(
        op.f(f"ix_{TABLE_PREFIX}core_authorization_codes_expires_at"),
        f"{TABLE_PREFIX}core_authorization_codes",
        ["expires_at"],
        unique=False,
    )
    op.create_index(
        op.f(f"ix_{TABLE_PREFIX}core_authorization_codes_grant_id"),
        f"{TABLE_PREFIX}core_authorization_codes",
        ["grant_id"],
        unique=False,
    )
    op.create_table(
        f"{TABLE_PREFIX}core_refresh_tokens",
        sa.Column("family_digest", sa.LargeBinary(), nullable=False),
        sa.Column("grant_id", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous_digest", sa.LargeBinary(), nullable=True),
        sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"],
            [f"{TABLE_PREFIX}core_grants.id"],
            name=op.f(f"fk_{TABLE_PREFIX}core_refresh_tokens_grant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("family_digest", name=op.f(f"pk_{TABLE_PREFIX}core_refresh_tokens")),
    )
    op.create_index(
        op.f(f"ix_{TABLE_PREFIX}core_refresh_tokens_expires_at"),
        f"{TABLE_PREFIX}core_refresh_tokens",
        ["expires_at"],
        unique=False,
    )
    op.create_index(
        op.f(f"ix_{TABLE_PREFIX}core_refresh_tokens_grant_id"),
        f"{TABLE_PREFIX}core_refresh_tokens",
        ["grant_id"],
        unique=False,
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_index(
        op.f(f"ix_{TABLE_PREFIX}core_refresh_tokens_grant_id"), table_name=f"{TABLE_PREFIX}core_refresh_tokens"
    )
    op.drop_index(
        op.f(f"ix_{TABLE_PREFIX}core_refresh_tokens_expires_at"), table_name=f"{TABLE_PREFIX}core_refresh_tokens"
    )
    op.drop_table(f"{TABLE_PREFIX}core_refresh_tokens")
    op.drop_index(
        op.f(f"ix_{TABLE_PREFIX}core_authorization_codes_grant_id"),
        table_name=f"{TABLE_PREFIX}core_authorization_codes",
    )
    op.drop_index(
        op.f(f"ix_{TABLE_PREFIX}core_authorization_codes_expires_at"),
        table_name=f"{TABLE_PREFIX}core_authorization_codes",
    )
    op.drop_table(f"{TABLE_PREFIX}core_authorization_codes")
    op.drop_index(op.f(f"ix_{TABLE_PREFIX}core_interactions_expires_at"), table_name=f"{TABLE_PREFIX}core_interactions")
    op.drop_table(f"{TABLE_PREFIX}core_interactions")
    op.drop_index(f"ix_{TABLE_PREFIX}core_grants_subject_client", table_name=f"{TABLE_PREFIX}core_grants")
    op.drop_index(op.f(f"ix_{TABLE_PREFIX}core_grants_sid"), table_name=f"{TABLE_PREFIX}core_grants")
    op.drop_index(op.f(f"ix_{TABLE_PREFIX}core_grants_expires_at"), table_name=f"{TABLE_PREFIX}core_grants")
    op.drop_table(f"{TABLE_PREFIX}core_grants")
    op.drop_index(
        op.f(f"ix_{TABLE_PREFIX}core_browser_sessions_previous_digest"),
        table_name=f"{TABLE_PREFIX}core_browser_sessions",
    )
    op.drop_index(
        op.f(f"ix_{TABLE_PREFIX}core_browser_sessions_expires_at"), table_name=f"{TABLE_PREFIX}core_browser_sessions"
    )
    op.drop_table(f"{TABLE_PREFIX}core_browser_sessions")
