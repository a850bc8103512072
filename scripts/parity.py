"""Prints how far this package is from the reference libraries on one checkpoint.

Both load the same folder in float32 on the CPU and do the same work: pictures from words and
edits. The package's own stages run one by one; beside each, the reference gets the same input. Its
sampler draws other random numbers, so our choices are forced upon it and every score before every
choice is compared.

    python scripts/parity.py [--model FOLDER] [--steps N] [--sheet FILE]
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from diffusers.utils import logging as diffusers_logging
from PIL import Image as PilImage
from torch import Tensor

from glm_image.checkpoint import keymap
from glm_image.device import resolve
from glm_image.evaluation.posters.grid import Entry, sheet
from glm_image.pipeline import condition, decode, denoise, prior, prompt
from glm_image.pipeline.picture import Batch
from glm_image.pipeline.request import Request, read
from glm_image.pipeline.sampling import Draws, Sampler, draw
from glm_image.pipeline.schedule import schedule
from glm_image.pipeline.system import System, find

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "parity"))
from reference_pipeline import Reference

TABLES = {
    "vision_language_encoder": keymap.GENERATOR,
    "transformer": keymap.DIT,
    "vae": keymap.VAE,
    "text_encoder": keymap.GLYPH_ENCODER,
}
"""Names of the weights in each folder of a checkpoint."""

GUIDANCE = 1.5


@dataclass(frozen=True, kw_only=True)
class Case:
    """One picture: words, how much wider than the model's own size, earlier pictures as sources."""

    words: str
    widen: float = 1.0
    sources: tuple[int, ...] = ()


CASES = (
    Case(words='a blue background, the text "HELLO" at the top in white and "42" below'),
    Case(words="红色背景的海报，中间写着“你好”，白色字", widen=1.25),
    Case(words="make the background green", sources=(0,)),
    Case(words="add a yellow star", widen=1.25, sources=(0, 1)),
)


@dataclass
class Row:
    """One quantity over all cases.

    Args:
        allowed: Largest difference that is only rounding.
        values: Number of values compared.
        difference: Largest difference of two values.
    """

    allowed: float
    values: int = 0
    difference: float = 0.0

    def add(self, ours: Tensor, theirs: Tensor) -> None:
        """Compare one tensor with another of the same shape."""
        if ours.shape != theirs.shape:
            self.difference = float("inf")
            return
        self.values += ours.numel()
        if ours.numel():
            found = (ours.double() - theirs.double()).abs().max()
            self.difference = max(self.difference, float(found))


@dataclass
class Table:
    """All quantities, in the order of the work; differences are absolute."""

    rows: dict[str, Row] = field(
        default_factory=lambda: {
            "weights": Row(0.0),
            "ids of the prompt": Row(0.0),
            "codes of the sources": Row(0.0),
            "scores of the generator": Row(1e-3),
            "codes chosen from their scores": Row(0.0),
            "noise levels and timesteps": Row(0.0),
            "latents after every step": Row(5e-3),
            "picture, in 255ths": Row(1.0),
        }
    )

    def __str__(self) -> str:
        lines = [f"{'compared':<32} {'values':>13} {'difference':>11} {'allowed':>8}"]
        for name, row in self.rows.items():
            lines.append(f"{name:<32} {row.values:>13,} {row.difference:>11.2g} {row.allowed:>8g}")
        return "\n".join(lines)

    @property
    def holds(self) -> bool:
        """Whether something was compared in every row and no difference is too large."""
        return all(row.values and row.difference <= row.allowed for row in self.rows.values())


@dataclass(frozen=True, kw_only=True)
class Recorder(Sampler):
    """A sampler that keeps the scores it has seen and what it made of them."""

    seen: list[Tensor] = field(default_factory=list, compare=False)
    chosen: list[Tensor] = field(default_factory=list, compare=False)

    def pick(self, logits_bv: Tensor, uniforms_b: Tensor) -> Tensor:
        """Choose as any sampler does."""
        ids_b = super().pick(logits_bv, uniforms_b)
        self.seen.append(logits_bv[0].clone())
        self.chosen.append(ids_b[0])
        return ids_b


class Comparison:
    """Runs cases on both sides.

    Args:
        folder: The checkpoint.
        steps: Denoising steps.
    """

    def __init__(self, folder: Path, steps: int) -> None:
        self.table = Table()
        self.steps = steps
        self.system = System.load(folder, resolve("cpu", "float32"), revision=None, plan="plain")
        diffusers_logging.set_verbosity_error()
        diffusers_logging.disable_progress_bar()
        self.reference = Reference(folder)
        self.reference.pipe.to(torch.float32)
        self.pictures: list[PilImage.Image] = []
        self.theirs: list[PilImage.Image] = []

    def weights(self) -> None:
        """Compare every weight after loading."""
        networks = (
            self.system.generator,
            self.system.dit,
            self.system.vae,
            self.system.glyph_encoder,
        )
        for (name, names), network in zip(TABLES.items(), networks, strict=True):
            theirs = getattr(self.reference.pipe, name).state_dict()
            for key, ours in network.state_dict().items():
                self.table.rows["weights"].add(ours, theirs[str(names.to_published(key))])

    @torch.inference_mode()
    def case(self, case: Case, seed: int) -> None:
        """Make one picture on both sides, stage by stage."""
        images = [self.pictures[index] for index in case.sources]
        side = self.system.default_size.height
        width = -(-int(side * case.widen) // 32) * 32
        request = Request(
            prompt=case.words, image=images or None, height=side, width=width, seeds=seed
        )
        pictures, _ = read(self.system, request)
        batch = Batch.of(pictures)
        codes = self._write(case, batch, images)
        self._paint(case, batch, images, codes)

    def _write(self, case: Case, batch: Batch, images: Sequence[PilImage.Image]) -> prior.Written:
        system, rows = self.system, self.table.rows
        inputs = self.reference.inputs(case.words, *batch.size, images)
        request = prompt.encode(system.text_tokenizer, batch.prompts[0], system.max_tokens)
        rows["ids of the prompt"].add(request.ids_l, inputs["input_ids"][0])

        sources = prompt.read_sources(system.generator, batch.prompts[0])
        theirs = self.reference.source_codes(inputs, len(images))
        for source, expected in zip(sources, theirs, strict=True):
            rows["codes of the sources"].add(source.ids_n.view(source.grid), expected)

        draws = self._draws(batch, request.new_tokens)
        sampling = system.sampling
        sampler = Recorder(
            temperature=sampling.temperature, top_p=sampling.top_p, top_k=sampling.top_k
        )
        (written,) = prior.generate(
            system.generator, [request], [sources], [0], sampler, draws.uniforms_pn, lambda: None
        )
        chosen = torch.stack(sampler.chosen)
        expected = self.reference.logits(inputs, chosen.tolist())[:, : system.num_codes]
        rows["scores of the generator"].add(torch.stack(sampler.seen), expected)
        again = Sampler.pick(sampler, expected, draws.uniforms_pn[0])
        rows["codes chosen from their scores"].add(again, chosen)
        return written

    def _paint(
        self,
        case: Case,
        batch: Batch,
        images: Sequence[PilImage.Image],
        written: prior.Written,
    ) -> None:
        system, rows = self.system, self.table.rows
        painted = self.reference.paint(
            case.words,
            written.prior.ids_n.view(written.prior.grid),
            images,
            [source.ids_n.view(source.grid) for source in written.prior.sources],
            steps=self.steps,
            guidance=GUIDANCE,
            seed=batch.seeds[0],
        )
        steps = schedule(*batch.size, self.steps, system.schedule)
        rows["noise levels and timesteps"].add(steps.sigmas, painted.sigmas)
        rows["noise levels and timesteps"].add(steps.timesteps, painted.timesteps - 1)

        told = condition.build(
            system.glyph_encoder, system.vae, batch.prompts, [0], [written.prior], "smart"
        )
        empty = condition.encode_texts(system.glyph_encoder, [])
        trajectory: list[Tensor] = []
        painting = denoise.Denoising(
            system.dit,
            denoise.conditional(system.dit, told),
            denoise.guide(system.dit, told, empty, GUIDANCE),
            steps,
            self._draws(batch, 0).noise_pchw,
        )
        latents = denoise.sample(
            painting, lambda step: trajectory.append(step.latents_bchw.clone())
        )
        rows["latents after every step"].add(torch.cat(trajectory), painted.trajectory)
        (pixels,) = decode.to_pixels(system.vae, batch.outputs, latents)
        theirs = (painted.image * 255).round()
        rows["picture, in 255ths"].add(torch.from_numpy(pixels.astype(np.float32)), theirs)
        self.pictures.append(PilImage.fromarray(pixels))
        self.theirs.append(PilImage.fromarray(theirs.numpy().astype(np.uint8)))

    def _draws(self, batch: Batch, tokens: int) -> Draws:
        return draw(batch.seeds, self.system.latent_shape(batch.size), tokens)


def main() -> int:
    """Compare, print the table, and tell by the exit code whether it holds."""
    parser = argparse.ArgumentParser(description="Compare with transformers and diffusers.")
    parser.add_argument("--model", type=Path, help="Folder of a checkpoint; else the bundled one.")
    parser.add_argument("--steps", type=int, default=8, help="Denoising steps.")
    parser.add_argument("--sheet", type=Path, help="Where to put our pictures beside theirs.")
    options = parser.parse_args()
    folder = find(options.model)
    comparison = Comparison(folder, options.steps)
    comparison.weights()
    for seed, case in enumerate(CASES):
        comparison.case(case, seed)
    name = "bundled model" if options.model is None else folder.name
    print(f"{name}, float32 on the CPU, {len(CASES)} pictures, {options.steps} steps each")
    print(comparison.table)
    if options.sheet is not None:
        pairs = zip(CASES, comparison.pictures, comparison.theirs, strict=True)
        entries = [Entry(images=(ours, theirs), caption=case.words) for case, ours, theirs in pairs]
        sheet(entries, columns=2).save(options.sheet)
    return 0 if comparison.table.holds else 1


if __name__ == "__main__":
    sys.exit(main())
