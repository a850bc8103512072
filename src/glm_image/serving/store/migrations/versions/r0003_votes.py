"""Which of two pictures their owner likes better."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "votes",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("left_id", sa.String(64), nullable=False),
        sa.Column("right_id", sa.String(64), nullable=False),
        sa.Column("winner", sa.String(64)),
        sa.Column("created", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["left_id"], ["pictures.id"], name="fk_votes_left_id_pictures", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["right_id"], ["pictures.id"], name="fk_votes_right_id_pictures", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_votes"),
    )
    op.create_index("ix_votes_key_id_created", "votes", ["key_id", "created"])
    op.create_index("ix_votes_left_id", "votes", ["left_id"])
    op.create_index("ix_votes_right_id", "votes", ["right_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("votes")
