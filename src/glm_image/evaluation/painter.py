"""The pipeline as a model under test."""

import numpy as np
import torch
from torch import Tensor

from glm_image.data.draw import Pixels
from glm_image.evaluation.held_out import Case
from glm_image.evaluation.suite import Drawing, source_image
from glm_image.pipeline.api import GlmImagePipeline


class PipelinePainter:
    """Draws cases with a pipeline, each alone with its own seed.

    Args:
        pipeline: The model.
        steps: Denoising steps of every picture.
    """

    def __init__(self, pipeline: GlmImagePipeline, *, steps: int) -> None:
        self.pipeline = pipeline
        self.steps = steps

    def draw(self, case: Case, codes: Tensor | None) -> Drawing:
        """Draw a case; from given codes ``[H/32, W/32]`` where there are some."""
        source = source_image(case)
        result = self.pipeline(
            case.prompt,
            image=None if source is None else [source],
            prior_tokens=None if codes is None else [codes],
            num_inference_steps=self.steps,
            seed=case.seed,
        )
        return Drawing(pixels=np.asarray(result.images[0]), codes=result.prior_tokens[0])

    @torch.no_grad()
    def reconstruct(self, pixels: Pixels) -> Pixels:
        """Send a picture through the autoencoder."""
        vae = self.pipeline.system.vae
        weight = next(vae.parameters())
        x_chw = torch.from_numpy(pixels.copy()).permute(2, 0, 1).to(weight) / 127.5 - 1
        y_bchw = vae.decode(vae.encode(x_chw[None]))
        y_hwc = (y_bchw[0].float() * 127.5 + 127.5).round().clamp(0, 255).permute(1, 2, 0)
        values: Pixels = y_hwc.to(torch.uint8).cpu().numpy()
        return values
