"""Training of the semantic tokenizer: image encoder, projection and codebook.

The codebook is trained for meaning, not for pixels. Every code stands for what a cell shows, and
the encoder learns to find that code from the picture: cross-entropy over the cosine between
feature and codes, the very rule by which the quantizer chooses at inference.

Source: the meaning-bearing objective of X-Omni (Geng et al. 2025, section 3.1), with the labels
that drawn pictures come with in place of captions.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from glm_image.data.draw import render
from glm_image.data.grids import full_grid
from glm_image.data.layout import sample_scene
from glm_image.data.mix import SceneMix
from glm_image.data.vocabulary import meanings
from glm_image.image.size import SourceLimits
from glm_image.image.transforms import prepare_source
from glm_image.models.generator import Generator
from glm_image.training.factored import factorise
from glm_image.training.looks import character_looks
from glm_image.training.loop import Metrics, Task
from glm_image.training.seeds import seeded

_HELD_OUT = 7_003
_SHARPNESS = 24.0
"""Factor on the cosines; the inverse of the softmax temperature."""


def factorise_codebook(generator: Generator, seed: int) -> None:
    """Give the codebook rows that are sums over the attributes of the codes."""
    rows = [meaning.attributes() for meaning in meanings()]
    width = generator.config.vq.embed_dim
    looks = character_looks(width, norm=0.1 * width**0.5)
    codebook = generator.vqmodel.quantize.embedding
    factorise(codebook, rows, std=0.1, rng=seeded(seed), start=looks)


@dataclass(frozen=True, kw_only=True)
class Tokenized:
    """Pictures of one size and their codes.

    Attributes:
        patches_bnp: Pixels at half resolution in patches.
        codes_bn: True codes.
        rows: Height in cells.
        columns: Width in cells.
    """

    patches_bnp: Tensor
    codes_bn: Tensor
    rows: int
    columns: int


class TokenizerTask(Task[Tokenized]):
    """Find the code of every cell of a picture at half resolution.

    Args:
        generator: Holds the image encoder and the quantizer; its language model is not trained.
        limits: How source pictures are scaled.
        batch: Pictures a step and process.
        noise: Largest standard deviation of the noise on the input, in units of [-1, 1].
        scenes: What the pictures show; validation keeps to the default.
    """

    def __init__(
        self,
        generator: Generator,
        limits: SourceLimits,
        *,
        batch: int,
        noise: float = 0.08,
        scenes: SceneMix | None = None,
    ) -> None:
        super().__init__()
        self.generator = generator
        generator.language_model.requires_grad_(False)
        generator.lm_head.requires_grad_(False)
        generator.vqmodel.post_quant_conv.requires_grad_(False)
        self.limits, self.batch, self.noise = limits, batch, noise
        self.scenes = scenes or SceneMix()

    @property
    def drawn_from(self) -> str:
        """See :meth:`Task.drawn_from`."""
        return f"{self.batch} pictures, {self.limits}, {self.scenes}"

    @property
    def records(self) -> Mapping[str, type]:
        """See :meth:`Task.records`."""
        return {"Tokenized": Tokenized}

    def draw(self, rng: random.Random, step: int) -> Tokenized:
        """Fresh pictures and their codes."""
        return self._pictures(rng, self.batch, self.scenes)

    def forward(self, batch: Tokenized, rng: torch.Generator) -> tuple[Tensor, Metrics]:
        """Cross-entropy of the codes of a batch."""
        patches, codes = self._on_device(batch)
        strength = torch.rand(len(patches), 1, 1, generator=rng) * self.noise
        noise = strength * torch.randn(patches.shape, generator=rng)
        features = self.generator.visual(patches + noise.to(patches), (batch.rows, batch.columns))
        z_bne = self.generator.vqmodel.project(features)
        logits = _SHARPNESS * z_bne @ self.generator.vqmodel.codes().T
        # Cells of background are most of a picture and soon known.
        rare = self._is_thing(codes)
        weights = torch.where(rare, 1.0, 0.2).to(logits)
        losses = F.cross_entropy(logits.flatten(0, 1).float(), codes.flatten(), reduction="none")
        loss = (losses * weights.flatten()).sum() / weights.sum()
        right = (logits.detach().argmax(-1) == codes).float()
        return loss, {"right": float(right.mean()), "things_right": float(right[rare].mean())}

    def _on_device(self, batch: Tokenized) -> tuple[Tensor, Tensor]:
        device = self.generator.lm_head.weight.device
        return batch.patches_bnp.to(device), batch.codes_bn.to(device)

    def _pictures(self, rng: random.Random, count: int, mix: SceneMix) -> Tokenized:
        sized = mix.sized(rng)
        patches: list[Tensor] = []
        codes: list[Tensor] = []
        for _ in range(count):
            scene = sample_scene(rng, sized)
            picture = prepare_source(Image.fromarray(render(scene)), self.limits)
            patches.append(picture.patches_np)
            codes.append(torch.from_numpy(full_grid(scene)).flatten())
        return Tokenized(
            patches_bnp=torch.stack(patches),
            codes_bn=torch.stack(codes),
            rows=sized.rows,
            columns=sized.columns,
        )

    def _is_thing(self, codes: Tensor) -> Tensor:
        things = torch.tensor([m.thing != "background" for m in meanings()], device=codes.device)
        return things[codes]

    def validate(self) -> Metrics:
        """Accuracy through the bottleneck by attribute, and the health of the codebook."""
        held_out = self._pictures(random.Random(_HELD_OUT), 48, SceneMix(other_sizes=0.0))
        patches, codes = self._on_device(held_out)
        grid = (held_out.rows, held_out.columns)
        found = self.generator.vqmodel.encode(self.generator.visual(patches, grid))
        table = meanings()
        figures: Metrics = {"right": float((found == codes).float().mean())}
        hits: dict[str, list[bool]] = {}
        for truth, guess in zip(codes.flatten().tolist(), found.flatten().tolist(), strict=True):
            wanted = table[truth]
            got = table[guess] if guess < len(table) else None
            for field in ("kind", "colour", "style", "part"):
                hit = got is not None and getattr(got, field) == getattr(wanted, field)
                hits.setdefault(f"{wanted.thing}_{field}", []).append(hit)
        figures |= {name: float(np.mean(values)) for name, values in sorted(hits.items())}
        return figures | codebook_health(found, len(table))

    def samples(self) -> Image.Image | None:
        """Nothing to draw: the tokenizer has no pixels of its own."""
        return None


def codebook_health(ids: Tensor, codes: int) -> Metrics:
    """How much of the codebook a batch uses.

    Args:
        ids: Codes of any shape.
        codes: Codes in all.

    Returns:
        ``codes_used``, the share of codes seen, and ``perplexity``, the exponential of the entropy
        of their frequencies.
    """
    counts = torch.bincount(ids.flatten(), minlength=codes).float()
    shares = counts[counts > 0] / counts.sum()
    entropy = -(shares * shares.log()).sum()
    return {
        "codes_used": float((counts > 0).float().mean()),
        "perplexity": float(entropy.exp()),
    }
