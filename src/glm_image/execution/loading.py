"""From a checkpoint's outline to networks that run as planned, and from device to device."""

from dataclasses import replace
from pathlib import Path

import torch

from glm_image.checkpoint import holdings
from glm_image.checkpoint.holdings import DIT_FOLDER, Holdings
from glm_image.checkpoint.reader import Adopt, Target
from glm_image.device import Device
from glm_image.errors import PlanError
from glm_image.execution import openmp
from glm_image.execution.apply import apply, pack, unpack
from glm_image.execution.offload import Residence, place
from glm_image.execution.parallel import Team
from glm_image.execution.parallel_glm import Cutter, share
from glm_image.execution.plan import (
    ExecutionPlan,
    LinearBackend,
    Offload,
    ParallelPlan,
    WeightFormat,
)
from glm_image.execution.quantize import Quantizer
from glm_image.models.generator import Generator

_ALONE = Team()


def load(
    components: Holdings,
    folder: Path,
    plan: ExecutionPlan,
    device: Device,
    team: Team = _ALONE,
) -> Residence:
    """Read the weights and put the plan into effect; the networks are not to be trained.

    Args:
        components: The outline of the checkpoint; filled in place.
        folder: The checkpoint.
        plan: Checked for the device.
        device: Where the networks work and in which dtype.
        team: The processes that share the work, and the generator's weights.

    Returns:
        Has networks on the device while a stage runs.

    Raises:
        CheckpointError: Weights are wrong; every problem is listed.
    """
    parts = (
        (components.LANGUAGE_FOLDER, components.language, plan.generator.weights),
        (DIT_FOLDER, components.dit, plan.decoder.weights),
    )
    adopt: dict[str, Adopt] = {
        name: Quantizer(network, weights, device.torch_device)
        for name, network, weights in parts
        if weights is not WeightFormat.STORED
    }
    place_of, language = components.LANGUAGE_FOLDER, components.language
    # Only a generator is shared out: a text encoder reads a prompt once.
    if team.tensor.size > 1 and isinstance(language, Generator):
        adopt[place_of] = Cutter(language, team.tensor, adopt.get(place_of))
    stays = plan.offload is Offload.NONE
    target = Target(
        dtype=device.dtype,
        device=device.torch_device if stays else torch.device("cpu"),
        mapped=plan.offload is Offload.DISK,
    )
    files = holdings.fill(components, folder, target, adopt)
    if isinstance(language, Generator):
        share(language, team.tensor)
    networks = components.networks
    for network in networks.values():
        network.eval().requires_grad_(False)
    apply(components, plan)
    residence = place(networks, plan.offload, device, files)
    # Another thread may be the one that draws.
    openmp.let_helpers_go()
    return residence


def move(components: Holdings, plan: ExecutionPlan, device: Device) -> ExecutionPlan:
    """Move networks to another device in place.

    Args:
        components: Running by ``plan``.
        plan: How they run.
        device: Where they are to be.

    Returns:
        How they run there: what is for the CPU only ends when they leave it.

    Raises:
        PlanError: Quantised, offloaded and shared weights are bound to their device.
    """
    if plan.parallel != ParallelPlan():
        raise PlanError(
            "processes that draw together stay on their devices",
            field="device",
            hint="load the model again with the other device",
        )
    formats = {plan.generator.weights, plan.decoder.weights}
    if formats != {WeightFormat.STORED} or plan.offload is not Offload.NONE:
        raise PlanError(
            "quantised and offloaded weights are bound to the device they were read for",
            field="device",
            hint="load the model again with the other device",
        )
    for network in components.networks.values():
        unpack(network)
        network.to(device.torch_device)
    if device.is_accelerator:
        torch_products = LinearBackend.TORCH
        return replace(
            plan,
            generator=replace(plan.generator, linear=torch_products),
            decoder=replace(plan.decoder, linear=torch_products),
            autoencoder=replace(plan.autoencoder, linear=torch_products),
        )
    if plan.generator.linear is LinearBackend.ONEDNN:
        pack(components.language)
    if plan.decoder.linear is LinearBackend.ONEDNN:
        pack(components.dit)
    if plan.autoencoder.linear is LinearBackend.ONEDNN:
        pack(components.vae)
    return plan
