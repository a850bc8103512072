"""The instruments that pictures are scored with, and the choice of them.

A choice is a plain record that travels to worker processes; each builds instruments of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from glm_image.config import nearest
from glm_image.errors import InputError
from glm_image.evaluation.judges.base import Judge
from glm_image.evaluation.judges.cache import CachedJudge
from glm_image.evaluation.judges.openai import Endpoint, OpenAiJudge
from glm_image.evaluation.measured import Measurements
from glm_image.evaluation.readers.base import Reader

if TYPE_CHECKING:
    from PIL import Image


class Likeness(Protocol):
    """Anything that tells how well a picture fits a text."""

    @property
    def name(self) -> str:
        """Kind of instrument."""

    @property
    def version(self) -> str:
        """Which weights it has."""

    def cosine(self, image: "Image.Image", text: str) -> float:
        """Cosine between an RGB picture and a text, in [-1, 1]."""


@dataclass(frozen=True, kw_only=True)
class Tools:
    """Instruments at hand; what is None is not there, and what it would measure is left out.

    Attributes:
        reader: Reads texts.
        judge: Answers questions.
        clip: Compares a picture with a text.
        measured: Values that were measured elsewhere.
    """

    reader: Reader | None = None
    judge: Judge | None = None
    clip: Likeness | None = None
    measured: Measurements | None = None


class ToolSource(Protocol):
    """Anything that builds instruments and can be pickled."""

    def build(self) -> Tools:
        """Build the instruments in this process."""


@dataclass(frozen=True, kw_only=True)
class ToolChoice:
    """Which instruments to use.

    Attributes:
        reader: One of :data:`READERS`.
        judge: Where the judge is; also the vision model that reads, if that is the reader.
        clip: Folder of a CLIP model.
        measured: File of values that were measured elsewhere.
        cache: Folder in which answers are kept; None keeps none.
    """

    reader: str = "rapidocr"
    judge: Endpoint | None = None
    clip: Path | None = None
    measured: Path | None = None
    cache: Path | None = None

    def __post_init__(self) -> None:
        if self.reader not in READERS:
            raise InputError(
                f"{self.reader!r} is unknown", field="reader", hint=nearest(self.reader, READERS)
            )

    def build(self) -> Tools:
        """Build the instruments in this process.

        Raises:
            NotFoundError: Software or weights are not there.
            InputError: The reader needs an endpoint.
        """
        return Tools(
            reader=READERS[self.reader](self),
            judge=_judge(self),
            clip=_clip(self),
            measured=None if self.measured is None else Measurements.from_file(self.measured),
        )


def _judge(choice: ToolChoice) -> Judge | None:
    if choice.judge is None:
        return None
    judge = OpenAiJudge(choice.judge)
    return judge if choice.cache is None else CachedJudge(judge, choice.cache)


def _clip(choice: ToolChoice) -> Likeness | None:
    if choice.clip is None:
        return None
    from glm_image.evaluation.clip import Clip

    return Clip.from_folder(choice.clip)


def _rapid(choice: ToolChoice) -> Reader:
    from glm_image.evaluation.readers.rapid import RapidReader

    return RapidReader()


def _paddle(choice: ToolChoice) -> Reader:
    from glm_image.evaluation.readers.paddle import PaddleReader

    return PaddleReader()


def _vision(choice: ToolChoice) -> Reader:
    from glm_image.evaluation.readers.vision import VisionReader

    judge = _judge(choice)
    if judge is None:
        raise InputError(
            "a vision model that reads needs an endpoint", field="reader", hint="name the judge"
        )
    return VisionReader(judge)


def _no_reader(choice: ToolChoice) -> None:
    return None


READERS: dict[str, Callable[[ToolChoice], Reader | None]] = {
    "rapidocr": _rapid,
    "paddleocr": _paddle,
    "vision": _vision,
    "none": _no_reader,
}
"""Readers by their names on the command line."""
