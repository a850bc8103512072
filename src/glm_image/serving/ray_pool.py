"""Workers on a Ray cluster: generators and decoders as deployments of their own.

The generator reads its weights once for all rows, so one replica writes many pictures side by side.
The decoder is bound by arithmetic, so a replica paints one job at a time. Each scales by itself.
Only codes and files cross between them. Jobs wait in our own table and not in Ray: a deployment is
never sent more than it takes.

Source: Ray Serve 2.60, deployments, handles and autoscaling.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from importlib import import_module
from io import BytesIO
from typing import Any, Protocol

from glm_image.config import to_mapping
from glm_image.errors import CancelledError, ConfigError
from glm_image.serving import logs
from glm_image.serving.errors import Code
from glm_image.serving.painter import Inputs
from glm_image.serving.records import Claim, Failure, ModelCard
from glm_image.serving.settings import Settings
from glm_image.serving.worker.failures import failure_of, lost
from glm_image.serving.worker.pool import loads
from glm_image.serving.worker.protocol import (
    Done,
    Error,
    Frame,
    Load,
    Message,
    Submit,
    Tokens,
    encode,
    read,
)

LOCAL = "local"
"""Instead of an address: a cluster of this machine alone, started and ended with the service."""

ROWS = 16
"""Jobs that one writer writes side by side."""

_ACCELERATORS = ("GPU", "NPU")
"""What Ray calls the resources that a replica takes one of, the first that the cluster has."""

_HEALTH_SECONDS = 10.0
_LOAD_TRIES = 3

_LOG = logs.get("ray")


class Stage(Protocol):
    """One deployment."""

    async def card(self) -> ModelCard:
        """What its model can do; waits until a replica has loaded it."""

    def draw(self, order: bytes) -> AsyncGenerator[bytes, None]:
        """What a replica says about an order, as frames."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The two deployments of a model.

    Args:
        writer: Writes codes.
        painter: Paints them.
    """

    writer: Stage
    painter: Stage


class Cluster(Protocol):
    """Where deployments live."""

    def deploy(self, load: Load, most: int) -> Pair:
        """Deploy a model, with at most so many replicas of each stage; may block for minutes."""

    def close(self) -> None:
        """Take all deployments down; may block for seconds."""


class RayPool:
    """Draws jobs on a cluster.

    Args:
        settings: Models, and the most replicas of each stage.
        cluster: Where they run; by default the Ray cluster that is set.
    """

    def __init__(self, settings: Settings, cluster: Cluster | None = None) -> None:
        self._loads = {load.name: load for load in loads(settings)}
        self._most = settings.workers
        self._cluster = cluster or RayCluster(settings.ray or LOCAL)
        self._pairs: dict[str, Pair] = {}
        self._cards: dict[str, ModelCard] = {}
        self._refused: dict[str, Failure] = {}
        self._alone = settings.database_url.startswith("sqlite")
        self._running: Counter[str] = Counter()
        self._streams: dict[str, asyncio.Event] = {}
        self._opening: list[asyncio.Task[None]] = []

    @property
    def models(self) -> Sequence[ModelCard]:
        """What can be asked for."""
        return tuple(self._cards[name] for name in self._loads if name in self._cards)

    @property
    def room(self) -> Mapping[str, int]:
        """Jobs that could begin now, by model."""
        most = ROWS * self._most
        able = {*self._cards, *(self._refused if self._alone else ())}
        return {name: most - self._running[name] if name in able else 0 for name in self._loads}

    @property
    def ready(self) -> bool:
        """Whether every model is deployed."""
        return self._cards.keys() == self._loads.keys()

    @property
    def refused(self) -> Mapping[str, Failure]:
        """Models that cannot be deployed, and why."""
        return self._refused

    async def start(self) -> None:
        """Begin to deploy all models; returns at once."""
        self._opening = [asyncio.create_task(self._deploy(load)) for load in self._loads.values()]

    async def submit(self, claim: Claim, inputs: Inputs) -> AsyncGenerator[Message, None]:
        """Draw a job, see :meth:`glm_image.serving.painter.Painter.submit`."""
        job, model = claim.job, claim.job.drawing.model
        pair = self._pairs.get(model)
        failure = self._refused.get(model)
        if failure is not None:
            yield Error(failure=failure)
            return
        if pair is None or self.room.get(model, 0) < 1:
            yield Error(failure=lost(f"for {model} has no room"))
            return
        asked = Submit(
            job_id=job.id,
            created=job.created,
            drawing=job.drawing,
            sources=inputs.sources,
            mask=inputs.mask,
            codes=tuple(inputs.codes.get(index) for index in range(job.drawing.count)),
        )
        self._running[model] += 1
        stop = self._streams.setdefault(job.id, asyncio.Event())
        try:
            async with aclosing(self._both(pair, asked)) as messages:
                async for message in _until(messages, stop):
                    yield message
        finally:
            self._running[model] -= 1
            self._streams.pop(job.id, None)

    async def cancel(self, job_id: str) -> None:
        """Give a job up if it is on its way; its iteration ends with an ``Error``."""
        stop = self._streams.get(job_id)
        if stop is not None:
            stop.set()

    async def close(self) -> None:
        """Give everything up and take all deployments down."""
        for stop in self._streams.values():
            stop.set()
        for task in self._opening:
            task.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)
        await asyncio.to_thread(self._cluster.close)

    async def _deploy(self, load: Load) -> None:
        start = time.monotonic()
        try:
            pair = await asyncio.to_thread(self._cluster.deploy, load, self._most)
            card = await pair.writer.card()
        except (RuntimeError, OSError) as error:
            _LOG.error("model not deployed", model=load.name, reason=str(error))
            self._refused[load.name] = _undeployed(load.name, error)
            return
        self._pairs[load.name], self._cards[load.name] = pair, card
        _LOG.info("model deployed", model=load.name, seconds=round(time.monotonic() - start, 1))

    async def _both(self, pair: Pair, asked: Submit) -> AsyncGenerator[Message, None]:
        """Have codes written as far as they are missing, then have them painted."""
        codes = list(asked.codes)
        if None in codes:
            async with aclosing(_said(pair.writer, asked)) as written:
                async for message in written:
                    if isinstance(message, Tokens):
                        codes[message.index] = message.codes
                    if not isinstance(message, Done):
                        yield message
                    if isinstance(message, Error):
                        return
        async with aclosing(_said(pair.painter, replace(asked, codes=tuple(codes)))) as painted:
            async for message in painted:
                yield message


async def _said(stage: Stage, asked: Submit) -> AsyncGenerator[Message, None]:
    """What a stage says about an order; a replica that dies is an ``Error``."""
    try:
        async with aclosing(stage.draw(encode(Frame(order=1, word=asked)))) as frames:
            async for raw in frames:
                frame = read(BytesIO(raw))
                if frame is not None and isinstance(frame.word, Message):
                    yield frame.word
                    if isinstance(frame.word, Done | Error):
                        return
    # Ray wraps what happens to a replica in errors of its own, all of them of this kind.
    except (RuntimeError, OSError) as error:
        _LOG.warning("replica lost", job_id=asked.job_id, error=type(error).__name__)
        yield Error(failure=lost("of the cluster is gone"))
        return
    yield Error(failure=lost("of the cluster said nothing more"))


async def _until(
    messages: AsyncGenerator[Message, None], stop: asyncio.Event
) -> AsyncIterator[Message]:
    """Messages until somebody says stop."""
    stopped = asyncio.create_task(stop.wait())
    try:
        while True:
            coming = asyncio.ensure_future(anext(messages, None))
            await asyncio.wait({coming, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if stopped.done():
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
                gone = CancelledError("the job was cancelled", field="job")
                yield Error(failure=failure_of(gone))
                return
            message = coming.result()
            if message is None:
                return
            yield message
    finally:
        stopped.cancel()


def _undeployed(model: str, error: Exception) -> Failure:
    """What is told of a model that the cluster does not take; its own words are for the log."""
    return Failure(
        code=Code.PROCESSING,
        kind=type(error).__name__,
        message=f"{model} cannot be deployed on the cluster",
        field="ray",
        hint="the log of the service says more",
    )


class _Deployment:
    """A deployment behind its handle."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    async def card(self) -> ModelCard:
        card: ModelCard = await self._handle.card.remote()
        return card

    async def draw(self, order: bytes) -> AsyncGenerator[bytes, None]:
        answers = self._handle.options(stream=True).draw.remote(order)
        try:
            async for raw in answers:
                yield raw
        finally:
            answers.cancel()


class RayCluster:
    """Deployments of Ray Serve, without its own entrance for HTTP.

    Args:
        address: Of the cluster, such as ``ray://head:10001`` or ``auto``; ``local`` starts one.

    Raises:
        ConfigError: Ray is not installed.
    """

    def __init__(self, address: str) -> None:
        try:
            self._ray: Any = import_module("ray")
            self._serve: Any = import_module("ray.serve")
        except ImportError as error:
            raise ConfigError(
                f"a cluster needs Ray: {error}", field="ray", hint="pip install 'glm-image[scale]'"
            ) from error
        self._address = address
        self._names: list[str] = []

    def deploy(self, load: Load, most: int) -> Pair:
        """Deploy a model; returns when a replica of each stage has loaded it.

        Raises:
            RuntimeError: The cluster cannot be reached, or the model cannot be loaded.
        """
        from glm_image.serving.worker.replica import PainterReplica, WriterReplica

        self._connect()
        values = to_mapping(load)
        stages = {
            "writer": self._deployment(WriterReplica, f"{load.name}-writer", most, ROWS),
            "painter": self._deployment(PainterReplica, f"{load.name}-painter", most, 1),
        }
        handles = {}
        for stage, deployment in stages.items():
            name = f"glm-image-{load.name.replace('/', '-')}-{stage}"
            self._names.append(name)
            handles[stage] = _Deployment(
                self._serve.run(deployment.bind(values), name=name, route_prefix=None)
            )
        return Pair(writer=handles["writer"], painter=handles["painter"])

    def close(self) -> None:
        """Take our deployments down; a cluster of this machine alone ends with them."""
        for name in self._names:
            self._serve.delete(name)
        self._names.clear()
        if self._address == LOCAL:
            self._serve.shutdown()
            self._ray.shutdown()

    def _connect(self) -> None:
        if not self._ray.is_initialized():
            address = None if self._address == LOCAL else self._address
            self._ray.init(address=address, log_to_driver=False, include_dashboard=False)
        self._serve.start(proxy_location="Disabled")

    def _deployment(self, replica: type, name: str, most: int, at_once: int) -> Any:
        there = self._ray.cluster_resources()
        device = next((kind for kind in _ACCELERATORS if there.get(kind, 0) >= 1), None)
        if device == "GPU":
            options: dict[str, object] = {"num_gpus": 1}
        else:
            options = {"num_cpus": 1} if device is None else {"resources": {device: 1}}
        return self._serve.deployment(
            replica,
            name=name.replace("/", "-"),
            ray_actor_options=options,
            max_ongoing_requests=at_once,
            # What a replica does not take at once waits in the handle, and no more than we send.
            max_queued_requests=ROWS * most,
            autoscaling_config={
                "min_replicas": 1,
                "max_replicas": most,
                "target_ongoing_requests": max(1.0, at_once / 2),
            },
            health_check_period_s=_HEALTH_SECONDS,
            max_constructor_retry_count=_LOAD_TRIES,
        )
