"""CogView4 from words to pixels, beside the reference pair of libraries."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import CogView4ControlPipeline as ReferenceControlPipeline
from diffusers import CogView4Pipeline as ReferencePipeline
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from PIL import Image as PilImage
from torch import Tensor

import tiny_cogview4
from glm_image.pipeline import denoise
from glm_image.pipeline.cogview4 import draw, encode_texts, whole
from glm_image.pipeline.cogview4_api import CogView4Pipeline
from glm_image.pipeline.picture import Picture
from glm_image.pipeline.result import Result
from glm_image.pipeline.schedule import cogview4_schedule
from glm_image.types import CogView4Prompt, Latents, Size

pytestmark = pytest.mark.parity

STATES = 1e-4
TRAJECTORY = 1e-3
PIXELS = 1e-3


@dataclass(frozen=True, kw_only=True)
class Case:
    height: int
    width: int
    guidance: float
    prompt: str = "a red fox in the snow, 雪"
    negative: str = ""
    steps: int = 4
    seed: int = 11


CASES = {
    "square": Case(height=512, width=512, guidance=3.5, steps=3),
    "square, no guidance": Case(height=512, width=512, guidance=1.0, steps=3),
    "wide": Case(height=352, width=736, guidance=5.0, steps=3),
    "high, negative prompt": Case(height=96, width=64, guidance=3.5, negative="blurred and dull"),
    "wide, no guidance": Case(height=64, width=128, guidance=1.0, seed=2**40 + 1),
    "empty rows of padding": Case(height=64, width=64, guidance=3.5, prompt="x" * 14),
    "odd sixteenths": Case(height=144, width=208, guidance=3.5),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_cogview4.build(tmp_path_factory.mktemp("cogview4") / "tiny")


@pytest.fixture(scope="module")
def control_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_cogview4.build(tmp_path_factory.mktemp("cogview4") / "control", control=True)


@pytest.fixture(scope="module")
def reference(folder: Path) -> Any:
    pipe = ReferencePipeline.from_pretrained(folder)
    pipe.set_progress_bar_config(disable=True)
    return pipe


@pytest.fixture(scope="module")
def ours(folder: Path) -> CogView4Pipeline:
    return CogView4Pipeline.from_pretrained(folder, device="cpu", dtype="float32")


@pytest.fixture
def trajectory(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """Our latents after every step."""
    kept: list[Tensor] = []
    sample = denoise.sample

    def recording(
        denoising: denoise.Denoising, on_step: Callable[[denoise.Step], None]
    ) -> list[Latents]:
        def keep(step: denoise.Step) -> None:
            kept.append(step.latents_bchw.clone())
            on_step(step)

        return sample(denoising, keep)

    monkeypatch.setattr(denoise, "sample", recording)
    return kept


def paint(pipe: Any, case: Case, **extra: Any) -> tuple[list[Tensor], Tensor]:
    """The reference's latents after every step, and its picture ``[h, w, 3]`` in [0, 1]."""
    kept: list[Tensor] = []

    def keep(_: object, __: int, ___: object, values: dict[str, Tensor]) -> dict[str, Tensor]:
        kept.append(values["latents"].clone())
        return values

    result = pipe(
        prompt=case.prompt,
        negative_prompt=case.negative,
        height=case.height,
        width=case.width,
        num_inference_steps=case.steps,
        guidance_scale=case.guidance,
        generator=torch.Generator().manual_seed(case.seed),
        callback_on_step_end=keep,
        output_type="pt",
        **extra,
    )
    return kept, result.images[0].permute(1, 2, 0)


def make(pipeline: CogView4Pipeline, case: Case, **extra: Any) -> Result:
    return pipeline(
        case.prompt,
        negative_prompt=case.negative or None,
        height=case.height,
        width=case.width,
        any_size=True,
        num_inference_steps=case.steps,
        guidance_scale=case.guidance,
        seed=case.seed,
        **extra,
    )


def compare(result: Result, mine: list[Tensor], theirs: list[Tensor], image: Tensor) -> None:
    assert len(mine) == len(theirs)
    for one, other in zip(mine, theirs, strict=True):
        torch.testing.assert_close(one, other.float(), atol=TRAJECTORY, rtol=0)
    pixels = torch.from_numpy(np.asarray(result.images[0], dtype=np.float32)) / 255
    torch.testing.assert_close(pixels, image, atol=0.5 / 255 + PIXELS, rtol=0)


@pytest.mark.parametrize("name", CASES)
def test_pictures(
    name: str, reference: Any, ours: CogView4Pipeline, trajectory: list[Tensor]
) -> None:
    case = CASES[name]
    result = make(ours, case)
    theirs, image = paint(reference, case)
    compare(result, trajectory, theirs, image)
    plan = cogview4_schedule(case.height, case.width, case.steps, ours.system.schedule)
    assert torch.equal(plan.timesteps, reference.scheduler.timesteps)
    assert torch.equal(plan.sigmas, reference.scheduler.sigmas)


@pytest.mark.parametrize("steps", [1, 5, 28, 50, 999, 1000])
def test_schedules(steps: int, reference: Any, ours: CogView4Pipeline) -> None:
    from diffusers.pipelines.cogview4.pipeline_cogview4 import calculate_shift

    for height, width in ((512, 512), (720, 1280), (1024, 1024), (2048, 1024)):
        grid = np.linspace(1000, 1.0, steps).astype(np.int64).astype(np.float32)
        mu = calculate_shift((height // 16) * (width // 16), 256, 0.25, 0.75)
        reference.scheduler.set_timesteps(timesteps=grid, sigmas=grid / 1000, mu=mu)
        plan = cogview4_schedule(height, width, steps, ours.system.schedule)
        assert torch.equal(plan.timesteps, reference.scheduler.timesteps)
        assert torch.equal(plan.sigmas, reference.scheduler.sigmas)


@pytest.mark.parametrize("text", ["", "a", "x" * 14, "words, 字 and more of them " * 5, "y" * 2000])
def test_text_states(text: str, reference: Any, ours: CogView4Pipeline) -> None:
    system = ours.system
    states = encode_texts(system.text_encoder, system.tokenizer, [text], system.device)[text]
    theirs, _ = reference.encode_prompt(text, do_classifier_free_guidance=False)
    assert states.shape == theirs.shape[1:]
    torch.testing.assert_close(states, theirs[0], atol=STATES, rtol=0)


def test_sizes_that_are_told(
    reference: Any, ours: CogView4Pipeline, trajectory: list[Tensor]
) -> None:
    case = Case(height=64, width=96, guidance=3.5)
    told: dict[str, Any] = {"original_size": (512, 256), "crops_coords_top_left": (16, 48)}
    result = make(ours, case, **told)
    compare(result, trajectory, *paint(reference, case, **told))


def test_the_reference_draws_from_what_is_saved(
    folder: Path, ours: CogView4Pipeline, trajectory: list[Tensor], tmp_path: Path
) -> None:
    pipe = CogView4Pipeline.from_pretrained(folder, device="cpu", dtype="float32", plan="plain")
    pipe.save_pretrained(tmp_path / "saved")
    reference = ReferencePipeline.from_pretrained(tmp_path / "saved")
    reference.set_progress_bar_config(disable=True)
    case = Case(height=64, width=96, guidance=3.5)
    compare(make(ours, case), trajectory, *paint(reference, case))


@pytest.mark.parametrize("guidance", [1.0, 3.5])
def test_control(
    guidance: float,
    control_folder: Path,
    trajectory: list[Tensor],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = Case(height=64, width=96, guidance=guidance)
    pipeline = CogView4Pipeline.from_pretrained(control_folder, device="cpu", dtype="float32")
    rows, columns = np.mgrid[0:64, 0:96]
    array = np.stack([columns * 2, rows * 3, (columns // 8 + rows // 8) % 2 * 200], axis=-1)
    image = PilImage.fromarray(array.astype(np.uint8))
    result = make(pipeline, case, control_image=image)

    # The reference samples the control latents from the global generator; here is our noise.
    size = Size(64, 96)
    picture = Picture(
        prompt=CogView4Prompt(text="x", size=size, original_size=size),
        output=whole(size),
        seed=case.seed,
    )
    noise = draw(picture, (4, 8, 12)).control_chw
    monkeypatch.setattr(
        DiagonalGaussianDistribution, "sample", lambda self: self.mean + self.std * noise
    )
    reference = ReferenceControlPipeline.from_pretrained(control_folder)
    reference.set_progress_bar_config(disable=True)
    compare(result, trajectory, *paint(reference, case, control_image=image))
