"""Who looks at words and pictures before they are drawn and before they are given out.

A hook is a callable that the operator names as ``module:name``. It gets a :class:`Content` and
gives back the :class:`~glm_image.serving.errors.Flag` objects of what it found; none lets pass.
A hook may be a coroutine function; others are called in a thread.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module

from glm_image.errors import ConfigError
from glm_image.serving import logs, metrics
from glm_image.serving.errors import Flag, PolicyError, Role, UnavailableError
from glm_image.serving.settings import ModerationSettings

_LOG = logs.get("moderation")


class Kind(StrEnum):
    """What is looked at."""

    PROMPT = "prompt"
    SOURCE = "source"
    PICTURE = "picture"

    @property
    def role(self) -> Role:
        """Whose content it is."""
        return Role.ASSISTANT if self is Kind.PICTURE else Role.USER


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a hook is shown.

    Args:
        kind: What it is.
        text: Words; empty for pictures.
        image: File of a picture; empty for words.
    """

    kind: Kind
    text: str = ""
    image: bytes = b""


Hook = Callable[[Content], Sequence[Flag] | Awaitable[Sequence[Flag]]]
"""Gives what it found. What it raises counts as no verdict."""


def allow(content: Content) -> Sequence[Flag]:
    """The hook of a service without moderation: finds nothing."""
    return ()


class Moderator:
    """Asks a hook, and bounds how long it may take.

    Args:
        hook: Who decides.
        seconds: How long it may take.
        fail_open: Whether content passes that it gives no verdict on.
    """

    def __init__(
        self, hook: Hook = allow, *, seconds: float = 10.0, fail_open: bool = False
    ) -> None:
        self._hook = hook
        self._seconds = seconds
        self._fail_open = fail_open

    @classmethod
    def from_settings(cls, settings: ModerationSettings) -> "Moderator":
        """The moderator that settings ask for.

        Raises:
            ConfigError: The hook is not there.
        """
        hook = allow if settings.hook is None else _find(settings.hook)
        return cls(hook, seconds=settings.seconds, fail_open=settings.fail_open)

    @property
    def looks(self) -> bool:
        """Whether there is a hook at all."""
        return self._hook is not allow

    async def check_prompt(self, text: str) -> None:
        """Look at the words of a request.

        Raises:
            PolicyError: They are not allowed.
            UnavailableError: There is no verdict, and nothing passes without one.
        """
        await self._check(Content(kind=Kind.PROMPT, text=text))

    async def check_source(self, image: bytes) -> None:
        """Look at a picture that a client sends.

        Raises:
            PolicyError: It is not allowed.
            UnavailableError: There is no verdict, and nothing passes without one.
        """
        await self._check(Content(kind=Kind.SOURCE, image=image))

    async def check_picture(self, image: bytes) -> None:
        """Look at a picture that was drawn.

        Raises:
            PolicyError: It is not allowed.
            UnavailableError: There is no verdict, and nothing passes without one.
        """
        await self._check(Content(kind=Kind.PICTURE, image=image))

    async def _check(self, content: Content) -> None:
        flags = await self._ask(content)
        if flags is None:
            metrics.observe_verdict(what=content.kind, verdict="failed")
            if self._fail_open:
                return
            raise UnavailableError(
                "moderation gave no verdict",
                field="moderation",
                hint="ask again; if it goes on, the operator has to look at the moderation hook",
            )
        metrics.observe_verdict(what=content.kind, verdict="refused" if flags else "passed")
        if flags:
            raise PolicyError(
                f"the {content.kind} is not allowed here", flags=flags, field=content.kind
            )

    async def _ask(self, content: Content) -> Sequence[Flag] | None:
        """The findings; None if there is no verdict."""
        if not self.looks:
            return ()
        work = asyncio.ensure_future(self._call(content))
        done, _ = await asyncio.wait({work}, timeout=self._seconds)
        if not done:
            work.cancel()
            _LOG.error("no verdict in time", what=content.kind, seconds=self._seconds)
            return None
        error = work.exception()
        if error is not None:
            _LOG.error("the hook failed", what=content.kind, error=type(error).__name__)
            return None
        return work.result()

    async def _call(self, content: Content) -> Sequence[Flag]:
        found: Sequence[Flag] | Awaitable[Sequence[Flag]]
        if inspect.iscoroutinefunction(self._hook):
            found = self._hook(content)
        else:
            found = await asyncio.to_thread(self._hook, content)
        flags = await found if isinstance(found, Awaitable) else found
        return [Flag(role=flag.role or content.kind.role, level=flag.level) for flag in flags]


def _find(name: str) -> Hook:
    module, _, attribute = name.partition(":")
    try:
        hook: object = vars(import_module(module))[attribute]
    except (ImportError, KeyError) as error:
        raise ConfigError(
            f"{name!r} cannot be loaded: {error}",
            field="moderation.hook",
            hint="name a callable of an installed module, as in 'my_rules:check'",
        ) from error
    if not callable(hook):
        raise ConfigError(
            f"{name!r} is no callable", field="moderation.hook", hint="name a function"
        )
    return hook
