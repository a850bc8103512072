"""Tables of every age are brought to the newest form, and survive dump and restore."""

import contextlib
import json
import sqlite3
import subprocess
import threading
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from postgres import Cluster
from storing import claim, done, drawing, painted, submit

from glm_image.config import to_mapping
from glm_image.errors import ConfigError, InputError
from glm_image.serving.accounts import Scope
from glm_image.serving.errors import UnavailableError
from glm_image.serving.records import JobState
from glm_image.serving.store import Store
from glm_image.serving.store.database import Database, _use_wal
from glm_image.serving.store.schema import revisions, upgrade
from glm_image.serving.store.tables import metadata

JOB = "job_" + "0" * 26


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/service.db"
    cluster: Cluster = request.getfixturevalue("postgres")
    return cluster.new_database()


@pytest.mark.parametrize("revision", revisions())
def test_every_past_form_is_upgraded_with_its_rows(
    bare_url: str, tmp_path: Path, revision: str
) -> None:
    database = Database(bare_url)
    upgrade(database, revision)
    with database.write() as unit:
        run = unit.connection.execute
        run(sa.text("INSERT INTO tenants VALUES ('one', 0, 0.0)"))
        job = {
            "id": JOB,
            "drawing": json.dumps(to_mapping(drawing(prompt="from long ago"))),
            "no": False,
        }
        run(
            sa.text(
                "INSERT INTO jobs (id, key_id, state, model, images, drawing, priority, done, "
                "total, attempt, seq, created, not_before, lease, waits, answered, body_hash) "
                "VALUES (:id, 'one', 'queued', 'glm-image', 1, :drawing, 0, 0, 0, 0, 0, 1.0, 1.0, "
                "0, :no, :no, 'hash')"
            ),
            job,
        )
    database.close()
    store = Store.open(bare_url, pepper=tmp_path / "pepper")
    assert store.health().revision == revisions()[-1]
    kept = store.job(JOB, "one")
    assert (kept.state, kept.drawing.prompt) == (JobState.QUEUED, "from long ago")
    assert store.finish(claim(store), painted(kept))
    store.close()


def test_the_newest_form_is_what_the_code_expects(bare_url: str) -> None:
    database = Database(bare_url)
    upgrade(database)
    with database.read() as unit:
        assert compare_metadata(MigrationContext.configure(unit.connection), metadata) == []
    database.close()


def test_the_log_of_changes_waits_for_others(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    later = threading.Timer(0.2, other.execute, ["COMMIT"])
    later.start()
    # Without patience of its own, as SQLite has none while two ask for the log.
    with contextlib.closing(sqlite3.connect(path, timeout=0)) as ours:
        _use_wal(ours.cursor())
        assert ours.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    later.join()
    other.close()


def test_processes_that_start_at_once_upgrade_once(bare_url: str, tmp_path: Path) -> None:
    stores: list[Store] = []

    def start() -> None:
        stores.append(Store.open(bare_url, pepper=tmp_path / "pepper"))

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stores) == 6
    for store in stores:
        assert store.health().revision == revisions()[-1]
        store.close()


def test_tables_of_a_newer_release_are_left_alone(bare_url: str, tmp_path: Path) -> None:
    Store.open(bare_url, pepper=tmp_path / "pepper").close()
    database = Database(bare_url)
    with database.write() as unit:
        unit.connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(ConfigError, match="9999"):
        Store.open(bare_url, pepper=tmp_path / "pepper")


def filled(url: str, folder: Path) -> tuple[Store, str]:
    store = Store.open(url, pepper=folder / "pepper")
    _, token = store.create_key("name", [Scope.READ])
    done(store, prompt="dumped", seeds=(2**64 - 1,))
    submit(store)
    return store, token


def same(old: Store, new: Store, token: str) -> None:
    assert new.jobs(None) == old.jobs(None)
    assert new.pictures(None) == old.pictures(None)
    assert new.events("one") == old.events("one")
    assert new.verify(token) is not None


def test_a_copy_of_the_file_is_a_backup(tmp_path: Path) -> None:
    store, token = filled(f"sqlite:///{tmp_path}/service.db", tmp_path)
    with sqlite3.connect(tmp_path / "service.db") as source:
        source.execute("VACUUM INTO ?", (str(tmp_path / "copy.db"),))
    restored = Store.open(f"sqlite:///{tmp_path}/copy.db", pepper=tmp_path / "pepper")
    same(store, restored, token)
    assert submit(restored).position == 1
    store.close()
    restored.close()


def test_a_dump_is_a_backup(postgres: Cluster, tmp_path: Path) -> None:
    url, other = postgres.new_database(), postgres.new_database()
    store, token = filled(url, tmp_path)
    dump = tmp_path / "dump.sql"
    subprocess.run([postgres.bin / "pg_dump", "-f", dump, url], check=True)
    psql = [postgres.bin / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", dump, other]
    subprocess.run(psql, check=True, stdout=subprocess.DEVNULL)
    restored = Store.open(other, pepper=tmp_path / "pepper")
    same(store, restored, token)
    assert submit(restored).position == 1
    store.close()
    restored.close()


def test_a_server_that_comes_back_is_found_again(postgres: Cluster, tmp_path: Path) -> None:
    store, _ = filled(postgres.new_database(), tmp_path)
    postgres.restart()
    assert len(store.jobs(None)) == 2
    store.close()


@pytest.mark.parametrize(
    "url", ["", "mysql://host/name", "sqlite://", "sqlite:///:memory:", "service.db", "a b://c"]
)
def test_other_addresses_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="sqlite:////folder"):
        Store.open(url, pepper=tmp_path / "pepper")


def test_a_database_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    for url in (
        f"postgresql://tester:secret@/name?host={tmp_path}",
        f"sqlite:///{tmp_path}/no/such/folder/service.db",
    ):
        with pytest.raises(UnavailableError, match="does not answer") as caught:
            Store.open(url, pepper=tmp_path / "pepper")
        assert "secret" not in str(caught.value)


def test_a_full_disk_loses_nothing_that_was_accepted(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/service.db", pepper=tmp_path / "pepper")
    kept = submit(store)

    def limit(connection: sqlite3.Connection, pages: int) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    engine = store._db.engine
    engine.dispose()
    sa.event.listen(engine, "connect", lambda connection, _: limit(connection, 1))
    with pytest.raises(UnavailableError, match="no room") as caught:
        for _ in range(50):
            submit(store, prompt="x" * 8000)
    assert caught.value.retry_after is None
    held = len(store.jobs(None, limit=1000))
    sa.event.listen(engine, "connect", lambda connection, _: limit(connection, 100_000))
    engine.dispose()
    submit(store)
    assert len(store.jobs(None, limit=1000)) == held + 1
    assert store.job(kept.id, "one") == kept
    with sqlite3.connect(tmp_path / "service.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store.close()


def test_postgres_is_reached_by_its_common_names(postgres: Cluster) -> None:
    url = postgres.new_database()
    with psycopg.connect(url) as connection:
        connection.execute("SELECT 1")
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        database = Database(url.replace("postgresql", scheme, 1))
        with database.read() as unit:
            assert unit.connection.execute(sa.text("SELECT 1")).scalar() == 1
        database.close()
