"""How long jobs take here, learnt from those that are finished."""

import threading
import time
from collections import OrderedDict

from glm_image.serving.records import Drawing, Job, JobState

WEIGHT = 0.3
"""Share of the latest job in the moving average."""

KINDS = 200
"""Kinds of jobs that are remembered, those used last."""

SEEN = 1000
"""Jobs that are remembered as counted."""

Kind = tuple[str, int, int, int, int, bool]


class Pace:
    """Moving averages of how long jobs of a kind take, in seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: OrderedDict[Kind, float] = OrderedDict()
        self._seen: OrderedDict[str, None] = OrderedDict()

    def learn(self, job: Job) -> None:
        """Count a job that has succeeded, once."""
        if job.state is not JobState.SUCCEEDED or job.started is None or job.finished is None:
            return
        taken = max(job.finished - job.started, 0.0)
        kind = _kind(job.drawing)
        with self._lock:
            if job.id in self._seen:
                return
            self._seen[job.id] = None
            known = self._seconds.pop(kind, taken)
            self._seconds[kind] = known + WEIGHT * (taken - known)
            while len(self._seconds) > KINDS:
                self._seconds.popitem(last=False)
            while len(self._seen) > SEEN:
                self._seen.popitem(last=False)

    def left(self, job: Job) -> float | None:
        """Seconds until a job is finished; None if nothing like it was seen.

        Jobs before it in the queue are taken to be like it, one after another.
        """
        if job.state.ended:
            return None
        with self._lock:
            usual = self._seconds.get(_kind(job.drawing))
        if usual is None:
            return None
        if job.state is JobState.QUEUED:
            return round(usual * ((job.position or 0) + 1), 2)
        elapsed = time.time() - (job.started or time.time())
        return round(max(usual - elapsed, 0.0), 2)


def _kind(drawing: Drawing) -> Kind:
    return (
        drawing.model,
        drawing.width,
        drawing.height,
        drawing.steps,
        drawing.count,
        bool(drawing.sources),
    )
