"""The plan of a system: what was asked for, or the fastest that changes no picture.

What is chosen unasked is of class A or B. What is asked for is checked against the device, and
refused with the nearest plan that works.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from glm_image.checkpoint.published import Components
from glm_image.config import nearest
from glm_image.device import Device
from glm_image.errors import InputError, PlanError
from glm_image.execution import linear, probe
from glm_image.execution.plan import (
    DecoderPlan,
    ExecutionPlan,
    GeneratorPlan,
    LinearBackend,
    Offload,
    WeightFormat,
)

AUTO = "auto"
PLAIN = "plain"
NAMES = (AUTO, PLAIN)
"""Plans that have a name: the fastest lossless one, and torch's kernels without anything else."""

_TOKEN_ROWS = 1
_IMAGE_ROWS = 256
"""Rows of a typical product: the generator reads one token, the decoder all tokens of a picture."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A plan with its reasons.

    Args:
        plan: Fits the device.
        reasons: Why, in words, by dotted field; nothing for a plan that was asked for.
    """

    plan: ExecutionPlan
    reasons: Mapping[str, str] = field(default_factory=dict)


def choose(asked: str | ExecutionPlan | None, components: Components, device: Device) -> Choice:
    """The plan that a system runs by.

    Args:
        asked: A plan, ``"plain"``, or ``"auto"`` or None for the fastest lossless one.
        components: The networks; they may be without memory.
        device: Where they will run.

    Raises:
        InputError: There is no plan of that name.
        PlanError: The plan does not work on the device; names the nearest that does.
    """
    if isinstance(asked, ExecutionPlan):
        check(asked, device)
        return Choice(plan=asked)
    if asked == PLAIN:
        return Choice(plan=ExecutionPlan())
    if asked in (AUTO, None):
        return auto(device, components)
    raise InputError(f"unknown plan {asked!r}", field="plan", hint=nearest(str(asked), NAMES))


def auto(device: Device, components: Components) -> Choice:
    """The fastest plan that loses nothing on a device."""
    generator, decoder, reasons = GeneratorPlan(), DecoderPlan(), {}
    if not device.is_accelerator:
        writing = probe.fastest(components.generator, _TOKEN_ROWS, device.dtype)
        painting = probe.fastest(components.dit, _IMAGE_ROWS, device.dtype)
        generator = replace(generator, linear=writing.backend)
        decoder = replace(decoder, linear=painting.backend)
        reasons = {"generator.linear": writing.reason, "decoder.linear": painting.reason}
    return Choice(plan=ExecutionPlan(generator=generator, decoder=decoder), reasons=reasons)


def check(plan: ExecutionPlan, device: Device) -> None:
    """Refuse a plan that does not work on a device.

    Raises:
        PlanError: Names the field and the value that works instead.
    """
    for name, value, hint in _misfits(plan, device):
        raise PlanError(f"{value!r} does not work here ({device.kind})", field=name, hint=hint)


def _misfits(plan: ExecutionPlan, device: Device) -> Iterator[tuple[str, str, str]]:
    """Fields that do not fit, with their values and what to do."""
    cpu = not device.is_accelerator
    for name, part in (("generator", plan.generator), ("decoder", plan.decoder)):
        mapped = plan.offload is Offload.DISK and part.weights is WeightFormat.STORED
        packed = part.linear is LinearBackend.ONEDNN
        if packed and not cpu:
            yield f"{name}.linear", part.linear, "oneDNN is for the CPU; take 'torch'"
        if packed and cpu and not linear.is_available(device.dtype):
            yield f"{name}.linear", part.linear, "this torch has no packed weights; take 'torch'"
        if packed and mapped:
            yield f"{name}.linear", part.linear, _COPIES.format("linear='torch'")
        if part.fused and mapped:
            yield f"{name}.fused", "true", _COPIES.format("fused=False")
        if part.weights is WeightFormat.INT4 and not cpu and plan.offload is not Offload.NONE:
            yield f"{name}.weights", part.weights, "it is bound to its device; take 'int8'"
        if part.weights is not WeightFormat.STORED and not device.multiplies_small_numbers:
            yield f"{name}.weights", part.weights, "take 'stored'"
        if part.graphs and plan.offload is not Offload.NONE:
            yield (
                f"{name}.graphs",
                "true",
                "weights that move cannot be recorded; take offload none",
            )
    if cpu and plan.offload in (Offload.STAGE, Offload.LAYER):
        yield "offload", plan.offload, "weights are in this memory anyway; take 'disk' or 'none'"


_COPIES = "it would copy weights that are to stay on disk; take {}"
