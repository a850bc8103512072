"""The glyph encoder against transformers' T5 encoder on tiny visible weights."""

import dataclasses

import pytest
import torch
from torch import Tensor
from transformers import T5Config, T5EncoderModel
from visible_weights import make_visible

from glm_image.models.glyph_encoder import PUBLISHED_NAMES, GlyphEncoder, GlyphEncoderConfig

pytestmark = pytest.mark.parity

LIMIT = 1e-5

BASE = GlyphEncoderConfig(
    vocab_size=384,
    d_model=32,
    d_kv=8,
    d_ff=48,
    num_layers=2,
    num_heads=4,
    relative_attention_num_buckets=32,
    relative_attention_max_distance=128,
    layer_norm_epsilon=1e-6,
)
SHAPES = {
    "as published, small": BASE,
    "narrow attention, near horizon": GlyphEncoderConfig(
        vocab_size=300,
        d_model=46,
        d_kv=6,
        d_ff=20,
        num_layers=3,
        num_heads=5,
        relative_attention_num_buckets=12,
        relative_attention_max_distance=20,
        layer_norm_epsilon=1e-2,
    ),
    "one layer, one head": dataclasses.replace(BASE, num_layers=1, num_heads=1, d_kv=16),
}


def published_names(config: GlyphEncoderConfig) -> dict[str, str]:
    """Our parameter names to the published ones."""
    return {
        f"{ours.format(i=layer)}.weight": f"{theirs.format(i=layer)}.weight"
        for ours, theirs in PUBLISHED_NAMES.items()
        for layer in range(config.num_layers)
    }


def networks(config: GlyphEncoderConfig, seed: int) -> tuple[GlyphEncoder, T5EncoderModel]:
    reference = T5EncoderModel(
        T5Config(
            **dataclasses.asdict(config),
            feed_forward_proj="gated-gelu",
            dropout_rate=0.0,
            tie_word_embeddings=False,
        )
    ).eval()
    make_visible(reference, seed)
    published = reference.state_dict()
    names = published_names(config)
    ours = GlyphEncoder(config)
    ours.load_state_dict({own: published[name] for own, name in names.items()}, strict=True)
    assert set(published) - set(names.values()) == {"encoder.embed_tokens.weight"}
    return ours, reference


def texts(batch: int, length: int, seed: int) -> tuple[Tensor, Tensor]:
    """Ids and a mask that is whole for the first text and shorter for the others."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, 259, (batch, length), generator=generator)
    lengths = torch.randint(1, length + 1, (batch,), generator=generator)
    lengths[0] = length
    return ids, torch.arange(length)[None] < lengths[:, None]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("batch", "length"), [(1, 1), (3, 17), (2, 150)])
@pytest.mark.parametrize("shape", SHAPES)
@torch.no_grad()
def test_states(shape: str, batch: int, length: int, seed: int) -> None:
    config = SHAPES[shape]
    ours, reference = networks(config, seed)
    ids, mask = texts(batch, length, seed)
    expected = reference(input_ids=ids, attention_mask=mask.long()).last_hidden_state
    assert expected.std() > 0.1
    got = ours(ids, mask)
    torch.testing.assert_close(got[mask], expected[mask], atol=LIMIT, rtol=0)


def test_gradients() -> None:
    ours, reference = networks(BASE, 3)
    ids, mask = texts(2, 40, 3)
    weight = torch.randn(2, 40, 32, generator=torch.Generator().manual_seed(3))[mask]
    (ours(ids, mask)[mask] * weight).mean().backward()
    states = reference(input_ids=ids, attention_mask=mask.long()).last_hidden_state
    (states[mask] * weight).mean().backward()
    expected = dict(reference.named_parameters())
    names = published_names(BASE)
    for name, parameter in ours.named_parameters():
        gradient = expected[names[name]].grad
        torch.testing.assert_close(parameter.grad, gradient, atol=1e-5, rtol=1e-3)
