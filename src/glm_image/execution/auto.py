"""The plan of a system: what was asked for, or the fastest that changes no picture.

What is chosen unasked is of class A, B or D, so that beyond rounding no picture changes. What is
asked for is checked against the device, and refused with the nearest plan that works.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from glm_image.checkpoint.holdings import Holdings
from glm_image.config import nearest
from glm_image.device import Device
from glm_image.errors import PlanError
from glm_image.execution import memory, probe
from glm_image.execution.fitting import check, check_processes, stays_on_disk
from glm_image.execution.parallel import Division, layout, processes
from glm_image.execution.plan import (
    AutoencoderPlan,
    DecoderPlan,
    ExecutionPlan,
    GeneratorPlan,
    Offload,
    ParallelPlan,
    WeightFormat,
)
from glm_image.types import Size

AUTO = "auto"
PLAIN = "plain"
NAMES = (AUTO, PLAIN)
"""Plans that have a name: the fastest lossless one, and torch's kernels without anything else."""

_TOKEN_ROWS = 1
_IMAGE_ROWS = 256
"""Rows of a typical product: the generator reads one token, the decoder all tokens of a picture."""

_WINDOW = "generator.window"
_AHEAD = 8
"""Ids that a CPU goes through at once: it takes little longer than one, and many are guessed."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A named plan with some of its fields given.

    Args:
        name: In ``NAMES``.
        weights: Format of the weights of generator and decoder.
        offload: Where weights wait; None waits only if the device is too small for all of them.
        window: Ids that the generator goes through at once; None lets the name decide.
        division: How processes share the work on one picture; None leaves each to itself.
    """

    name: str = AUTO
    weights: WeightFormat = WeightFormat.STORED
    offload: Offload | None = None
    window: int | None = None
    division: Division | None = None

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise PlanError(
                f"unknown plan {self.name!r}", field="plan", hint=nearest(self.name, NAMES)
            )
        if self.window is not None and self.window < 1:
            raise PlanError(f"got {self.window}", field="window", hint="1 is one id at a time")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A plan with its reasons.

    Args:
        plan: Fits the device.
        reasons: Why, in words, by dotted field; nothing for what was asked for.
    """

    plan: ExecutionPlan
    reasons: Mapping[str, str] = field(default_factory=dict)


Asked = str | Wish | ExecutionPlan | None
"""A plan, its name, a name with some fields, or None for the fastest lossless one."""


def choose(asked: Asked, components: Holdings, device: Device) -> Choice:
    """The plan that a system runs by.

    Args:
        asked: What the user wants.
        components: The networks; they may be without memory.
        device: Where they will run.

    Raises:
        PlanError: There is no plan of that name, or it does not work on the device; names the
            nearest that does.
    """
    if isinstance(asked, ExecutionPlan):
        choice = Choice(plan=asked)
    else:
        wish = asked if isinstance(asked, Wish) else Wish(name=asked or AUTO)
        plan = ExecutionPlan(
            generator=GeneratorPlan(weights=wish.weights),
            decoder=DecoderPlan(weights=wish.weights),
            offload=wish.offload or Offload.NONE,
            parallel=ParallelPlan()
            if wish.division is None
            else layout(components, processes(), wish.division),
        )
        choice = Choice(plan=plan) if wish.name == PLAIN else _fastest(plan, components, device)
        if wish.window is not None:
            choice = _with_window(choice, wish.window)
        if wish.name == AUTO and wish.offload is None:
            choice = _fitting(choice, components, device)
    check(choice.plan, device)
    check_processes(choice.plan, components)
    return choice


def _fastest(plan: ExecutionPlan, components: Holdings, device: Device) -> Choice:
    """A plan with everything switched on that loses nothing."""
    generator, decoder = plan.generator, replace(plan.decoder, hoisted=True, packed=True)
    reasons = {
        "decoder.hoisted": "what all steps share is computed once",
        "decoder.packed": "both branches of guidance read every weight once",
        "autoencoder.channels_last": "convolutions read neighbouring channels together",
    }
    autoencoder = AutoencoderPlan(channels_last=True)
    if not device.is_accelerator:
        generator = replace(generator, window=_AHEAD)
        reasons[_WINDOW] = "ids that are guessed right need no pass of their own"
    if not stays_on_disk(generator, plan.offload):
        generator = replace(generator, fused=True)
        reasons["generator.fused"] = "one product reads the input once"
        if not device.is_accelerator:
            writing = probe.fastest(components.language, _TOKEN_ROWS, device.dtype)
            generator = replace(generator, linear=writing.backend)
            reasons["generator.linear"] = writing.reason
    if not stays_on_disk(decoder, plan.offload):
        decoder = replace(decoder, fused=True)
        reasons["decoder.fused"] = "one product reads the input once"
        if not device.is_accelerator:
            painting = probe.fastest(components.dit, _IMAGE_ROWS, device.dtype)
            decoder = replace(decoder, linear=painting.backend)
            reasons["decoder.linear"] = painting.reason
    if plan.offload is not Offload.DISK and not device.is_accelerator:
        drawing = probe.fastest(components.dit, _IMAGE_ROWS, device.dtype)
        autoencoder = replace(autoencoder, linear=drawing.backend, phased=True)
        reasons["autoencoder.linear"] = drawing.reason
        reasons["autoencoder.phased"] = "repeated rows and columns are multiplied once"
    chosen = replace(
        plan,
        generator=generator,
        decoder=decoder,
        autoencoder=autoencoder,
    )
    return Choice(plan=chosen, reasons=reasons)


def _with_window(choice: Choice, window: int) -> Choice:
    """A choice with the window that was asked for."""
    plan = replace(choice.plan, generator=replace(choice.plan.generator, window=window))
    reasons = {name: why for name, why in choice.reasons.items() if name != _WINDOW}
    return Choice(plan=plan, reasons=reasons)


def _fitting(choice: Choice, components: Holdings, device: Device) -> Choice:
    """A choice whose weights wait if the device has no room for them."""
    there = device.memory()
    if there is None:
        return choice
    side = components.vae.config.sample_size
    plan = memory.fit(
        components,
        choice.plan,
        memory.Work(size=Size(side, side)),
        device.dtype,
        accelerator=True,
        memory=there.free,
    )
    changed = f"{there.free / 10**9:.1f} GB are free"
    reasons = {**choice.reasons, "offload": changed, "autoencoder.tile_pixels": changed}
    return choice if plan == choice.plan else Choice(plan=plan, reasons=reasons)
