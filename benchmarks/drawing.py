"""One picture drawn by several arms from the same weights, the same words and the same noise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.outcome import Line, Part, lines, processor_line
from benchmarks.rounds import TOTAL, Parts, Times
from glm_image.pipeline.api import GlmImagePipeline

GREEDY = 1e-6
"""Share of probability to choose from: both sides run their samplers, and both take the likeliest.

So their codes can be compared although they draw other random numbers.
"""

STAGES = ("generator", "decoder", "image")
"""What is timed on both sides; the first is missing where codes are given."""

_CELL = 32
"""Pixels of a side that one code covers."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is drawn.

    Args:
        prompt: Words.
        height: Pixels, a multiple of 32.
        width: Pixels, a multiple of 32.
        steps: Denoising steps.
        guidance: Weight of the prompt in the decoder; above 1 it runs twice per step.
        seed: Of the noise.
        codes: ``[rows, columns]``, to be painted instead of written ones; None lets both write.
        noise: ``[1, channels, height / 8, width / 8]`` fp32; None lets both draw it.
    """

    prompt: str
    height: int
    width: int
    steps: int
    guidance: float = 1.5
    seed: int = 1
    codes: Tensor | None = None
    noise: Tensor | None = None

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the codes."""
        return self.height // _CELL, self.width // _CELL

    @property
    def passes(self) -> int:
        """Passes of the decoder."""
        return self.steps * (2 if self.guidance > 1 else 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawing:
    """What an arm drew.

    Args:
        codes: ``[rows, columns]``.
        pixels: ``[height, width, 3]``.
    """

    codes: Tensor
    pixels: NDArray[np.uint8]


class Ours:
    """Draws with this package.

    Args:
        pipeline: The loaded model.

    Attributes:
        tokens: Codes that the generator wrote for the last picture.
    """

    def __init__(self, pipeline: GlmImagePipeline) -> None:
        self.tokens = 0
        self._pipeline = pipeline
        self._drawing: Drawing | None = None

    @property
    def drawing(self) -> Drawing:
        """The last picture."""
        return drawn(self._drawing)

    def draw(self, request: Request) -> Parts:
        """Draw once and tell how long each stage took."""
        result = self._pipeline(
            request.prompt,
            height=request.height,
            width=request.width,
            num_inference_steps=request.steps,
            guidance_scale=request.guidance,
            top_p=GREEDY if request.codes is None else None,
            prior_tokens=request.codes,
            latents=request.noise,
            seed=request.seed,
        )
        self.tokens = sum(health.tokens for health in result.health if health is not None)
        self._drawing = Drawing(codes=result.prior_tokens[0], pixels=np.asarray(result.images[0]))
        return {name: result.timings[name] for name in STAGES if name in result.timings}


def drawn(drawing: Drawing | None) -> Drawing:
    """What was drawn.

    Raises:
        LookupError: Nothing was.
    """
    if drawing is None:
        raise LookupError("draw before looking at the drawing")
    return drawing


def wrong_codes(one: Drawing, other: Drawing) -> float:
    """Share of the codes that differ."""
    return float((one.codes != other.codes).float().mean())


def pixel_error(one: Drawing, other: Drawing) -> float:
    """Largest difference of two values, in 255ths."""
    return float(np.abs(one.pixels.astype(np.int16) - other.pixels).max())


def to_lines(
    times: Mapping[str, Times], request: Request, tokens: int, drawings: Sequence[Drawing]
) -> list[Line]:
    """The stages and the whole, with the errors of our drawing against the references'.

    Args:
        times: Of all arms.
        request: What was drawn.
        tokens: Codes that the generator wrote.
        drawings: Ours, then those of the reference.
    """
    ours, *others = drawings
    codes = max(wrong_codes(ours, other) for other in others)
    pixels = max(pixel_error(ours, other) for other in others)
    milli = 1000.0
    parts = [
        Part(
            name="generator",
            what="generator, per token",
            unit="ms",
            scale=milli / tokens,
            error=codes,
            error_of="share of codes that differ",
        ),
        Part(
            name="decoder",
            what="decoder, per pass",
            unit="ms",
            scale=milli / request.passes,
            error=pixels,
            error_of="picture, in 255ths",
        ),
        Part(name="image", what="autoencoder", unit="ms", scale=milli),
        Part(
            name=TOTAL,
            what="words to picture",
            unit="s",
            error=pixels,
            error_of="picture, in 255ths",
        ),
    ]
    return [*lines(times, parts), processor_line(times)]
