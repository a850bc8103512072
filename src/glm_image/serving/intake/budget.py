"""How many pixels may be decoded at once, whoever asks."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from glm_image.serving.errors import BusyError, Code


class PixelBudget:
    """Hands out pixels in the order in which they are asked for.

    Args:
        pixels: Most pixels at once. A picture that is larger waits until it is alone.
        seconds: Longest wait.
    """

    def __init__(self, pixels: int, seconds: float) -> None:
        self._free = self._all = pixels
        self._seconds = seconds
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def free(self) -> int:
        """Pixels that nobody holds."""
        return self._free

    @asynccontextmanager
    async def hold(self, pixels: int) -> AsyncIterator[None]:
        """Hold some pixels within the block.

        Raises:
            BusyError: Others hold too many for too long.
        """
        share = min(pixels, self._all)
        await self._take(share)
        try:
            yield
        finally:
            self._free += share
            self._hand_out()

    async def _take(self, share: int) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        place = (share, turn)
        self._waiting.append(place)
        self._hand_out()
        try:
            async with asyncio.timeout(self._seconds):
                await turn
        except (TimeoutError, asyncio.CancelledError) as error:
            if place in self._waiting:
                self._waiting.remove(place)
            elif turn.done() and not turn.cancelled():
                # It was given just when the wait ended.
                self._free += share
            self._hand_out()
            if isinstance(error, asyncio.CancelledError):
                raise
            raise BusyError(
                "too many pictures are being read",
                code=Code.OVERLOADED,
                retry_after=5.0,
                field="image",
            ) from error

    def _hand_out(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._free:
            share, turn = self._waiting.popleft()
            if not turn.done():
                self._free -= share
                turn.set_result(None)
