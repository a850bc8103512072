"""The generator shared out among processes (class B).

Each process holds some of the heads and some of the channels between the two products of every
feed-forward network, with their weights and their keys and values. Two sums per layer bring the
parts together. The embedding is cut by channels and the head by ids, so that both are put together
without arithmetic; all processes choose from the same scores, bit for bit.

Weights are cut as they are read: no process ever holds more than its part and one tensor. What
encodes source images is small and stays whole.

Legend: o outputs, i inputs.

Source: Shoeybi et al. 2019, Megatron-LM, section 3.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from glm_image.checkpoint.reader import Adopt
from glm_image.execution import linear
from glm_image.execution.parallel import Group
from glm_image.models.generator import Generator

_STACK = "language_model.layers."
_EMBEDDING = "language_model.embed_tokens"
_HEAD = "lm_head"

Cut = Callable[[Tensor, Group], Tensor]
"""Takes the part of a parameter that a process holds."""


def _by_outputs(parameter: Tensor, group: Group) -> Tensor:
    return parameter.chunk(group.size)[group.rank].clone()


def _by_inputs(weight_oi: Tensor, group: Group) -> Tensor:
    return weight_oi.chunk(group.size, dim=1)[group.rank].contiguous()


def _by_both_halves(weight_oi: Tensor, group: Group) -> Tensor:
    """Parts of gate and up, the gate first as in the whole."""
    return torch.cat([half.chunk(group.size)[group.rank] for half in weight_oi.chunk(2)])


_CUTS: dict[str, Cut] = {
    "q_proj": _by_outputs,
    "k_proj": _by_outputs,
    "v_proj": _by_outputs,
    "o_proj": _by_inputs,
    "gate_up_proj": _by_both_halves,
    "down_proj": _by_inputs,
}
"""How the layers of the stack are cut."""

_SUMMED = ("o_proj", "down_proj")
"""Layers of which every process gives a part of the sum."""


class Summed(nn.Module):
    """A linear layer without bias that holds some of the inputs; the results are added up."""

    def __init__(self, inner: nn.Module, group: Group) -> None:
        super().__init__()
        self.inner = inner
        self._group = group

    def forward(self, x: Tensor) -> Tensor:
        """Map this process's part of the inputs to all outputs."""
        return self._group.add(self.inner(x))


class Joined(nn.Module):
    """A layer that gives some of the channels; all of them stand one after another."""

    def __init__(self, inner: nn.Module, group: Group) -> None:
        super().__init__()
        self.inner = inner
        self._group = group

    def forward(self, x: Tensor) -> Tensor:
        """Map the input to all outputs."""
        return torch.cat(self._group.gather(self.inner(x)).unbind(0), dim=-1)


class Cutter:
    """Takes this process's part of every weight as it is read.

    Args:
        generator: Its layers get the shapes of their parts.
        group: The processes that share it.
        then: What else may take a weight.
    """

    def __init__(self, generator: Generator, group: Group, then: Adopt | None = None) -> None:
        self._generator = generator
        self._group = group
        self._then = then

    def __call__(self, name: str, parameter: Tensor) -> Tensor | None:
        """The part of a parameter that this process keeps; None if it has its place already."""
        place, _, kind = name.rpartition(".")
        cut = _cut_of(place)
        if cut is not None:
            parameter = cut(parameter, self._group)
            layer = self._generator.get_submodule(place)
            shape = torch.empty_like(parameter, device="meta")
            layer.register_parameter(kind, nn.Parameter(shape, requires_grad=False))
            if isinstance(layer, nn.Linear):
                layer.out_features = len(parameter)
                layer.in_features = layer.weight.shape[1]
        return parameter if self._then is None else self._then(name, parameter)


def share(generator: Generator, group: Group) -> None:
    """Let a generator whose weights were cut work with the others, in place.

    Its configuration says what this process holds, so that caches have room for its heads only.

    Args:
        generator: Read with a :class:`Cutter`.
        group: The processes that share it.
    """
    if group.size == 1:
        return
    for name, _ in list(generator.named_modules()):
        if name in (_EMBEDDING, _HEAD):
            linear.replace(generator, name, Joined(generator.get_submodule(name), group))
        elif name.startswith(_STACK) and name.endswith(_SUMMED):
            linear.replace(generator, name, Summed(generator.get_submodule(name), group))
    text = generator.config.text
    own = replace(
        text,
        num_attention_heads=text.num_attention_heads // group.size,
        num_key_value_heads=text.num_key_value_heads // group.size,
        intermediate_size=text.intermediate_size // group.size,
    )
    generator.config = replace(generator.config, text=own)
    generator.language_model.config = own


def is_cut(place: str) -> bool:
    """Whether every process holds only a part of the generator's layer of this name."""
    return _cut_of(place) is not None


def _cut_of(place: str) -> Cut | None:
    """How the layer of a name is cut; None if it stays whole."""
    if place == _EMBEDDING:
        return _by_inputs
    if place == _HEAD:
        return _by_outputs
    return _CUTS.get(place.rpartition(".")[2]) if place.startswith(_STACK) else None
