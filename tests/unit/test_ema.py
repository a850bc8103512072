"""Averages of trained weights."""

import pytest
import torch
from torch import nn

from glm_image.training.ema import Ema


def layer(value: float) -> nn.Linear:
    made = nn.Linear(1, 1)
    nn.init.constant_(made.weight, value)
    nn.init.constant_(made.bias, value)
    return made


def fill(module: nn.Linear, value: float) -> None:
    with torch.no_grad():
        module.weight.fill_(value)
        module.bias.fill_(value)


def test_early_averages_forget_the_initial_weights() -> None:
    module = layer(0.0)
    ema = Ema(module, 0.9)
    fill(module, 1.0)
    ema.update(1)
    # The decay of the first step is 2 / 11.
    assert float(ema.state_dict()["weight"]) == pytest.approx(9 / 11)


def test_late_averages_move_slowly() -> None:
    module = layer(0.0)
    ema = Ema(module, 0.9)
    fill(module, 1.0)
    ema.update(10_000)
    assert float(ema.state_dict()["bias"]) == pytest.approx(0.1)


def test_the_average_follows_constant_weights() -> None:
    module = layer(0.0)
    ema = Ema(module, 0.9)
    fill(module, 1.0)
    for step in range(1, 200):
        ema.update(step)
    assert float(ema.state_dict()["weight"]) == pytest.approx(1.0)


def test_averages_are_swapped_in_and_out() -> None:
    module = layer(1.0)
    ema = Ema(module, 0.9)
    fill(module, 5.0)
    with ema.applied():
        assert float(module.weight.detach()) == 1.0
    assert float(module.weight.detach()) == 5.0
    assert float(ema.state_dict()["weight"]) == 1.0


def test_an_error_inside_swaps_them_out_as_well() -> None:
    module = layer(1.0)
    ema = Ema(module, 0.9)
    fill(module, 5.0)
    with pytest.raises(KeyboardInterrupt), ema.applied():
        raise KeyboardInterrupt
    assert float(module.weight.detach()) == 5.0


def test_frozen_weights_have_no_average() -> None:
    module = layer(1.0)
    module.bias.requires_grad_(False)
    assert set(Ema(module, 0.9).state_dict()) == {"weight"}


def test_averages_are_restored() -> None:
    first, second = Ema(layer(3.0), 0.9), Ema(layer(0.0), 0.9)
    second.load_state_dict(first.state_dict())
    assert float(second.state_dict()["weight"]) == 3.0


@pytest.mark.parametrize("names", [["weight"], ["weight", "bias", "more"], ["weight", "other"]])
def test_averages_of_other_parameters_are_refused(names: list[str]) -> None:
    state = {name: torch.zeros(1, 1) if name == "weight" else torch.zeros(1) for name in names}
    with pytest.raises(ValueError, match="other parameters"):
        Ema(layer(0.0), 0.9).load_state_dict(state)


def test_averages_of_another_shape_are_refused() -> None:
    state = {"weight": torch.zeros(1), "bias": torch.zeros(1)}
    with pytest.raises(ValueError, match="other parameters"):
        Ema(layer(0.0), 0.9).load_state_dict(state)
