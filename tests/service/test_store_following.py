"""Processes on one PostgreSQL hear of each other."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres import Cluster
from serving_rig import until
from storing import claim, painted, submit

from glm_image.serving.records import Event, JobState
from glm_image.serving.store import Store


@pytest.fixture
def pair(postgres: Cluster, tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    """Two stores on one database, as two processes have them."""
    url = postgres.new_database()
    stores = tuple(Store.open(url, pepper=tmp_path / "pepper") for _ in range(2))
    yield stores[0], stores[1]
    for store in stores:
        store.close()


def test_both_hear_everything_once_and_in_order(pair: tuple[Store, Store]) -> None:
    api, worker = pair
    heard: tuple[list[Event], list[Event]] = ([], [])
    for store, events in zip(pair, heard, strict=True):
        store.subscribe(events.append)
    jobs = [submit(api, prompt="x" * 5000), submit(api, "two"), submit(api)]
    held = claim(worker)
    assert api.cancel(held.job.id, "one").state is JobState.CANCELLED
    other = claim(worker)
    worker.finish(other, painted(other.job))
    until(lambda: all(len(events) == 7 for events in heard))
    time.sleep(0.5)
    for key_id in ("one", "two"):
        kept = api.events(key_id)
        for events in heard:
            own = [event for event in events if event.key_id == key_id]
            assert sorted(own, key=lambda event: event.cursor) == kept
    assert {event.job_id for event in heard[1]} == {job.id for job in jobs}


def test_what_happened_while_the_server_was_away_is_heard(
    pair: tuple[Store, Store], postgres: Cluster
) -> None:
    api, worker = pair
    heard: list[Event] = []
    worker.subscribe(heard.append)
    submit(api)
    until(lambda: len(heard) == 1)
    postgres.restart()
    until(lambda: api.health().queued == 1)
    submit(api)
    until(lambda: [event.cursor for event in heard] == [1, 2])
