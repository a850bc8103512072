"""What an engine tells about a request."""

from collections.abc import Callable
from dataclasses import dataclass

from glm_image.pipeline.progress import Progress
from glm_image.pipeline.result import Result
from glm_image.types import Image, PriorTokens


@dataclass(frozen=True, kw_only=True)
class Queued:
    """The request waits.

    Args:
        position: Requests that wait before it.
    """

    position: int


@dataclass(frozen=True, kw_only=True, eq=False)
class CodesReady:
    """The generator has written a picture; whoever keeps its codes can have it painted again.

    Args:
        number: Place of the picture in the request.
        codes: What was written, in the machine's memory.
    """

    number: int
    codes: PriorTokens


@dataclass(frozen=True, kw_only=True, eq=False)
class PictureReady:
    """One picture is finished; others of the request may be on their way.

    Args:
        number: Its place in the request.
        image: Its pixels, and how it was made.
    """

    number: int
    image: Image


@dataclass(frozen=True, kw_only=True, eq=False)
class Finished:
    """All pictures are made; nothing follows.

    Args:
        result: The pictures.
    """

    result: Result


@dataclass(frozen=True, kw_only=True, eq=False)
class Failed:
    """The request cannot be finished; nothing follows.

    Args:
        error: Why; the ticket raises it, too.
    """

    error: Exception


@dataclass(frozen=True, kw_only=True)
class Cancelled:
    """Somebody gave the request up; nothing follows."""


Ending = Finished | Failed | Cancelled
"""The last event of every request."""

News = Queued | Progress | CodesReady | PictureReady
"""What is told about a request on its way."""

Event = News | Ending
"""``Progress`` counts over all pictures of the request; its index is 0 where a stage begins.

Its preview draws those pictures that are being painted, as they are when it is called. In the
engine's own thread it draws at once, in others it waits for the engine to come by. Who reads of it
after the end of the request gets no preview.
"""

OnEvent = Callable[[Event], None]
"""Called in an engine's thread, for the first event in that of ``submit``. It should be quick.

What it raises ends the request.
"""
