"""Training of CogView4's decoder to draw after a control picture.

The decoder starts from one that draws from words: the new half of its first projection is zero, so
that before the first step it draws as it did, whatever the control picture.

Shape legend: b batch, c latent channels, h latent rows, w latent columns, s text tokens,
d channels.

Source: Zhang & Chen 2023, section 3.1 (new connections begin at zero); reference behaviour:
diffusers, CogView4ControlPipeline (channels of the control picture behind the noisy ones).
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from glm_image.data.control_pairs import ControlPair, by_size
from glm_image.data.draw import Pixels
from glm_image.image import opening
from glm_image.image.transforms import to_pixels
from glm_image.models.cogview4_dit import CogView4DiT, CogView4Inputs
from glm_image.models.schedule_config import ScheduleConfig
from glm_image.models.vae import Vae
from glm_image.pipeline.cogview4 import sample_latents
from glm_image.pipeline.denoise import pad
from glm_image.pipeline.schedule import cogview4_schedule
from glm_image.training.flow import shifted, stratified
from glm_image.training.loop import Metrics, Task
from glm_image.training.seeds import seeded
from glm_image.training.vae import to_images
from glm_image.types import PIXELS_PER_LATENT

_HELD_OUT = 7_005
_LOWEST = 0.001
"""Lowest noise level: that of the last timestep."""

_SHOWN = 3
_STEPS = 12


@dataclass(frozen=True, kw_only=True)
class ControlMix:
    """What a step is made of.

    Attributes:
        batch: Pairs a step and process.
        drop: Share of pairs without words, for guidance.
        held_out: Last pairs of the folder, which are not learned from.
    """

    batch: int = 4
    drop: float = 0.1
    held_out: int = 1


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Pairs of one size.

    Attributes:
        pairs: Their places among the pairs that are learned from.
        words: What is told of each; "" where the words are left out.
    """

    pairs: list[int]
    words: list[str]


class ControlTask(Task[Chosen]):
    """Flow matching: the velocity from data to noise, given words and a control picture.

    Args:
        dit: A decoder that takes control pictures.
        vae: Frozen autoencoder.
        schedule_config: Noise schedule used at inference.
        pairs: What is learned from, the held-out ones last.
        states: States ``[s, d]`` of every prompt, and of the empty one.
        mix: What the steps are made of.
    """

    def __init__(
        self,
        dit: CogView4DiT,
        vae: Vae,
        schedule_config: ScheduleConfig,
        pairs: Sequence[ControlPair],
        states: Mapping[str, Tensor],
        mix: ControlMix,
    ) -> None:
        super().__init__()
        self.dit, self.vae = dit, vae.requires_grad_(False)
        self.schedule_config, self.mix, self.states = schedule_config, mix, states
        # A single pair is learned from, and looked at.
        kept = min(mix.held_out, len(pairs) - 1)
        self.learned = list(pairs[: len(pairs) - kept])
        self.held_out = list(pairs[len(pairs) - kept :]) if kept else self.learned

    @property
    def drawn_from(self) -> str:
        """See :meth:`Task.drawn_from`."""
        return f"{len(self.learned)} pairs, {self.mix}"

    @property
    def records(self) -> Mapping[str, type]:
        """See :meth:`Task.records`."""
        return {"Chosen": Chosen}

    def draw(self, rng: random.Random, step: int) -> Chosen:
        """Some pairs of the size of one that is drawn from all."""
        first = rng.randrange(len(self.learned))
        size = self.learned[first].size
        alike = [index for index, pair in enumerate(self.learned) if pair.size == size]
        pairs = [first, *rng.choices(alike, k=self.mix.batch - 1)]
        words = ["" if rng.random() < self.mix.drop else self.learned[k].prompt for k in pairs]
        return Chosen(pairs=pairs, words=words)

    def forward(self, batch: Chosen, rng: torch.Generator) -> tuple[Tensor, Metrics]:
        """Mean squared error of the velocity."""
        loss = self.loss([self.learned[k] for k in batch.pairs], batch.words, rng)
        return loss, {"error": float(loss.detach())}

    def loss(
        self, pairs: Sequence[ControlPair], words: Sequence[str], rng: torch.Generator
    ) -> Tensor:
        """The objective, on pairs of one size with the words that are told."""
        clean = self._latents([pair.picture for pair in pairs], rng).float()
        inputs = self._inputs(pairs, words, rng)
        level_b = stratified(rng, len(pairs)).clamp(_LOWEST, 1.0).to(clean)
        shifted_b111 = shifted(level_b, clean, self.schedule_config)[:, None, None, None]
        noise = torch.randn(clean.shape, generator=rng).to(clean)
        velocity = self.dit(
            (1 - shifted_b111) * clean + shifted_b111 * noise,
            inputs,
            timestep_b=level_b * self.schedule_config.num_train_timesteps,
        )
        error: Tensor = (velocity.float() - (noise - clean)).square().mean()
        return error

    def validate(self) -> Metrics:
        """Velocity error on held-out pairs at fixed noise levels."""
        groups = by_size(self.held_out).values()
        errors = [
            float(self.loss(group, [pair.prompt for pair in group], seeded(_HELD_OUT, index, k)))
            for index, group in enumerate(groups)
            for k in range(4)
        ]
        return {"error": float(np.mean(errors))}

    @torch.no_grad()
    def samples(self) -> Image.Image:
        """Control pictures, truths and what is drawn in 12 steps, one below the other."""
        group = next(iter(by_size(self.held_out).values()))[:_SHOWN]
        drawn = self._draw(group)
        columns = []
        for pair, pixels in zip(group, drawn, strict=True):
            known = [np.asarray(opening.load(path)) for path in (pair.control, pair.picture)]
            columns.append(np.concatenate([*known, pixels]))
        return Image.fromarray(np.concatenate(columns, axis=1))

    def _latents(self, paths: Sequence[Path], rng: torch.Generator) -> Tensor:
        weight = self.vae.encoder.conv_in.weight
        pixels_bchw = torch.stack([to_pixels(opening.load(path)) for path in paths])
        pixels_bchw = pixels_bchw.to(weight.device, weight.dtype)
        rows, columns = (side // PIXELS_PER_LATENT for side in pixels_bchw.shape[-2:])
        shape = (len(paths), self.vae.config.latent_channels, rows, columns)
        return sample_latents(self.vae, pixels_bchw, torch.randn(shape, generator=rng))

    def _inputs(
        self, pairs: Sequence[ControlPair], words: Sequence[str], rng: torch.Generator
    ) -> CogView4Inputs:
        device = self.dit.image_projector.proj.weight.device
        text_bsd, mask_bs = pad([self.states[text].float() for text in words])
        size_b2 = torch.tensor([pair.size for pair in pairs], dtype=torch.float32, device=device)
        return CogView4Inputs(
            glyph_bsd=text_bsd.to(device),
            glyph_mask_bs=None if mask_bs is None else mask_bs.to(device),
            target_size_b2=size_b2,
            crop_b2=torch.zeros_like(size_b2),
            original_size_b2=size_b2,
            control_bchw=self._latents([pair.control for pair in pairs], rng).float(),
        )

    def _draw(self, pairs: Sequence[ControlPair]) -> Pixels:
        rng = seeded(_HELD_OUT)
        inputs = self._inputs(pairs, [pair.prompt for pair in pairs], rng)
        height, width = pairs[0].size
        plan = cogview4_schedule(height, width, _STEPS, self.schedule_config)
        control_bchw = self._latents([pair.control for pair in pairs], rng)
        x_bchw = torch.randn(control_bchw.shape, generator=rng).to(control_bchw).float()
        for index, time in enumerate(plan.timesteps):
            time_b = torch.full((len(pairs),), float(time), device=x_bchw.device)
            velocity = self.dit(x_bchw, inputs, timestep_b=time_b)
            x_bchw = x_bchw + (plan.sigmas[index + 1] - plan.sigmas[index]) * velocity.float()
        return to_images(self.vae.decode(self.vae.denormalize(x_bchw)))


def control_decoder(plain: CogView4DiT) -> CogView4DiT:
    """A decoder in fp32 that can be trained, and takes control pictures.

    Args:
        plain: Any decoder of CogView4; one that takes control pictures already is copied.
    """
    config = replace(plain.config, in_channels=2 * plain.config.out_channels)
    dit = CogView4DiT(config)
    state = {name: weight.float() for name, weight in plain.state_dict().items()}
    if not plain.config.takes_control:
        name = "image_projector.proj.weight"
        # Patches are in (channel, row, column) order, so the new channels come last.
        state[name] = torch.cat((state[name], torch.zeros_like(state[name])), dim=1)
    dit.load_state_dict(state)
    return dit.train()
