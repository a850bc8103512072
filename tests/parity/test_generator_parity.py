"""The generator against transformers' GLM-Image on tiny weights in which every term is visible."""

from dataclasses import dataclass

import pytest
import torch
from generator_pair import (
    CODES,
    END,
    PLACEHOLDER,
    SHAPES,
    START,
    VISION_VOCAB,
    Pair,
    build_pair,
    reference_config,
)
from torch import Tensor
from transformers import DynamicCache, GlmImageConfig, GlmImageForConditionalGeneration

from glm_image.layers.cache import KVCache
from glm_image.models.generator import Generator
from glm_image.models.positions import batch_positions, prompt_positions, raster_positions
from glm_image.models.presets import full_generator
from glm_image.models.vit import VisionConfig
from glm_image.types import Grid, SourceSpan
from padding import padded_causal_mask

pytestmark = pytest.mark.parity


@pytest.fixture(
    scope="module",
    params=[(shape, seed) for shape in SHAPES for seed in (1, 2)],
    ids=lambda param: f"{param[0]}, seed {param[1]}",
)
def pair(request: pytest.FixtureRequest) -> Pair:
    return build_pair(*request.param)


@dataclass(frozen=True)
class Sample:
    """A prompt with source images, and the rasters that follow it."""

    text: tuple[int, ...]
    sources: tuple[Grid, ...]
    rasters: tuple[Grid, ...]
    seed: int

    def spans(self) -> list[SourceSpan]:
        spans: list[SourceSpan] = []
        index = 1
        for (height, width), text in zip(self.sources, self.text, strict=False):
            spans.append(SourceSpan(start_index=index, height=height, width=width))
            index += height * width + 2 + text
        return spans

    def prompt(self) -> Tensor:
        """Every source with its markers followed by a stretch of text; the start marker last."""
        rng = torch.Generator().manual_seed(self.seed)
        parts: list[Tensor] = []
        for index, count in enumerate(self.text):
            if index < len(self.sources):
                height, width = self.sources[index]
                codes = torch.randint(0, CODES, (height * width,), generator=rng)
                parts += [torch.tensor([START]), codes, torch.tensor([END])]
            parts.append(torch.randint(VISION_VOCAB, PLACEHOLDER, (count,), generator=rng))
        return torch.cat([*parts, torch.tensor([START])])

    def grids(self) -> Tensor:
        """As the reference wants them: sources, then the rasters with the largest first."""
        return torch.tensor([(1, *grid) for grid in (*self.sources, *reversed(self.rasters))])

    def generated(self) -> Tensor:
        count = sum(height * width for height, width in self.rasters)
        rng = torch.Generator().manual_seed(self.seed + 100)
        return torch.cat((torch.randint(0, CODES, (count,), generator=rng), torch.tensor([END])))


SAMPLES = {
    "draw": Sample((23,), (), ((4, 4), (6, 6)), 1),
    "draw, tall": Sample((9,), (), ((5, 3), (9, 4)), 2),
    "draw, wide": Sample((1,), (), ((2, 7), (3, 11)), 3),
    "edit": Sample((12,), ((4, 6),), ((5, 3),), 4),
    "edit of two": Sample((0, 17), ((3, 3), (2, 7)), ((4, 4),), 5),
    "edit of three, text between": Sample((2, 5, 8), ((6, 1), (1, 4), (3, 5)), ((2, 3),), 6),
}


@pytest.fixture(params=SAMPLES.values(), ids=SAMPLES.keys())
def sample(request: pytest.FixtureRequest) -> Sample:
    chosen: Sample = request.param
    return chosen


def our_positions(sample: Sample) -> tuple[Tensor, Tensor]:
    prompt, following = prompt_positions(len(sample.prompt()), sample.spans())
    return prompt, raster_positions(following, sample.rasters)


def reference_positions(
    reference: GlmImageForConditionalGeneration, samples: list[Sample]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Left-padded ids, their mask, prompt positions ``[3, B, L]`` and decode positions."""
    prompts = [sample.prompt() for sample in samples]
    length = max(map(len, prompts))
    ids = torch.full((len(samples), length), END)
    mask = torch.zeros_like(ids)
    for row, prompt in enumerate(prompts):
        ids[row, length - len(prompt) :] = prompt
        mask[row, length - len(prompt) :] = 1
    positions, _ = reference.model.get_rope_index(
        ids,
        torch.cat([sample.grids() for sample in samples]),
        torch.tensor([len(sample.grids()) for sample in samples]),
        mask,
    )
    decode = reference.model._cached_decode_position_ids.permute(1, 0, 2)
    reference.model.rope_deltas = None
    return ids, mask, positions, decode


def patches(config: VisionConfig, count: int, grid: Grid, seed: int) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.rand(count, grid[0] * grid[1], config.patch_values, generator=rng) * 2 - 1


def test_positions(pair: Pair, sample: Sample) -> None:
    _, _, prompt, decode = reference_positions(pair.reference, [sample])
    ours = our_positions(sample)
    assert torch.equal(ours[0], prompt[:, 0])
    assert torch.equal(ours[1], decode[:, 0])


def test_positions_of_a_padded_batch(pair: Pair) -> None:
    samples = list(SAMPLES.values())
    _, _, prompts, decode = reference_positions(pair.reference, samples)
    ours = [our_positions(sample) for sample in samples]
    assert torch.equal(batch_positions([prompt for prompt, _ in ours]), prompts)
    for row, (_, raster) in enumerate(ours):
        assert torch.equal(decode[:, row, : raster.shape[1]], raster)


@torch.inference_mode()
def test_full_logits(pair: Pair, sample: Sample) -> None:
    positions = torch.cat(our_positions(sample), dim=1)[:, None]
    ids = torch.cat((sample.prompt(), sample.generated()))[None]
    expected = pair.reference(input_ids=ids, position_ids=positions, use_cache=False).logits
    ours = pair.ours.logits(pair.ours(ids, positions))
    torch.testing.assert_close(ours, expected, atol=5e-5, rtol=0)
    assert expected.std() > 0.5


@pytest.mark.parametrize("offset", [5003, 100_003])
@torch.inference_mode()
def test_full_logits_at_late_positions(pair: Pair, offset: int) -> None:
    """Angles are exact only if positions and tables stay in fp32."""
    sample = SAMPLES["draw"]
    positions = torch.cat(our_positions(sample), dim=1)[:, None]
    positions[0] += offset
    positions[1:, :, 30:] += offset
    ids = torch.cat((sample.prompt(), sample.generated()))[None]
    expected = pair.reference(input_ids=ids, position_ids=positions, use_cache=False).logits
    ours = pair.ours.logits(pair.ours(ids, positions))
    torch.testing.assert_close(ours, expected, atol=5e-5, rtol=0)


@torch.inference_mode()
def test_step_logits(pair: Pair) -> None:
    """Prompt, then single tokens, each with its cache and with its own idea of positions."""
    sample = SAMPLES["edit of two"]
    prompt, raster = our_positions(sample)
    ids, mask, _, _ = reference_positions(pair.reference, [sample])
    text = pair.ours.config.text
    cache = KVCache.allocate(
        text.num_hidden_layers,
        1,
        text.num_key_value_heads,
        ids.shape[1] + raster.shape[1],
        pair.ours.lm_head.weight,
        text.head_dim,
    )
    theirs = DynamicCache(config=pair.reference.config)
    grids = {"image_grid_thw": sample.grids(), "images_per_sample": None}
    expected = pair.reference(
        input_ids=ids, attention_mask=mask, past_key_values=theirs, use_cache=True, **grids
    ).logits
    ours = pair.ours.logits(pair.ours(ids, prompt[:, None], cache=cache))
    torch.testing.assert_close(ours, expected, atol=5e-5, rtol=0)
    for step, token in enumerate(sample.generated()):
        expected = pair.reference(
            input_ids=token.view(1, 1), past_key_values=theirs, use_cache=True, **grids
        ).logits
        position = raster[:, None, step : step + 1]
        ours = pair.ours.logits(pair.ours(token.view(1, 1), position, cache=cache))
        torch.testing.assert_close(ours, expected, atol=5e-5, rtol=0)
    pair.reference.model.rope_deltas = None


@torch.inference_mode()
def test_logits_of_a_padded_batch(pair: Pair) -> None:
    samples = list(SAMPLES.values())
    ids, mask, positions, _ = reference_positions(pair.reference, samples)
    expected = pair.reference(
        input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=False
    ).logits
    allowed = padded_causal_mask(mask.bool(), ids.shape[1])
    ours = pair.ours.logits(pair.ours(ids, positions, mask=allowed))
    valid = mask.bool()
    torch.testing.assert_close(ours[valid], expected[valid], atol=5e-5, rtol=0)


@pytest.mark.parametrize("grid", [(16, 16), (3, 5), (20, 7), (1, 9)])
@torch.inference_mode()
def test_vision_features_and_codes(pair: Pair, grid: Grid) -> None:
    images = patches(pair.ours.config.vision, 2, grid, seed=sum(grid))
    features = pair.reference.get_image_features(
        images.flatten(0, 1), torch.tensor([(1, *grid)] * 2)
    ).pooler_output
    expected = torch.stack([image.flatten(1).T for image in features])
    ours = pair.ours.visual(images, grid)
    torch.testing.assert_close(ours, expected, atol=1e-4, rtol=0)
    ids = pair.reference.get_image_tokens(features).view(2, -1)
    assert torch.equal(pair.ours.tokenize_image(images, grid), ids)
    assert len(ids.unique()) > 3


@torch.inference_mode()
def test_images_of_different_sizes_in_one_reference_call(pair: Pair) -> None:
    """The reference packs images; ours takes them one by one. Neither may see another image."""
    grids = [(4, 6), (9, 2), (3, 3)]
    images = [patches(pair.ours.config.vision, 1, g, seed=n) for n, g in enumerate(grids)]
    features = pair.reference.get_image_features(
        torch.cat([image[0] for image in images]), torch.tensor([(1, *g) for g in grids])
    ).pooler_output
    ids = pair.reference.get_image_tokens(features)
    ours = [
        pair.ours.tokenize_image(image, grid)[0] for image, grid in zip(images, grids, strict=True)
    ]
    assert torch.equal(torch.cat(ours), ids)


@torch.inference_mode()
def test_pixels_to_logits_of_an_edit(pair: Pair) -> None:
    """The whole edit path: pixels, codes in place of the placeholders, language model."""
    grid = (4, 6)
    image = patches(pair.ours.config.vision, 1, grid, seed=3)
    sample = SAMPLES["edit"]
    ids = sample.prompt()[None]
    ids[:, 1 : 1 + grid[0] * grid[1]] = PLACEHOLDER
    positions = our_positions(sample)[0][:, None]
    features = pair.reference.get_image_features(image[0], torch.tensor([(1, *grid)]))
    expected = pair.reference(
        input_ids=ids,
        position_ids=positions,
        mm_encoder_outputs={"image": features},
        use_cache=False,
    ).logits
    replaced = ids.clone()
    replaced[ids == PLACEHOLDER] = pair.ours.tokenize_image(image, grid)[0]
    ours = pair.ours.logits(pair.ours(replaced, positions))
    torch.testing.assert_close(ours, expected, atol=5e-5, rtol=0)


def test_full_preset_equals_the_published_tree() -> None:
    """Every tensor of the published generator: same name, same shape."""
    with torch.device("meta"):
        ours = Generator(full_generator()).state_dict()
        reference = GlmImageForConditionalGeneration(GlmImageConfig()).state_dict()
    published = {name.removeprefix("model."): tensor.shape for name, tensor in reference.items()}
    assert {name: tensor.shape for name, tensor in ours.items()} == published


def test_full_preset_equals_the_reference_defaults() -> None:
    """The library's defaults are the published values, except for the partial rotation."""
    ours, reference = full_generator(), GlmImageConfig()
    written = reference_config(ours)
    for part in ("text_config", "vision_config", "vq_config"):
        mine, default = getattr(written, part).to_dict(), getattr(reference, part).to_dict()
        for key in ("rope_parameters", "head_dim"):
            mine.pop(key, None)
            default.pop(key, None)
        assert mine == default
    assert written.image_token_id == reference.image_token_id
    assert written.image_start_token_id == reference.image_start_token_id
    assert written.image_end_token_id == reference.image_end_token_id
