"""Where pictures of strangers come in: each is read in a process of its own and comes out plain."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from glm_image.serving import logs
from glm_image.serving.errors import RequestError, TooLargeError, UnavailableError
from glm_image.serving.intake.budget import PixelBudget
from glm_image.serving.intake.decoder import LENGTH
from glm_image.serving.records import OutputFormat
from glm_image.serving.settings import RequestLimits

SECONDS = 60.0
"""Longest time for one picture, with starting a process and waiting for others."""

_AT_ONCE = 4
"""Processes at once."""

_SPARE = 1
"""Processes that are started before anybody needs them."""

_MEGA = 1_000_000
_LINE = 4096

_LOG = logs.get("intake")

_COMMAND = (sys.executable, "-m", "glm_image.serving.intake.decoder")


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A picture that can be trusted to be one.

    Args:
        data: A PNG: upright, sRGB, without anything but pixels.
        mime: Its media type.
        width: Pixels.
        height: Pixels.
        transparent: Whether it has an alpha channel.
    """

    data: bytes
    mime: str
    width: int
    height: int
    transparent: bool


class Intake:
    """Reads picture files of strangers.

    Args:
        limits: Pixels and bytes.
        seconds: Longest time for one picture.
        command: What reads a picture.
    """

    def __init__(
        self,
        limits: RequestLimits,
        *,
        seconds: float = SECONDS,
        command: Sequence[str] = _COMMAND,
    ) -> None:
        self._limits, self._seconds, self._command = limits, seconds, tuple(command)
        self._budget = PixelBudget(round(limits.decoded_megapixels * _MEGA), seconds)
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._spares: list[asyncio.Task[asyncio.subprocess.Process]] = []
        self._open = True

    async def check(self, data: bytes, *, field: str) -> Checked:
        """Read a picture: a photograph, a drawing or a mask.

        Args:
            data: The file.
            field: Where it came from, for messages.

        Raises:
            TooLargeError: The file is too long.
            RequestError: It is no picture of a known kind, damaged, or has too many pixels.
            BusyError: Too many pictures are being read.
            UnavailableError: No process could be started.
        """
        if not data:
            raise RequestError("the file is empty", field=field, hint="send a png, jpeg or webp")
        if len(data) > self._limits.file_bytes:
            raise TooLargeError(
                f"a file of {len(data)} bytes",
                field=field,
                hint=f"at most {self._limits.file_bytes} bytes",
            )
        async with self._places:
            process = await self._process()
            try:
                async with asyncio.timeout(self._seconds):
                    return await self._read(process, data, field)
            except TimeoutError as error:
                raise _damaged("it takes too long to read", field) from error
            finally:
                await _end(process)

    async def close(self) -> None:
        """End the processes that wait for work."""
        self._open = False
        for spare in self._spares:
            with suppress(UnavailableError):
                await _end(await spare)
        self._spares.clear()

    async def _read(self, process: asyncio.subprocess.Process, data: bytes, field: str) -> Checked:
        source, target = process.stdin, process.stdout
        if source is None or target is None:
            raise UnavailableError("the reader of pictures has no pipes", field=field)
        sending = asyncio.create_task(_send(source, LENGTH.pack(len(data)) + data))
        try:
            size = await _line(target, field)
            async with self._budget.hold(size["width"] * size["height"]):
                await sending
                await _send(source, b"go\n")
                found = await _line(target, field)
                plain = await target.readexactly(found["bytes"])
        except asyncio.IncompleteReadError as error:
            _LOG.warning("a picture broke its reader", field=field, bytes=len(data))
            raise _damaged("it cannot be read", field) from error
        finally:
            sending.cancel()
        return Checked(
            data=plain,
            mime=OutputFormat.PNG.mime,
            width=found["width"],
            height=found["height"],
            transparent=found["transparent"],
        )

    async def _process(self) -> asyncio.subprocess.Process:
        """A process that has started already, if there is one; another is started in its place."""
        spare = self._spares.pop() if self._spares else asyncio.create_task(self._start())
        while self._open and len(self._spares) < _SPARE:
            self._spares.append(asyncio.create_task(self._start()))
        process = await spare
        return process if process.returncode is None else await self._start()

    async def _start(self) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=_environment(os.environ),
                start_new_session=True,
                limit=_LINE,
            )
        except OSError as error:
            raise UnavailableError(
                f"pictures cannot be read: {error.strerror}",
                field="image",
                hint="the machine lacks processes or memory; ask again later",
            ) from error


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    """What the reader needs of our variables; secrets are not among them."""
    kept = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "VIRTUAL_ENV")
    mine = {name: given[name] for name in kept if name in given}
    # Threads of a library that is only loaded would take the memory that is allowed.
    return {**mine, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


async def _send(source: asyncio.StreamWriter, data: bytes) -> None:
    """Write to a process that may be gone; reading from it says so."""
    with suppress(ConnectionError):
        source.write(data)
        await source.drain()


async def _line(target: asyncio.StreamReader, field: str) -> dict[str, Any]:
    """What the process says next.

    Raises:
        RequestError: It refuses the picture.
    """
    line = await target.readuntil(b"\n")
    said: dict[str, Any] = json.loads(line)
    if "error" in said:
        raise RequestError(said["error"], field=field, hint=said.get("hint", "send another file"))
    return said


def _damaged(message: str, field: str) -> RequestError:
    return RequestError(message, field=field, hint="save it anew as png, jpeg or webp")


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    if process.stdin is not None:
        process.stdin.close()
    if process.stdout is not None:
        # Python 3.11 waits for the pipe as well as for the process.
        while await process.stdout.read(2**16):
            pass
    await process.wait()
