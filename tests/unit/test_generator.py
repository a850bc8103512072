"""Behaviour of the generator on a tiny configuration that takes every branch."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from glm_image.errors import ConfigError, ShapeError
from glm_image.layers.cache import KVCache
from glm_image.models.generator import Generator, GeneratorConfig
from glm_image.models.glm import GlmConfig
from glm_image.models.positions import batch_positions, prompt_positions, raster_positions
from glm_image.models.presets import full_generator
from glm_image.models.vit import VisionConfig
from glm_image.models.vq import VqConfig
from glm_image.types import SourceSpan
from padding import padded_causal_mask

CONFIG = GeneratorConfig(
    text=GlmConfig(
        vocab_size=96,
        vision_vocab_size=40,
        hidden_size=48,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        rms_norm_eps=1e-5,
        attention_bias=True,
        rope_theta=10000.0,
        partial_rotary_factor=0.5,
        mrope_section=(1, 1, 2),
        max_position_embeddings=512,
        eos_token_id=33,
        pad_token_id=95,
    ),
    vision=VisionConfig(
        depth=2,
        hidden_size=24,
        num_heads=3,
        intermediate_size=40,
        image_size=32,
        patch_size=4,
        in_channels=3,
        layer_norm_eps=1e-6,
        attention_bias=True,
    ),
    vq=VqConfig(embed_dim=12, num_embeddings=32, latent_channels=24),
    image_start_token_id=32,
    image_end_token_id=33,
    image_token_id=94,
)


def rng(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def generator() -> Generator:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return Generator(CONFIG)


def sequence(seed: int) -> tuple[Tensor, Tensor]:
    """Ids ``[1, T]`` and positions ``[3, 1, T]`` of an edit: source, text, raster, end marker."""
    prompt, following = prompt_positions(14, [SourceSpan(start_index=1, height=2, width=3)])
    positions = torch.cat((prompt, raster_positions(following, [(2, 3), (3, 2)])), dim=1)
    ids = torch.randint(0, CONFIG.num_codes, (1, positions.shape[1]), generator=rng(seed))
    ids[:, 8:13] = torch.randint(40, 94, (1, 5), generator=rng(seed + 1))
    return ids, positions[:, None]


def new_cache(generator: Generator, batch: int, capacity: int) -> KVCache:
    text = generator.config.text
    return KVCache.allocate(
        text.num_hidden_layers,
        batch,
        text.num_key_value_heads,
        capacity,
        generator.lm_head.weight,
        text.head_dim,
    )


def test_every_parameter_gets_a_gradient(generator: Generator) -> None:
    ids, positions = sequence(1)
    logits = generator.logits(generator(ids, positions))
    targets = torch.randint(0, CONFIG.num_codes, (ids.shape[1] - 1,), generator=rng(2))
    language_loss = F.cross_entropy(logits[0, :-1], targets)
    patches = torch.rand(2, 15, CONFIG.vision.patch_values, generator=rng(3)) * 2 - 1
    features = generator.visual(patches, (3, 5))
    similarity = generator.vqmodel.project(features) @ generator.vqmodel.codes().T
    nearest = generator.vqmodel.encode(features)
    restored = generator.vqmodel.decode(nearest)
    quantizer_loss = (restored - features).square().mean() - similarity.logsumexp(-1).mean()
    (language_loss + quantizer_loss).backward()
    silent = [
        name
        for name, parameter in generator.named_parameters()
        if parameter.grad is None or not parameter.grad.any() or not parameter.grad.isfinite().all()
    ]
    assert silent == []


@torch.inference_mode()
def test_cached_decoding_equals_one_full_pass(generator: Generator) -> None:
    ids, positions = sequence(7)
    full = generator.logits(generator(ids, positions))
    cache = new_cache(generator, 1, ids.shape[1])
    # two chunks of prompt, then token by token
    steps = [(0, 9), (9, 14), *((t, t + 1) for t in range(14, ids.shape[1]))]
    parts = [
        generator.logits(generator(ids[:, a:b], positions[..., a:b], cache=cache)) for a, b in steps
    ]
    torch.testing.assert_close(torch.cat(parts, dim=1), full, atol=1e-5, rtol=0)
    assert cache.length == ids.shape[1]


@torch.inference_mode()
def test_future_tokens_do_not_matter(generator: Generator) -> None:
    ids, positions = sequence(8)
    changed = ids.clone()
    changed[:, 15:] = (changed[:, 15:] + 1) % CONFIG.num_codes
    before, after = generator(ids, positions), generator(changed, positions)
    torch.testing.assert_close(before[:, :15], after[:, :15], atol=1e-6, rtol=0)
    assert not torch.allclose(before[:, 15:], after[:, 15:], atol=1e-2)


@torch.inference_mode()
def test_two_interleaved_requests_do_not_meet(generator: Generator) -> None:
    requests = [sequence(11), sequence(13)]
    alone = [generator(ids, positions) for ids, positions in requests]
    caches = [new_cache(generator, 1, ids.shape[1]) for ids, _ in requests]
    heard: list[list[Tensor]] = [[], []]
    for t in range(requests[0][0].shape[1]):
        for which, (ids, positions) in enumerate(requests):
            heard[which].append(
                generator(ids[:, t : t + 1], positions[..., t : t + 1], cache=caches[which])
            )
    for which in range(2):
        torch.testing.assert_close(torch.cat(heard[which], 1), alone[which], atol=1e-5, rtol=0)


@torch.inference_mode()
def test_left_padded_batch_equals_single(generator: Generator) -> None:
    lengths, grids = (5, 12, 9), [(2, 2), (2, 3)]
    prompts = [torch.randint(40, 94, (n,), generator=rng(n)) for n in lengths]
    raster = torch.randint(0, 32, (3, 11), generator=rng(3))
    prompt_ids = torch.stack([F.pad(p, (max(lengths) - len(p), 0), value=95) for p in prompts])
    ids = torch.cat((prompt_ids, raster), dim=1)
    singles = [
        torch.cat((prompt_positions(n)[0], raster_positions(n, grids)), dim=1) for n in lengths
    ]
    positions = batch_positions(singles)
    valid = torch.arange(ids.shape[1]) >= max(lengths) - torch.tensor(lengths)[:, None]

    mask = padded_causal_mask(valid, ids.shape[1])
    assert mask.any(-1).all(), "a query without any allowed key"
    batch = generator(ids, positions, mask=mask)
    assert batch.isfinite().all()

    cache = new_cache(generator, 3, ids.shape[1])
    start = max(lengths)
    steps = [(0, start), *((t, t + 1) for t in range(start, ids.shape[1]))]
    cached = torch.cat(
        [
            generator(
                ids[:, a:b],
                positions[..., a:b],
                mask=padded_causal_mask(valid[:, :b], b - a),
                cache=cache,
            )
            for a, b in steps
        ],
        dim=1,
    )
    for row, single in enumerate(singles):
        length = single.shape[1]
        alone = generator(ids[row : row + 1, -length:], single[:, None])
        torch.testing.assert_close(batch[row : row + 1, -length:], alone, atol=1e-5, rtol=0)
        torch.testing.assert_close(cached[row : row + 1, -length:], alone, atol=1e-5, rtol=0)


@torch.inference_mode()
def test_every_axis_and_the_unrotated_channels_matter(generator: Generator) -> None:
    ids, positions = sequence(17)
    base = generator(ids, positions)
    for axis in range(3):
        moved = positions.clone()
        moved[axis, :, 10:] += 5
        assert (generator(ids, moved) - base).abs().max() > 1e-3, axis
    shifted = generator(ids, positions + 30)
    torch.testing.assert_close(shifted, base, atol=1e-4, rtol=0)


@torch.inference_mode()
def test_bf16_follows_fp32(generator: Generator) -> None:
    ids, positions = sequence(19)
    patches = torch.rand(1, 15, CONFIG.vision.patch_values, generator=rng(4)) * 2 - 1
    exact = generator.logits(generator(ids, positions))
    exact_features = generator.visual(patches, (3, 5))
    generator.bfloat16()
    cache = new_cache(generator, 1, ids.shape[1])
    hidden = generator(ids, positions, cache=cache)
    logits = generator.logits(hidden)
    features = generator.visual(patches, (3, 5))
    assert hidden.dtype == cache.keys[0].dtype == features.dtype == torch.bfloat16
    assert logits.dtype == generator.vqmodel.project(features).dtype == torch.float32
    assert F.cosine_similarity(logits.flatten(), exact.flatten(), dim=0) > 0.999
    close = F.cosine_similarity(features.float().flatten(), exact_features.flatten(), dim=0)
    assert close > 0.999


def test_trains_under_autocast(generator: Generator) -> None:
    ids, positions = sequence(23)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = generator.logits(generator(ids, positions))
    assert logits.dtype == torch.float32
    logits.logsumexp(-1).mean().backward()
    language = [
        *generator.language_model.named_parameters(),
        *generator.lm_head.named_parameters(),
    ]
    assert [name for name, p in language if p.grad is None or p.grad.dtype != p.dtype] == []


@torch.inference_mode()
def test_meta_build_then_assign(generator: Generator) -> None:
    with torch.device("meta"):
        shell = Generator(CONFIG)
    assert all(p.is_meta for p in shell.parameters())
    assert list(shell.buffers()) == []
    shell.load_state_dict(generator.state_dict(), assign=True)
    ids, positions = sequence(29)
    assert torch.equal(shell(ids, positions), generator(ids, positions))


def test_full_preset_has_the_published_size() -> None:
    with torch.device("meta"):
        full = Generator(full_generator())
    sizes = {
        "language_model": 8_847_155_200,
        "visual": 1_159_607_808,
        "vqmodel": 39_849_472,
        "lm_head": 67_633_152,
    }
    for name, size in sizes.items():
        assert sum(p.numel() for p in full.get_submodule(name).parameters()) == size, name
    assert full.config.num_codes == 16384


def test_head_covers_the_vision_vocabulary_only(generator: Generator) -> None:
    ids, positions = sequence(31)
    assert generator.logits(generator(ids, positions)).shape == (1, ids.shape[1], 40)


def test_wrong_shapes_are_named(generator: Generator) -> None:
    ids, positions = sequence(41)
    with pytest.raises(ShapeError, match="position_ids_3bt"):
        generator(ids, positions[..., :-1])
    with pytest.raises(ShapeError, match="patches_bnp"):
        generator.tokenize_image(torch.zeros(1, 14, CONFIG.vision.patch_values), (3, 5))


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("text", {"num_key_value_heads": 3}),
        ("text", {"mrope_section": (2, 2, 2)}),
        ("text", {"mrope_section": (2, 2)}),
        ("text", {"partial_rotary_factor": 1.0}),
        ("text", {"vision_vocab_size": 97}),
        ("vision", {"num_heads": 5}),
        ("vision", {"patch_size": 5}),
        (None, {"vq": VqConfig(embed_dim=12, num_embeddings=32, latent_channels=25)}),
        (None, {"image_start_token_id": 31}),
        (None, {"image_end_token_id": 40}),
        (None, {"image_token_id": 39}),
        (None, {"image_token_id": 96}),
    ],
)
def test_contradicting_configs_are_refused(part: str | None, change: dict[str, object]) -> None:
    target = CONFIG if part is None else {"text": CONFIG.text, "vision": CONFIG.vision}[part]
    with pytest.raises(ConfigError) as caught:
        dataclasses.replace(target, **change)  # type: ignore[type-var]
    assert caught.value.field
    assert caught.value.hint
