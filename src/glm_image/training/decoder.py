"""Training of the diffusion decoder and its glyph encoder."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from glm_image.data.draw import Pixels
from glm_image.data.mix import STRIPS, SceneMix, Words
from glm_image.data.pairs import (
    Pair,
    Picture,
    corrupt,
    decoder_ids,
    edit_pair,
    latent_mask,
    text_picture,
)
from glm_image.data.vocabulary import meanings
from glm_image.models.dit import DiT, DiTInputs, ReferenceCache
from glm_image.models.glyph_encoder import GlyphEncoder
from glm_image.models.schedule_config import ScheduleConfig
from glm_image.models.vae import Vae
from glm_image.pipeline.schedule import schedule
from glm_image.tokenizer.glyph import PAD_ID, byt5_ids
from glm_image.training.curriculum import stage_at
from glm_image.training.factored import factorise
from glm_image.training.flow import shifted, stratified
from glm_image.training.looks import character_looks
from glm_image.training.loop import Metrics, Task
from glm_image.training.seeds import seeded
from glm_image.training.vae import to_images, to_tensor

_HELD_OUT = 7_004


@dataclass(frozen=True, kw_only=True)
class DecoderMix:
    """What a stage of the decoder's training is made of; shares in [0, 1].

    Attributes:
        start: First step of the stage.
        strips: Share of steps on strips one or two cells high with one text: characters at a
            quarter of the cost.
        edits: Share of the other steps whose pictures are edits with a source.
        corrupted: Pictures some of whose codes are wrong.
        most_wrong: Largest share of wrong codes in them.
        scenes: What the pictures show.
    """

    start: int = 0
    strips: float = 0.0
    edits: float = 0.0
    corrupted: float = 0.3
    most_wrong: float = 0.15
    scenes: SceneMix = field(default_factory=SceneMix)


@dataclass(frozen=True, kw_only=True)
class DecoderObjective:
    """What of a picture is learned, and how much of it the decoder is told; shares in [0, 1].

    Attributes:
        repeats: Noise levels drawn for every picture, which is drawn and encoded once.
        drop_all: Pictures without glyphs, prior and source: the unconditional branch.
        drop_glyphs: Further pictures without glyphs.
        drop_prior: Further pictures without a prior.
        early: Share of noise levels drawn between .85 and 1, where the layout is decided.
        text_weight: Weight of the loss where letters are.
        shape_weight: Weight of the loss where shapes are.
    """

    repeats: int = 4
    drop_all: float = 0.08
    drop_glyphs: float = 0.05
    drop_prior: float = 0.04
    early: float = 0.25
    text_weight: float = 3.0
    shape_weight: float = 2.0


_USUAL = DecoderObjective()


def factorise_prior(dit: DiT, rows: list[tuple[str, ...]], seed: int) -> None:
    """Give the decoder's table of codes rows that are sums over the attributes of the codes."""
    width = dit.prior_token_embedding.embedding_dim
    looks = character_looks(width, norm=width**0.5)
    factorise(dit.prior_token_embedding, rows, std=1.0, rng=seeded(seed), start=looks)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Pictures of one size with their sources.

    Attributes:
        pairs: The pictures.
        grids: Their codes as the decoder is told them; in some pictures a few are wrong.
    """

    pairs: list[Pair]
    grids: list[Tensor]


class DecoderTask(Task[Drawn]):
    """Flow matching: the velocity from data to noise, given codes, glyphs and source pictures.

    Source: Lipman et al. 2023, equation 23; the resolution shift of Esser et al. 2024, section
    5.3.2, in the form of :mod:`glm_image.pipeline.schedule`.

    Args:
        dit: The decoder.
        glyph_encoder: Trained together with it.
        vae: Frozen autoencoder with measured latent statistics.
        schedule_config: Noise schedule used at inference.
        curriculum: Stages in order; the first starts at step 0.
        batch: Pictures a step and process; every one counts ``repeats`` times.
        objective: What of them is learned.
        words: Where texts come from.
    """

    def __init__(
        self,
        dit: DiT,
        glyph_encoder: GlyphEncoder,
        vae: Vae,
        schedule_config: ScheduleConfig,
        curriculum: tuple[DecoderMix, ...],
        *,
        batch: int,
        objective: DecoderObjective = _USUAL,
        words: Words | None = None,
    ) -> None:
        super().__init__()
        self.dit, self.glyph_encoder = dit, glyph_encoder
        self.vae = vae.requires_grad_(False)
        self.schedule_config, self.curriculum, self.batch = schedule_config, curriculum, batch
        self.objective = objective
        self.words = words or Words()

    @property
    def drawn_from(self) -> str:
        """See :meth:`Task.drawn_from`."""
        return f"{self.batch} pictures, {len(meanings())} codes, {self.curriculum}"

    @property
    def records(self) -> Mapping[str, type]:
        """See :meth:`Task.records`."""
        return {"Drawn": Drawn, "Pair": Pair, "Picture": Picture}

    def draw(self, rng: random.Random, step: int) -> Drawn:
        """Fresh pictures, the codes of some of them as a generator might have them."""
        mix = stage_at(self.curriculum, step)
        pairs = self._pairs(rng, mix)
        grids = [
            corrupt(rng, pair.target.codes, mix.most_wrong)
            if rng.random() < mix.corrupted
            else pair.target.codes
            for pair in pairs
        ]
        return Drawn(pairs=pairs, grids=grids)

    def forward(self, batch: Drawn, rng: torch.Generator) -> tuple[Tensor, Metrics]:
        """Mean squared error of the velocity, weighted."""
        pairs = batch.pairs
        clean = self._latents([pair.target for pair in pairs])
        repeats = self.objective.repeats
        dropped = self._drops(rng, len(pairs))
        inputs = self._inputs([pair.target for pair in pairs], batch.grids, dropped)
        references = self._references(pairs, dropped)
        inputs, references = _repeat_inputs(inputs, repeats), _repeat_cache(references, repeats)
        clean = clean.repeat(repeats, 1, 1, 1)
        sigma = self._levels(rng, len(clean)).to(clean)
        level = shifted(sigma, clean, self.schedule_config)[:, None, None, None]
        noise = torch.randn(clean.shape, generator=rng).to(clean)
        velocity = self.dit(
            (1 - level) * clean + level * noise,
            inputs,
            timestep_b=sigma * self.schedule_config.num_train_timesteps - 1,
            references=references,
        )
        error = (velocity.float() - (noise - clean)).square().mean(dim=1)
        weight = torch.stack([self._weight(pair.target) for pair in pairs]).to(error)
        weight = weight.repeat(repeats, 1, 1)
        loss = (error * weight).sum() / weight.sum()
        return loss, {"error": float(error.detach().mean())}

    def _pairs(self, rng: random.Random, mix: DecoderMix) -> list[Pair]:
        """Fresh pictures of one size; more of them where they are small."""
        if rng.random() < mix.strips:
            strip = rng.choice(STRIPS)
            return [text_picture(rng, strip, self.words) for _ in range(4 * self.batch)]
        draw = edit_pair if rng.random() < mix.edits else text_picture
        scenes = mix.scenes.sized(rng)
        return [draw(rng, scenes, self.words) for _ in range(self.batch)]

    def _weight(self, picture: Picture) -> Tensor:
        """Weight of every latent position ``[H/8, W/8]``."""
        text = (self.objective.text_weight - 1) * picture.text_area
        return latent_mask(1 + text + (self.objective.shape_weight - 1) * picture.shape_area)

    def _levels(self, rng: torch.Generator, count: int) -> Tensor:
        """Unshifted noise levels in (0, 1], stratified over the batch."""
        uniform = stratified(rng, count)
        early = torch.rand(count, generator=rng) < self.objective.early
        levels = torch.where(early, 0.85 + 0.15 * uniform, uniform)
        return levels.clamp(0.001, 1.0)

    @torch.no_grad()
    def _latents(self, pictures: list[Picture]) -> Tensor:
        pixels = to_tensor(np.stack([picture.pixels for picture in pictures]))
        pixels = pixels.to(self._device, memory_format=torch.channels_last)
        return self.vae.normalize(self.vae.encode(pixels).float())

    @property
    def _device(self) -> torch.device:
        return next(self.dit.parameters()).device

    def _drops(self, rng: torch.Generator, count: int) -> Tensor:
        """Which of (glyphs, prior, source) each picture goes without, ``[count, 3]`` bool."""
        draw = torch.rand(count, generator=rng)
        told = self.objective
        everything = draw < told.drop_all
        glyphs = draw < told.drop_all + told.drop_glyphs
        prior = (draw > 1 - told.drop_prior) | everything
        source = everything | (torch.rand(count, generator=rng) < told.drop_all)
        return torch.stack([glyphs, prior, source], dim=1)

    def _inputs(self, pictures: list[Picture], grids: list[Tensor], dropped: Tensor) -> DiTInputs:
        texts = [
            () if drop else picture.texts
            for picture, drop in zip(pictures, dropped[:, 0].tolist(), strict=True)
        ]
        glyphs, mask = self._glyphs(texts)
        ids = torch.stack([decoder_ids(grid) for grid in grids]).to(self._device)
        drop = dropped[:, 1:2].to(self._device).expand_as(ids)
        return DiTInputs(
            glyph_bsd=glyphs,
            glyph_mask_bs=mask,
            prior_ids_bn=ids,
            prior_drop_bn=drop,
            target_size_b2=_sizes(pictures).to(self._device),
            crop_b2=torch.zeros(len(pictures), 2, device=self._device),
        )

    def _glyphs(self, texts: list[tuple[str, ...]]) -> tuple[Tensor, Tensor]:
        """States of every picture's texts, one after the other, padded; and their mask."""
        rows = [byt5_ids(list(group)) for group in texts]
        flat = [row for group in rows for row in group]
        length = max(len(row) for row in flat)
        ids = torch.tensor([row + [PAD_ID] * (length - len(row)) for row in flat])
        mask = torch.arange(length) < torch.tensor([[len(row)] for row in flat])
        states = self.glyph_encoder(ids.to(self._device), mask.to(self._device))
        kept: list[Tensor] = []
        first = 0
        for group in rows:
            parts = [states[first + k, : len(row)] for k, row in enumerate(group)]
            kept.append(torch.cat(parts))
            first += len(group)
        padded = torch.nn.utils.rnn.pad_sequence(kept, batch_first=True)
        lengths = torch.tensor([[len(part)] for part in kept], device=self._device)
        return padded, torch.arange(padded.shape[1], device=self._device) < lengths

    def _references(self, pairs: list[Pair], dropped: Tensor) -> ReferenceCache | None:
        most = max(len(pair.sources) for pair in pairs)
        if not most:
            return None
        kept = ~dropped[:, 2]
        caches: list[ReferenceCache] = []
        for index in range(most):
            # A pair with fewer sources stands in with its last one, masked.
            pictures = [pair.sources[min(index, len(pair.sources) - 1)] for pair in pairs]
            there = torch.tensor([index < len(pair.sources) for pair in pairs]) & kept
            caches.append(self._reference(pictures, there))
        return ReferenceCache.concatenate(caches)

    def _reference(self, pictures: list[Picture], kept: Tensor) -> ReferenceCache:
        """One source picture of every pair; those that are not kept are masked."""
        ids = torch.stack([decoder_ids(picture.codes) for picture in pictures]).to(self._device)
        cache = self.dit.encode_reference(
            self._latents(pictures), ids, _sizes(pictures).to(self._device)
        )
        mask = kept[:, None].to(self._device).expand(-1, cache.length)
        return ReferenceCache(keys=cache.keys, values=cache.values, mask_br=mask)

    def validate(self) -> Metrics:
        """Velocity error on held-out pictures at fixed noise levels."""
        source, rng = random.Random(_HELD_OUT), seeded(_HELD_OUT)
        last = self.curriculum[-1].start
        batches = [self.draw(source, last) for _ in range(6)]
        return {"error": float(np.mean([self(batch, rng)[1]["error"] for batch in batches]))}

    def samples(self) -> Image.Image:
        """Held-out pictures drawn from their true codes in 12 steps, with the truth above."""
        source = random.Random(_HELD_OUT)
        pairs = [text_picture(source, SceneMix(), self.words) for _ in range(4)]
        if self.curriculum[-1].edits:
            pairs += [edit_pair(source, SceneMix(), self.words) for _ in range(2)]
        drawn = [self._draw(pair) for pair in pairs]
        truth = np.concatenate([pair.target.pixels for pair in pairs], axis=1)
        return Image.fromarray(np.concatenate([truth, np.concatenate(drawn, axis=1)]))

    def _draw(self, pair: Pair) -> Pixels:
        keep = torch.zeros(1, 3, dtype=torch.bool)
        texts = [pair.target]
        glyphs, mask = self._glyphs([pair.target.texts])
        inputs = DiTInputs(
            glyph_bsd=glyphs,
            glyph_mask_bs=mask,
            prior_ids_bn=decoder_ids(pair.target.codes)[None].to(self._device),
            prior_drop_bn=None,
            target_size_b2=_sizes(texts).to(self._device),
            crop_b2=torch.zeros(1, 2, device=self._device),
        )
        references = self._references([pair], keep)
        height, width = pair.target.pixels.shape[:2]
        plan = schedule(height, width, 12, self.schedule_config)
        channels = self.vae.config.latent_channels
        x = torch.randn(1, channels, height // 8, width // 8, generator=seeded(_HELD_OUT))
        x = x.to(self._device)
        for index, step in enumerate(plan.timesteps):
            time = torch.tensor([float(step) - 1], device=self._device)
            velocity = self.dit(x, inputs, timestep_b=time, references=references)
            x = x + (plan.sigmas[index + 1] - plan.sigmas[index]) * velocity.float()
        decoded = self.vae.decode(self.vae.denormalize(x))
        image: Pixels = to_images(decoded)[0]
        return image


def _sizes(pictures: list[Picture]) -> Tensor:
    return torch.tensor([picture.pixels.shape[:2] for picture in pictures], dtype=torch.float32)


def _repeat_inputs(inputs: DiTInputs, times: int) -> DiTInputs:
    fields = {
        name: value.repeat(times, *[1] * (value.ndim - 1)) for name, value in vars(inputs).items()
    }
    return DiTInputs(**fields)


def _repeat_cache(cache: ReferenceCache | None, times: int) -> ReferenceCache | None:
    if cache is None:
        return None
    return ReferenceCache(
        keys=tuple(key.repeat(times, 1, 1, 1) for key in cache.keys),
        values=tuple(value.repeat(times, 1, 1, 1) for value in cache.values),
        mask_br=cache.full_mask().repeat(times, 1),
    )
