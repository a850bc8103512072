"""From words and pictures to pixels, beside the reference pair of libraries.

Our codes are sampled from numbers drawn beforehand, so the same codes are not to be expected of
another sampler. What must agree is every score before every choice, what our sampler makes of the
reference's scores, and everything that is painted from the codes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as PilImage
from reference_pipeline import Reference
from torch import Tensor

from glm_image.execution.auto import Wish
from glm_image.pipeline import denoise
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.pipeline.result import Result
from glm_image.pipeline.sampling import Sampler, draw
from glm_image.pipeline.schedule import schedule
from glm_image.types import Latents, Size

pytestmark = pytest.mark.parity

SCORES = 5e-5
TRAJECTORY = 1e-3
PIXELS = 1e-3


@dataclass(frozen=True, kw_only=True)
class Case:
    prompt: str
    height: int
    width: int
    seed: int
    steps: int
    guidance: float
    sources: tuple[tuple[int, int], ...] = ()
    """Height and width of each source."""


CASES = {
    "words, two texts": Case(
        prompt='a sign that says "Hi" and "yo"', height=96, width=64, seed=11, steps=4, guidance=1.5
    ),
    "words, square, no guidance": Case(
        prompt="plain", height=64, width=64, seed=12, steps=3, guidance=1.0
    ),
    "edit": Case(
        prompt="make it blue",
        height=96,
        width=64,
        seed=13,
        steps=3,
        guidance=1.5,
        sources=((64, 64),),
    ),
    "edit of a wide picture, no guidance": Case(
        prompt="写上「你好」",
        height=64,
        width=64,
        seed=2**40 + 1,
        steps=3,
        guidance=1.0,
        sources=((96, 256),),
    ),
    "edit of two": Case(
        prompt="merge both 'OK'",
        height=64,
        width=96,
        seed=14,
        steps=3,
        guidance=2.0,
        sources=((64, 96), (128, 64)),
    ),
}


@pytest.fixture(scope="module")
def reference(tiny_checkpoint: Path) -> Reference:
    return Reference(tiny_checkpoint)


@pytest.fixture(scope="module")
def one_by_one(tiny_checkpoint: Path) -> GlmImagePipeline:
    """Nothing is guessed, so that every choice is made once."""
    return GlmImagePipeline.from_pretrained(tiny_checkpoint, device="cpu", plan=Wish(window=1))


def picture(height: int, width: int, index: int) -> PilImage.Image:
    rows, columns = np.mgrid[0:height, 0:width]
    checks = (columns // 24 + rows // 24 + index) % 2 * 200
    pixels = np.stack([columns * 255 // width, rows * 255 // height, checks], axis=-1)
    return PilImage.fromarray(pixels.astype(np.uint8))


def run(
    tiny_pipeline: GlmImagePipeline,
    case: Case,
    images: list[PilImage.Image],
    patch: pytest.MonkeyPatch,
) -> tuple[Result, Tensor]:
    """Our result and our latents after every step."""
    trajectory: list[Tensor] = []
    sample = denoise.sample

    def recording(
        denoising: denoise.Denoising, on_step: Callable[[denoise.Step], None]
    ) -> list[Latents]:
        def keep(step: denoise.Step) -> None:
            trajectory.append(step.latents_bchw.clone())
            on_step(step)

        return sample(denoising, keep)

    patch.setattr(denoise, "sample", recording)
    result = tiny_pipeline(
        case.prompt,
        image=images or None,
        height=case.height,
        width=case.width,
        num_inference_steps=case.steps,
        guidance_scale=case.guidance,
        seed=case.seed,
    )
    return result, torch.cat(trajectory)


@pytest.mark.parametrize("name", CASES)
def test_end_to_end(
    name: str,
    reference: Reference,
    tiny_pipeline: GlmImagePipeline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = CASES[name]
    images = [picture(*size, index) for index, size in enumerate(case.sources)]
    result, trajectory = run(tiny_pipeline, case, images, monkeypatch)
    codes = result.prior_tokens[0]

    sources = reference.source_codes(reference.inputs("x", 64, 64, images), len(images))
    painted = reference.paint(
        case.prompt,
        codes,
        images,
        sources,
        steps=case.steps,
        guidance=case.guidance,
        seed=case.seed,
    )
    ours = schedule(case.height, case.width, case.steps, tiny_pipeline.system.schedule)
    assert torch.equal(painted.sigmas, ours.sigmas)
    assert torch.equal(painted.timesteps - 1, ours.timesteps)
    torch.testing.assert_close(trajectory, painted.trajectory, atol=TRAJECTORY, rtol=0)
    latents = denoise.to_latents(trajectory[-1:].float())[0].values_chw
    decoded = tiny_pipeline.system.vae.decode(tiny_pipeline.system.vae.denormalize(latents[None]))[
        0
    ]
    floats = (decoded.permute(1, 2, 0) / 2 + 0.5).clamp(0, 1)
    torch.testing.assert_close(floats, painted.image, atol=PIXELS, rtol=0)
    pixels = torch.from_numpy(np.asarray(result.images[0], dtype=np.float32)) / 255
    torch.testing.assert_close(pixels, painted.image, atol=0.5 / 255 + PIXELS, rtol=0)


@pytest.mark.parametrize("name", CASES)
def test_every_choice_follows_the_reference_scores(
    name: str,
    reference: Reference,
    one_by_one: GlmImagePipeline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = CASES[name]
    images = [picture(*size, index) for index, size in enumerate(case.sources)]
    seen: list[Tensor] = []
    pick = Sampler.pick

    def recording(self: Sampler, logits_bv: Tensor, uniforms_b: Tensor) -> Tensor:
        chosen = pick(self, logits_bv, uniforms_b)
        seen.append(torch.cat((logits_bv[0], chosen.float())))
        return chosen

    monkeypatch.setattr(Sampler, "pick", recording)
    result = one_by_one(
        case.prompt,
        image=images or None,
        height=case.height,
        width=case.width,
        num_inference_steps=1,
        guidance_scale=1.0,
        seed=case.seed,
    )
    scores, chosen = torch.stack(seen)[:, :-1], torch.stack(seen)[:, -1].long()
    monkeypatch.undo()

    inputs = reference.inputs(case.prompt, case.height, case.width, images)
    expected = reference.logits(inputs, chosen.tolist())[:, : one_by_one.system.num_codes]
    torch.testing.assert_close(scores, expected, atol=SCORES, rtol=0)
    grid = (case.height // 32, case.width // 32)
    shape = one_by_one.system.latent_shape(Size(case.height, case.width))
    uniforms = draw([case.seed], shape, len(chosen)).uniforms_pn[0]
    sampler = Sampler(temperature=0.9, top_p=0.75)
    assert torch.equal(sampler.pick(expected, uniforms), chosen)
    cells = grid[0] * grid[1]
    assert torch.equal(chosen[-cells:].view(grid), result.prior_tokens[0])
    assert len(chosen) == cells + (0 if images else previews(inputs))


def previews(inputs: dict[str, Tensor]) -> int:
    """Tokens of the preview, which the reference lists after the large grid."""
    return int(inputs["image_grid_thw"][1].prod())


def test_noise_is_that_of_the_reference(tiny_pipeline: GlmImagePipeline) -> None:
    """A seed means the same noise here and there."""
    shape = (4, 12, 8)
    generator = torch.Generator().manual_seed(99)
    expected = torch.randn((1, *shape), generator=generator)
    assert torch.equal(draw([99], shape, 5).noise_pchw, expected)
