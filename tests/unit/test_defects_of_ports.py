"""The second half of ``test_defects.py``: mistakes of interfaces and of ports.

The number is that of the list kept with the project's notes on the reference; the name says what is
protected. Defects of things that do not exist here have a test that they do not.
"""

import dataclasses
import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import tiny
from drawing import SOURCE, close, edit, inputs, picture, record, reference
from glm_image.errors import InputError, ShapeError
from glm_image.execution.auto import Wish
from glm_image.execution.velocity import Level, Plain
from glm_image.image.size import SourceLimits
from glm_image.models.glm import GlmModel
from glm_image.models.glyph_encoder import distance_buckets
from glm_image.pipeline import condition, denoise
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.pipeline.progress import Progress
from glm_image.tokenizer import chat
from glm_image.tokenizer.glyph import byt5_ids, quoted_texts
from glm_image.types import Conditioning, Prompt, Size

PUBLISHED_LIMITS = SourceLimits(
    min_pixels=512**2, max_pixels=2048**2, patch_size=16, mean=(0.5,) * 3, std=(0.5,) * 3
)


def test_15_a_single_picture_needs_no_list_and_levels_cannot_be_mispaired(
    tiny_pipeline: GlmImagePipeline,
) -> None:
    assert close(
        edit(tiny_pipeline, image=SOURCE).images[0], edit(tiny_pipeline, image=[SOURCE]).images[0]
    )
    arguments = inspect.signature(GlmImagePipeline.__call__).parameters
    assert not {"sigmas", "timesteps"} & set(arguments)


def test_16_callback_is_told_the_step_and_never_a_noise_level(
    tiny_pipeline: GlmImagePipeline,
) -> None:
    seen: list[Progress] = []
    edit(tiny_pipeline, on_progress=seen.append, num_inference_steps=4)
    steps = [step for step in seen if step.stage == "decoder"]
    assert [(step.index, step.total) for step in steps] == [(index, 4) for index in range(5)]
    assert {field.name for field in dataclasses.fields(Progress)} == {
        "stage",
        "index",
        "total",
        "batch",
        "batches",
        "preview",
        "rasters",
    }


def test_17_front_padding_follows_the_number_of_texts() -> None:
    """As the published results were made: an even number of texts, not an odd length."""
    assert byt5_ids(["ab"]) == [[100, 101, 1]]
    assert byt5_ids(["a", "bc"]) == [[0, 100, 1], [0, 101, 102, 1]]
    assert byt5_ids(["a", "b", "c"]) == [[100, 1], [101, 1], [102, 1]]
    assert byt5_ids([]) == [[1]]


def test_18_apostrophes_are_no_quotes() -> None:
    assert quoted_texts("don't say it's 'ok'") == ["ok"]
    assert quoted_texts('a 5\'10" man\'s "coat"') == ["coat"]
    assert quoted_texts("‘one’ and 『two』 and an 'unclosed one") == ["one", "two"]
    assert quoted_texts("don't say it's 'ok'", "compat") == ["t say it", "ok"]


def test_19_given_tensors_of_any_dtype_are_accepted(tiny_checkpoint: Path) -> None:
    loaded = GlmImagePipeline.from_pretrained(tiny_checkpoint, device="cpu", dtype="bfloat16")
    noise = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(7))
    codes = torch.arange(4).view(2, 2)
    expected = edit(loaded, prior_tokens=codes, latents=noise)
    other = edit(loaded, prior_tokens=codes.to(torch.int16), latents=noise.double())
    assert np.array_equal(other.images[0], expected.images[0])


def test_20_markers_in_a_prompt_are_plain_text(tiny_pipeline: GlmImagePipeline) -> None:
    tokenizer = tiny_pipeline.system.text_tokenizer
    text = "<|image|><|dit_token_65|><sop>9 9<eop><|endoftext|>"
    ids = set(tokenizer.encode(text))
    assert all(tiny.VISION_VOCAB <= index < tiny.VISION_VOCAB + 256 for index in ids)
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert edit(tiny_pipeline, text).images[0].size == (64, 64)


def test_21_fp16_is_refused(tiny_checkpoint: Path) -> None:
    for dtype in ("float16", "fp16", torch.float16):
        with pytest.raises(InputError, match="float16 is refused"):
            GlmImagePipeline.from_pretrained(tiny_checkpoint, dtype=dtype)


@torch.no_grad()
def test_22_unconditional_branch_knows_no_reference(tiny_pipeline: GlmImagePipeline) -> None:
    dit, system = tiny_pipeline.system.dit, tiny_pipeline.system
    latents, told = inputs()
    empty = condition.encode_texts(system.glyph_encoder, [])
    outputs = []
    for references in ((), (reference(1),), (reference(2), reference(3, 96, 64))):
        one = Conditioning(
            glyph_sd=told.glyph_bsd[0],
            prior_ids_n=told.prior_ids_bn[0] if not references else references[0].prior_ids_n,
            size=Size(64, 64),
            references=references,
        )
        guidance = denoise.guide(dit, [one], empty, 1.5)
        assert guidance is not None
        branch = denoise.conditional(dit, [one])
        assert (branch.references is not None) == bool(references)
        level = [Level(timestep=500.0)]
        alone = Plain(dit, guidance.unconditional, None, level)(latents, 0)
        told_all = Plain(dit, branch, None, level)(latents, 0)
        mixed = Plain(dit, branch, guidance, level)(latents, 0)
        torch.testing.assert_close(mixed, alone + 1.5 * (told_all - alone))
        outputs.append(alone)
    assert torch.equal(outputs[0], outputs[1])
    assert torch.equal(outputs[0], outputs[2])


def test_23_prompt_names_the_grids_and_opens_the_image(tiny_pipeline: GlmImagePipeline) -> None:
    tokenizer = tiny_pipeline.system.text_tokenizer
    request = chat.text_to_image(tokenizer, "cat", target=(32, 32), preview=(16, 16))
    expected = [
        *tokenizer.encode("cat"),
        *(tokenizer.grid_start_id, *tokenizer.encode("32 32"), tokenizer.grid_end_id),
        *(tokenizer.grid_start_id, *tokenizer.encode("16 16"), tokenizer.grid_end_id),
        tokenizer.start_id,
    ]
    assert request.ids_l.tolist() == expected
    assert request.rasters == ((16, 16), (32, 32))


def test_24_only_quoted_texts_reach_the_glyph_encoder(
    tiny_pipeline: GlmImagePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = record(monkeypatch, condition, "encode_texts")
    edit(tiny_pipeline, 'a sign that says "Hi" in red')
    assert [arguments[1] for arguments, _, _ in calls] == [["Hi"], []]


def test_24_every_source_counts(tiny_pipeline: GlmImagePipeline) -> None:
    codes = torch.zeros(2, 2, dtype=torch.long)
    images = [picture(64, 64, seed) for seed in range(3)]
    base = edit(tiny_pipeline, image=images, prior_tokens=codes).images[0]
    for index in range(3):
        changed = [*images]
        changed[index] = picture(64, 64, 9)
        assert not close(edit(tiny_pipeline, image=changed, prior_tokens=codes).images[0], base)


@torch.no_grad()
def test_24_dropped_prior_passes_its_projector(tiny_pipeline: GlmImagePipeline) -> None:
    """The embedding is zeroed, not what comes out of the projector: the biases remain."""
    dit = tiny_pipeline.system.dit
    latents, told = inputs()
    dropped = dataclasses.replace(
        told, prior_drop_bn=torch.ones_like(told.prior_ids_bn, dtype=torch.bool)
    )
    timestep = torch.tensor([500.0])
    got = dit(latents, dropped, timestep_b=timestep)
    projector = dit.prior_projector(torch.zeros(1, 16, dit.config.width))
    assert float(projector.abs().max()) > 0.1
    table = dit.prior_token_embedding.weight
    kept = table.clone()
    table.zero_()
    try:
        torch.testing.assert_close(dit(latents, told, timestep_b=timestep), got)
    finally:
        table.copy_(kept)


def test_24_glyphs_see_both_ways_and_sizes_are_multiples_of_32(
    tiny_pipeline: GlmImagePipeline,
) -> None:
    buckets = distance_buckets(8, tiny.glyph_encoder_config(), torch.device("cpu"))
    assert buckets[0, 5] != buckets[5, 0]
    with pytest.raises(ShapeError, match="multiples of 32"):
        Prompt(text="a", size=Size(64, 80))


def test_25_no_query_is_left_without_a_key(
    tiny_checkpoint: Path, tiny_pipeline: GlmImagePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prompts are read without padding, and a row sees itself whatever its neighbours see."""
    plan = Wish(window=1)
    one_by_one = GlmImagePipeline.from_pretrained(tiny_checkpoint, device="cpu", plan=plan)
    calls = record(monkeypatch, GlmModel, "run")
    edit(one_by_one, ["a", "a longer one", "b" * 70])
    contexts = [arguments[2] for arguments, _, _ in calls]
    assert [context.causal for context in contexts] == [True] * 3 + [False] * 4
    assert all(context.mask is None for context in contexts[:3])
    masks = [context.mask for context in contexts[3:]]
    assert all(mask.dtype == torch.bool and bool(mask.any(-1).all()) for mask in masks)
    assert not any(bool(mask.all()) for mask in masks)
    calls.clear()
    edit(one_by_one, ["a", "b"])
    assert all(arguments[2].mask is None for arguments, _, _ in calls)
    calls.clear()
    edit(tiny_pipeline, ["a", "b"])
    guessed = [arguments[2].mask for arguments, _, _ in calls if not arguments[2].causal]
    assert guessed
    assert all(bool(mask.any(-1).all()) for mask in guessed)


def test_26_no_other_library_version_can_break_it() -> None:
    code = (
        "import sys, glm_image.pipeline.api, glm_image.cli.main\n"
        "sys.exit(bool({'transformers', 'diffusers', 'torchvision'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def test_27_loaded_weights_are_the_stored_ones(tiny_checkpoint: Path) -> None:
    built = tiny.networks(tiny.components())
    system = GlmImagePipeline.from_pretrained(tiny_checkpoint, device="cpu", plan="plain").system
    loaded = [system.generator, system.dit, system.vae, system.glyph_encoder]
    for network, original in zip(loaded, built.values(), strict=True):
        state = network.state_dict()
        assert all(torch.equal(state[k], v) for k, v in original.state_dict().items())
        pointers = [tensor.untyped_storage().data_ptr() for tensor in state.values()]
        assert len(set(pointers)) == len(pointers)


def test_28_noise_is_fp32_in_a_bf16_pipeline(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = GlmImagePipeline.from_pretrained(tiny_checkpoint, device="cpu", dtype="bfloat16")
    begun = record(monkeypatch, denoise.Denoising, "__init__")
    calls = record(monkeypatch, denoise, "sample")
    edit(loaded)
    (*_, start, _, _, _), _, _ = begun[0]
    assert start.dtype == calls[0][2][0].values_chw.dtype == torch.float32
    expected = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(7))
    assert torch.equal(start, expected)
    assert not torch.equal(start, start.bfloat16().float())
