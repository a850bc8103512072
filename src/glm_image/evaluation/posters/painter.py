"""The pipeline as a model under test."""

import torch
from PIL import Image
from torch import Tensor

from glm_image.data.draw import Pixels, render
from glm_image.data.scene import CELL
from glm_image.evaluation.posters.held_out import Case
from glm_image.evaluation.posters.suite import Drawing
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.pipeline.params import SamplingParams
from glm_image.pipeline.result import Result


class PipelinePainter:
    """Draws cases with a pipeline, each alone with its own seed.

    Args:
        pipeline: The model.
        steps: Denoising steps of every picture.

    Raises:
        InputError: There are no steps.
    """

    def __init__(self, pipeline: GlmImagePipeline, *, steps: int) -> None:
        self.pipeline = pipeline
        self.steps = SamplingParams(steps=steps).steps

    def draw(self, case: Case, codes: Tensor | None) -> Drawing:
        """Draw a case; from given codes ``[H/32, W/32]`` where there are some."""
        result = self._ask(case, codes, self.steps)
        return Drawing(pixels=result.pictures[0].pixels, codes=result.prior_tokens[0])

    def write(self, case: Case) -> Tensor:
        """Write the codes ``[H/32, W/32]`` of a case; one denoising step is wasted on them."""
        return self._ask(case, None, 1).prior_tokens[0]

    def _ask(self, case: Case, codes: Tensor | None, steps: int) -> Result:
        sources = source_images(case)
        return self.pipeline(
            case.prompt,
            image=sources or None,
            height=case.expected.rows * CELL,
            width=case.expected.columns * CELL,
            prior_tokens=None if codes is None else [codes],
            num_inference_steps=steps,
            seed=case.seed,
        )

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


def source_images(case: Case) -> list[Image.Image]:
    """The source pictures of an edit; none of a drawing."""
    return [Image.fromarray(render(scene)) for scene in case.sources]
