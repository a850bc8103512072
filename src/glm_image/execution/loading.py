"""From a checkpoint's outline to networks that run as planned, and from device to device."""

from dataclasses import replace
from pathlib import Path

from torch import nn

from glm_image.checkpoint import published
from glm_image.checkpoint.published import Components
from glm_image.checkpoint.reader import Adopt
from glm_image.device import Device
from glm_image.errors import PlanError
from glm_image.execution.apply import apply, pack, unpack
from glm_image.execution.plan import ExecutionPlan, LinearBackend, WeightFormat
from glm_image.execution.quantize import Quantizer


def load(components: Components, folder: Path, plan: ExecutionPlan, device: Device) -> None:
    """Read the weights and put the plan into effect; the networks are not to be trained.

    Args:
        components: The outline of the checkpoint; filled in place.
        folder: The checkpoint.
        plan: Checked for the device.
        device: Where the networks will be and in which dtype.

    Raises:
        CheckpointError: Weights are wrong; every problem is listed.
    """
    parts = (
        (published.GENERATOR_FOLDER, components.generator, plan.generator.weights),
        (published.DIT_FOLDER, components.dit, plan.decoder.weights),
    )
    adopt: dict[str, Adopt] = {
        name: Quantizer(network, weights)
        for name, network, weights in parts
        if weights is not WeightFormat.STORED
    }
    published.fill(components, folder, dtype=device.dtype, device=device.torch_device, adopt=adopt)
    for network in _networks(components):
        network.eval().requires_grad_(False)
    apply(components, plan)


def move(components: Components, plan: ExecutionPlan, device: Device) -> ExecutionPlan:
    """Move networks to another device in place.

    Args:
        components: Running by ``plan``.
        plan: How they run.
        device: Where they are to be.

    Returns:
        How they run there: what is for the CPU only ends when they leave it.

    Raises:
        PlanError: Quantised weights lie in the order of the device that they were read for.
    """
    formats = {plan.generator.weights, plan.decoder.weights}
    if formats != {WeightFormat.STORED}:
        raise PlanError(
            f"{', '.join(sorted(formats))} weights stay where they are",
            field="device",
            hint="load the model again with the other device",
        )
    for network in _networks(components):
        unpack(network)
        network.to(device.torch_device)
    if device.is_accelerator:
        torch_products = LinearBackend.TORCH
        return replace(
            plan,
            generator=replace(plan.generator, linear=torch_products),
            decoder=replace(plan.decoder, linear=torch_products),
        )
    if plan.generator.linear is LinearBackend.ONEDNN:
        pack(components.generator)
    if plan.decoder.linear is LinearBackend.ONEDNN:
        pack(components.dit)
    return plan


def _networks(components: Components) -> tuple[nn.Module, ...]:
    return (components.generator, components.dit, components.vae, components.glyph_encoder)
