"""Databases and stores of the service's tests."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from postgres import Cluster
from storing import Clock

from glm_image.serving.store import Store
from glm_image.serving.store.tables import metadata


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL server; tests fail without one, they are not skipped."""
    cluster = Cluster()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def emptied(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database on PostgreSQL with its tables, which tests share one after another."""
    url = postgres.new_database()
    Store.open(url, pepper=tmp_path_factory.mktemp("pepper") / "pepper").close()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/service.db"
    url: str = request.getfixturevalue("emptied")
    # A test that left a transaction open is to be named, not waited for.
    with psycopg.connect(url, options="-c lock_timeout=10s") as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(f"DELETE FROM {table.name}")
    return url


@pytest.fixture
def clock() -> Clock:
    """A time that passes when a test says so."""
    return Clock()


@pytest.fixture
def store(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    """An empty store, once on each kind of database."""
    opened = Store.open(database_url, pepper=tmp_path / "pepper", clock=clock)
    yield opened
    opened.close()
