"""Behaviour of the diffusion decoder on a tiny configuration."""

import copy
import dataclasses

import pytest
import torch
from torch import Tensor

from glm_image.errors import ConfigError, ShapeError
from glm_image.models.dit import DiT, DiTConfig, DiTInputs, ReferenceCache
from glm_image.models.presets import full_dit

CONFIG = DiTConfig(
    patch_size=2,
    in_channels=4,
    out_channels=4,
    num_layers=3,
    attention_head_dim=8,
    num_attention_heads=4,
    text_embed_dim=12,
    time_embed_dim=16,
    condition_dim=8,
    prior_vq_quantizer_codebook_size=40,
)
ROWS, COLUMNS = 3, 4
SAME = 1e-5


@pytest.fixture
def dit() -> DiT:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return DiT(CONFIG)


def make_latents(batch: int, rows: int = ROWS, columns: int = COLUMNS, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, 4, 2 * rows, 2 * columns, generator=generator)


def make_codes(batch: int, rows: int = ROWS, columns: int = COLUMNS, seed: int = 0) -> Tensor:
    return torch.randint(40, (batch, rows * columns), generator=torch.Generator().manual_seed(seed))


def make_inputs(batch: int, glyphs: int = 5, seed: int = 0) -> DiTInputs:
    generator = torch.Generator().manual_seed(seed)
    return DiTInputs(
        glyph_bsd=torch.randn(batch, glyphs, 12, generator=generator),
        glyph_mask_bs=None,
        prior_ids_bn=make_codes(batch, seed=seed),
        prior_drop_bn=None,
        target_size_b2=torch.tensor([[48.0, 64.0]]).repeat(batch, 1),
        crop_b2=torch.zeros(batch, 2),
    )


def single(inputs: DiTInputs, index: int) -> DiTInputs:
    one = slice(index, index + 1)
    mask, drop = inputs.glyph_mask_bs, inputs.prior_drop_bn
    return DiTInputs(
        glyph_bsd=inputs.glyph_bsd[one],
        glyph_mask_bs=None if mask is None else mask[one],
        prior_ids_bn=inputs.prior_ids_bn[one],
        prior_drop_bn=None if drop is None else drop[one],
        target_size_b2=inputs.target_size_b2[one],
        crop_b2=inputs.crop_b2[one],
    )


def timesteps(batch: int) -> Tensor:
    return torch.linspace(900, 20, batch)


def encode(dit: DiT, rows: int, columns: int, seed: int, batch: int = 1) -> ReferenceCache:
    size = torch.tensor([[16.0 * rows, 16.0 * columns]]).repeat(batch, 1)
    return dit.encode_reference(
        make_latents(batch, rows, columns, seed), make_codes(batch, rows, columns, seed), size
    )


def assert_same(got: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(got, expected, atol=SAME, rtol=0)


def differs(first: Tensor, second: Tensor) -> bool:
    return bool((first - second).abs().max() > 1e-3)


def test_every_parameter_gets_a_gradient(dit: DiT) -> None:
    velocity = dit(make_latents(2), make_inputs(2), timestep_b=timesteps(2))
    assert velocity.shape == (2, 4, 2 * ROWS, 2 * COLUMNS)
    velocity.square().mean().backward()
    for name, parameter in dit.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_every_condition_matters(dit: DiT) -> None:
    inputs, latents, timestep = make_inputs(1), make_latents(1), timesteps(1)
    plain = dit(latents, inputs, timestep_b=timestep)
    changes: dict[str, Tensor] = {
        "glyph_bsd": inputs.glyph_bsd.flip(2),
        "prior_ids_bn": inputs.prior_ids_bn.flip(1),
        "prior_drop_bn": torch.ones_like(inputs.prior_ids_bn, dtype=torch.bool),
        "target_size_b2": inputs.target_size_b2.flip(1),
        "crop_b2": torch.tensor([[0.0, 9.0]]),
    }
    for field, value in changes.items():
        changed = dataclasses.replace(inputs, **{field: value})
        assert differs(dit(latents, changed, timestep_b=timestep), plain), field
    assert differs(dit(latents, inputs, timestep_b=timestep - 1), plain)
    assert differs(dit(latents.flip(3), inputs, timestep_b=timestep).flip(3), plain)


def test_junk_behind_the_glyph_mask_changes_nothing(dit: DiT) -> None:
    mask = torch.tensor([[True, False, True, True, False], [False, True, True, False, False]])
    inputs = dataclasses.replace(make_inputs(2), glyph_mask_bs=mask)
    junk = torch.where(mask[..., None], inputs.glyph_bsd, 50.0)
    latents, timestep = make_latents(2), timesteps(2)
    clean = dit(latents, inputs, timestep_b=timestep)
    dirty = dit(latents, dataclasses.replace(inputs, glyph_bsd=junk), timestep_b=timestep)
    assert torch.equal(clean, dirty)
    unmasked = dataclasses.replace(inputs, glyph_mask_bs=None)
    assert differs(dit(latents, unmasked, timestep_b=timestep), clean)


def test_unequal_glyph_lengths_in_a_batch_equal_single(dit: DiT) -> None:
    lengths = [5, 1, 0]
    inputs = make_inputs(3)
    mask = torch.arange(5)[None] < torch.tensor(lengths)[:, None]
    inputs = dataclasses.replace(inputs, glyph_mask_bs=mask)
    latents, timestep = make_latents(3), timesteps(3)
    together = dit(latents, inputs, timestep_b=timestep)
    for index, length in enumerate(lengths):
        one = slice(index, index + 1)
        alone = dataclasses.replace(
            single(inputs, index), glyph_bsd=inputs.glyph_bsd[one, :length], glyph_mask_bs=None
        )
        assert_same(together[one], dit(latents[one], alone, timestep_b=timestep[one]))


def test_an_all_true_mask_equals_none(dit: DiT) -> None:
    inputs = make_inputs(2)
    full = dataclasses.replace(inputs, glyph_mask_bs=torch.ones(2, 5, dtype=torch.bool))
    latents, timestep = make_latents(2), timesteps(2)
    assert_same(dit(latents, full, timestep_b=timestep), dit(latents, inputs, timestep_b=timestep))


def test_a_dropped_prior_is_forgotten_where_it_is_dropped(dit: DiT) -> None:
    drop = torch.zeros(2, ROWS * COLUMNS, dtype=torch.bool)
    drop[0] = True
    drop[1, ::3] = True
    inputs = dataclasses.replace(make_inputs(2), prior_drop_bn=drop)
    other = torch.where(drop, (inputs.prior_ids_bn + 7) % 40, inputs.prior_ids_bn)
    latents, timestep = make_latents(2), timesteps(2)
    first = dit(latents, inputs, timestep_b=timestep)
    second = dit(latents, dataclasses.replace(inputs, prior_ids_bn=other), timestep_b=timestep)
    assert torch.equal(first, second)
    first[0].square().mean().backward()
    gradient = dit.prior_token_embedding.weight.grad
    assert gradient is not None
    assert gradient.abs().sum() == 0


def test_order_of_references_does_not_matter(dit: DiT) -> None:
    first, second = encode(dit, 2, 3, 1), encode(dit, 4, 2, 2)
    latents, inputs, timestep = make_latents(1), make_inputs(1), timesteps(1)
    outputs = [
        dit(latents, inputs, timestep_b=timestep, references=ReferenceCache.concatenate(order))
        for order in ([first, second], [second, first], [first], [second])
    ]
    assert_same(outputs[0], outputs[1])
    assert differs(outputs[0], outputs[2])
    assert differs(outputs[0], outputs[3])


def test_rows_without_references_equal_the_plain_run(dit: DiT) -> None:
    latents, inputs, timestep = make_latents(2), make_inputs(2), timesteps(2)
    plain = dit(latents, inputs, timestep_b=timestep)
    cache = ReferenceCache.stack([encode(dit, 2, 3, 1), None])
    mixed = dit(latents, inputs, timestep_b=timestep, references=cache)
    assert_same(mixed[1], plain[1])
    assert differs(mixed[0], plain[0])


def test_unequal_references_in_a_batch_equal_single(dit: DiT) -> None:
    caches = [
        encode(dit, 2, 3, 1),
        None,
        ReferenceCache.concatenate([encode(dit, 4, 2, 2), encode(dit, 3, 3, 3)]),
    ]
    latents, timestep = make_latents(3), timesteps(3)
    mask = torch.arange(5)[None] < torch.tensor([2, 5, 4])[:, None]
    inputs = dataclasses.replace(make_inputs(3), glyph_mask_bs=mask)
    stacked = ReferenceCache.stack(caches)
    assert stacked.mask_br is not None
    assert stacked.mask_br.sum(1).tolist() == [6, 0, 17]
    together = dit(latents, inputs, timestep_b=timestep, references=stacked)
    for index, cache in enumerate(caches):
        one = slice(index, index + 1)
        alone = dit(latents[one], single(inputs, index), timestep_b=timestep[one], references=cache)
        assert_same(together[one], alone)


def test_junk_behind_the_reference_mask_changes_nothing(dit: DiT) -> None:
    cache = ReferenceCache.stack([encode(dit, 2, 3, 1), encode(dit, 4, 2, 2)])
    assert cache.mask_br is not None
    absent = ~cache.mask_br[:, None, :, None]
    junk = dataclasses.replace(
        cache,
        keys=tuple(key.masked_fill(absent, 30.0) for key in cache.keys),
        values=tuple(value.masked_fill(absent, 30.0) for value in cache.values),
    )
    latents, inputs, timestep = make_latents(2), make_inputs(2), timesteps(2)
    clean = dit(latents, inputs, timestep_b=timestep, references=cache)
    assert torch.equal(clean, dit(latents, inputs, timestep_b=timestep, references=junk))


def test_references_of_a_batch_equal_single_ones(dit: DiT) -> None:
    together = encode(dit, 2, 3, 4, batch=2)
    latents, codes = make_latents(2, 2, 3, 4), make_codes(2, 2, 3, 4)
    alone = ReferenceCache.stack(
        [
            dit.encode_reference(latents[i : i + 1], codes[i : i + 1], torch.tensor([[32.0, 48.0]]))
            for i in range(2)
        ]
    )
    assert alone.mask_br is None
    for got, expected in zip(
        together.keys + together.values, alone.keys + alone.values, strict=True
    ):
        assert_same(got, expected)


def test_gradients_flow_through_references(dit: DiT) -> None:
    latents = make_latents(1, 2, 3, 1).requires_grad_()
    cache = dit.encode_reference(latents, make_codes(1, 2, 3, 1), torch.tensor([[32.0, 48.0]]))
    joined = ReferenceCache.stack([ReferenceCache.concatenate([cache, encode(dit, 2, 2, 2)]), None])
    velocity = dit(make_latents(2), make_inputs(2), timestep_b=timesteps(2), references=joined)
    reached = torch.autograd.grad(velocity[0].square().sum(), latents, retain_graph=True)[0]
    assert reached.abs().min() > 0
    leaked = torch.autograd.grad(velocity[1].square().sum(), latents)[0]
    assert leaked.abs().max() == 0


def test_references_carry_no_history_without_gradients(dit: DiT) -> None:
    with torch.no_grad():
        cache = encode(dit, 2, 3, 1)
    assert not any(tensor.requires_grad for tensor in cache.keys + cache.values)


def test_bf16_weights_and_autocast(dit: DiT) -> None:
    latents, inputs, timestep = make_latents(2), make_inputs(2), timesteps(2)
    mask = torch.tensor([[True] * 5, [True, True, False, False, False]])
    inputs = dataclasses.replace(inputs, glyph_mask_bs=mask)
    cache = ReferenceCache.stack([encode(dit, 2, 3, 1), None])
    expected = dit(latents, inputs, timestep_b=timestep, references=cache)
    with torch.autocast("cpu", torch.bfloat16):
        cache = ReferenceCache.stack([encode(dit, 2, 3, 1), None])
        mixed = dit(latents, inputs, timestep_b=timestep, references=cache)
    half = copy.deepcopy(dit).bfloat16()
    codes = make_codes(1, 2, 3, 1)
    cache = half.encode_reference(
        make_latents(1, 2, 3, 1).bfloat16(), codes, torch.tensor([[32.0, 48.0]])
    )
    assert cache.keys[0].dtype is cache.values[0].dtype is torch.bfloat16
    low = half(
        latents.bfloat16(),
        dataclasses.replace(inputs, glyph_bsd=inputs.glyph_bsd.bfloat16()),
        timestep_b=timestep,
        references=ReferenceCache.stack([cache, None]),
    )
    assert mixed.dtype is low.dtype is torch.bfloat16
    for got in (mixed, low):
        assert (got.float() - expected).norm() < 0.03 * expected.norm()


def test_published_size_builds_without_memory() -> None:
    with torch.device("meta"):
        dit = DiT(full_dit())
        assert sum(parameter.numel() for parameter in dit.parameters()) == 6_926_882_880
        assert all(parameter.is_meta for parameter in dit.parameters())
        assert not list(dit.buffers())
        latents, codes = torch.empty(1, 16, 8, 12), torch.empty(1, 24, dtype=torch.long)
        size = torch.empty(1, 2)
        inputs = DiTInputs(
            glyph_bsd=torch.empty(1, 3, 1472),
            glyph_mask_bs=None,
            prior_ids_bn=codes,
            prior_drop_bn=None,
            target_size_b2=size,
            crop_b2=size,
        )
        cache = dit.encode_reference(latents, codes, size)
        velocity = dit(latents, inputs, timestep_b=torch.empty(1), references=cache)
    assert len(cache.keys) == 30
    assert cache.keys[0].shape == (1, 32, 24, 128)
    assert velocity.shape == latents.shape


def test_inputs_that_do_not_fit_are_refused(dit: DiT) -> None:
    inputs, timestep = make_inputs(1), timesteps(1)
    for latents, field in (
        (make_latents(1, 3, 5), "prior_ids_bn"),
        (make_latents(2), "prior_ids_bn"),
        (make_latents(1)[:, :3], "latents_bchw"),
        (make_latents(1)[..., :-1], "latents_bchw"),
    ):
        with pytest.raises(ShapeError) as caught:
            dit(latents, inputs, timestep_b=timestep)
        assert caught.value.field == field
        assert caught.value.hint is not None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("glyph_bsd", torch.zeros(2, 5)),
        ("glyph_bsd", torch.zeros(1, 5, 12)),
        ("glyph_mask_bs", torch.ones(2, 4, dtype=torch.bool)),
        ("glyph_mask_bs", torch.ones(2, 5)),
        ("prior_ids_bn", torch.zeros(24, dtype=torch.long)),
        ("prior_drop_bn", torch.zeros(2, 1, dtype=torch.bool)),
        ("prior_drop_bn", torch.zeros(2, ROWS * COLUMNS)),
        ("target_size_b2", torch.zeros(2)),
        ("crop_b2", torch.zeros(1, 2)),
    ],
)
def test_conditions_that_do_not_fit_are_refused(field: str, value: Tensor) -> None:
    with pytest.raises(ShapeError) as caught:
        dataclasses.replace(make_inputs(2), **{field: value})
    assert caught.value.field == field


def test_references_that_do_not_fit_are_refused(dit: DiT) -> None:
    latents, inputs, timestep = make_latents(2), make_inputs(2), timesteps(2)
    cache = encode(dit, 2, 3, 1)
    shallow = ReferenceCache(keys=cache.keys[:2], values=cache.values[:2])
    for references in (cache, shallow):
        with pytest.raises(ShapeError) as caught:
            dit(latents, inputs, timestep_b=timestep, references=references)
        assert caught.value.field == "references"
    for join in (
        lambda: ReferenceCache.stack([None, None]),
        lambda: ReferenceCache.concatenate([]),
        lambda: ReferenceCache.concatenate([cache, shallow]),
        lambda: ReferenceCache.stack([cache, encode(dit, 2, 3, 1, batch=2)]),
    ):
        with pytest.raises(ShapeError) as caught:
            join()
        assert caught.value.field == "caches"


def test_caches_that_contradict_themselves_are_refused(dit: DiT) -> None:
    cache = encode(dit, 2, 3, 1)
    for change, field in (
        ({"keys": ()}, "keys"),
        ({"values": cache.values[:2]}, "keys"),
        ({"keys": tuple(key[0] for key in cache.keys)}, "keys"),
        ({"values": tuple(value[:, :, :2] for value in cache.values)}, "values"),
        ({"mask_br": torch.ones(1, 5, dtype=torch.bool)}, "mask_br"),
        ({"mask_br": torch.ones(1, 6)}, "mask_br"),
    ):
        with pytest.raises(ShapeError) as caught:
            dataclasses.replace(cache, **change)  # type: ignore[arg-type]
        assert caught.value.field == field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("attention_head_dim", 6),
        ("time_embed_dim", 15),
        ("condition_dim", 7),
        ("num_layers", 0),
    ],
)
def test_contradictions_are_refused(field: str, value: int) -> None:
    with pytest.raises(ConfigError) as caught:
        dataclasses.replace(CONFIG, **{field: value})
    assert caught.value.field == field
