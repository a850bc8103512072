"""From a checkpoint's outline to networks that run as planned, and from device to device."""

from dataclasses import replace
from pathlib import Path

from torch import nn

from glm_image.checkpoint import published
from glm_image.checkpoint.published import Components
from glm_image.device import Device
from glm_image.execution.apply import apply, pack, unpack
from glm_image.execution.plan import ExecutionPlan, LinearBackend


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
    published.fill(components, folder, dtype=device.dtype, device=device.torch_device)
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
    """
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
