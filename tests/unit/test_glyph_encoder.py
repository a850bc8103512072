"""Behaviour of the glyph encoder on a tiny configuration."""

import copy
import dataclasses

import pytest
import torch
from torch import Tensor

from glm_image.errors import ConfigError, ShapeError
from glm_image.models.glyph_encoder import (
    PUBLISHED_NAMES,
    GlyphEncoder,
    GlyphEncoderConfig,
    distance_buckets,
)
from glm_image.models.presets import full_glyph_encoder

CONFIG = GlyphEncoderConfig(
    vocab_size=384,
    d_model=24,
    d_kv=8,
    d_ff=40,
    num_layers=2,
    num_heads=2,
    relative_attention_num_buckets=16,
    relative_attention_max_distance=32,
    layer_norm_epsilon=1e-6,
)
SAME = 1e-5


@pytest.fixture
def encoder() -> GlyphEncoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return GlyphEncoder(CONFIG)


def texts(*lengths: int) -> tuple[Tensor, Tensor]:
    longest = max(lengths)
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(3, 259, (len(lengths), longest), generator=generator)
    return ids, torch.arange(longest)[None] < torch.tensor(lengths)[:, None]


def test_every_parameter_gets_a_gradient(encoder: GlyphEncoder) -> None:
    ids, mask = texts(40, 7)
    states = encoder(ids, mask)
    assert states.shape == (2, 40, 24)
    weight = torch.randn(states.shape, generator=torch.Generator().manual_seed(1))
    (states * weight)[mask].sum().backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name
    bias = encoder.relative_bias.weight.grad
    assert bias is not None
    # "After the query at distance 0" cannot occur; every other bucket does.
    unused = CONFIG.relative_attention_num_buckets // 2
    used = bias.abs().sum(1) > 0
    assert used.tolist() == [bucket != unused for bucket in range(16)]


def test_junk_behind_the_mask_changes_nothing(encoder: GlyphEncoder) -> None:
    ids, mask = texts(9, 4, 1)
    junk = torch.where(mask, ids, 2)
    clean, dirty = encoder(ids, mask), encoder(junk, mask)
    assert torch.equal(clean[mask], dirty[mask])
    assert not torch.allclose(clean[~mask], dirty[~mask])


def test_unequal_lengths_in_a_batch_equal_single(encoder: GlyphEncoder) -> None:
    lengths = (9, 4, 1)
    ids, mask = texts(*lengths)
    together = encoder(ids, mask)
    for index, length in enumerate(lengths):
        one = ids[index : index + 1, :length]
        alone = encoder(one, torch.ones_like(one, dtype=torch.bool))
        torch.testing.assert_close(together[index, :length], alone[0], atol=SAME, rtol=0)


def test_every_byte_sees_both_directions_and_order(encoder: GlyphEncoder) -> None:
    ids, mask = texts(6)
    states = encoder(ids, mask)
    for place in (0, 5):
        changed = ids.clone()
        changed[0, place] = (ids[0, place] + 1) % 259
        assert ((encoder(changed, mask) - states).abs().amax(-1) > 1e-4).all()
    turned = encoder(ids.flip(1), mask).flip(1)
    assert (turned - states).abs().max() > 1e-2


def test_distance_buckets() -> None:
    buckets = distance_buckets(64, CONFIG, torch.device("cpu"))
    before = buckets[63].flip(0)
    assert before[:5].tolist() == [0, 1, 2, 3, 4]
    assert (before.diff() >= 0).all()
    assert before[32:].unique().tolist() == [7]
    assert (buckets[0, 1:] == before[1:] + 8).all()
    inner = buckets[1:, 1:]
    assert torch.equal(inner, buckets[:-1, :-1])


def test_a_text_without_real_bytes_stays_finite(encoder: GlyphEncoder) -> None:
    ids, mask = texts(5, 3)
    expected = encoder(ids, mask)
    mask[1] = False
    for states in (encoder(ids, mask), copy.deepcopy(encoder).bfloat16()(ids, mask)):
        assert states.isfinite().all()
    torch.testing.assert_close(encoder(ids, mask)[0], expected[0], atol=SAME, rtol=0)


def test_bf16_weights_and_autocast(encoder: GlyphEncoder) -> None:
    ids, mask = texts(9, 4)
    expected = encoder(ids, mask)[mask]
    with torch.autocast("cpu", torch.bfloat16):
        mixed = encoder(ids, mask)[mask]
    low = copy.deepcopy(encoder).bfloat16()(ids, mask)[mask]
    assert low.dtype is torch.bfloat16
    for states in (mixed, low):
        assert (states.float() - expected).norm() < 0.03 * expected.norm()


def test_published_size_builds_without_memory() -> None:
    with torch.device("meta"):
        encoder = GlyphEncoder(full_glyph_encoder())
        ids = torch.empty(2, 7, dtype=torch.long)
        states = encoder(ids, torch.empty(2, 7, dtype=torch.bool))
    assert sum(parameter.numel() for parameter in encoder.parameters()) == 217_657_472
    assert not list(encoder.buffers())
    assert states.shape == (2, 7, 1472)


def test_published_names_cover_every_parameter_once(encoder: GlyphEncoder) -> None:
    names = [
        f"{name.format(i=layer)}.weight"
        for name in PUBLISHED_NAMES
        for layer in range(CONFIG.num_layers if "{i}" in name else 1)
    ]
    assert sorted(names) == sorted(encoder.state_dict())
    assert len(set(PUBLISHED_NAMES.values())) == len(PUBLISHED_NAMES)


@pytest.mark.parametrize(
    "mask", [torch.ones(2, 5), torch.ones(2, 4, dtype=torch.bool), torch.ones(5, dtype=torch.bool)]
)
def test_masks_that_do_not_fit_are_refused(encoder: GlyphEncoder, mask: Tensor) -> None:
    with pytest.raises(ShapeError) as caught:
        encoder(texts(5, 3)[0], mask)
    assert caught.value.field == "mask_bs"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("relative_attention_num_buckets", 6),
        ("relative_attention_num_buckets", 0),
        ("relative_attention_max_distance", 4),
    ],
)
def test_contradictions_are_refused(field: str, value: int) -> None:
    with pytest.raises(ConfigError) as caught:
        dataclasses.replace(CONFIG, **{field: value})
    assert caught.value.field == field
