"""Training of the semantic tokenizer: image encoder, projection and codebook.

The codebook is trained for meaning, not for pixels. Every code stands for what a cell shows, and
the encoder learns to find that code from the picture: cross-entropy over the cosine between
feature and codes, the very rule by which the quantizer chooses at inference.

Source: the meaning-bearing objective of X-Omni (Geng et al. 2025, section 3.1), with the labels
that drawn pictures come with in place of captions.
"""

import random

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
from glm_image.training.loop import Metrics, Task, seeded
from glm_image.types import Grid

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


class TokenizerTask(Task):
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

    def forward(self, rng: torch.Generator, step: int) -> tuple[Tensor, Metrics]:
        """Cross-entropy of the codes of a fresh batch."""
        patches, codes, grid = self._batch(rng, self.batch, self.scenes)
        strength = torch.rand(len(patches), 1, 1, generator=rng) * self.noise
        noise = strength * torch.randn(patches.shape, generator=rng)
        z_bne = self._features(patches + noise.to(patches), grid)
        logits = _SHARPNESS * z_bne @ self.generator.vqmodel.codes().T
        # Cells of background are most of a picture and soon known.
        rare = self._is_thing(codes)
        weights = torch.where(rare, 1.0, 0.2).to(logits)
        losses = F.cross_entropy(logits.flatten(0, 1).float(), codes.flatten(), reduction="none")
        loss = (losses * weights.flatten()).sum() / weights.sum()
        right = (logits.detach().argmax(-1) == codes).float()
        return loss, {"right": float(right.mean()), "things_right": float(right[rare].mean())}

    def _features(self, patches_bnp: Tensor, grid: Grid) -> Tensor:
        features = self.generator.visual(patches_bnp, grid)
        projected: Tensor = self.generator.vqmodel.project(features)
        return projected

    def _batch(
        self, rng: torch.Generator, count: int, mix: SceneMix
    ) -> tuple[Tensor, Tensor, Grid]:
        """Patches, their codes and the grid of pictures of one size."""
        source = random.Random(int(torch.randint(2**62, (1,), generator=rng)))
        sized = mix.sized(source)
        patches: list[Tensor] = []
        codes: list[Tensor] = []
        for _ in range(count):
            scene = sample_scene(source, sized)
            picture = prepare_source(Image.fromarray(render(scene)), self.limits)
            patches.append(picture.patches_np)
            codes.append(torch.from_numpy(full_grid(scene)).flatten())
        device = self.generator.lm_head.weight.device
        grid = (sized.rows, sized.columns)
        return torch.stack(patches).to(device), torch.stack(codes).to(device), grid

    def _is_thing(self, codes: Tensor) -> Tensor:
        things = torch.tensor([m.thing != "background" for m in meanings()], device=codes.device)
        return things[codes]

    def validate(self) -> Metrics:
        """Accuracy through the bottleneck by attribute, and the health of the codebook."""
        patches, codes, grid = self._batch(seeded(_HELD_OUT), 48, SceneMix(other_sizes=0.0))
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
