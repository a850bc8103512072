"""Runs revisions in the transaction that :func:`glm_image.serving.store.schema.upgrade` opens."""

from alembic import context

from glm_image.serving.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot change most of a table; alembic makes a new one and moves the rows.
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
