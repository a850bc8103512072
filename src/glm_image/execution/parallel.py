"""Processes that draw one picture together: who they are, and how their work is divided.

``torchrun`` starts the same program once per device. All processes read the same request and hold
the same randomness; where the plan divides work, each does its part and all get the whole. So every
process goes through the same stages, and each of them ends with the same picture.

The decoder's processes form a grid, guidance by sequence, in which neighbours share a sequence,
because they exchange the most. The generator's processes are neighbours, too.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
import torch.distributed as dist
from torch import Tensor

from glm_image.checkpoint.holdings import Holdings
from glm_image.device import Device
from glm_image.execution.plan import ExecutionPlan, Offload, ParallelPlan
from glm_image.execution.ranks import Ranks
from glm_image.models.generator import Generator

_ALONE = ParallelPlan()
_BRANCHES = 2
"""Guidance compares two branches."""


@dataclass(frozen=True, kw_only=True)
class Division:
    """How work is to be divided, where it was said; see :class:`ParallelPlan`."""

    guidance: int | None = None
    sequence: int | None = None
    tensor: int | None = None


Misfit = tuple[str, object, str]
"""Field, value and what to do."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """Processes that share one kind of work, as one of them sees it.

    All of them must call the same methods in the same order. A group of one changes nothing.

    Args:
        rank: Number of this process in the group, from 0.
        size: Processes in the group.
        handle: How they talk to each other; None for a group of one.
    """

    rank: int = 0
    size: int = 1
    handle: dist.ProcessGroup | None = None

    def gather(self, x: Tensor) -> Tensor:
        """The tensors of all processes, which are of one shape, along a new first axis."""
        if self.size == 1:
            return x[None]
        whole = x.new_empty((self.size * len(x), *x.shape[1:]))
        dist.all_gather_single(whole, x.contiguous(), group=self.handle)
        return whole.view(self.size, *x.shape)

    def add(self, x: Tensor) -> Tensor:
        """The sum over all processes, in place and the same bits on each."""
        if self.size > 1:
            dist.all_reduce(x, group=self.handle)
        return x

    def exchange(self, parts: Tensor) -> Tensor:
        """Send part ``i`` of the first axis to process ``i``; what was sent here, by sender."""
        if self.size == 1:
            return parts
        received = torch.empty_like(parts, memory_format=torch.contiguous_format)
        dist.all_to_all_single(received, parts.contiguous(), group=self.handle)
        return received

    def spread(self, x: Tensor) -> Tensor:
        """What the first process holds, in place."""
        if self.size > 1:
            dist.broadcast(x, group=self.handle, group_src=0)
        return x


@dataclass(frozen=True, kw_only=True, eq=False)
class Team:
    """The groups that this process belongs to. The default works alone.

    Args:
        guidance: Shares the branches of guidance.
        sequence: Shares the tokens of a pass of the decoder.
        tensor: Shares the generator.
        everyone: All processes.
        device: Where messages of few numbers are put.
    """

    guidance: Group = field(default_factory=Group)
    sequence: Group = field(default_factory=Group)
    tensor: Group = field(default_factory=Group)
    everyone: Group = field(default_factory=Group)
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def is_alone(self) -> bool:
        """Whether this process shares nothing."""
        return self.everyone.size == 1

    def agree(self, number: int) -> int:
        """The number, below 2 ** 63, that the first process gives."""
        if self.is_alone:
            return number
        return int(self.everyone.spread(torch.tensor([number], device=self.device)))


def form(plan: ParallelPlan, device: Device) -> Team:
    """Meet the other processes and divide the work; every process must call this.

    Args:
        plan: Checked, see :func:`misfits`. If it divides nothing, nobody is met.
        device: Of this process.
    """
    if plan == _ALONE:
        return Team()
    where = device.torch_device
    Ranks.from_environment().join(where)
    world = dist.get_world_size()
    guidance = _groups(world, plan.sequence, plan.guidance)
    return Team(
        guidance=guidance,
        sequence=_groups(world, 1, plan.sequence),
        tensor=_groups(world, 1, plan.tensor),
        everyone=Group(rank=dist.get_rank(), size=world, handle=dist.group.WORLD),
        device=where,
    )


def _groups(world: int, stride: int, size: int) -> Group:
    """The group of this process, where members are ``stride`` apart; all are made by everyone."""
    if size == 1:
        return Group()
    own = Group()
    for first in range(world):
        if first // stride % size:
            continue
        members = [first + stride * index for index in range(size)]
        handle = dist.new_group(members)
        if dist.get_rank() in members:
            own = Group(rank=members.index(dist.get_rank()), size=size, handle=handle)
    return own


def processes() -> int:
    """Number of processes that work side by side."""
    return dist.get_world_size() if dist.is_initialized() else Ranks.from_environment().world


def layout(components: Holdings, world: int, asked: Division) -> ParallelPlan:
    """Divide work among some processes as far as it was not said how.

    Branches of guidance exchange the least and come first; what is left shares the tokens.

    Args:
        components: The networks; they may be without memory.
        world: Processes.
        asked: What was said; it is not checked here.
    """
    guidance, sequence, tensor = asked.guidance, asked.sequence, asked.tensor
    if guidance is None:
        guidance = math.gcd(max(world // max(sequence or 1, 1), 1), _BRANCHES)
    if sequence is None:
        left = max(world // max(guidance, 1), 1)
        sequence = max(_common(left, _decoder_unit(components)))
    if tensor is None:
        tensor = max(_common(world, _generator_unit(components)))
    return ParallelPlan(guidance=guidance, sequence=sequence, tensor=tensor)


def misfits(plan: ExecutionPlan, components: Holdings, world: int) -> Iterator[Misfit]:
    """What of a plan cannot be done by so many processes, with what can.

    Args:
        plan: How the networks are to run.
        components: The networks; they may be without memory.
        world: Processes that there are.
    """
    parallel = plan.parallel
    degrees = {
        "guidance": (parallel.guidance, _BRANCHES),
        "sequence": (parallel.sequence, _decoder_unit(components)),
        "tensor": (parallel.tensor, _generator_unit(components)),
    }
    for name, (degree, unit) in degrees.items():
        if degree < 1 or unit % degree:
            fitting = ", ".join(str(one) for one in _common(unit, unit))
            yield f"parallel.{name}", degree, f"this model divides into {fitting}"
    products = {
        "parallel.guidance, parallel.sequence": parallel.guidance * parallel.sequence,
        "parallel.tensor": parallel.tensor,
    }
    for name, product in products.items():
        if product > 1 and world % product:
            hint = f"start them: torchrun --nproc-per-node {product} -m glm_image.cli.main ..."
            yield name, product, hint if world == 1 else f"it must divide the {world} processes"
    if parallel.tensor > 1 and plan.offload is Offload.DISK:
        yield "offload", plan.offload, "processes take parts of the weights; take 'none'"
    if parallel.tensor > 1 and plan.generator.graphs:
        yield "generator.graphs", True, "sums over processes are not recorded; take graphs=False"


def _decoder_unit(components: Holdings) -> int:
    """Number whose divisors divide the decoder's heads."""
    return components.dit.config.num_attention_heads


def _generator_unit(components: Holdings) -> int:
    """Number whose divisors divide everything of the generator that is shared out."""
    if not isinstance(components.language, Generator):
        # A text encoder reads a prompt once: there is nothing to win by sharing it.
        return 1
    text = components.language.config.text
    return math.gcd(
        text.num_attention_heads,
        text.num_key_value_heads,
        text.intermediate_size,
        text.hidden_size,
        text.vision_vocab_size,
    )


def _common(first: int, second: int) -> list[int]:
    """Common divisors, from 1 on."""
    both = math.gcd(first, second)
    return [one for one in range(1, both + 1) if both % one == 0]
