"""Jobs with their events, and the keys that ask for them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    _tenants()
    _keys()
    _jobs()
    _waiters()
    _events()
    _codes()
    _job_blobs()


def downgrade() -> None:
    """Drop them."""
    op.drop_table("job_blobs")
    op.drop_table("codes")
    op.drop_table("events")
    op.drop_table("waiters")
    op.drop_table("jobs")
    op.drop_table("keys")
    op.drop_table("tenants")


def _tenants() -> None:
    op.create_table(
        "tenants",
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("turn", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_tenants"),
    )


def _keys() -> None:
    op.create_table(
        "keys",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.Column("old_mac", sa.LargeBinary()),
        sa.Column("old_until", sa.Double()),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("expires", sa.Double()),
        sa.Column("revoked", sa.Double()),
        sa.Column("used", sa.Double()),
        sa.PrimaryKeyConstraint("id", name="pk_keys"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("images", sa.Integer(), nullable=False),
        sa.Column("drawing", sa.JSON(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.String(64)),
        sa.Column("stage", sa.String(16)),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("failure", sa.JSON(none_as_null=True)),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("not_before", sa.Double(), nullable=False),
        sa.Column("started", sa.Double()),
        sa.Column("finished", sa.Double()),
        sa.Column("owner", sa.Text()),
        sa.Column("lease", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.Double()),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("waiter_until", sa.Double()),
        sa.Column("request_key", sa.Text()),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("key_id", "request_key", name="uq_jobs_key_id_request_key"),
    )
    op.create_index("ix_jobs_conversation_id", "jobs", ["conversation_id"])
    op.create_index("ix_jobs_key_id_body_hash", "jobs", ["key_id", "body_hash"])
    op.create_index("ix_jobs_key_id_created", "jobs", ["key_id", "created"])
    op.create_index("ix_jobs_key_id_state", "jobs", ["key_id", "state"])
    op.create_index("ix_jobs_state_created", "jobs", ["state", "created"])


def _waiters() -> None:
    op.create_table(
        "waiters",
        sa.Column("job_id", sa.String(64), nullable=False),
        sa.Column("process", sa.String(64), nullable=False),
        sa.Column("callers", sa.Integer(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_waiters_job_id_jobs", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("job_id", "process", name="uq_waiters_job_id_process"),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("cursor", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("job_id", sa.String(64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_events_job_id_jobs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key_id", "cursor", name="pk_events"),
        sa.UniqueConstraint("job_id", "seq", name="uq_events_job_id_seq"),
    )


def _codes() -> None:
    op.create_table(
        "codes",
        sa.Column("job_id", sa.String(64), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_codes_job_id_jobs", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("job_id", "place", name="uq_codes_job_id_place"),
    )


def _job_blobs() -> None:
    op.create_table(
        "job_blobs",
        sa.Column("job_id", sa.String(64), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_job_blobs_job_id_jobs", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("job_id", "key", name="uq_job_blobs_job_id_key"),
    )
    op.create_index("ix_job_blobs_key", "job_blobs", ["key"])
