"""Low-rank changes of a decoder, beside its weights or merged into them.

They are put on top of whatever form the plan gave a layer, so quantised, packed, joined and
offloaded layers take them alike. Merging changes stored weights only; what they were is kept, so
that unmerging gives the same bits back.

Legend: r rank, i inputs, o outputs.

Source: Hu et al. 2022, section 4.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from glm_image.checkpoint import keymap, lora_file
from glm_image.checkpoint.lora_file import LoraLayer
from glm_image.config import nearest
from glm_image.errors import CheckpointError, InputError
from glm_image.execution import linear
from glm_image.execution.fused_dit import FusedAttention
from glm_image.execution.linear import PackedLinear
from glm_image.models.cogview4_dit import CogView4DiT
from glm_image.models.dit_block import TwoLayer
from glm_image.models.dit_trunk import Trunk

_JOINED = ("to_q", "to_k", "to_v")

Target = tuple[str, int, int, int]
"""Place, first output, outputs and inputs of a layer of the decoder."""


@dataclass(kw_only=True, eq=False)
class _Change:
    """One change of one layer.

    Attributes:
        down_ri: ``[r, in]``.
        up_or: ``[out, r]``, times the file's factor.
        start: First output that it changes.
        scale: Set by the caller.
    """

    down_ri: Tensor
    up_or: Tensor
    start: int
    scale: float

    def to(self, like: Tensor) -> "_Change":
        """The same where and as a tensor is."""
        self.down_ri, self.up_or = self.down_ri.to(like), self.up_or.to(like)
        return self


class ChangedLinear(nn.Module):
    """A linear layer and its changes.

    Args:
        base: The layer in any form.
        outputs: Size of the last axis of results.
    """

    def __init__(self, base: nn.Module, outputs: int) -> None:
        super().__init__()
        self.base = base
        self.out_features = outputs
        self.changes: dict[str, list[_Change]] = {}
        self.merged_from: nn.Module | None = None

    @property
    def bias(self) -> Tensor | None:
        """Bias of the layer."""
        return cast(Tensor | None, self.base.bias)

    @property
    def all_changes(self) -> list[_Change]:
        """Every change of every name."""
        return [change for found in self.changes.values() for change in found]

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[..., in]`` to ``[..., out]``."""
        out: Tensor = self.base(x)
        if self.merged_from is not None:
            return out
        for change in self.all_changes:
            if change.scale:
                change.to(x)
                added = (x @ change.down_ri.T) @ change.up_or.T
                stop = change.start + added.shape[-1]
                out[..., change.start : stop].add_(added, alpha=change.scale)
        return out

    def merge(self) -> None:
        """Add the changes to the weight; the layer as it was is kept."""
        packed = isinstance(self.base, PackedLinear)
        plain = self.base.plain() if isinstance(self.base, PackedLinear) else self.base
        if type(plain) is not nn.Linear:
            raise InputError(
                f"{type(plain).__name__} weights take no sums",
                field="lora",
                hint="load the model with stored weights, or leave the changes unmerged",
            )
        weight_oi = plain.weight.detach().to(torch.float32, copy=True)
        for change in self.all_changes:
            stop = change.start + len(change.up_or)
            product_oi = change.up_or.to(weight_oi) @ change.down_ri.to(weight_oi)
            weight_oi[change.start : stop] += change.scale * product_oi
        joined = nn.Linear(
            plain.in_features, plain.out_features, bias=plain.bias is not None, device="meta"
        )
        joined.weight = nn.Parameter(weight_oi.to(plain.weight.dtype), requires_grad=False)
        joined.bias = plain.bias
        # Not a child, so that it is neither moved nor offloaded nor saved.
        object.__setattr__(self, "merged_from", self.base)
        self.base = linear.pack(joined) if packed else joined

    def unmerge(self) -> None:
        """Give the layer its weight back, bit for bit."""
        if self.merged_from is not None:
            self.base, former = self.merged_from, None
            object.__setattr__(self, "merged_from", former)


@dataclass(kw_only=True, eq=False)
class Loras:
    """The changes of one decoder; several may be loaded at once and add up.

    Args:
        dit: The decoder, running by its plan.
        offloaded: Whether its weights wait somewhere, so that nothing can be merged.
    """

    dit: Trunk
    offloaded: bool = False
    _layers: dict[str, ChangedLinear] = field(default_factory=dict)
    _scales: dict[str, float] = field(default_factory=dict)
    _merged: bool = False

    @property
    def scales(self) -> Mapping[str, float]:
        """Scale of every change that is loaded."""
        return dict(self._scales)

    def load(self, path: str | Path, *, name: str | None = None, scale: float = 1.0) -> str:
        """Load a file or a folder, on top of what is loaded already.

        Args:
            path: As diffusers or peft wrote it.
            name: What to call it; by default the name of the file without its suffix.
            scale: How strongly it acts.

        Returns:
            Its name.

        Raises:
            NotFoundError: There is no such file.
            CheckpointError: It does not fit the decoder; every problem is listed.
            InputError: The name is taken, or changes are merged.
        """
        self._refuse_merged()
        called = name or Path(path).stem
        if called in self._scales:
            raise InputError(f"{called!r} is loaded already", field="lora", hint="give a name")
        for target, layer in self.check(path):
            self._put(called, target, layer, scale)
        self._scales[called] = scale
        return called

    def check(self, path: str | Path) -> list[tuple[Target, LoraLayer]]:
        """Read a file or a folder and see whether it fits; weights of the decoder do not matter.

        Returns:
            The layers of the file, each with the layer of the decoder that it changes.

        Raises:
            NotFoundError: There is no such file.
            CheckpointError: It does not fit the decoder; every problem is listed.
        """
        found = lora_file.read(Path(path))
        targets = {key: self._target(key) for key in found.layers}
        problems = self._misfits(found, targets)
        if problems:
            raise CheckpointError(
                f"{path} has {len(problems)} problems with this {type(self.dit).__name__}",
                problems,
                field="lora",
                hint="load it into the model that it was trained for",
            )
        pairs = ((targets[key], layer) for key, layer in found.layers.items())
        return [(target, layer) for target, layer in pairs if target is not None]

    def set_scale(self, name: str, scale: float) -> None:
        """Let a change act more or less; 0 switches it off."""
        self._refuse_merged()
        self._check(name)
        self._scales[name] = scale
        for layer in self._layers.values():
            for change in layer.changes.get(name, []):
                change.scale = scale

    def unload(self, name: str) -> None:
        """Let go of a change."""
        self._refuse_merged()
        self._check(name)
        del self._scales[name]
        for place, layer in list(self._layers.items()):
            layer.changes.pop(name, None)
            if not layer.changes:
                linear.replace(self.dit, place, layer.base)
                del self._layers[place]

    def merge(self) -> None:
        """Add all changes to the weights, so that they cost no time."""
        self._refuse_merged()
        if self.offloaded:
            raise InputError(
                "weights that wait elsewhere take no sums", field="lora", hint="take offload none"
            )
        for layer in self._layers.values():
            layer.merge()
        self._merged = True

    def unmerge(self) -> None:
        """Take all changes out again; the weights have the bits they had."""
        for layer in self._layers.values():
            layer.unmerge()
        self._merged = False

    def _refuse_merged(self) -> None:
        if self._merged:
            raise InputError("changes are merged", field="lora", hint="unmerge them first")

    def _check(self, name: str) -> None:
        if name not in self._scales:
            raise InputError(
                f"{name!r} is not loaded", field="lora", hint=nearest(name, self._scales)
            )

    def _target(self, published: str) -> Target | None:
        """Place, first output, outputs and inputs of a layer by its published name."""
        table = keymap.COGVIEW4_DIT if isinstance(self.dit, CogView4DiT) else keymap.DIT
        weight = table.to_ours(f"{published}.weight")
        if weight is None:
            return None
        place = weight.removesuffix(".weight")
        parent, _, child = place.rpartition(".")
        shape = self._shapes.get(place)
        if shape is None:
            return None
        attention = self.dit.get_submodule(parent)
        if child in _JOINED and isinstance(attention, FusedAttention):
            return f"{parent}.to_qkv", _JOINED.index(child) * shape[0], *shape
        return place, 0, *shape

    @cached_property
    def _shapes(self) -> dict[str, tuple[int, int]]:
        """Outputs and inputs of every linear layer, as the decoder is trained."""
        with torch.device("meta"):
            plain = type(self.dit)(self.dit.config)
        return {
            name: (module.out_features, module.in_features)
            for name, module in plain.named_modules()
            if isinstance(module, nn.Linear)
        }

    def _misfits(
        self,
        found: lora_file.LoraFile,
        targets: Mapping[str, Target | None],
    ) -> list[str]:
        other = "glm-image" if isinstance(self.dit, CogView4DiT) else "cogview4"
        problems = []
        if other in found.base.lower():
            problems.append(f"it was made for {found.base}")
        for name, layer in found.layers.items():
            target = targets[name]
            if target is None:
                problems.append(f"{name}: there is no such layer")
                continue
            expected = target[2:]
            got = (len(layer.up_or), layer.down_ri.shape[1])
            if got != expected:
                problems.append(f"{name}: changes {list(got)}, the layer is {list(expected)}")
        return problems

    def _put(self, name: str, target: Target, layer: LoraLayer, scale: float) -> None:
        place, start, outputs, _ = target
        if place not in self._layers:
            joined = len(_JOINED) if place.endswith("to_qkv") else 1
            self._layers[place] = self._wrap(place, joined * outputs)
        change = _Change(
            down_ri=layer.down_ri,
            up_or=layer.up_or * layer.factor,
            start=start,
            scale=scale,
        )
        changes = self._layers[place].changes
        changes[name] = [*changes.get(name, []), change]

    def _wrap(self, place: str, outputs: int) -> ChangedLinear:
        """Put a layer that takes changes in the place of one; a fused GELU gets free."""
        base = self.dit.get_submodule(place)
        if isinstance(base, PackedLinear) and base.gelu is not None:
            owner = self.dit.get_submodule(place.removesuffix(".net.0.proj"))
            cast(TwoLayer, owner).net[0].activation = nn.GELU(approximate=base.gelu)
            base = linear.pack(base.plain())
        wrapped = ChangedLinear(base, outputs)
        linear.replace(self.dit, place, wrapped)
        return wrapped
