"""The tiny checkpoint of the tests is what it says."""

import torch

import tiny
from glm_image.checkpoint.published import Components


def test_loaded_equals_built(tiny_components: Components) -> None:
    built = tiny.networks(tiny.components())
    for name, network in tiny.networks(tiny_components).items():
        state = network.state_dict()
        expected = built[name].state_dict()
        assert state.keys() == expected.keys()
        assert all(torch.equal(state[key], expected[key]) for key in expected)
        assert not any(tensor.is_meta for tensor in [*network.parameters(), *network.buffers()])


def test_seeds_differ() -> None:
    first, second = (tiny.components(seed).dit.state_dict() for seed in (0, 1))
    assert not any(torch.equal(first[name], second[name]) for name in first)
