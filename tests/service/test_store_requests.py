"""The same request twice is drawn once; nobody gets more than is theirs."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from storing import BAD, Clock, claim, drawing, painted, submit

from glm_image.errors import InputError, NotFoundError
from glm_image.serving.accounts import KeyLimits
from glm_image.serving.errors import BusyError, Code, ConflictError
from glm_image.serving.records import JobState, Submitted
from glm_image.serving.store import Policy, Store


def ask(store: Store, name: str | None, body: str = "body", *, waits: bool = True) -> Submitted:
    return store.submit(drawing(), key_id="one", request_key=name, body_hash=body, waits=waits)


def test_fifty_at_once_make_one_job(store: Store, database_url: str, tmp_path: Path) -> None:
    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: ask(store, "name"), range(50)))
    assert len({answer.job.id for answer in answers}) == 1
    assert sum(not answer.attached for answer in answers) == 1
    job = answers[0].job
    with pytest.raises(ConflictError, match="another body"):
        ask(store, "name", "other")
    store.finish(claim(store), painted(job))
    for _ in answers:
        store.detach_waiter(job.id, answered=True)

    # The service starts anew: the same request is answered from what is kept.
    store.close()
    again = Store.open(database_url, pepper=tmp_path / "pepper")
    replayed = ask(again, "name")
    assert replayed.attached
    assert replayed.job.id == job.id
    assert len(replayed.job.pictures) == 1
    assert len(again.jobs("one")) == 1
    again.close()


def test_names_are_an_owners_own(store: Store) -> None:
    first = submit(store, request_key="name", body_hash="a")
    assert submit(store, "two", request_key="name", body_hash="b").id != first.id


def test_a_failure_is_told_again_but_a_cancelled_request_is_drawn(store: Store) -> None:
    failed = ask(store, "fails").job
    store.fail(claim(store), BAD)
    assert ask(store, "fails").job.failure == BAD
    cancelled = ask(store, "cancelled").job
    store.cancel(cancelled.id, "one")
    anew = ask(store, "cancelled", "even with another body")
    assert not anew.attached
    assert anew.job.id not in (failed.id, cancelled.id)
    assert ask(store, "cancelled", "even with another body").job.id == anew.job.id


def test_two_who_wait_are_never_joined_by_their_bodies(store: Store) -> None:
    assert ask(store, None).job.id != ask(store, None).job.id


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.SUCCEEDED])
def test_who_comes_back_finds_the_job(store: Store, state: JobState) -> None:
    job = ask(store, None).job
    held = claim(store)
    left = store.detach_waiter(job.id, answered=False)
    assert left.state is JobState.RUNNING
    assert left.waiter_until is not None
    if state is JobState.SUCCEEDED:
        store.finish(held, painted(job))
    back = ask(store, None)
    assert (back.attached, back.job.id, back.job.state) == (True, job.id, state)
    assert back.job.waiter_until is None
    # Somebody waits again, so the next one is not joined.
    assert not ask(store, None).attached
    store.detach_waiter(job.id, answered=True)
    assert not ask(store, None).attached


def test_many_who_come_back_at_once_find_different_jobs(store: Store) -> None:
    job = ask(store, None).job
    claim(store)
    store.detach_waiter(job.id, answered=False)
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda _: ask(store, None), range(10)))
    assert len({answer.job.id for answer in answers}) == 10
    assert [answer.job.id for answer in answers if answer.attached] == [job.id]


def test_nobody_comes_back_too_late_or_with_something_else(store: Store, clock: Clock) -> None:
    job = ask(store, None).job
    store.finish(claim(store), painted(job))
    store.detach_waiter(job.id, answered=False)
    assert not ask(store, None, "other").attached
    assert not ask(store, None, waits=False).attached
    assert not ask(store, "name").attached
    clock.go(601)
    assert not ask(store, None).attached


def test_a_job_that_waits_goes_with_its_caller(store: Store) -> None:
    assert store.detach_waiter(ask(store, None).job.id, answered=False).state is (
        JobState.CANCELLED
    )
    named = ask(store, "name").job
    assert store.detach_waiter(named.id, answered=False).state is JobState.QUEUED
    plain = submit(store)
    store.attach_waiter(plain.id)
    assert store.detach_waiter(plain.id, answered=False).state is JobState.QUEUED
    assert store.job(plain.id, "one").waiter_until is None


def test_a_running_job_is_given_up_after_the_grace(store: Store, clock: Clock) -> None:
    job = ask(store, None).job
    claim(store, seconds=1000)
    store.attach_waiter(job.id)
    assert store.detach_waiter(job.id, answered=False).waiter_until is None
    store.detach_waiter(job.id, answered=False)
    clock.go(59)
    assert store.reap().cancelled == ()
    clock.go(2)
    assert store.reap().cancelled == (job.id,)
    assert store.job(job.id, "one").state is JobState.CANCELLED


def test_a_caller_who_waits_long_is_not_forgotten(store: Store, clock: Clock) -> None:
    ask(store, None)
    claim(store, seconds=10_000)
    for _ in range(20):
        clock.go(30)
        assert store.reap().cancelled == ()


def test_callers_of_a_service_that_died_may_come_back(
    store: Store, database_url: str, tmp_path: Path, clock: Clock
) -> None:
    job = ask(store, None).job
    second = ask(store, None, "second").job
    other = Store.open(database_url, pepper=tmp_path / "pepper", clock=clock)
    other.claim("worker", seconds=10_000, limit=2)
    clock.go(61)
    assert other.reap().cancelled == ()
    assert ask(other, None).job.id == job.id
    clock.go(61)
    assert other.reap().cancelled == (second.id,)
    assert not other.job(job.id, "one").state.ended
    other.close()


def test_a_job_that_is_also_asked_for_without_waiting_stays(store: Store, clock: Clock) -> None:
    job = ask(store, "name").job
    assert ask(store, "name", waits=False).job.id == job.id
    store.detach_waiter(job.id, answered=False)
    clock.go(1000)
    store.reap()
    assert store.job(job.id, "one").state is JobState.QUEUED


def test_who_waits_too_long_expires(store: Store, clock: Clock) -> None:
    job = submit(store)
    clock.go(Policy().job_age + 1)
    assert store.reap().expired == (job.id,)
    assert store.job(job.id, "one").state is JobState.EXPIRED


def busy(store: Store, limits: KeyLimits, **changes: object) -> BusyError:
    with pytest.raises(BusyError) as caught:
        submit(store, limits=limits, **changes)
    return caught.value


def test_limits_of_a_key(store: Store, clock: Clock) -> None:
    two = KeyLimits(concurrent=2)
    submit(store, limits=two, request_key="name", body_hash="x")
    second = submit(store, limits=two)
    assert busy(store, two).code == Code.CONCURRENCY
    assert submit(store, limits=two, request_key="name", body_hash="x").state is JobState.QUEUED
    submit(store, "two", limits=two)
    store.cancel(second.id, "one")
    submit(store, limits=two)

    clock.go(100)
    minute = KeyLimits(per_minute=2)
    submit(store, limits=minute)
    clock.go(10)
    submit(store, limits=minute)
    error = busy(store, minute)
    assert error.code == Code.FREQUENCY
    assert error.retry_after == pytest.approx(50, abs=0.1)
    clock.go(51)
    submit(store, limits=minute)


def test_pictures_of_a_day(store: Store, clock: Clock) -> None:
    clock.now = 1_800_000_000.0 - 1_800_000_000.0 % 86_400 + 86_400 - 3600
    ten = KeyLimits(per_day=10)
    submit(store, limits=ten, seeds=tuple(range(6)))
    gone = submit(store, limits=ten, seeds=tuple(range(4)))
    error = busy(store, ten)
    assert error.code == Code.DAILY_CAP
    assert error.retry_after == pytest.approx(3600, abs=0.1)
    store.cancel(gone.id, "one")
    submit(store, limits=ten, seeds=tuple(range(4)))
    busy(store, ten)
    clock.go(3601)
    submit(store, limits=ten, seeds=tuple(range(10)))


def test_the_queue_has_an_end(database_url: str, tmp_path: Path) -> None:
    store = Store.open(database_url, pepper=tmp_path / "pepper", policy=Policy(depth=3))
    for number in range(3):
        submit(store, f"key{number}")
    error = busy(store, KeyLimits())
    assert error.code == Code.OVERLOADED
    claim(store)
    submit(store)
    store.close()


@pytest.mark.parametrize("name", ["concurrent", "per_minute", "per_day"])
def test_limits_are_positive(name: str) -> None:
    with pytest.raises(InputError, match=name):
        KeyLimits(**{name: 0})


def test_a_turn_belongs_to_a_conversation_of_the_owner(store: Store) -> None:
    talk = store.create_conversation("one", "talk")
    assert submit(store, conversation_id=talk.id).conversation_id == talk.id
    with pytest.raises(NotFoundError, match="conversation"):
        submit(store, "two", conversation_id=talk.id)
