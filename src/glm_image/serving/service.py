"""What the routes work with, and how they call what blocks."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

import anyio
import anyio.to_thread

from glm_image.config import nearest
from glm_image.serving.accounts import Key, KeyLimits
from glm_image.serving.blobs import Blobs
from glm_image.serving.dispatcher import Dispatcher
from glm_image.serving.errors import Code, RequestError, UnavailableError
from glm_image.serving.hub import Hub
from glm_image.serving.intake.fetch import Fetcher
from glm_image.serving.intake.gate import Intake
from glm_image.serving.metrics import Worker
from glm_image.serving.moderation import Moderator
from glm_image.serving.ocr.desk import ReadingDesk
from glm_image.serving.pace import Pace
from glm_image.serving.painter import Painter
from glm_image.serving.pause import Pause
from glm_image.serving.planner import Planner
from glm_image.serving.records import Failure, ModelCard
from glm_image.serving.settings import KeyDefaults, Settings
from glm_image.serving.signing import Signer
from glm_image.serving.store import Store
from glm_image.serving.streams import Streams

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 16
"""Calls of database and blobs at once; SQLite writes one after another anyway."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Service:
    """The parts of a running service.

    Args:
        settings: What was set.
        store: Jobs, keys, pictures, conversations.
        blobs: Files.
        signer: Of the addresses of files.
        painter: Who draws.
        dispatcher: Who hands jobs to the painter.
        hub: News of jobs.
        intake: Looks at pictures that clients send.
        fetcher: Gets pictures from addresses.
        moderator: Looks at words.
        planner: Turns a conversation into an order.
        threads: How many calls may block at once.
        pace: How long jobs take.
        streams: How many event streams are open.
        pause: Whether jobs may begin.
        desk: Reads the letters of finished pictures.
        workers: Gives the engine processes whose figures are shown.
        began: When the service started, on the monotonic clock.
    """

    settings: Settings
    store: Store
    blobs: Blobs
    signer: Signer
    painter: Painter
    dispatcher: Dispatcher
    hub: Hub
    intake: Intake
    fetcher: Fetcher
    moderator: Moderator
    planner: Planner
    threads: anyio.CapacityLimiter
    pause: Pause
    workers: Callable[[], Sequence[Worker]] = tuple
    desk: ReadingDesk = field(default_factory=ReadingDesk)
    began: float = field(default_factory=time.monotonic)
    pace: Pace = field(default_factory=Pace)
    streams: Streams = field(default_factory=Streams)

    async def call(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do something that blocks in a thread; what was begun is finished."""
        return await anyio.to_thread.run_sync(lambda: work(*args, **kwargs), limiter=self.threads)

    @property
    def is_stopping(self) -> bool:
        """Whether no job is drawn here any more, so that nobody should wait here."""
        return self.dispatcher.draining and self.dispatcher.running == 0

    def cards(self) -> Sequence[ModelCard]:
        """What is served.

        Raises:
            UnavailableError: No model is loaded yet, or none can be.
        """
        cards = self.painter.models
        if not cards:
            for failure in self.painter.refused.values():
                raise never(failure)
            raise UnavailableError(
                "the model is being loaded", field="model", hint="ask /readyz, or again soon"
            )
        return cards

    def card(self, name: str | None) -> ModelCard:
        """A served model by the name that a request gives; nothing is the first one.

        Raises:
            RequestError: There is no such model.
            UnavailableError: No model is loaded yet, or this one cannot be.
        """
        cards = self.cards()
        if name is None or name == "":
            name = cards[0].name
        if name in self.painter.refused:
            raise never(self.painter.refused[name])
        for card in cards:
            if card.name == name:
                return card
        if name in {model.name for model in self.settings.models}:
            raise UnavailableError(
                f"{name} is being loaded", field="model", hint="ask /readyz, or again soon"
            )
        raise RequestError(
            f"there is no model {name[:80]!r}",
            code=Code.MODEL_UNKNOWN,
            field="model",
            hint=nearest(name[:80], [card.name for card in cards]),
        )

    def limits_of(self, key: Key | None) -> KeyLimits:
        """What a key may do: what it says itself, else the defaults."""
        own = KeyLimits() if key is None else key.limits
        return _filled(own, self.settings.key)


def never(failure: Failure) -> UnavailableError:
    """The refusal of a model that cannot be loaded."""
    return UnavailableError(
        failure.message, retry_after=None, field=failure.field, hint=failure.hint
    )


def _filled(own: KeyLimits, usual: KeyDefaults) -> KeyLimits:
    return KeyLimits(
        concurrent=usual.in_flight if own.concurrent is None else own.concurrent,
        per_minute=usual.per_minute if own.per_minute is None else own.per_minute,
        per_day=(usual.per_day or None) if own.per_day is None else own.per_day,
    )
