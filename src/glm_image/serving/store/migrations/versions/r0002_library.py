"""What owners keep: pictures, uploads, conversations."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    _pictures()
    _picture_parents()
    _picture_tags()
    _uploads()
    _conversations()
    _turns()


def downgrade() -> None:
    """Drop them."""
    op.drop_table("turns")
    op.drop_table("conversations")
    op.drop_table("uploads")
    op.drop_table("picture_tags")
    op.drop_table("picture_parents")
    op.drop_table("pictures")


def _pictures() -> None:
    op.create_table(
        "pictures",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("job_id", sa.String(64), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("seed", sa.String(20), nullable=False),
        sa.Column("layout_seed", sa.String(20)),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("favourite", sa.Boolean(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("deleted", sa.Double()),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_pictures_job_id_jobs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_pictures"),
        sa.UniqueConstraint("job_id", "place", name="uq_pictures_job_id_place"),
    )
    op.create_index("ix_pictures_key", "pictures", ["key"])
    op.create_index("ix_pictures_key_id_created", "pictures", ["key_id", "created"])


def _picture_parents() -> None:
    op.create_table(
        "picture_parents",
        sa.Column("picture_id", sa.String(64), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["picture_id"],
            ["pictures.id"],
            name="fk_picture_parents_picture_id_pictures",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("picture_id", "place", name="uq_picture_parents_picture_id_place"),
    )
    op.create_index("ix_picture_parents_parent_id", "picture_parents", ["parent_id"])


def _picture_tags() -> None:
    op.create_table(
        "picture_tags",
        sa.Column("picture_id", sa.String(64), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["picture_id"],
            ["pictures.id"],
            name="fk_picture_tags_picture_id_pictures",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("picture_id", "place", name="uq_picture_tags_picture_id_place"),
    )
    op.create_index("ix_picture_tags_tag", "picture_tags", ["tag"])


def _uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer()),
        sa.Column("height", sa.Integer()),
        sa.Column("created", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
    )
    op.create_index("ix_uploads_key", "uploads", ["key"])
    op.create_index("ix_uploads_key_id", "uploads", ["key_id"])


def _conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("updated", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
    )
    op.create_index("ix_conversations_key_id_updated", "conversations", ["key_id", "updated"])


def _turns() -> None:
    op.create_table(
        "turns",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("conversation_id", sa.String(64), nullable=False),
        sa.Column("parent_id", sa.String(64)),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("picture_ids", sa.JSON(), nullable=False),
        sa.Column("job_id", sa.String(64)),
        sa.Column("created", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name="fk_turns_conversation_id_conversations",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["turns.id"], name="fk_turns_parent_id_turns", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_turns"),
    )
    op.create_index("ix_turns_conversation_id", "turns", ["conversation_id"])
