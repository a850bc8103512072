"""What requests may contain, and how the rest is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from drawing import picture
from glm_image.errors import InputError, NotFoundError
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.pipeline.request import MAX_PROMPT_CHARACTERS

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "blank prompt": ({"prompt": " \n"}, "prompt: it is blank"),
    "blank prompt in a list": ({"prompt": ["a", ""]}, "prompt: it is blank"),
    "no prompt": ({"prompt": []}, "prompt: the list is empty"),
    "prompt of another type": ({"prompt": 3}, "prompt: got int"),
    "long prompt": ({"prompt": "a" * (MAX_PROMPT_CHARACTERS + 1)}, "prompt: it has 8193"),
    "prompt beyond the context": ({"prompt": "a" * 8100}, "prompt: prompt and picture take"),
    "half a surrogate pair": ({"prompt": "\ud800"}, "prompt: .*surrogate"),
    "no source": ({"image": []}, "image: the list is empty"),
    "no source of a prompt": ({"image": [[]]}, "image: 0 source"),
    "source of another type": ({"image": 3}, "image: got int"),
    "array as source": ({"image": [np.zeros((8, 8, 3))]}, "image: got ndarray"),
    "tiny source": ({"image": picture(8, 8)}, "image: got 8x8"),
    "narrow source": ({"image": picture(20, 100)}, "image: got 100x20"),
    "flat list for two prompts": (
        {"prompt": ["a", "b"], "image": [picture(64, 64)] * 2},
        "image: .*one list of pictures per prompt",
    ),
    "strength without source": ({"strength": 0.5}, "strength: there is no image"),
    "strength of nothing": ({"strength": 0.0, "image": picture(64, 64)}, "strength: got 0.0"),
    "strength beyond 1": ({"strength": 1.1, "image": picture(64, 64)}, "strength: got 1.1"),
    "height alone": ({"height": 64}, "width: it is missing"),
    "width alone": ({"width": 64}, "height: it is missing"),
    "size as text": ({"height": "64", "width": 64}, "height, width: got '64'"),
    "size as truth": ({"height": True, "width": 64}, "height, width: got True"),
    "too small": ({"height": 47, "width": 64}, "height, width: .*48 to 96"),
    "too large": ({"height": 64, "width": 97}, "height, width: .*48 to 96"),
    "no steps": ({"num_inference_steps": 0}, "num_inference_steps: got 0"),
    "half a step": ({"num_inference_steps": 1.5}, "num_inference_steps: got 1.5"),
    "too many steps": ({"num_inference_steps": 1001}, "num_inference_steps: 1001 steps"),
    "negative guidance": ({"guidance_scale": -0.1}, "guidance_scale: got -0.1"),
    "endless guidance": ({"guidance_scale": float("inf")}, "guidance_scale: got inf"),
    "negative temperature": ({"temperature": -1}, "temperature: got -1"),
    "no number": ({"temperature": float("nan")}, "temperature: got nan"),
    "empty nucleus": ({"top_p": 0}, "top_p: got 0"),
    "unknown quotes": ({"quotes": "smrt"}, "quotes: .*did you mean 'smart'"),
    "no pictures": ({"num_images": 0}, "num_images: got 0"),
    "two counts": ({"num_images": 1, "num_images_per_prompt": 1}, "num_images: .*not both"),
    "negative seed": ({"seed": -1}, "seed: got -1"),
    "seed as text": ({"seed": "x"}, "seed: got 'x'"),
    "too many seeds": ({"seed": [1, 2]}, "seed: 2 seeds"),
    "two seeds": ({"generator": torch.Generator()}, "seed: .*not both"),
    "no generator": ({"seed": None, "generator": 3}, "generator: got int"),
    "empty batch": ({"max_batch": 0}, "max_batch: got 0"),
    "codes of another size": ({"prior_tokens": torch.zeros(3, dtype=torch.long)}, "prior_tokens"),
    "codes that are none": (
        {"prior_tokens": torch.full((2, 2), 64)},
        "prior_tokens: codes from 64 to 64",
    ),
    "codes as floats": ({"prior_tokens": torch.zeros(2, 2)}, "prior_tokens: got torch.float32"),
    "codes as text": ({"prior_tokens": "x"}, "prior_tokens: got str"),
    "codes and temperature": (
        {"prior_tokens": torch.zeros(2, 2, dtype=torch.long), "temperature": 0.5},
        "temperature, top_p: .*nothing is sampled",
    ),
    "noise of another size": ({"latents": torch.zeros(1, 4, 4, 4)}, "latents: got"),
    "noise that is no number": ({"latents": torch.full((1, 4, 8, 8), torch.nan)}, "latents"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_name_the_argument(tiny_pipeline: GlmImagePipeline, name: str) -> None:
    options, message = REFUSED[name]
    with pytest.raises(InputError, match=message) as caught:
        tiny_pipeline(**{"prompt": "a", "num_inference_steps": 2, "seed": 7, **options})
    assert caught.value.hint or caught.value.field == "latents"


def test_loading_refuses(tiny_checkpoint: Path, tmp_path: Path) -> None:
    load: Callable[..., GlmImagePipeline] = GlmImagePipeline.from_pretrained
    with pytest.raises(InputError, match="dtype: float16 is refused"):
        load(tiny_checkpoint, dtype=torch.float16)
    with pytest.raises(InputError, match="dtype: torch_dtype says the same"):
        load(tiny_checkpoint, dtype="float32", torch_dtype="float32")
    with pytest.raises(InputError, match="device: device_map says the same"):
        load(tiny_checkpoint, device="cpu", device_map="cpu")
    with pytest.raises(InputError, match="device: unknown device 'balanced'"):
        load(tiny_checkpoint, device_map="balanced")
    with pytest.raises(NotFoundError, match="model"):
        load(tmp_path)
    with pytest.raises(NotFoundError, match="is no folder"):
        load(tmp_path / "nowhere")
