"""Figures for a monitoring system, in the text format of Prometheus.

Every figure of the service is defined here, so that this file is the list of them. Labels have few
values: routes, models, states and stages, never keys or prompts.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

REGISTRY = CollectorRegistry()
"""Holds the figures of this process, and nothing that libraries add by themselves."""

_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_JOB_SECONDS = (0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800)

_REQUESTS = Histogram(
    "glm_image_request_seconds",
    "Time to answer a request.",
    ("method", "route", "status"),
    buckets=_REQUEST_SECONDS,
    registry=REGISTRY,
)
_QUEUE_SECONDS = Histogram(
    "glm_image_job_queue_seconds",
    "Time from the request to the start of its job.",
    ("model",),
    buckets=_JOB_SECONDS,
    registry=REGISTRY,
)
_JOB_TIME = Histogram(
    "glm_image_job_seconds",
    "Time from the start of a job to its end.",
    ("model", "outcome"),
    buckets=_JOB_SECONDS,
    registry=REGISTRY,
)
_STAGES = Histogram(
    "glm_image_stage_seconds",
    "Time of each stage of a job in the engine.",
    ("model", "stage"),
    buckets=_JOB_SECONDS,
    registry=REGISTRY,
)
_PICTURES = Counter("glm_image_pictures_total", "Pictures finished.", ("model",), registry=REGISTRY)
_PIXELS = Counter(
    "glm_image_pixels_total", "Pixels of finished pictures.", ("model",), registry=REGISTRY
)
_REUSED = Counter(
    "glm_image_codes_reused_total",
    "Pictures painted from codes that an earlier attempt wrote.",
    ("model",),
    registry=REGISTRY,
)
_LATE = Counter(
    "glm_image_claims_lost_total",
    "Jobs that were cancelled or taken away while this process worked on them.",
    registry=REGISTRY,
)
_REFUSED = Counter(
    "glm_image_moderation_total", "Verdicts of moderation.", ("what", "verdict"), registry=REGISTRY
)
_QUEUED = Gauge("glm_image_jobs_queued", "Jobs that wait.", registry=REGISTRY)
_RUNNING = Gauge("glm_image_jobs_running", "Jobs that run, wherever.", registry=REGISTRY)
_OLDEST = Gauge(
    "glm_image_job_oldest_seconds", "How long the first waiting job has waited.", registry=REGISTRY
)
_WORKER_UP = Gauge(
    "glm_image_worker_up", "Whether a worker can draw.", ("worker",), registry=REGISTRY
)
_WORKER_RESTARTS = Gauge(
    "glm_image_worker_restarts", "How often a worker was started again.", ("worker",),
    registry=REGISTRY,
)  # fmt: skip
_WORKER_ORDERS = Gauge(
    "glm_image_worker_orders", "Jobs that a worker draws.", ("worker",), registry=REGISTRY
)
_WORKER_MEMORY = Gauge(
    "glm_image_worker_memory_bytes",
    "Memory of a worker: its process, and its accelerator.",
    ("worker", "where"),
    registry=REGISTRY,
)


class Worker(Protocol):
    """What is shown of a worker."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def up(self) -> bool:
        """Whether it can draw."""

    @property
    def restarts(self) -> int:
        """How often it was started again."""

    @property
    def orders(self) -> int:
        """Jobs that it draws."""

    @property
    def memory(self) -> tuple[int, int]:
        """Bytes of its process, and of its accelerator."""


def observe_request(*, method: str, route: str, status: int, seconds: float) -> None:
    """Count an answer."""
    _REQUESTS.labels(method=method, route=route, status=str(status)).observe(seconds)


def observe_start(*, model: str, waited: float, reused: int) -> None:
    """Count the start of a job.

    Args:
        model: Its model.
        waited: Seconds since the request.
        reused: Pictures whose codes are there already.
    """
    _QUEUE_SECONDS.labels(model=model).observe(max(0.0, waited))
    _REUSED.labels(model=model).inc(reused)


def observe_end(*, model: str, outcome: str, seconds: float) -> None:
    """Count the end of a start.

    Args:
        model: Its model.
        outcome: ``"succeeded"``, ``"failed"`` or ``"lost"``.
        seconds: Since the start.
    """
    _JOB_TIME.labels(model=model, outcome=outcome).observe(seconds)
    if outcome == "lost":
        _LATE.inc()


def observe_stages(*, model: str, stages: Iterable[str]) -> None:
    """Count the stages of a finished job, each as ``"name=seconds"``."""
    for stage in stages:
        name, _, seconds = stage.partition("=")
        _STAGES.labels(model=model, stage=name).observe(float(seconds))


def observe_picture(*, model: str, pixels: int) -> None:
    """Count a finished picture."""
    _PICTURES.labels(model=model).inc()
    _PIXELS.labels(model=model).inc(pixels)


def observe_verdict(*, what: str, verdict: str) -> None:
    """Count a verdict of moderation.

    Args:
        what: ``"prompt"``, ``"source"`` or ``"picture"``.
        verdict: ``"passed"``, ``"refused"`` or ``"failed"``.
    """
    _REFUSED.labels(what=what, verdict=verdict).inc()


def show_queue(*, queued: int, running: int, oldest: float | None) -> None:
    """Set the figures of the queue."""
    _QUEUED.set(queued)
    _RUNNING.set(running)
    _OLDEST.set(oldest or 0.0)


def show_workers(workers: Sequence[Worker]) -> None:
    """Set the figures of the workers."""
    for worker in workers:
        _WORKER_UP.labels(worker=worker.name).set(worker.up)
        _WORKER_RESTARTS.labels(worker=worker.name).set(worker.restarts)
        _WORKER_ORDERS.labels(worker=worker.name).set(worker.orders)
        own, device = worker.memory
        _WORKER_MEMORY.labels(worker=worker.name, where="process").set(own)
        _WORKER_MEMORY.labels(worker=worker.name, where="device").set(device)


def render() -> tuple[bytes, str]:
    """All figures, and their media type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
