"""Jobs from the request to the picture, on both kinds of database."""

import pytest
from storing import BAD, LOST, Clock, claim, done, drawing, painted, submit

from glm_image.config import from_mapping, to_mapping
from glm_image.errors import InputError, NotFoundError
from glm_image.serving.records import Event, EventKind, Job, JobState, Picture, Stage, new_id
from glm_image.serving.store import Policy, Store


def states(store: Store, job: Job) -> list[str]:
    told = store.events(job.key_id, job_id=job.id)
    return [str(event.data["state"]) for event in told if event.kind is EventKind.STATE]


def test_a_job_goes_from_queued_to_succeeded(store: Store, clock: Clock) -> None:
    asked = drawing(seeds=(0, 2**64 - 1), layout_seeds=(3, 4), sources=("a", "b"), prompt="蓝色")
    job = store.submit(asked, key_id="one", request_key=None, body_hash="h", waits=False).job
    assert (job.state, job.position, job.attempt, job.seq) == (JobState.QUEUED, 0, 0, 1)
    assert job.drawing == asked

    clock.go(2)
    held = claim(store)
    assert (held.job.id, held.attempt, held.lease) == (job.id, 1, 1)
    assert held.until == pytest.approx(clock.now + 30, abs=0.1)
    store.note(held, EventKind.PROGRESS, {"stage": Stage.WRITE, "done": 5, "total": 10})
    running = store.job(job.id, "one")
    assert (running.state, running.stage, running.done, running.total) == (
        JobState.RUNNING,
        Stage.WRITE,
        5,
        10,
    )
    assert running.started == held.until - 30
    made = painted(job)
    assert store.finish(held, made)
    ended = store.job(job.id, "one")
    assert ended.state is JobState.SUCCEEDED
    assert job.created + 2 < (ended.started or 0) < (ended.finished or 0) < clock.now
    assert [picture.seed for picture in ended.pictures] == [0, 2**64 - 1]
    assert [picture.id for picture in ended.pictures] == [picture.id for picture in made]
    assert ended.pictures[0].prompt == "蓝色"
    assert states(store, job) == ["queued", "running", "succeeded"]


def test_what_is_read_is_what_json_can_hold(store: Store) -> None:
    job = done(store, seeds=(1, 2))
    assert from_mapping(Job, to_mapping(job), source="job") == job
    for event in store.events("one"):
        assert from_mapping(Event, to_mapping(event), source="event") == event


def test_events_count_without_gaps_and_keep_the_latest_progress(store: Store) -> None:
    heard: list[Event] = []
    store.subscribe(heard.append)
    first, second = submit(store), submit(store, seeds=(1, 2))
    submit(store, "two")
    held = claim(store)
    for step in range(4):
        store.note(held, EventKind.PROGRESS, {"stage": "paint", "done": step, "total": 4})
    store.note(held, EventKind.PICTURE, to_mapping(painted(first)[0]))
    store.finish(held, painted(first))

    mine = [event for event in heard if event.key_id == "one"]
    assert [event.cursor for event in mine] == list(range(1, 10))
    assert [event.seq for event in mine if event.job_id == first.id] == list(range(1, 9))
    kept = store.events("one")
    assert [event for event in kept if event.kind is EventKind.PROGRESS] == [mine[6]]
    assert set(map(repr, kept)) < set(map(repr, mine))
    assert [event.cursor for event in store.events("one", after=7)] == [8, 9]
    seen = store.events("one", job_id=first.id, after=6)
    assert [event.kind for event in seen] == [EventKind.PICTURE, EventKind.STATE]
    assert from_mapping(Picture, seen[0].data, source="event").job_id == first.id
    assert [event.seq for event in store.events(None, job_id=second.id)] == [1]


def test_previews_are_not_kept(store: Store) -> None:
    submit(store)
    with pytest.raises(InputError, match="hub"):
        store.note(claim(store), EventKind.PREVIEW, {})


def test_a_failure_that_may_pass_is_tried_again_after_a_pause(store: Store, clock: Clock) -> None:
    job = submit(store)
    for attempt, pause in ((1, 2), (2, 15)):
        assert store.fail(claim(store), LOST)
        waiting = store.job(job.id, "one")
        assert (waiting.state, waiting.attempt) == (JobState.QUEUED, attempt)
        assert waiting.failure == LOST
        clock.go(pause - 0.1)
        assert not store.claim("worker", seconds=30)
        clock.go(0.2)
    assert store.fail(claim(store), LOST)
    ended = store.job(job.id, "one")
    assert (ended.state, ended.failure, ended.attempt) == (JobState.FAILED, LOST, 3)
    assert states(store, job) == ["queued", "running"] * 3 + ["failed"]


def test_a_success_forgets_earlier_failures(store: Store, clock: Clock) -> None:
    job = submit(store)
    store.fail(claim(store), LOST)
    clock.go(3)
    store.finish(claim(store), painted(job))
    assert store.job(job.id, "one").failure is None


def test_a_failure_that_will_not_pass_ends_the_job(store: Store) -> None:
    job = submit(store)
    assert store.fail(claim(store), BAD)
    ended = store.job(job.id, "one")
    assert (ended.state, ended.failure) == (JobState.FAILED, BAD)
    assert not store.claim("worker", seconds=30)


def test_a_job_needs_all_its_pictures(store: Store) -> None:
    job = submit(store, seeds=(1, 2))
    held = claim(store)
    with pytest.raises(InputError, match="pictures"):
        store.finish(held, painted(job)[:1])
    assert store.finish(held, painted(job))


@pytest.mark.parametrize("running", [False, True])
def test_cancelling_fences_the_worker(store: Store, running: bool) -> None:
    job = submit(store)
    held = claim(store) if running else None
    assert store.cancel(job.id, "one").state is JobState.CANCELLED
    before = store.job(job.id, "one")
    if held is not None:
        assert store.renew("worker", [held], seconds=30) == []
        assert (
            store.note(held, EventKind.PROGRESS, {"stage": "write", "done": 1, "total": 2}) is None
        )
        assert not store.finish(held, painted(job))
        assert not store.fail(held, LOST)
        assert store.give_back("worker") == 0
    assert store.cancel(job.id, "one") == before
    assert store.pictures("one") == []


def test_all_jobs_of_an_owner_are_cancelled_at_once(store: Store) -> None:
    mine = [submit(store, "two")] + [submit(store) for _ in range(5)]
    other = mine.pop(0)
    claim(store, "worker")
    claim(store, "worker")
    assert sorted(store.cancel_all("one")) == sorted(job.id for job in mine)
    assert store.cancel_all("one") == []
    assert not store.job(other.id, "two").state.ended


def test_a_retry_is_a_new_job_with_the_same_drawing(store: Store) -> None:
    job = submit(store, prompt="again", priority=3)
    with pytest.raises(InputError, match="queued"):
        store.retry(job.id, "one")
    store.cancel(job.id, "one")
    again = store.retry(job.id, "one")
    assert again.id != job.id
    assert (again.drawing, again.priority, again.state) == (job.drawing, 3, JobState.QUEUED)
    assert store.job(job.id, "one").state is JobState.CANCELLED
    with pytest.raises(InputError, match="succeeded"):
        store.retry(done(store, priority=9).id, "one")


def test_jobs_are_listed_page_by_page(store: Store, clock: Clock) -> None:
    jobs = []
    for number in range(7):
        jobs.append(submit(store, prompt=f"number {number}").id)
        clock.go(number % 2)
    submit(store, "two")
    listed: list[str] = []
    before = None
    while page := store.jobs("one", before=before, limit=3):
        listed += [job.id for job in page]
        before = page[-1].id
    assert sorted(listed) == sorted(jobs)
    assert listed[-1] == jobs[0]
    assert len(store.jobs(None)) == 8
    store.cancel(jobs[3], "one")
    assert [job.id for job in store.jobs("one", states=[JobState.CANCELLED])] == [jobs[3]]
    for limit in (0, 1001):
        with pytest.raises(InputError, match="limit"):
            store.jobs("one", limit=limit)


def test_owners_see_nothing_of_each_other(store: Store) -> None:
    job = done(store)
    strange = [job.id[:-1], "", "job_\x00", "job_\ud800", "'; --", "x" * 5000, new_id("job")]
    for name, owner in [(job.id, "two"), *((name, "one") for name in strange)]:
        for call in (store.job, store.cancel, store.retry, store.picture):
            with pytest.raises(NotFoundError):
                call(name, owner)
        with pytest.raises(NotFoundError):
            store.events(owner, job_id=name)
        with pytest.raises(NotFoundError):
            store.jobs(owner, before=name)
    assert store.job(job.id, None) == job
    assert store.events("two") == []


def test_what_no_database_can_hold_is_refused(store: Store) -> None:
    for prompt in ("a\x00b", "\ud800", " ", "x" * 9000):
        with pytest.raises(InputError, match="prompt"):
            drawing(prompt=prompt)
    for name in ("", "a\x00", "x" * 300):
        with pytest.raises(InputError, match="request_id"):
            submit(store, request_key=name)


def test_old_things_are_forgotten(store: Store, clock: Clock) -> None:
    policy = Policy()
    kept, bare = done(store), submit(store, sources=("ab/source",))
    store.save_tokens(kept.id, 0, b"codes")
    store.save_tokens(bare.id, 1, b"more")
    store.save_tokens(bare.id, 1, b"later")
    assert store.tokens(bare.id) == {1: b"later"}
    store.cancel(bare.id, "one")
    store.purge()
    assert store.tokens(kept.id) == {0: b"codes"}
    clock.go(policy.keep_tokens + 1)
    store.purge()
    assert store.tokens(kept.id) == {}
    assert len(store.events("one", job_id=kept.id)) == 3
    clock.go(policy.keep_events)
    store.purge()
    assert store.events("one") == []
    assert store.unused(["ab/source", "ab/other"]) == {"ab/other"}
    clock.go(policy.keep_jobs)
    store.purge()
    assert store.unused(["ab/source"]) == {"ab/source"}
    with pytest.raises(NotFoundError):
        store.job(bare.id, "one")
    assert store.job(kept.id, "one").pictures == kept.pictures


def test_health_tells_how_much_waits(store: Store, clock: Clock) -> None:
    assert store.health().oldest is None
    submit(store)
    clock.go(5)
    submit(store)
    health = store.health()
    assert (health.queued, health.running, health.oldest) == (2, 0, pytest.approx(5, abs=0.1))
    claim(store)
    health = store.health()
    assert (health.queued, health.running, health.oldest) == (1, 1, pytest.approx(0, abs=0.1))


def test_a_model_is_asked_for_its_own_jobs(store: Store) -> None:
    submit(store, model="large")
    small = submit(store, model="small")
    (held,) = store.claim("worker", seconds=30, limit=5, model="small")
    assert held.job.id == small.id
