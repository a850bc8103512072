"""Any model of the family: which pipeline a checkpoint is for, and that pipeline."""

from pathlib import Path

import torch

from glm_image.execution.auto import Asked
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.pipeline.cogview4_api import CogView4Pipeline
from glm_image.pipeline.families import is_cogview4
from glm_image.pipeline.system import find

Pipeline = GlmImagePipeline | CogView4Pipeline


def load(
    model: str | Path | None = None,
    *,
    dtype: str | torch.dtype | None = None,
    device: str | torch.device | None = None,
    revision: str | None = None,
    plan: Asked = None,
    torch_dtype: str | torch.dtype | None = None,
    device_map: str | torch.device | None = None,
) -> Pipeline:
    """Load whichever pipeline a checkpoint holds.

    Args:
        model: A folder, ``"org/name"`` of the hub, or None for the bundled model.
        dtype: As of :meth:`GlmImagePipeline.from_pretrained`, like all that follow.
        device: Where it runs.
        revision: Branch, tag or commit of a hub repository.
        plan: How it runs.
        torch_dtype: Another spelling of ``dtype``.
        device_map: Another spelling of ``device``.

    Raises:
        NotFoundError: There is no such model.
        CheckpointError: Configs or weights are wrong; every problem is listed.
        InputError: Device or dtype is not there, or two spellings disagree.
        PlanError: The plan does not work on the device.
    """
    if model is None or not is_cogview4(find(model, revision=revision)):
        return GlmImagePipeline.from_pretrained(
            model,
            dtype=dtype,
            device=device,
            revision=revision,
            plan=plan,
            torch_dtype=torch_dtype,
            device_map=device_map,
        )
    return CogView4Pipeline.from_pretrained(
        model,
        dtype=dtype,
        device=device,
        revision=revision,
        plan=plan,
        torch_dtype=torch_dtype,
        device_map=device_map,
    )
