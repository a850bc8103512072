"""Whatever order things happen in, the store keeps its promises.

A machine of hypothesis submits, cancels, retries, claims, finishes, fails, crashes and lets time
pass, and holds the store against a model of a few lines after every step.
"""

import itertools
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from storing import BAD, LOST, Clock, drawing, painted

from glm_image.serving.errors import ConflictError
from glm_image.serving.records import Claim, EventKind, JobState
from glm_image.serving.store import Policy, Store
from glm_image.serving.store.tables import metadata

POLICY = Policy(attempts=3, backoff=(1.0, 5.0), grace=30.0, orphan=100.0, job_age=500.0)
LEASE = 20.0
KEYS = st.sampled_from(["one", "two", "three"])
NAMES = st.one_of(st.none(), st.sampled_from(["first", "second"]))
BODIES = st.sampled_from(["body", "other body"])

NEXT = {
    "queued": {"running", "cancelled", "expired"},
    "running": {"queued", "succeeded", "failed", "cancelled"},
    "succeeded": set(),
    "failed": set(),
    "cancelled": set(),
    "expired": set(),
}
"""Where a job may go from where it stands."""


@dataclass
class Known:
    """What the model knows of a job."""

    key_id: str
    count: int
    waiting: int = 0
    seen: list[str] = field(default_factory=list)


class Jobs(RuleBasedStateMachine):
    """Everything that can happen to jobs."""

    jobs = Bundle("jobs")
    claims = Bundle("claims")
    waits = Bundle("waits")

    def __init__(self, open_store: Callable[[Clock], Store]) -> None:
        super().__init__()
        self.clock = Clock()
        self.store = open_store(self.clock)
        self.known: dict[str, Known] = {}
        self.names: dict[tuple[str, str], tuple[str, str]] = {}
        self.held: dict[str, Claim] = {}

    def teardown(self) -> None:
        self.store.close()

    @initialize()
    def begin(self) -> None:
        assert self.store.jobs(None) == []

    @rule(
        target=jobs,
        key_id=KEYS,
        name=NAMES,
        body=BODIES,
        count=st.integers(1, 3),
        priority=st.integers(0, 1),
    )
    def submit(self, key_id: str, name: str | None, body: str, count: int, priority: int) -> object:
        return self._ask(key_id, name, body, count, priority, waits=False)

    @rule(target=waits, key_id=KEYS, name=NAMES, body=BODIES)
    def ask(self, key_id: str, name: str | None, body: str) -> object:
        return self._ask(key_id, name, body, 1, 0, waits=True)

    def _ask(
        self, key_id: str, name: str | None, body: str, count: int, priority: int, waits: bool
    ) -> object:
        before = self.names.get((key_id, name or ""))
        lapsed = before is not None and self._state(before[0]) in ("cancelled", "expired")
        fits = before is None or lapsed or before[1] == body
        try:
            submitted = self.store.submit(
                drawing(seeds=tuple(range(count))),
                key_id=key_id,
                request_key=name,
                body_hash=body,
                waits=waits,
                priority=priority,
            )
        except ConflictError:
            assert not fits
            return multiple()
        assert fits
        job = submitted.job
        assert submitted.attached == (job.id in self.known)
        if name is not None:
            assert submitted.attached == (before is not None and not lapsed)
            self.names[key_id, name] = (job.id, body)
        if submitted.attached:
            assert self.known[job.id].key_id == key_id
            # Two who wait are joined by a name only.
            assert name is not None or self.known[job.id].waiting == 0
        else:
            self.known[job.id] = Known(key_id=key_id, count=count)
        self.known[job.id].waiting += waits
        return job.id

    @rule(job_id=consumes(waits), answered=st.booleans())
    def leave(self, job_id: str, answered: bool) -> None:
        before = self._state(job_id)
        self.known[job_id].waiting -= 1
        after = self.store.detach_waiter(job_id, answered=answered).state
        assert after == before or (before, after, answered) == ("queued", "cancelled", False)
        self._forget(job_id)

    @rule(job_id=st.one_of(jobs, waits))
    def cancel(self, job_id: str) -> None:
        before = self._state(job_id)
        after = self.store.cancel(job_id, self.known[job_id].key_id).state
        assert after == ("cancelled" if before in ("queued", "running") else before)
        self._forget(job_id)

    @rule(key_id=KEYS)
    def cancel_all(self, key_id: str) -> None:
        for job_id in self.store.cancel_all(key_id):
            assert self.known[job_id].key_id == key_id
            self._forget(job_id)

    @rule(target=jobs, job_id=jobs)
    def retry(self, job_id: str) -> object:
        if self._state(job_id) not in ("failed", "cancelled", "expired"):
            return multiple()
        job = self.store.retry(job_id, None)
        assert job.id not in self.known
        self.known[job.id] = Known(key_id=job.key_id, count=job.drawing.count)
        return job.id

    @rule(target=claims, limit=st.integers(1, 3))
    def claim(self, limit: int) -> object:
        taken = self.store.claim("worker", seconds=LEASE, limit=limit)
        for one in taken:
            assert one.job.id not in self.held
            self.held[one.job.id] = one
        return multiple(*taken)

    @rule(claim=claims)
    def renew(self, claim: Claim) -> None:
        kept = self.store.renew("worker", [claim], seconds=LEASE)
        assert bool(kept) == self._holds(claim)

    @rule(claim=claims)
    def note(self, claim: Claim) -> None:
        event = self.store.note(
            claim, EventKind.PROGRESS, {"stage": "write", "done": 1, "total": 2}
        )
        assert (event is not None) == self._holds(claim)

    @rule(claim=claims)
    def finish(self, claim: Claim) -> None:
        holds = self._holds(claim)
        assert self.store.finish(claim, painted(claim.job)) == holds
        if holds:
            self._forget(claim.job.id)

    @rule(claim=claims, failure=st.sampled_from([LOST, BAD]))
    def fail(self, claim: Claim, failure: object) -> None:
        holds = self._holds(claim)
        assert self.store.fail(claim, LOST if failure == LOST else BAD) == holds
        if holds:
            again = failure == LOST and claim.attempt < POLICY.attempts
            assert self._state(claim.job.id) == ("queued" if again else "failed")
            self._forget(claim.job.id)

    @rule()
    def drain(self) -> None:
        assert self.store.give_back("worker") == len(self.held)
        self.held.clear()

    @rule(seconds=st.sampled_from([1.0, 10.0, 40.0, 600.0]))
    def let_time_pass(self, seconds: float) -> None:
        self.clock.go(seconds)
        reaped = self.store.reap()
        for job_id in (*reaped.requeued, *reaped.failed):
            assert job_id in self.held
        for job_id in reaped.cancelled:
            assert self.known[job_id].waiting == 0
        for job_id in reaped.requeued + reaped.failed + reaped.cancelled + reaped.expired:
            self._forget(job_id)

    @invariant()
    def everything_is_in_order(self) -> None:
        listed = {job.id: job for job in self.store.jobs(None, limit=1000)}
        assert listed.keys() == self.known.keys()
        running = {job_id for job_id, job in listed.items() if job.state is JobState.RUNNING}
        assert running == set(self.held)
        waiting = [job for job in listed.values() if job.state is JobState.QUEUED]
        places = [job.position for job in waiting if job.position is not None]
        assert sorted(places) == list(range(len(waiting)))
        for job_id, job in listed.items():
            self._check(job_id, str(job.state), len(job.pictures))

    def _check(self, job_id: str, state: str, pictures: int) -> None:
        known = self.known[job_id]
        told = self.store.events(known.key_id, job_id=job_id)
        numbers = [event.seq for event in told]
        assert numbers == sorted(set(numbers))
        seen = [str(event.data["state"]) for event in told if event.kind is EventKind.STATE]
        assert seen[: len(known.seen)] == known.seen
        assert seen[0] == "queued"
        assert seen[-1] == state
        for before, after in itertools.pairwise(seen):
            assert after in NEXT[before]
        assert pictures == (known.count if state == "succeeded" else 0)
        known.seen = seen

    def _state(self, job_id: str) -> str:
        return str(self.store.job(job_id, None).state)

    def _holds(self, claim: Claim) -> bool:
        held = self.held.get(claim.job.id)
        return held is not None and held.lease == claim.lease

    def _forget(self, job_id: str) -> None:
        if self._state(job_id) != "running":
            self.held.pop(job_id, None)


def run(open_store: Callable[[Clock], Store], examples: int, steps: int) -> None:
    run_state_machine_as_test(
        lambda: Jobs(open_store),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=True,
            phases=(Phase.explicit, Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def fresh(database_url: str, tmp_path: Path) -> Callable[[Clock], Store]:
    """Opens an empty store for each example."""
    pepper = tmp_path / "pepper"
    Store.open(database_url, pepper=pepper).close()
    template = tmp_path / "service.db"

    def opened(clock: Clock) -> Store:
        if database_url.startswith("sqlite"):
            folder = Path(tempfile.mkdtemp(dir=tmp_path))
            shutil.copy(template, folder / "service.db")
            url = f"sqlite:///{folder}/service.db"
            return Store.open(url, pepper=pepper, policy=POLICY, clock=clock)
        with psycopg.connect(database_url) as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(f"DELETE FROM {table.name}")
        return Store.open(database_url, pepper=pepper, policy=POLICY, clock=clock)

    return opened


def test_promises_hold_in_any_order(fresh: Callable[[Clock], Store]) -> None:
    run(fresh, examples=10, steps=30)


@pytest.mark.soak
def test_promises_hold_in_very_many_orders(fresh: Callable[[Clock], Store]) -> None:
    run(fresh, examples=40, steps=50)
