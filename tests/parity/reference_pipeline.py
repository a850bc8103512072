"""The reference system on a checkpoint of ours: what it would choose, and what it paints.

Two of its defects are stepped around. Its image-to-image path joins feature maps of different
shapes, so source codes are computed map by map and handed to it. Random weights like ids that are
no codes, so its logits are recorded while our choices are forced upon it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import GlmImagePipeline as ReferencePipeline
from PIL import Image as PilImage
from torch import Tensor
from transformers import LogitsProcessor, LogitsProcessorList
from transformers import logging as transformers_logging


class Force(LogitsProcessor):
    """Leave one id per step, whatever the model thinks of it."""

    def __init__(self, ids: Sequence[int], prompt_length: int) -> None:
        self.ids = ids
        self.prompt_length = prompt_length

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        forced = torch.full_like(scores, -torch.inf)
        forced[:, self.ids[input_ids.shape[1] - self.prompt_length]] = 0.0
        return forced


@dataclass(frozen=True, kw_only=True)
class Painted:
    """Latents after every step, and the picture in [0, 1] as [H, W, 3]."""

    trajectory: Tensor
    sigmas: Tensor
    timesteps: Tensor
    image: Tensor


class Reference:
    """The reference pipeline with its pieces within reach."""

    def __init__(self, folder: Path) -> None:
        transformers_logging.set_verbosity_error()
        transformers_logging.disable_progress_bar()
        self.pipe: Any = ReferencePipeline.from_pretrained(folder)
        self.pipe.set_progress_bar_config(disable=True)
        self.model: Any = self.pipe.vision_language_encoder

    def inputs(
        self, prompt: str, height: int, width: int, images: Sequence[PilImage.Image]
    ) -> dict[str, Tensor]:
        content = [{"type": "image", "image": image} for image in images]
        content.append({"type": "text", "text": prompt})
        return dict(
            self.pipe.processor.apply_chat_template(
                [[{"role": "user", "content": content}]],
                tokenize=True,
                padding=False,
                target_h=height,
                target_w=width,
                return_dict=True,
                return_tensors="pt",
            )
        )

    @torch.no_grad()
    def logits(self, inputs: dict[str, Tensor], ids: Sequence[int]) -> Tensor:
        """Scores ``[n, V]`` before each of our choices, made one after another with its cache."""
        length = inputs["input_ids"].shape[1]
        output = self.model.generate(
            **inputs,
            max_new_tokens=len(ids),
            do_sample=False,
            temperature=None,
            top_p=None,
            top_k=None,
            eos_token_id=None,
            return_dict_in_generate=True,
            output_logits=True,
            logits_processor=LogitsProcessorList([Force(ids, length)]),
        )
        self.model.model.rope_deltas = None
        return torch.stack(output.logits, 1)[0]

    @torch.no_grad()
    def source_codes(self, inputs: dict[str, Tensor], count: int) -> list[Tensor]:
        """Codes ``[h, w]`` of each source."""
        if not count:
            return []
        grids = inputs["image_grid_thw"][:count]
        maps = self.model.get_image_features(inputs["pixel_values"], grids).pooler_output
        ids = self.model.get_image_tokens(maps).view(-1)
        parts = torch.split(ids, grids.prod(-1).tolist())
        return [part.view(*grid[1:].tolist()) for part, grid in zip(parts, grids, strict=True)]

    @torch.no_grad()
    def paint(
        self,
        prompt: str,
        codes: Tensor,
        images: Sequence[PilImage.Image],
        source_codes: Sequence[Tensor],
        *,
        steps: int,
        guidance: float,
        seed: int,
    ) -> Painted:
        """Run the decoder and the autoencoder on given codes ``[th, tw]``."""
        trajectory: list[Tensor] = []

        def keep(_: object, __: int, ___: object, values: dict[str, Tensor]) -> dict[str, Tensor]:
            trajectory.append(values["latents"].clone())
            return values

        sources: dict[str, Any] = {}
        if images:
            doubled = [_double(one) for one in source_codes]
            sources = {
                "image": list(images),
                "prior_token_image_ids": [torch.cat([one.flatten() for one in doubled])],
                "source_image_grid_thw": [torch.tensor([[1, *one.shape] for one in doubled])],
            }
        result = self.pipe(
            prompt=prompt,
            height=codes.shape[0] * 32,
            width=codes.shape[1] * 32,
            num_inference_steps=steps,
            guidance_scale=guidance,
            prior_token_ids=_double(codes).flatten()[None],
            generator=torch.Generator().manual_seed(seed),
            callback_on_step_end=keep,
            output_type="pt",
            **sources,
        )
        return Painted(
            trajectory=torch.cat(trajectory),
            sigmas=self.pipe.scheduler.sigmas.clone(),
            timesteps=self.pipe.scheduler.timesteps.clone(),
            image=result.images[0].permute(1, 2, 0),
        )


def _double(codes: Tensor) -> Tensor:
    return codes.repeat_interleave(2, 0).repeat_interleave(2, 1)
