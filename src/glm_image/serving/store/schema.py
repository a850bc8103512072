"""The tables' history: making them, and bringing old ones to the newest form."""

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from glm_image.errors import ConfigError
from glm_image.serving.store.database import Database

_PLACE = "glm_image.serving.store:migrations"

_LOCK = 0x676C6D69
"""Name of the lock that PostgreSQL gives to one upgrade at a time."""


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the tables to a revision, all of it or nothing.

    Processes that start at once stand in line: one upgrades, the others find it done.

    Args:
        database: Where the tables are.
        revision: By default the newest.

    Raises:
        ConfigError: The tables were made by a newer release.
        UnavailableError: The database does not answer.
    """
    config = _config()
    with database.write() as unit:
        if not database.is_sqlite:
            unit.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        present = MigrationContext.configure(unit.connection).get_current_revision()
        if present is not None and present not in revisions():
            raise ConfigError(
                f"its tables are of revision {present!r}, which this release does not know",
                field="database",
                hint="use the release that made them, or a newer one",
            )
        config.attributes["connection"] = unit.connection
        command.upgrade(config, revision)


def revisions() -> list[str]:
    """All revisions, the oldest first."""
    scripts = ScriptDirectory.from_config(_config())
    return [script.revision for script in reversed(list(scripts.walk_revisions()))]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", _PLACE)
    return config
