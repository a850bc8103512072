"""Weights that wait in the machine's memory or on disk while the device works on others (class A).

What is brought to the device is a copy; the waiting weights stay where they are, so nothing is
ever copied back. Three ways, from fast to small:

- by stage: a network is on the device while its stage runs (:class:`Residence`);
- by layer: the layers of the large stacks come one after another, the next one while the present
  one works (:class:`LayerStream`);
- from disk: by layer, from files that are mapped into memory, which on the CPU needs no copy.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from glm_image.checkpoint.safetensors_file import MappedFile
from glm_image.device import Device
from glm_image.execution import heap
from glm_image.execution.plan import Offload
from glm_image.execution.quantize import STACKS

LEAST_BYTES = 2**20
"""Layers smaller than this stay on the device: a copy would take longer to start than to make."""

Copies = list[Tensor]


class Waiting:
    """The weights of a module, which wait in one place and work in another.

    Args:
        module: Its tensors stay where they are now.
        device: Where they work, and in which dtype.
        recurse: Whether its children are meant, too.
    """

    def __init__(self, module: nn.Module, device: Device, *, recurse: bool) -> None:
        self._device = device
        parameters: list[Tensor] = list(module.parameters(recurse=recurse))
        self._cast = len(parameters)
        self._tensors = parameters + list(module.buffers(recurse=recurse))
        self._homes = [tensor.data for tensor in self._tensors]

    @property
    def size(self) -> int:
        """Bytes of the waiting weights."""
        return sum(home.nbytes for home in self._homes)

    @property
    def is_at_work(self) -> bool:
        """Whether the waiting weights can be worked with where and as they are."""
        where, dtype = self._device.torch_device, self._device.dtype
        cast = self._homes[: self._cast]
        return all(home.device == where for home in self._homes) and all(
            home.dtype == dtype for home in cast
        )

    def pin(self) -> None:
        """Move the waiting weights to memory that an accelerator reads while it works."""
        self._homes = [home.pin_memory() for home in self._homes]
        self.release()

    def fetch(self) -> Copies:
        """Copy the weights to where they work; small numbers of quantised layers keep theirs."""
        where = self._device.torch_device
        return [
            home.to(where, self._device.dtype if index < self._cast else None, non_blocking=True)
            for index, home in enumerate(self._homes)
        ]

    def bring(self, copies: Copies) -> None:
        """Let the module work with copies."""
        for tensor, copy in zip(self._tensors, copies, strict=True):
            tensor.data = copy

    def release(self) -> None:
        """Let go of the copies."""
        for tensor, home in zip(self._tensors, self._homes, strict=True):
            tensor.data = home


class Residence:
    """Which networks are on the device while a stage runs.

    Args:
        waiting: Networks that come and go, by name; all others are there always.
        device: Where stages run.
        files: In which weights stay; what was read of them is dropped when another stage
            begins.
    """

    def __init__(
        self, waiting: Mapping[str, Waiting], device: Device, files: Sequence[MappedFile] = ()
    ) -> None:
        self._waiting = dict(waiting)
        self._device = device
        self._files = list(files)
        self._present: set[str] = set()
        self._last: tuple[str, ...] = ()

    @contextmanager
    def at_work(self, *names: str) -> Iterator[None]:
        """Have networks on the device inside this block; what was there before stays."""
        if self._files and names and names != self._last:
            self._last = names
            self.tidy()
        coming = [name for name in names if name in self._waiting and name not in self._present]
        for name in coming:
            self._waiting[name].bring(self._waiting[name].fetch())
        self._present.update(coming)
        try:
            yield
        finally:
            self._present.difference_update(coming)
            for name in coming:
                self._waiting[name].release()
            if coming:
                self._device.empty_cache()

    def tidy(self) -> None:
        """Give back the memory of what was read from files, and what was left behind."""
        for file in self._files:
            file.forget_all()
        heap.give_back()


class LayerStream:
    """Brings the layers of a network's stacks when they are called.

    Layers are called in the same order again and again, so what followed a layer last time is
    fetched while it works. An accelerator copies beside its work; a CPU has nothing to gain.

    Args:
        network: Its weights wait on the CPU; what stands outside the stacks is moved for good.
        device: Where the network works, and in which dtype.
        pinned: Whether to keep the waiting weights in memory that an accelerator reads directly.
    """

    def __init__(self, network: nn.Module, device: Device, *, pinned: bool) -> None:
        self._device = device
        self._side = torch.Stream(device.torch_device) if device.is_accelerator else None
        self._layers: list[Waiting] = []
        self._ahead: dict[int, tuple[Copies, torch.Event | None]] = {}
        self._follower: dict[int, int] = {}
        self._last = 0
        for name, module in network.named_modules():
            layer = Waiting(module, device, recurse=False)
            if not name.startswith(STACKS) or layer.size < LEAST_BYTES or layer.is_at_work:
                layer.bring(layer.fetch())
            else:
                if pinned:
                    layer.pin()
                self._watch(module, layer)

    @property
    def count(self) -> int:
        """Layers that come and go."""
        return len(self._layers)

    def _watch(self, module: nn.Module, layer: Waiting) -> None:
        index = len(self._layers)
        self._layers.append(layer)

        def enter(module: nn.Module, inputs: object) -> None:
            self._enter(index)

        def leave(module: nn.Module, inputs: object, output: object) -> None:
            layer.release()

        module.register_forward_pre_hook(enter)
        module.register_forward_hook(leave, always_call=True)

    def _enter(self, index: int) -> None:
        ahead, self._ahead = self._ahead, {}
        copies, ready = ahead[index] if index in ahead else self._fetch(index)
        if ready is not None:
            stream = torch.accelerator.current_stream(self._device.torch_device)
            stream.wait_event(ready)
            for copy in copies:
                copy.record_stream(stream)
        self._layers[index].bring(copies)
        self._follower[self._last] = index
        self._last = index
        following = self._follower.get(index)
        if self._side is not None and following is not None:
            self._ahead[following] = self._fetch(following)

    def _fetch(self, index: int) -> tuple[Copies, torch.Event | None]:
        if self._side is None:
            return self._layers[index].fetch(), None
        with self._side:
            copies = self._layers[index].fetch()
            return copies, self._side.record_event()


def place(
    networks: Mapping[str, nn.Module],
    offload: Offload,
    device: Device,
    files: Sequence[MappedFile] = (),
) -> Residence:
    """Bring loaded networks to where the plan wants them.

    Args:
        networks: On the device already if nothing is offloaded, else on the CPU.
        offload: Where weights wait.
        device: Where the networks work, and in which dtype.
        files: In which weights stay.

    Returns:
        Has networks on the device while a stage runs.
    """
    if offload is Offload.STAGE:
        waiting = {name: Waiting(one, device, recurse=True) for name, one in networks.items()}
        residence = Residence(waiting, device, files)
    else:
        residence = Residence({}, device, files)
    if offload in (Offload.LAYER, Offload.DISK):
        pinned = offload is Offload.LAYER and device.is_accelerator
        for network in networks.values():
            LayerStream(network, device, pinned=pinned)
    residence.tidy()
    return residence
