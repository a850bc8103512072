"""The tables of the service.

Times are seconds since 1970 in UTC. The migrations make these tables; a test holds the two
together. Every column is plain enough to mean the same in SQLite and PostgreSQL.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ID = String(64)
"""Names of things: a prefix and 26 characters, with room to spare."""


def _job() -> "Column[str]":
    return Column("job_id", ID, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False)


tenants = Table(
    "tenants",
    metadata,
    Column("key_id", ID, primary_key=True),
    # Number of the owner's latest event.
    Column("cursor", BigInteger, nullable=False, default=0),
    # What the owner has been given so far; the least of those who wait is next.
    Column("turn", Double, nullable=False, default=0.0),
)

keys = Table(
    "keys",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("limits", JSON, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    # A secret that was replaced and still counts for a while.
    Column("old_mac", LargeBinary),
    Column("old_until", Double),
    Column("created", Double, nullable=False),
    Column("expires", Double),
    Column("revoked", Double),
    Column("used", Double),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", ID, primary_key=True),
    Column("key_id", ID, nullable=False),
    Column("state", String(16), nullable=False),
    Column("model", Text, nullable=False),
    Column("images", Integer, nullable=False),
    Column("drawing", JSON, nullable=False),
    Column("priority", Integer, nullable=False, default=0),
    Column("conversation_id", ID),
    # Progress.
    Column("stage", String(16)),
    Column("done", Integer, nullable=False, default=0),
    Column("total", Integer, nullable=False, default=0),
    Column("attempt", Integer, nullable=False, default=0),
    Column("seq", Integer, nullable=False, default=0),
    Column("failure", JSON(none_as_null=True)),
    # Times.
    Column("created", Double, nullable=False),
    Column("not_before", Double, nullable=False),
    Column("started", Double),
    Column("finished", Double),
    # The lease; its number counts up with every claim.
    Column("owner", Text),
    Column("lease", Integer, nullable=False, default=0),
    Column("lease_until", Double),
    # Those who wait for it.
    Column("waits", Boolean, nullable=False),
    Column("answered", Boolean, nullable=False, default=False),
    Column("waiter_until", Double),
    # What tells the same request again.
    Column("request_key", Text),
    Column("body_hash", Text, nullable=False),
    UniqueConstraint("key_id", "request_key"),
    Index(None, "state", "created"),
    Index(None, "key_id", "state"),
    Index(None, "key_id", "created"),
    Index(None, "key_id", "body_hash"),
    Index(None, "conversation_id"),
)

waiters = Table(
    "waiters",
    metadata,
    _job(),
    # The process that waits, and for how many callers.
    Column("process", ID, nullable=False),
    Column("callers", Integer, nullable=False),
    Column("until", Double, nullable=False),
    UniqueConstraint("job_id", "process"),
)

events = Table(
    "events",
    metadata,
    Column("key_id", ID, primary_key=True),
    Column("cursor", BigInteger, primary_key=True, autoincrement=False),
    _job(),
    Column("seq", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("data", JSON, nullable=False),
    Column("at", Double, nullable=False),
    UniqueConstraint("job_id", "seq"),
)

codes = Table(
    "codes",
    metadata,
    _job(),
    Column("place", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    UniqueConstraint("job_id", "place"),
)

job_blobs = Table(
    "job_blobs",
    metadata,
    _job(),
    Column("key", Text, nullable=False, index=True),
    UniqueConstraint("job_id", "key"),
)

pictures = Table(
    "pictures",
    metadata,
    Column("id", ID, primary_key=True),
    _job(),
    Column("place", Integer, nullable=False),
    Column("key_id", ID, nullable=False),
    Column("key", Text, nullable=False, index=True),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("mime", Text, nullable=False),
    # Seeds have 64 bits without a sign, for which no database has a number.
    Column("seed", String(20), nullable=False),
    Column("layout_seed", String(20)),
    Column("prompt", Text, nullable=False),
    # The prompt in lower case, for searching.
    Column("words", Text, nullable=False),
    Column("favourite", Boolean, nullable=False, default=False),
    Column("created", Double, nullable=False),
    Column("deleted", Double),
    UniqueConstraint("job_id", "place"),
    Index(None, "key_id", "created"),
)

picture_parents = Table(
    "picture_parents",
    metadata,
    Column("picture_id", ID, ForeignKey("pictures.id", ondelete="CASCADE"), nullable=False),
    Column("place", Integer, nullable=False),
    # No reference: a parent may be gone before its children.
    Column("parent_id", ID, nullable=False, index=True),
    UniqueConstraint("picture_id", "place"),
)

picture_tags = Table(
    "picture_tags",
    metadata,
    Column("picture_id", ID, ForeignKey("pictures.id", ondelete="CASCADE"), nullable=False),
    Column("place", Integer, nullable=False),
    Column("tag", Text, nullable=False, index=True),
    Column("words", Text, nullable=False),
    UniqueConstraint("picture_id", "place"),
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", ID, primary_key=True),
    Column("key_id", ID, nullable=False, index=True),
    Column("key", Text, nullable=False, index=True),
    Column("filename", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("mime", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("width", Integer),
    Column("height", Integer),
    Column("created", Double, nullable=False),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", ID, primary_key=True),
    Column("key_id", ID, nullable=False),
    Column("title", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("updated", Double, nullable=False),
    Index(None, "key_id", "updated"),
)

turns = Table(
    "turns",
    metadata,
    Column("id", ID, primary_key=True),
    Column(
        "conversation_id",
        ID,
        ForeignKey("conversations.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("parent_id", ID, ForeignKey("turns.id", ondelete="CASCADE")),
    Column("role", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("picture_ids", JSON, nullable=False),
    Column("job_id", ID),
    Column("created", Double, nullable=False),
)

votes = Table(
    "votes",
    metadata,
    Column("id", ID, primary_key=True),
    Column("key_id", ID, nullable=False),
    Column(
        "left_id", ID, ForeignKey("pictures.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column(
        "right_id", ID, ForeignKey("pictures.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    # One of the two; none where they are equal.
    Column("winner", ID),
    Column("created", Double, nullable=False),
    Index(None, "key_id", "created"),
)
