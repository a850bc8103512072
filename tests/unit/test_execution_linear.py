"""Packed and joined linear layers compute what plain ones compute."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import tiny
from glm_image.errors import ConfigError
from glm_image.execution import linear
from glm_image.execution.apply import pack, unpack
from glm_image.execution.linear import PackedLinear, join
from glm_image.models.dit_block import TwoLayer

packs = pytest.mark.skipif(
    not linear.is_available(torch.float32), reason="this build of torch packs no weights"
)
packed_dtypes = pytest.mark.parametrize(
    "dtype",
    [
        pytest.param(torch.float32, marks=packs),
        pytest.param(
            torch.bfloat16,
            marks=pytest.mark.skipif(
                not linear.is_available(torch.bfloat16), reason="this CPU packs no bf16 weights"
            ),
        ),
    ],
)
TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 2e-2}


def seeded(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def layer(outputs: int, inputs: int, *, bias: bool, dtype: torch.dtype, seed: int = 1) -> nn.Linear:
    made = nn.Linear(inputs, outputs, bias=bias, dtype=dtype).requires_grad_(False)
    made.weight.copy_(seeded(outputs, inputs, seed=seed) * inputs**-0.5)
    if bias:
        made.bias.copy_(seeded(outputs, seed=seed + 1))
    return made


def distance(got: Tensor, expected: Tensor) -> float:
    return float((got.float() - expected.float()).norm() / expected.float().norm())


@packed_dtypes
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("rows", [(1,), (3, 5), (2, 0, 7), (40,)])
def test_a_packed_layer_gives_the_plain_result(
    dtype: torch.dtype, bias: bool, rows: tuple[int, ...]
) -> None:
    plain = layer(24, 40, bias=bias, dtype=dtype)
    x = seeded(*rows, 40, dtype=dtype)
    got = linear.pack(plain)(x)
    assert got.shape == (*rows, 24)
    assert got.dtype is dtype
    if x.numel():
        assert distance(got, plain(x)) < TOLERANCE[dtype]


@packs
@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_the_activation_is_part_of_the_layer(approximate: str) -> None:
    plain = layer(24, 40, bias=True, dtype=torch.float32)
    x = seeded(7, 40)
    expected = F.gelu(plain(x), approximate=approximate)
    assert distance(linear.pack(plain, gelu=approximate)(x), expected) < 1e-5


@packs
def test_strided_inputs_give_the_same_bits() -> None:
    packed = linear.pack(layer(24, 40, bias=True, dtype=torch.float32))
    x = seeded(7, 80)[:, ::2]
    assert not x.is_contiguous()
    assert torch.equal(packed(x), packed(x.contiguous()))


@packs
def test_a_row_is_not_changed_by_its_neighbours() -> None:
    packed = linear.pack(layer(64, 48, bias=True, dtype=torch.float32))
    x = seeded(16, 48)
    assert torch.equal(packed(x)[3:4], packed(x[3:4]))


@packed_dtypes
def test_unpacking_gives_the_same_bits(dtype: torch.dtype) -> None:
    plain = layer(70, 33, bias=True, dtype=dtype)
    back = linear.pack(plain).plain()
    assert torch.equal(back.weight, plain.weight)
    assert torch.equal(back.bias, plain.bias)


@packs
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_joined_layers_give_all_outputs(packed: bool, bias: bool) -> None:
    parts: list[nn.Module] = [
        layer(outputs, 32, bias=bias, dtype=torch.float32, seed=outputs) for outputs in (16, 8, 8)
    ]
    x = seeded(5, 32)
    expected = torch.cat([part(x) for part in parts], dim=-1)
    if packed:
        parts = [linear.pack(part) for part in parts if isinstance(part, nn.Linear)]
    whole = join(parts)
    assert isinstance(whole, PackedLinear if packed else nn.Linear)
    assert distance(whole(x), expected) < 1e-5


@packs
def test_layers_of_different_kinds_are_not_joined() -> None:
    plain = layer(8, 8, bias=True, dtype=torch.float32)
    with pytest.raises(ConfigError, match="cannot join"):
        join([plain, linear.pack(plain)])
    with pytest.raises(ConfigError, match="cannot join"):
        join([plain, layer(8, 8, bias=False, dtype=torch.float32)])


@packs
def test_a_whole_network_is_packed_and_unpacked() -> None:
    network = tiny.components().dit.requires_grad_(False)
    before = copy.deepcopy(network.state_dict())
    feed = TwoLayer(32, 64, 32, nn.GELU(approximate="tanh")).requires_grad_(False)
    network.register_module("feed", feed)
    x = seeded(4, 32)
    expected = feed(x)
    pack(network)
    assert not [one for one in network.modules() if type(one) is nn.Linear]
    assert distance(feed(x), expected) < 1e-5
    packed = network.state_dict()
    unpack(network)
    after = network.state_dict()
    assert torch.equal(feed(x), expected)
    for name, weight in before.items():
        assert torch.equal(packed[name], weight), name
        assert torch.equal(after[name], weight), name
