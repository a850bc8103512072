"""Mistakes that other implementations of this system make, one test for each.

The number is that of the list kept with the project's notes on the reference; the name says what is
protected. Defects of things that do not exist here have a test that they do not.
"""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import tiny
from drawing import SOURCE, close, draw, edit, inputs, picture, record, reference
from glm_image.checkpoint import published, settings
from glm_image.checkpoint.fields import Fields
from glm_image.errors import ShapeError
from glm_image.image.size import SourceLimits
from glm_image.image.transforms import prepare_source
from glm_image.models.dit import DiT
from glm_image.models.generator import Generator
from glm_image.pipeline import prior, prompt
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.pipeline.sampling import Sampler
from glm_image.types import Prompt, Reference, Size

PUBLISHED_LIMITS = SourceLimits(
    min_pixels=512**2, max_pixels=2048**2, patch_size=16, mean=(0.5,) * 3, std=(0.5,) * 3
)


def test_01_edits_run_with_one_source_and_with_unlike_ones(tiny_pipeline: GlmImagePipeline) -> None:
    one = edit(tiny_pipeline)
    two = edit(tiny_pipeline, image=[SOURCE, picture(128, 96, 1)])
    assert one.images[0].size == two.images[0].size == (64, 64)
    assert not close(one.images[0], two.images[0])


def test_02_decoder_is_told_the_unshifted_timestep_less_one(
    tiny_pipeline: GlmImagePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = record(monkeypatch, DiT, "modulations")
    for size in (64, 96):
        edit(tiny_pipeline, num_inference_steps=50, guidance_scale=1.0, height=size, width=size)
        told = [timestep for (_, timestep_b, *_), _, _ in calls for timestep in timestep_b.tolist()]
        assert told == [999.0 - 20 * step for step in range(50)]
        calls.clear()


@pytest.mark.parametrize(
    "size", [(500, 500), (256, 256), (720, 1280), (1080, 1920), (2560, 2560), (1023, 1537)]
)
def test_03_both_encoders_agree_on_sources_of_any_size(
    size: tuple[int, int], tiny_pipeline: GlmImagePipeline
) -> None:
    source = prepare_source(picture(*size), PUBLISHED_LIMITS)
    rows, columns = source.grid
    assert source.size == (rows * 32, columns * 32)
    assert 512 <= min(source.size) <= max(source.size) <= 2048
    assert len(source.patches_np) == rows * columns
    # The same proportions, a quarter of the size, all the way.
    quarter = picture(size[0] // 4, size[1] // 4)
    assert edit(tiny_pipeline, image=quarter, height=64, width=96).images[0].size == (96, 64)


def test_04_every_id_is_a_code_and_the_end_is_only_reported(
    tiny_pipeline: GlmImagePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = tiny_pipeline.system
    logits = Generator.logits

    def greedy_for_the_end(self: Generator, hidden: Tensor) -> Tensor:
        scores = logits(self, hidden)
        scores[..., tiny.CODES :] += 100.0
        scores[..., tiny.END] += 100.0
        return scores

    monkeypatch.setattr(Generator, "logits", greedy_for_the_end)
    result = draw(tiny_pipeline, height=96, width=64)
    codes = result.prior_tokens[0]
    assert codes.shape == (3, 2)
    assert 0 <= int(codes.min()) <= int(codes.max()) < system.num_codes
    health = result.health[0]
    assert health is not None
    assert health.tokens == 19 * 13 + 6
    assert health.early_ends == health.tokens
    assert health.ended
    assert result.pictures[0].provenance["health"] == vars(health)


def test_05_both_sides_are_rounded_alike(tiny_pipeline: GlmImagePipeline) -> None:
    for height, width in ((64, 68), (68, 64), (64, 80), (50, 84)):
        assert edit(tiny_pipeline, height=height, width=width).images[0].size == (width, height)


def test_06_height_and_width_may_be_left_out(tiny_pipeline: GlmImagePipeline) -> None:
    assert draw(tiny_pipeline).images[0].size == (64, 64)
    assert edit(tiny_pipeline, image=picture(64, 96)).images[0].size == (96, 64)


@torch.no_grad()
def test_07_masked_glyphs_do_not_show(tiny_pipeline: GlmImagePipeline) -> None:
    dit = tiny_pipeline.system.dit
    latents, told = inputs(glyphs=5)
    timestep = torch.tensor([500.0])
    mask = torch.tensor([[True, True, True, False, False]])
    junk = told.glyph_bsd.clone()
    junk[:, 3:] = 100.0
    short = dataclasses.replace(told, glyph_bsd=told.glyph_bsd[:, :3])
    masked = dataclasses.replace(told, glyph_bsd=junk, glyph_mask_bs=mask)
    for cache in (None, dit.encode_reference(*_reference_inputs(reference(1)))):
        expected = dit(latents, short, timestep_b=timestep, references=cache)
        got = dit(latents, masked, timestep_b=timestep, references=cache)
        torch.testing.assert_close(got, expected, atol=1e-5, rtol=0)
    with pytest.raises(ShapeError, match="boolean"):
        dataclasses.replace(told, glyph_mask_bs=mask.float())


def test_08_neighbours_with_longer_texts_do_not_show(tiny_pipeline: GlmImagePipeline) -> None:
    words = ["none", 'one "x"', "two 'a' and \"a much longer text\""]
    batch = edit(tiny_pipeline, words, num_inference_steps=4)
    for index, text in enumerate(words):
        single = edit(tiny_pipeline, text, num_inference_steps=4)
        assert close(batch.images[index], single.images[0])


def test_09_every_picture_has_its_own_sources_seed_and_codes(
    tiny_pipeline: GlmImagePipeline,
) -> None:
    words, images = ["a", "b"], [[SOURCE], [picture(96, 128, 1)]]
    seeds = [torch.Generator().manual_seed(seed) for seed in (3, 4)]
    size = {"height": 64, "width": 64}
    batch = edit(tiny_pipeline, words, image=images, seed=None, generator=seeds, **size)
    for index in range(2):
        alone = edit(tiny_pipeline, words[index], image=images[index], seed=3 + index, **size)
        assert torch.equal(batch.prior_tokens[index], alone.prior_tokens[0])
        assert close(batch.images[index], alone.images[0])
    several = draw(tiny_pipeline, num_images_per_prompt=2)
    assert not torch.equal(several.prior_tokens[0], several.prior_tokens[1])


def test_10_positions_belong_to_the_request(tiny_pipeline: GlmImagePipeline) -> None:
    """A whole request runs between two tokens of another one; neither notices."""
    system = tiny_pipeline.system
    sampler = Sampler(temperature=0.9, top_p=0.75)

    def write(words: str, size: Size, between: Any) -> Tensor:
        request = prompt.encode(system.text_tokenizer, Prompt(text=words, size=size), 8192)
        uniforms = torch.rand(
            (1, request.new_tokens), generator=torch.Generator().manual_seed(len(words))
        )
        written = prior.generate(system.generator, [request], [()], [0], sampler, uniforms, between)
        return written[0].prior.ids_n

    def quiet() -> None:
        return None

    before = {name: one.clone() for name, one in system.generator.named_buffers()}
    first, second = write("one", Size(64, 64), quiet), write("another", Size(96, 64), quiet)
    nested: list[Tensor] = []

    def interleave() -> None:
        if not nested:
            nested.append(write("another", Size(96, 64), quiet))

    assert torch.equal(write("one", Size(64, 64), interleave), first)
    assert torch.equal(nested[0], second)
    after = dict(system.generator.named_buffers())
    assert before.keys() == after.keys()
    assert all(torch.equal(one, after[name]) for name, one in before.items())


def test_11_global_random_state_is_left_alone(tiny_pipeline: GlmImagePipeline) -> None:
    states = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    edit(tiny_pipeline, seed=None)
    draw(tiny_pipeline, seed=1)
    assert torch.equal(torch.random.get_rng_state(), states[0])
    assert np.array_equal(np.random.get_state()[1], states[1])
    torch.manual_seed(123)
    first = edit(tiny_pipeline)
    torch.manual_seed(456)
    assert np.array_equal(edit(tiny_pipeline).images[0], first.images[0])


def test_12_scores_cover_the_vision_vocabulary_and_can_be_learned(
    tiny_pipeline: GlmImagePipeline,
) -> None:
    config = tiny_pipeline.system.generator.config
    generator = Generator(config)
    tiny.randomise(generator, torch.Generator().manual_seed(1))
    ids = torch.randint(0, tiny.CODES, (1, 12), generator=torch.Generator().manual_seed(2))
    logits = generator.logits(generator(ids, torch.arange(12).expand(3, 1, -1)))
    assert logits.shape == (1, 12, config.text.vision_vocab_size)
    F.cross_entropy(logits[0, :-1], ids[0, 1:]).backward()
    assert generator.lm_head.weight.grad is not None
    assert float(generator.lm_head.weight.grad.abs().max()) > 0


def test_13_no_hidden_top_k(tiny_pipeline: GlmImagePipeline, tmp_path: Path) -> None:
    """A checkpoint that does not name ``top_k`` samples from all codes, not from 50."""
    (tmp_path / "generation_config.json").write_text('{"do_sample": true, "eos_token_id": 65}')
    problems: list[str] = []
    fields = Fields.from_file(tmp_path / "generation_config.json", problems)
    sampling = settings.read_sampling(fields, tiny_pipeline.system.generator.config)
    assert not problems
    assert sampling is not None
    sampler = Sampler(temperature=1.0, top_p=1.0, top_k=sampling.top_k)
    uniforms = torch.linspace(0, 1, 1000)[:-1]
    chosen = sampler.pick(torch.zeros(999, tiny.CODES), uniforms)
    assert len(chosen.unique()) == tiny.CODES


def test_14_codes_are_searched_in_fp32(tiny_checkpoint: Path) -> None:
    """With weights in bf16 the search itself has no ties that bf16 distances would have."""
    loaded = published.load(tiny_checkpoint, dtype=torch.bfloat16, device=torch.device("cpu"))
    quantizer = loaded.generator.vqmodel
    features = torch.randn(1, 400, 32, generator=torch.Generator().manual_seed(1)).bfloat16()
    vectors = F.normalize(quantizer.project(features).double(), dim=-1)
    codes = F.normalize(quantizer.codes().double(), dim=-1)
    assert quantizer.project(features).dtype == quantizer.codes().dtype == torch.float32
    exact = (vectors[0] @ codes.T).argmax(-1)
    assert torch.equal(quantizer.encode(features)[0], exact)
    rounded = (vectors[0].bfloat16() @ codes.bfloat16().T).argmax(-1)
    assert not torch.equal(rounded, exact)


def _reference_inputs(one: Reference) -> tuple[Tensor, Tensor, Tensor]:
    return one.latents_chw[None], one.prior_ids_n[None], torch.tensor([one.size]).float()
