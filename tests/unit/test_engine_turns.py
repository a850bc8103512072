"""Who is begun when, piece by piece in the caller's thread."""

from collections.abc import Callable

import pytest

from drawing import picture, record
from glm_image.engine.job import Job
from glm_image.engine.limits import Limits
from glm_image.engine.runner import Runner
from glm_image.engine.sharing import Sharing
from glm_image.engine.ticket import Ticket
from glm_image.pipeline import denoise, prior
from glm_image.pipeline.api import GlmImagePipeline
from ordering import edit, order


class Desk:
    """A runner that is turned by hand.

    Attributes:
        ended: Names of requests in the order in which they end.
    """

    def __init__(self, pipeline: GlmImagePipeline, limits: Limits) -> None:
        self.pipeline = pipeline
        self.runner = Runner(pipeline.system, limits, Sharing.TURNS, lambda: None)
        self.jobs: dict[str, Job] = {}
        self.begun: list[str] = []
        self.ended: list[str] = []

    def add(self, name: str, asked: object) -> None:
        def note(names: list[str]) -> Callable[[Job], None]:
            return lambda job: names.append(name)

        job = Job(self.pipeline.system, asked, Ticket(), note(self.begun), note(self.ended))  # type: ignore[arg-type]
        self.jobs[name] = job
        self.runner.add(job)

    def finish(self) -> None:
        while self.runner.turn():
            pass
        for job in self.jobs.values():
            assert job.ticket.result(0).pictures


def test_short_ones_fill_rows_while_a_long_one_waits(tiny_pipeline: GlmImagePipeline) -> None:
    """A session of 512 ids is open; the next picture needs a longer one."""
    desk = Desk(tiny_pipeline, Limits(rows=2, tokens=1024))
    desk.add("open", order(tiny_pipeline, height=64, width=64))
    for _ in range(3):
        desk.runner.turn()
    assert desk.begun == ["open"]
    desk.add("long", order(tiny_pipeline, "a" * 400, height=64, width=64))
    desk.add("short", edit(tiny_pipeline))
    desk.add("late", order(tiny_pipeline, height=64, width=64))
    desk.finish()
    assert desk.begun == ["open", "short", "long", "late"]
    assert desk.ended[:2] == ["short", "open"]


def test_a_short_batch_overtakes_a_long_one(tiny_pipeline: GlmImagePipeline) -> None:
    desk = Desk(tiny_pipeline, Limits(batch_pixels=64 * 64))
    desk.add("long", edit(tiny_pipeline, image=picture(96, 96), params={"steps": 40}))
    for _ in range(12):
        desk.runner.turn()
    desk.add("alike", edit(tiny_pipeline, image=picture(96, 96), params={"steps": 40}))
    desk.add("short", edit(tiny_pipeline))
    desk.finish()
    assert desk.ended == ["short", "long", "alike"]


def test_pixels_are_bounded(tiny_pipeline: GlmImagePipeline) -> None:
    """Nothing overtakes where there is no room for it."""
    desk = Desk(tiny_pipeline, Limits(pixels=2 * 96 * 96))
    desk.add("long", edit(tiny_pipeline, image=picture(96, 96), params={"steps": 40}))
    for _ in range(12):
        desk.runner.turn()
    desk.add("short", edit(tiny_pipeline))
    desk.finish()
    assert desk.ended == ["long", "short"]


def test_batches_hold_what_is_alike_up_to_their_limit(
    tiny_pipeline: GlmImagePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = record(monkeypatch, denoise, "conditional")
    desk = Desk(tiny_pipeline, Limits(batch=3, batch_pixels=64 * 64))
    for number in range(4):
        desk.add(f"small {number}", edit(tiny_pipeline, seed=number))
    desk.add("guided", edit(tiny_pipeline, params={"guidance": 1.0}))
    for number in range(2):
        desk.add(f"large {number}", edit(tiny_pipeline, image=picture(96, 64)))
    desk.finish()
    sizes = [[tuple(one.size) for one in told] for (_, told), _, _ in opened]
    assert sorted(len(told) for told in sizes) == [1, 1, 1, 1, 3]
    assert all(len(told) == 1 for told in sizes if told[0] == (96, 64))


def test_pictures_of_all_requests_are_written_together(
    tiny_pipeline: GlmImagePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*args: object, **kwargs: object) -> None:
        raise AssertionError("written one by one")

    monkeypatch.setattr(prior, "generate", never)
    desk = Desk(tiny_pipeline, Limits(rows=4))
    for number in range(4):
        desk.add(str(number), edit(tiny_pipeline, f"prompt {number}" * number + "a"))
    for _ in range(5):
        desk.runner.writer.turn()
    assert [job.tasks[0].codes for job in desk.jobs.values()] == [1, 1, 1, 1]
    desk.finish()
