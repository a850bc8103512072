"""Where the service has pictures read: one process, started when needed, ended when idle."""

import asyncio
import importlib.util
import json
import os
import sys
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from glm_image.config import from_mapping
from glm_image.errors import GlmImageError
from glm_image.serving import logs
from glm_image.serving.errors import UnavailableError
from glm_image.serving.ocr.reader import LENGTH
from glm_image.serving.ocr.verdict import Line
from glm_image.serving.records import BlobKey

SECONDS = 120.0
"""Longest time for one picture, with loading the networks."""

IDLE_SECONDS = 60.0
"""After which a reader that has nothing to read ends and gives its memory back."""

_REMEMBERED = 256
"""Pictures whose lines are kept; a picture never changes."""

_LONGEST_ANSWER = 1024 * 1024
_COMMAND = (sys.executable, "-m", "glm_image.serving.ocr.reader")
_LOG = logs.get("reading")


class ReadingDesk:
    """Has the letters of pictures read, one picture after another.

    Args:
        seconds: Longest time for one picture.
        idle_seconds: After which the process ends.
        command: What reads; by default rapidocr with the models of its wheel.
    """

    def __init__(
        self,
        *,
        seconds: float = SECONDS,
        idle_seconds: float = IDLE_SECONDS,
        command: Sequence[str] = _COMMAND,
    ) -> None:
        self._seconds, self._idle, self._command = seconds, idle_seconds, tuple(command)
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._ending: asyncio.Task[None] | None = None
        self._known: OrderedDict[BlobKey, tuple[Line, ...]] = OrderedDict()

    @property
    def installed(self) -> bool:
        """Whether pictures can be read here at all; nothing is imported."""
        return all(importlib.util.find_spec(name) for name in ("rapidocr", "onnxruntime"))

    @property
    def running(self) -> bool:
        """Whether a process is there."""
        return self._process is not None and self._process.returncode is None

    async def lines(
        self, key: BlobKey, content: Callable[[], Awaitable[bytes]]
    ) -> tuple[Line, ...]:
        """Boxes of text of a picture, as they come.

        Args:
            key: Of the picture, so that it is read once.
            content: Gives its file.

        Raises:
            UnavailableError: Reading is not installed, or takes too long.
            GlmImageError: The picture could not be read.
        """
        if (known := self._known.get(key)) is not None:
            return known
        if not self.installed:
            raise UnavailableError(
                "this service cannot read pictures: rapidocr is not installed",
                retry_after=None,
                field="reading",
                hint="pip install 'glm-image[read]', then start the service again",
            )
        data = await content()
        async with self._turn:
            if (known := self._known.get(key)) is not None:
                return known
            found = await self._read(data)
        self._known[key] = found
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return found

    async def close(self) -> None:
        """End the process, and read no more."""
        if self._ending is not None:
            self._ending.cancel()
        async with self._turn:
            await self._end()

    async def _read(self, data: bytes) -> tuple[Line, ...]:
        if self._ending is not None:
            self._ending.cancel()
        try:
            async with asyncio.timeout(self._seconds):
                said = await self._ask(data)
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError) as error:
            await self._end()
            _LOG.warning("the reader of pictures broke", kind=type(error).__name__)
            raise UnavailableError(
                "the picture could not be read in time",
                field="reading",
                hint="ask again; if it fails again, the machine lacks memory",
            ) from error
        except asyncio.CancelledError:
            # The answer that is on its way would be taken for that of the next picture.
            await self._end()
            raise
        self._ending = asyncio.create_task(self._rest(), name="reading ends")
        if "error" in said:
            raise GlmImageError(f"the picture could not be read: {said['error']}", field="reading")
        return tuple(from_mapping(Line, box, source="reader") for box in said["boxes"])

    async def _ask(self, data: bytes) -> dict[str, Any]:
        process = await self._started()
        if process.stdin is None or process.stdout is None:
            raise ConnectionError("the reader of pictures has no pipes")
        process.stdin.write(LENGTH.pack(len(data)) + data)
        await process.stdin.drain()
        said: dict[str, Any] = json.loads(await process.stdout.readuntil(b"\n"))
        return said

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                start_new_session=True,
                limit=_LONGEST_ANSWER,
            )
        return self._process

    async def _rest(self) -> None:
        await asyncio.sleep(self._idle)
        async with self._turn:
            self._ending = None
            await self._end()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        if process.stdout is not None:
            # Python 3.11 waits for the pipe as well as for the process.
            while await process.stdout.read(2**16):
                pass
        await process.wait()
