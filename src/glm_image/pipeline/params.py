"""What is asked of the samplers, checked once."""

import math
import numbers
from dataclasses import dataclass
from typing import TypeGuard

from glm_image.config import nearest
from glm_image.errors import InputError
from glm_image.pipeline.sampling import Sampler
from glm_image.tokenizer.glyph import POLICIES

MAX_GUIDANCE = 100.0
"""Largest weight accepted: far beyond any use, it catches slips such as 15 for 1.5 times ten."""


@dataclass(frozen=True, kw_only=True)
class PaintingParams:
    """How the decoder of any model is run.

    Args:
        steps: Denoising steps of the decoder.
        guidance: Weight of the difference between the decoder with and without its conditions; it
            runs twice per step if this is above 1, once otherwise.
        strength: Share of the denoising steps in (0, 1] that an edit runs, starting from the
            first source; 1 starts from noise.

    Raises:
        InputError: A value is out of its range.
    """

    steps: int = 50
    guidance: float = 1.5
    strength: float = 1.0

    @property
    def manner(self) -> tuple[object, ...]:
        """What pictures that are painted together have in common."""
        return self.steps, self.guidance, self.strength

    def __post_init__(self) -> None:
        if not is_whole(self.steps) or self.steps < 1:
            raise InputError(
                f"got {self.steps!r}", field="num_inference_steps", hint="a whole number from 1"
            )
        usual = f"1 is off, {type(self).guidance:g} is usual"
        _check("guidance_scale", self.guidance, 0.0, MAX_GUIDANCE, usual)
        _check("strength", self.strength, 0.0, 1.0, "1 redraws all of it", open_below=True)


@dataclass(frozen=True, kw_only=True)
class CogView4Params(PaintingParams):
    """How pictures of CogView4 are sampled; the defaults are those of the published pipeline.

    Args:
        compat: Whether latents are rounded to the dtype of the weights after each step, as the
            reference library does.
    """

    guidance: float = 5.0
    compat: bool = False

    @property
    def manner(self) -> tuple[object, ...]:
        """What pictures that are painted together have in common."""
        return *super().manner, self.compat


@dataclass(frozen=True, kw_only=True)
class SamplingParams(PaintingParams):
    """How pictures of GLM-Image are sampled; the defaults are those of the published model.

    Args:
        temperature: Divides the generator's logits; 0 always takes the most likely token.
        top_p: Share of probability in (0, 1] that the generator chooses from.
        top_k: Most codes that the generator chooses from; None is all of them.
        quotes: How texts to be written are found in the prompt, a name in
            :data:`glm_image.tokenizer.glyph.POLICIES`.

    Raises:
        InputError: A value is out of its range.
    """

    temperature: float = 0.9
    top_p: float = 0.75
    top_k: int | None = None
    quotes: str = "smart"

    @property
    def manner(self) -> tuple[object, ...]:
        """What pictures that are painted together have in common."""
        return *super().manner, self.quotes

    @property
    def sampler(self) -> Sampler:
        """How the generator chooses a token."""
        return Sampler(temperature=self.temperature, top_p=self.top_p, top_k=self.top_k)

    def __post_init__(self) -> None:
        super().__post_init__()
        _check("temperature", self.temperature, 0.0, 10.0, "0 is greedy, 0.9 is usual")
        _check("top_p", self.top_p, 0.0, 1.0, "0.75 is usual, 1 keeps all", open_below=True)
        if self.top_k is not None and (not is_whole(self.top_k) or self.top_k < 1):
            raise InputError(f"got {self.top_k!r}", field="top_k", hint="a whole number from 1")
        if self.quotes not in POLICIES:
            raise InputError(
                f"got {self.quotes!r}", field="quotes", hint=nearest(str(self.quotes), POLICIES)
            )


def is_whole(value: object) -> TypeGuard[int]:
    """Whether a value is an integer, of Python or NumPy, and no boolean."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _check(
    field: str, value: object, low: float, high: float, usual: str, *, open_below: bool = False
) -> None:
    """Refuse what is no finite number from ``low`` (or above it) to ``high``."""
    number = float(value) if isinstance(value, numbers.Real) else math.nan
    if isinstance(value, bool) or not low <= number <= high or (open_below and number == low):
        start = f"above {low:g}" if open_below else f"from {low:g}"
        raise InputError(f"got {value!r}", field=field, hint=f"{start} to {high:g}; {usual}")
