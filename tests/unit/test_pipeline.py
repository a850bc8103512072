"""What callers of the pipeline can rely on, on the tiny checkpoint."""

import dataclasses
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as PilImage
from torch import Tensor

import glm_image
from drawing import STEPS, draw, edit, picture, record
from glm_image.errors import CancelledError, GlmImageError, InputError
from glm_image.execution.plan import ExecutionPlan
from glm_image.pipeline import denoise
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.pipeline.progress import Progress
from glm_image.pipeline.result import Result
from glm_image.pipeline.system import side_range


def same(first: Result, second: Result) -> bool:
    """Whether codes are equal and pixels differ by rounding at most."""
    codes = all(map(torch.equal, first.prior_tokens, second.prior_tokens))
    pairs = zip(first.images, second.images, strict=True)
    return codes and all(np.abs(np.int16(a) - np.int16(b)).max() <= 1 for a, b in pairs)


# ------------------------------------------------------------------------- batches and seeds


def test_batch_of_prompts_gives_the_pictures_of_single_calls(
    tiny_pipeline: GlmImagePipeline,
) -> None:
    prompts = ["no text at all", 'a much longer prompt with "one" text', "'x' and \"two words\""]
    batch = draw(tiny_pipeline, prompts)
    for index, prompt in enumerate(prompts):
        single = draw(tiny_pipeline, prompt)
        assert torch.equal(batch.prior_tokens[index], single.prior_tokens[0])
        assert np.abs(np.int16(batch.images[index]) - np.int16(single.images[0])).max() <= 1
    assert batch.seeds == [7, 7, 7]


def test_batch_of_edits_with_unlike_sources_and_sizes(tiny_pipeline: GlmImagePipeline) -> None:
    images = [[picture(64, 64)], [picture(64, 96, 1), picture(128, 64, 2)], [picture(64, 64, 3)]]
    prompts = ["first", 'and "second"', "third, longer than the others"]
    batch = draw(tiny_pipeline, prompts, image=images)
    singles = [
        draw(tiny_pipeline, prompt, image=own) for prompt, own in zip(prompts, images, strict=True)
    ]
    for index, single in enumerate(singles):
        assert torch.equal(batch.prior_tokens[index], single.prior_tokens[0])
        assert np.abs(np.int16(batch.images[index]) - np.int16(single.images[0])).max() <= 1
    assert [image.size for image in batch.images] == [(64, 64), (96, 64), (64, 64)]


def test_pictures_of_a_prompt_are_those_of_their_seeds(tiny_pipeline: GlmImagePipeline) -> None:
    several = draw(tiny_pipeline, num_images=3)
    assert several.seeds == [7, 8, 9]
    assert not torch.equal(several.prior_tokens[0], several.prior_tokens[1])
    assert same(draw(tiny_pipeline, seed=8), _only(several, 1))
    assert same(draw(tiny_pipeline, seed=[7, 8, 9], num_images_per_prompt=3), several)


def test_prompts_times_pictures_keep_their_order(tiny_pipeline: GlmImagePipeline) -> None:
    result = draw(tiny_pipeline, ["a", 'b "c"'], num_images=2, seed=[1, 5])
    assert result.seeds == [1, 2, 5, 6]
    assert [one.provenance["prompt"] for one in result.pictures] == ["a", "a", 'b "c"', 'b "c"']
    assert same(draw(tiny_pipeline, 'b "c"', seed=6), _only(result, 3))


def test_batches_of_limited_size_change_nothing(tiny_pipeline: GlmImagePipeline) -> None:
    seen: list[Progress] = []
    limited = edit(tiny_pipeline, num_images=3, max_batch=2, on_progress=seen.append)
    assert same(limited, edit(tiny_pipeline, num_images=3))
    assert {(step.batch, step.batches) for step in seen} == {(1, 2), (2, 2)}


def test_same_seed_same_picture_other_seed_other_picture(tiny_pipeline: GlmImagePipeline) -> None:
    first, again, other = edit(tiny_pipeline), edit(tiny_pipeline), edit(tiny_pipeline, seed=8)
    assert np.array_equal(first.images[0], again.images[0])
    assert not np.array_equal(first.images[0], other.images[0])


def test_seed_is_drawn_and_reported(tiny_pipeline: GlmImagePipeline) -> None:
    first, second = edit(tiny_pipeline, seed=None), edit(tiny_pipeline, seed=None)
    assert first.seeds != second.seeds
    assert same(edit(tiny_pipeline, seed=first.seeds[0]), first)


def test_generator_gives_its_initial_seed(tiny_pipeline: GlmImagePipeline) -> None:
    generator = torch.Generator().manual_seed(7)
    torch.rand(3, generator=generator)
    state = generator.get_state()
    assert same(edit(tiny_pipeline, seed=None, generator=generator), edit(tiny_pipeline))
    assert torch.equal(generator.get_state(), state)
    pair = [torch.Generator().manual_seed(seed) for seed in (3, 4)]
    result = edit(tiny_pipeline, ["a", "b"], seed=None, generator=pair)
    assert result.seeds == [3, 4]


def test_greedy_ignores_the_seed_in_its_codes(tiny_pipeline: GlmImagePipeline) -> None:
    first, second = (
        draw(tiny_pipeline, temperature=0.0),
        draw(tiny_pipeline, temperature=0.0, seed=8),
    )
    assert torch.equal(first.prior_tokens[0], second.prior_tokens[0])
    assert not np.array_equal(first.images[0], second.images[0])
    assert not torch.equal(first.prior_tokens[0], draw(tiny_pipeline).prior_tokens[0])


# ------------------------------------------------------------------------- given parts


def test_given_codes_and_noise_are_used(tiny_pipeline: GlmImagePipeline) -> None:
    made = draw(tiny_pipeline, num_images=2)
    again = draw(tiny_pipeline, num_images=2, prior_tokens=made.prior_tokens)
    assert same(made, again)
    assert again.health == [None, None]
    assert "generator" not in again.timings
    noise = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    other = draw(tiny_pipeline, num_images=2, prior_tokens=made.prior_tokens, latents=noise)
    assert not np.array_equal(other.images[0], made.images[0])
    assert all(map(torch.equal, other.prior_tokens, made.prior_tokens))


def test_given_codes_of_an_edit(tiny_pipeline: GlmImagePipeline) -> None:
    image = picture(64, 64)
    made = draw(tiny_pipeline, image=image)
    assert same(draw(tiny_pipeline, image=image, prior_tokens=made.prior_tokens[0]), made)


def test_result_tensors_can_be_trained_on(tiny_pipeline: GlmImagePipeline) -> None:
    codes = draw(tiny_pipeline).prior_tokens[0]
    table = torch.nn.Embedding(64, 2)
    table(codes).sum().backward()
    assert table.weight.grad is not None


# ------------------------------------------------------------------------- edits


@pytest.mark.parametrize("count", [1, 2, 3])
def test_number_of_sources(tiny_pipeline: GlmImagePipeline, count: int) -> None:
    images = [picture(64, 96, index) for index in range(count)]
    result = draw(tiny_pipeline, image=images)
    assert result.images[0].size == (96, 64)
    assert result.prior_tokens[0].shape == (2, 3)


def test_every_kind_of_source_is_read(tiny_pipeline: GlmImagePipeline, tmp_path: Path) -> None:
    image = picture(64, 64)
    path = tmp_path / "source.png"
    image.save(path)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    expected = draw(tiny_pipeline, image=image)
    kinds: list[Any] = [path, str(path), buffer.getvalue(), [image], [[image]], (path,)]
    assert all(same(draw(tiny_pipeline, image=kind), expected) for kind in kinds)


def test_one_source_serves_every_prompt(tiny_pipeline: GlmImagePipeline) -> None:
    image = picture(64, 64)
    both = draw(tiny_pipeline, ["a", "b"], image=image)
    assert same(draw(tiny_pipeline, "b", image=image), _only(both, 1))


def test_full_strength_is_the_plain_edit(tiny_pipeline: GlmImagePipeline) -> None:
    assert same(edit(tiny_pipeline, strength=1.0), edit(tiny_pipeline))


def test_small_strength_keeps_the_source(
    tiny_pipeline: GlmImagePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = picture(64, 64)
    vae = tiny_pipeline.system.vae
    pixels = torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1)[None] / 127.5 - 1
    source = vae.normalize(vae.encode(pixels))
    kept = record(monkeypatch, denoise, "sample")
    distances = []
    for strength in (0.1, 0.3, 0.6, 0.9):
        draw(tiny_pipeline, image=image, strength=strength, num_inference_steps=20)
        distances.append(float((kept[-1][2][0].values_chw - source[0]).abs().mean()))
    assert distances == sorted(distances)
    assert distances[0] < 0.3 < 1.0 < distances[-1]


def test_strength_starts_where_the_crop_shows_the_source(tiny_pipeline: GlmImagePipeline) -> None:
    """At a size that is cropped, the start is the source at the requested size, not enlarged."""
    from glm_image.image.size import plan_output
    from glm_image.image.transforms import prepare_source
    from glm_image.pipeline.condition import encode_start

    source = prepare_source(picture(64, 96), tiny_pipeline.system.source_limits)
    start = encode_start(tiny_pipeline.system.vae, source, plan_output(64, 90))
    whole = torch.nn.functional.interpolate(
        source.pixels_chw[None], size=(64, 90), mode="bicubic", antialias=True
    ).clamp(-1, 1)
    padded = torch.nn.functional.pad(whole, (3, 3, 0, 0), mode="replicate")
    vae = tiny_pipeline.system.vae
    torch.testing.assert_close(start, vae.normalize(vae.encode(padded))[0])


# ------------------------------------------------------------------------- sizes


def test_default_sizes(tiny_pipeline: GlmImagePipeline) -> None:
    assert draw(tiny_pipeline).images[0].size == (64, 64)
    assert draw(tiny_pipeline, image=picture(96, 64)).images[0].size == (64, 96)


def test_odd_sizes_are_cropped_and_noted(tiny_pipeline: GlmImagePipeline) -> None:
    result = draw(tiny_pipeline, height=50, width=75)
    assert result.images[0].size == (75, 50)
    assert result.prior_tokens[0].shape == (2, 3)
    assert result.notes == ["75x50 is generated as 96x64 and cropped"]
    assert result.pictures[0].provenance["notes"] == result.notes
    whole = draw(tiny_pipeline, height=64, width=96)
    assert np.array_equal(np.asarray(whole.images[0])[7:57, 10:85], result.images[0])


def test_source_beyond_the_range_sets_a_size_within_it(tiny_pipeline: GlmImagePipeline) -> None:
    result = draw(tiny_pipeline, image=picture(200, 300))
    assert result.images[0].size == (96, 96)
    assert any("the first source is 300x200" in note for note in result.notes)


@pytest.mark.parametrize(
    ("sample_size", "sides"), [(1024, (512, 2048)), (256, (192, 384)), (512, (384, 768))]
)
def test_range_of_sides(sample_size: int, sides: tuple[int, int]) -> None:
    assert side_range(sample_size) == sides


# ------------------------------------------------------------------------- the rest


def test_spellings_of_loading(tiny_checkpoint: Path) -> None:
    loaded = glm_image.GLMImagePipeline.from_pretrained(
        str(tiny_checkpoint), torch_dtype=torch.bfloat16, device_map="cpu"
    )
    assert isinstance(loaded, glm_image.GlmImagePipeline)
    assert {p.dtype for n in loaded.system.networks.values() for p in n.parameters()} == {
        torch.bfloat16
    }
    assert draw(loaded, image=picture(64, 64), strength=0.5).images[0].size == (64, 64)
    assert loaded.to("cpu") is loaded
    with pytest.raises(InputError, match="device"):
        loaded.to("nowhere")


def test_progress_counts_every_step(tiny_pipeline: GlmImagePipeline) -> None:
    seen: list[Progress] = []
    draw(tiny_pipeline, on_progress=seen.append, num_inference_steps=3)
    stages = list(dict.fromkeys(step.stage for step in seen))
    assert stages == ["prompt", "generator", "conditioning", "decoder", "image"]
    for stage, total in {"generator": 260, "decoder": 3, "image": 1}.items():
        own = [step for step in seen if step.stage == stage]
        assert [step.index for step in own] == list(range(total + 1))
        assert {step.total for step in own} == {total}
    painted = [step for step in seen if step.preview is not None]
    assert [step.stage for step in painted] == ["decoder"] * 3


def test_preview_is_drawn_when_asked_for(tiny_pipeline: GlmImagePipeline) -> None:
    shown: list[list[PilImage.Image]] = []

    def watch(step: Progress) -> None:
        if step.preview is not None:
            shown.append(step.preview())

    result = edit(tiny_pipeline, on_progress=watch, num_images=2, height=50, width=64)
    assert [[image.size for image in images] for images in shown] == [[(64, 50)] * 2] * STEPS
    assert np.array_equal(shown[-1][0], result.images[0])
    assert not np.array_equal(shown[0][0], result.images[0])


@pytest.mark.parametrize("stage", ["prompt", "generator", "decoder", "image"])
def test_callback_ends_the_call(tiny_pipeline: GlmImagePipeline, stage: str) -> None:
    def stop(step: Progress) -> None:
        if step.stage == stage and step.index == 1:
            raise CancelledError("enough")

    with pytest.raises(CancelledError):
        edit(tiny_pipeline, on_progress=stop)
    assert same(edit(tiny_pipeline), edit(tiny_pipeline))


def test_result_says_how_it_was_made(tiny_pipeline: GlmImagePipeline) -> None:
    result = draw(tiny_pipeline, image=picture(64, 64), strength=0.5, guidance_scale=2)
    record = result.pictures[0].provenance
    expected = {"prompt": "a", "seed": 7, "height": 64, "width": 64, "strength": 0.5}
    assert expected.items() <= record.items()
    assert record["guidance_scale"] == 2
    assert record["temperature"] == 0.9
    assert record["top_p"] == 0.75
    assert set(result.timings) == {
        "prompt",
        "generator",
        "conditioning",
        "decoder",
        "image",
        "total",
    }
    parts = sum(seconds for name, seconds in result.timings.items() if name != "total")
    assert 0 < parts <= result.timings["total"]


def test_pictures_of_no_numbers_are_an_error(
    tiny_pipeline: GlmImagePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(latents_bchw: Tensor, step: int) -> Tensor:
        return torch.full_like(latents_bchw, torch.nan)

    monkeypatch.setattr(denoise, "choose", lambda *_: broken)
    with pytest.raises(GlmImageError, match="no numbers"):
        edit(tiny_pipeline)


def test_too_little_memory_names_the_ways_out(
    tiny_pipeline: GlmImagePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(latents_bchw: Tensor, step: int) -> Tensor:
        raise torch.OutOfMemoryError("tried to allocate")

    monkeypatch.setattr(denoise, "choose", lambda *_: full)
    with pytest.raises(GlmImageError, match="max_batch=1"):
        edit(tiny_pipeline)


def test_guidance_of_one_runs_the_decoder_once_per_step(
    tiny_pipeline: GlmImagePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = GlmImagePipeline(dataclasses.replace(tiny_pipeline.system, plan=ExecutionPlan()))
    calls = record(monkeypatch, type(plain.system.dit), "forward")
    edit(plain, guidance_scale=1.0)
    assert len(calls) == STEPS
    edit(plain, guidance_scale=1.5)
    assert len(calls) == 3 * STEPS


def test_sampling_defaults_are_those_of_the_checkpoint(tiny_pipeline: GlmImagePipeline) -> None:
    sampling = dataclasses.replace(tiny_pipeline.system.sampling, temperature=0.0)
    greedy = GlmImagePipeline(dataclasses.replace(tiny_pipeline.system, sampling=sampling))
    assert same(draw(greedy), draw(tiny_pipeline, temperature=0.0))
    assert same(draw(greedy, temperature=0.9), draw(tiny_pipeline))


def _only(result: Result, index: int) -> Result:
    return dataclasses.replace(
        result,
        pictures=[result.pictures[index]],
        prior_tokens=[result.prior_tokens[index]],
    )
