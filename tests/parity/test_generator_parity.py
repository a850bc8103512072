"""The generator against transformers' GLM-Image on tiny weights in which every term is visible.

Default initialisation is too small to show a wrong bias, norm or position, so the reference gets
matrices N(0, 1 / fan_in), norm scales 1 ± 0.2, biases ± 0.2 and embeddings of 0.7.
"""

import math
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn
from transformers import DynamicCache, GlmImageConfig, GlmImageForConditionalGeneration

from glm_image.layers.cache import KVCache
from glm_image.layers.mask import padded_causal_mask
from glm_image.models.generator import Generator, GeneratorConfig
from glm_image.models.glm import GlmConfig
from glm_image.models.positions import (
    SourceSpan,
    batch_positions,
    prompt_positions,
    raster_positions,
)
from glm_image.models.presets import full_generator
from glm_image.models.vit import VisionConfig
from glm_image.models.vq import VqConfig

pytestmark = pytest.mark.parity

CODES, START, END, VISION_VOCAB, PLACEHOLDER, VOCAB = 64, 64, 65, 72, 340, 344
Grid = tuple[int, int]


def config(text: dict[str, object], vision: dict[str, object], code_dim: int) -> GeneratorConfig:
    return GeneratorConfig(
        text=GlmConfig(
            vocab_size=VOCAB,
            vision_vocab_size=VISION_VOCAB,
            max_position_embeddings=8192,
            eos_token_id=END,
            pad_token_id=328,
            **text,  # type: ignore[arg-type]
        ),
        vision=VisionConfig(in_channels=3, layer_norm_eps=1e-6, **vision),  # type: ignore[arg-type]
        vq=VqConfig(
            embed_dim=code_dim,
            num_embeddings=CODES,
            latent_channels=vision["hidden_size"],  # type: ignore[arg-type]
        ),
        image_start_token_id=START,
        image_end_token_id=END,
        image_token_id=PLACEHOLDER,
    )


SHAPES = {
    "as published, small": config(
        {
            "hidden_size": 128,
            "intermediate_size": 192,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 32,
            "rms_norm_eps": 1e-5,
            "attention_bias": True,
            "rope_theta": 10000.0,
            "partial_rotary_factor": 0.5,
            "mrope_section": (2, 3, 3),
        },
        {
            "depth": 2,
            "hidden_size": 32,
            "num_heads": 2,
            "intermediate_size": 64,
            "image_size": 256,
            "patch_size": 16,
            "attention_bias": True,
        },
        16,
    ),
    "wide heads, one key head, other rotation": config(
        {
            "hidden_size": 40,
            "intermediate_size": 56,
            "num_hidden_layers": 2,
            "num_attention_heads": 6,
            "num_key_value_heads": 1,
            "head_dim": 24,
            "rms_norm_eps": 1e-2,
            "attention_bias": True,
            "rope_theta": 500.0,
            "partial_rotary_factor": 0.75,
            "mrope_section": (4, 3, 2),
        },
        {
            "depth": 3,
            "hidden_size": 60,
            "num_heads": 5,
            "intermediate_size": 100,
            "image_size": 56,
            "patch_size": 8,
            "attention_bias": True,
        },
        24,
    ),
    "no biases, all channels rotated, no groups": config(
        {
            "hidden_size": 64,
            "intermediate_size": 96,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "num_key_value_heads": 4,
            "head_dim": 16,
            "rms_norm_eps": 1e-6,
            "attention_bias": False,
            "rope_theta": 10000.0,
            "partial_rotary_factor": 1.0,
            "mrope_section": (3, 1, 4),
        },
        {
            "depth": 1,
            "hidden_size": 48,
            "num_heads": 4,
            "intermediate_size": 64,
            "image_size": 128,
            "patch_size": 4,
            "attention_bias": False,
        },
        8,
    ),
}


def reference_config(ours: GeneratorConfig) -> GlmImageConfig:
    text, vision, vq = ours.text, ours.vision, ours.vq
    return GlmImageConfig(
        image_start_token_id=ours.image_start_token_id,
        image_end_token_id=ours.image_end_token_id,
        image_token_id=ours.image_token_id,
        text_config={
            "vocab_size": text.vocab_size,
            "vision_vocab_size": text.vision_vocab_size,
            "hidden_size": text.hidden_size,
            "intermediate_size": text.intermediate_size,
            "num_hidden_layers": text.num_hidden_layers,
            "num_attention_heads": text.num_attention_heads,
            "num_key_value_heads": text.num_key_value_heads,
            "head_dim": text.head_dim,
            "rms_norm_eps": text.rms_norm_eps,
            "attention_bias": text.attention_bias,
            "max_position_embeddings": text.max_position_embeddings,
            "eos_token_id": text.eos_token_id,
            "pad_token_id": text.pad_token_id,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": text.rope_theta,
                "partial_rotary_factor": text.partial_rotary_factor,
                "mrope_section": list(text.mrope_section),
            },
        },
        vision_config={
            "depth": vision.depth,
            "hidden_size": vision.hidden_size,
            "num_heads": vision.num_heads,
            "intermediate_size": vision.intermediate_size,
            "image_size": vision.image_size,
            "patch_size": vision.patch_size,
            "in_channels": vision.in_channels,
            "layer_norm_eps": vision.layer_norm_eps,
            "attention_bias": vision.attention_bias,
        },
        vq_config={
            "embed_dim": vq.embed_dim,
            "num_embeddings": vq.num_embeddings,
            "latent_channels": vq.latent_channels,
        },
    )


@torch.no_grad()
def make_visible(module: nn.Module, seed: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    for part in module.modules():
        for name, parameter in part.named_parameters(recurse=False):
            noise = torch.randn(parameter.shape, generator=rng)
            if isinstance(part, nn.Embedding):
                parameter.copy_(0.7 * noise)
            elif parameter.ndim > 1:
                parameter.copy_(noise / math.sqrt(parameter[0].numel()))
            else:
                parameter.copy_(0.2 * noise + (1.0 if name == "weight" else 0.0))


@dataclass(frozen=True)
class Pair:
    """Our generator and the reference with the same weights."""

    ours: Generator
    reference: GlmImageForConditionalGeneration


@pytest.fixture(
    scope="module",
    params=[(shape, seed) for shape in SHAPES for seed in (1, 2)],
    ids=lambda param: f"{param[0]}, seed {param[1]}",
)
def pair(request: pytest.FixtureRequest) -> Pair:
    shape, seed = request.param
    with torch.random.fork_rng(devices=[]):
        reference = GlmImageForConditionalGeneration(reference_config(SHAPES[shape])).eval()
    make_visible(reference, seed)
    with torch.device("meta"):
        ours = Generator(SHAPES[shape])
    weights = {
        name.removeprefix("model."): value.clone() for name, value in reference.state_dict().items()
    }
    ours.load_state_dict(weights, strict=True, assign=True)
    return Pair(ours, reference)


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
