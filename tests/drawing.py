"""Pictures and requests that several test files make with the tiny checkpoint."""

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as PilImage
from torch import Tensor

import tiny
from glm_image.models.dit import DiTInputs
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.pipeline.result import Result
from glm_image.types import Reference

STEPS = 2


def picture(height: int, width: int, seed: int = 0) -> PilImage.Image:
    """Soft coloured noise."""
    noise = np.random.default_rng(seed).integers(0, 256, (height // 8 + 1, width // 8 + 1, 3))
    return PilImage.fromarray(noise.astype(np.uint8)).resize((width, height))


SOURCE = picture(64, 64)


def draw(pipeline: GlmImagePipeline, prompt: Any = "a", **options: Any) -> Result:
    """A picture from words: 260 codes are written."""
    return pipeline(prompt, **{"num_inference_steps": STEPS, "seed": 7, **options})


def edit(pipeline: GlmImagePipeline, prompt: Any = "a", **options: Any) -> Result:
    """A picture from a picture: 4 codes are written, so this is quick."""
    return draw(pipeline, prompt, **{"image": SOURCE, **options})


def close(first: PilImage.Image, second: PilImage.Image) -> bool:
    """Whether pixels differ by rounding at most."""
    return bool(np.abs(np.int16(first) - np.int16(second)).max() <= 1)


def record(patch: pytest.MonkeyPatch, owner: Any, name: str) -> list[tuple[Any, Any, Any]]:
    """Arguments, keywords and result of every call of a function, as they come."""
    function = getattr(owner, name)
    calls: list[tuple[Any, Any, Any]] = []

    def recording(*args: Any, **kwargs: Any) -> Any:
        calls.append((args, kwargs, function(*args, **kwargs)))
        return calls[-1][2]

    patch.setattr(owner, name, recording)
    return calls


def inputs(seed: int = 0, glyphs: int = 5, batch: int = 1) -> tuple[Tensor, DiTInputs]:
    """Latents of 64x64 pixels and conditions for the decoder alone."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, 4, 8, 8, generator=generator), DiTInputs(
        glyph_bsd=torch.randn(batch, glyphs, 32, generator=generator),
        glyph_mask_bs=None,
        prior_ids_bn=torch.randint(0, tiny.CODES, (batch, 16), generator=generator),
        prior_drop_bn=None,
        target_size_b2=torch.full((batch, 2), 64.0),
        crop_b2=torch.zeros(batch, 2),
    )


def reference(seed: int, height: int = 64, width: int = 64) -> Reference:
    """A source as the decoder sees it, of noise."""
    generator = torch.Generator().manual_seed(seed)
    tokens = height * width // 256
    return Reference(
        latents_chw=torch.randn(4, height // 8, width // 8, generator=generator),
        prior_ids_n=torch.randint(0, tiny.CODES, (tokens,), generator=generator),
    )
