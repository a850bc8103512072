"""Jobs that wait: who is next, and many that come at once."""

import random
import threading
from collections import Counter
from pathlib import Path

from storing import LOST, Clock, claim, painted, submit

from glm_image.serving.store import Store


def test_higher_priority_comes_first(store: Store) -> None:
    low, high = submit(store), submit(store, priority=5)
    low_again, high_again = submit(store, "two"), submit(store, "two", priority=5)
    asked = [high, high_again, low, low_again]
    assert [store.job(job.id, None).position for job in asked] == [0, 1, 2, 3]
    assert [claim(store).job.id for _ in asked] == [job.id for job in asked]


def test_owners_take_turns_by_pictures(store: Store) -> None:
    many = [submit(store, "many") for _ in range(6)]
    big = [submit(store, "big", seeds=(1, 2, 3)) for _ in range(2)]
    late = submit(store, "late")
    positions = {job.id: store.job(job.id, None).position for job in [*many, *big, late]}
    order = [claim(store).job for _ in range(9)]
    assert [positions[job.id] for job in order] == list(range(9))
    assert [job.key_id for job in order] == (
        ["many", "big", "late"] + ["many"] * 3 + ["big"] + ["many"] * 2
    )


def test_nobody_saves_up_turns(store: Store) -> None:
    for _ in range(20):
        submit(store, "busy")
        store.finish(held := claim(store), painted(held.job))
    # Whoever was away starts from where the others are, whether they wait at present or not.
    new = [submit(store, "new") for _ in range(3)]
    busy = [submit(store, "busy") for _ in range(3)]
    order = [claim(store).job.id for _ in range(6)]
    assert order == [job.id for pair in zip(new, busy, strict=True) for job in pair]


def test_a_job_that_pauses_lets_others_pass(store: Store, clock: Clock) -> None:
    first, second = submit(store), submit(store)
    store.fail(claim(store), LOST)
    assert claim(store).job.id == second.id
    assert store.claim("worker", seconds=30) == []
    clock.go(3)
    assert claim(store).job.id == first.id


def test_shares_are_fair_within_a_tenth(store: Store) -> None:
    chance = random.Random(1)
    owners = ["a"] * 120 + ["b"] * 60 + ["c"] * 40
    chance.shuffle(owners)
    for owner in owners:
        submit(store, owner)
    served = Counter(claim(store).job.key_id for _ in range(105))
    assert all(abs(count - 35) <= 3.5 for count in served.values()), served


def test_a_disk_makes_many_promises_at_once(database_url: str, tmp_path: Path) -> None:
    store = Store.open(database_url, pepper=tmp_path / "pepper")
    threads = [threading.Thread(target=submit, args=(store, f"key{n}")) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.health().queued == 40
    store.close()
