"""Orders for the engine on the tiny checkpoint, and how their results are compared."""

from typing import Any

import numpy as np
import torch

from drawing import SOURCE, STEPS
from glm_image.engine.job import Order
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.pipeline.params import SamplingParams
from glm_image.pipeline.request import Request, read
from glm_image.pipeline.result import Result

PATIENCE = 60.0
"""Seconds after which a test that waits has failed."""


def order(
    pipeline: GlmImagePipeline, prompt: str | list[str] = "a", *, seed: int = 7, **options: Any
) -> Order:
    """What the pipeline would draw; sampling is that of the checkpoint unless it is given."""
    sampling = pipeline.system.sampling
    params = SamplingParams(
        **{
            "steps": STEPS,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": sampling.top_k,
            **options.pop("params", {}),
        }
    )
    pictures, notes = read(pipeline.system, Request(prompt=prompt, seeds=seed, **options))
    return Order(pictures=pictures, params=params, notes=notes)


def edit(pipeline: GlmImagePipeline, prompt: str = "a", **options: Any) -> Order:
    """A picture from a picture: 4 codes are written, so this is quick."""
    return order(pipeline, prompt, **{"image": SOURCE, **options})


def alike(first: Result, second: Result) -> bool:
    """Whether codes are equal and pixels differ by rounding at most."""
    codes = all(map(torch.equal, first.prior_tokens, second.prior_tokens))
    pairs = zip(first.images, second.images, strict=True)
    return codes and all(np.abs(np.int16(a) - np.int16(b)).max() <= 1 for a, b in pairs)


def identical(first: Result, second: Result) -> bool:
    """Whether codes and pixels are equal bit for bit."""
    pairs = zip(first.pictures, second.pictures, strict=True)
    return alike(first, second) and all(np.array_equal(a.pixels, b.pixels) for a, b in pairs)
