"""Whether a plan works on a device; what does not is refused with the nearest value that does."""

from collections.abc import Iterator

from glm_image.checkpoint.holdings import Holdings
from glm_image.device import Device
from glm_image.errors import PlanError
from glm_image.execution import linear
from glm_image.execution.parallel import Misfit, misfits, processes
from glm_image.execution.plan import (
    AutoencoderPlan,
    DecoderPlan,
    ExecutionPlan,
    GeneratorPlan,
    LinearBackend,
    Offload,
    WeightFormat,
)

_COPIES = "it would copy weights that are to stay on disk; take {}"


def check(plan: ExecutionPlan, device: Device) -> None:
    """Refuse a plan that does not work on a device.

    Raises:
        PlanError: Names the field and the value that works instead.
    """
    for name, value, hint in _misfits(plan, device):
        raise PlanError(f"{str(value)!r} does not work on {device.kind}", field=name, hint=hint)


def check_processes(plan: ExecutionPlan, components: Holdings) -> None:
    """Refuse a plan that does not divide a model's work among the processes that there are.

    Raises:
        PlanError: Names the field and the value that works instead.
    """
    world = processes()
    for name, value, hint in misfits(plan, components, world):
        count = "1 process" if world == 1 else f"{world} processes"
        raise PlanError(f"{str(value)!r} does not work with {count}", field=name, hint=hint)


def stays_on_disk(part: GeneratorPlan | DecoderPlan | AutoencoderPlan, offload: Offload) -> bool:
    """Whether a network's weights are used as they stand in their files."""
    stored = isinstance(part, AutoencoderPlan) or part.weights is WeightFormat.STORED
    return offload is Offload.DISK and stored


def _misfits(plan: ExecutionPlan, device: Device) -> Iterator[Misfit]:
    for name, part in (("generator", plan.generator), ("decoder", plan.decoder)):
        if part.linear is LinearBackend.ONEDNN:
            yield from _packed(name, part, plan.offload, device)
        if part.weights is not WeightFormat.STORED:
            yield from _quantised(name, part, device)
        if part.fused and stays_on_disk(part, plan.offload):
            yield f"{name}.fused", True, _COPIES.format("fused=False")
    drawing = plan.autoencoder
    if drawing.linear is LinearBackend.ONEDNN:
        yield from _packed("autoencoder", drawing, plan.offload, device)
    if plan.offload is Offload.DISK and drawing.phased:
        yield "autoencoder.phased", True, _COPIES.format("phased=False")
    if plan.generator.graphs and plan.offload is not Offload.NONE:
        yield "generator.graphs", True, "weights that move cannot be recorded; take offload none"
    elif plan.generator.graphs and not device.supports_graphs:
        yield "generator.graphs", True, "nothing is recorded there; take graphs=False"
    if not device.is_accelerator and plan.offload in (Offload.STAGE, Offload.LAYER):
        yield "offload", plan.offload, "weights are in this memory anyway; take 'disk' or 'none'"


def _packed(
    name: str,
    part: GeneratorPlan | DecoderPlan | AutoencoderPlan,
    offload: Offload,
    device: Device,
) -> Iterator[Misfit]:
    field = f"{name}.linear"
    if device.is_accelerator:
        yield field, part.linear, "oneDNN is for the CPU; take 'torch'"
    elif not linear.is_available(device.dtype):
        yield field, part.linear, "torch packs no weights of this dtype here; take 'torch'"
    elif stays_on_disk(part, offload):
        yield field, part.linear, _COPIES.format("linear='torch'")


def _quantised(name: str, part: GeneratorPlan | DecoderPlan, device: Device) -> Iterator[Misfit]:
    field = f"{name}.weights"
    if not device.multiplies_small_numbers:
        yield field, part.weights, "torch has no such products there; take 'stored'"
