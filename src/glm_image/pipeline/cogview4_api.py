"""The CogView4 pipeline as Python callers know it."""

import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from glm_image.checkpoint.cogview4 import save
from glm_image.checkpoint.published import documents_of
from glm_image.errors import InputError
from glm_image.execution.auto import Asked
from glm_image.pipeline.arguments import device_of, initial_seeds, make, refuse_both
from glm_image.pipeline.cogview4 import CogView4System, generate
from glm_image.pipeline.cogview4_request import CogView4Request, read, strength_of
from glm_image.pipeline.cogview4_result import build
from glm_image.pipeline.loaded_pipeline import LoadedPipeline
from glm_image.pipeline.params import CogView4Params
from glm_image.pipeline.progress import OnProgress, Watch
from glm_image.pipeline.request import SourceImage
from glm_image.pipeline.result import Result
from glm_image.pipeline.system import find

PUBLISHED = "THUDM/CogView4-6B"
"""Repository of the published model."""


class CogView4Pipeline(LoadedPipeline[CogView4System]):
    """Draws pictures from words with CogView4, or with its variant that takes a control picture.

    Args:
        system: The loaded model.

    Attributes:
        loras: Low-rank changes of the decoder: load, scale, merge, unmerge, unload.
    """

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path = PUBLISHED,
        *,
        dtype: str | torch.dtype | None = None,
        device: str | torch.device | None = None,
        revision: str | None = None,
        plan: Asked = None,
        torch_dtype: str | torch.dtype | None = None,
        device_map: str | torch.device | None = None,
    ) -> "CogView4Pipeline":
        """Load a model.

        Args:
            model: A folder, or ``"org/name"`` of the hub.
            dtype: ``"bfloat16"`` or ``"float32"``; by default bf16 on an accelerator and fp32 on
                the CPU.
            device: Such as ``"cpu"``; by default the best that is there.
            revision: Branch, tag or commit of a hub repository.
            plan: How it runs, as of :class:`~glm_image.pipeline.api.GlmImagePipeline`; what it
                says of the generator is meant for the text encoder.
            torch_dtype: Another spelling of ``dtype``.
            device_map: Another spelling of ``device``.

        Raises:
            NotFoundError: There is no such model.
            CheckpointError: Configs or weights are wrong; every problem is listed.
            InputError: Device or dtype is not there, or two spellings disagree.
            PlanError: The plan does not work on the device.
        """
        chosen = device_of(device, dtype, device_map, torch_dtype)
        folder = find(model, revision=revision)
        return cls(CogView4System.load(folder, str(model), chosen, plan=plan))

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the model in the published layout and in the dtype it has, for any library.

        Args:
            folder: A new folder, or that of an older checkpoint, which is replaced.

        Raises:
            CheckpointError: The folder cannot be written, or the networks were rebuilt to run
                faster: load with ``plan="plain"`` what is to be saved.
        """
        save(self.system, Path(folder), documents=documents_of(self.system.source))

    def __call__(  # noqa: PLR0913 - the call that users of such pipelines know
        self,
        prompt: str | Sequence[str],
        *,
        negative_prompt: str | Sequence[str] | None = None,
        image: SourceImage | None = None,
        strength: float | None = None,
        control_image: SourceImage | None = None,
        height: int | None = None,
        width: int | None = None,
        any_size: bool = False,
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        seed: int | Sequence[int] | None = None,
        num_images: int | None = None,
        latents: Tensor | None = None,
        original_size: tuple[int, int] | None = None,
        crops_coords_top_left: tuple[int, int] = (0, 0),
        compat: bool = False,
        max_batch: int | None = None,
        on_progress: OnProgress | None = None,
        num_images_per_prompt: int | None = None,
        generator: torch.Generator | Sequence[torch.Generator] | None = None,
    ) -> Result:
        """Make pictures.

        A list of prompts gives the pictures that one call per prompt would give. Picture ``k`` of
        a prompt has the seed ``seed + k``. The global random state is neither read nor changed.

        Args:
            prompt: Words, or a list of them.
            negative_prompt: Words that guidance leads away from; none by default.
            image: A picture to start from. This is ours: the published pipelines have no edits.
            strength: How much of ``image`` changes, above 0 to 1; 0.6 by default.
            control_image: A picture of the size of the picture, for a control checkpoint.
            height: Pixels, together with ``width``: multiples of 32 from 512 to 2048, at most
                2 ** 21 pixels. By default the model's size, or that of a given picture.
            width: Pixels.
            any_size: Accept every multiple of 16, although the model was not trained for it.
            num_inference_steps: Denoising steps, 50 by default.
            guidance_scale: Weight of the prompt, 5 by default; the model card draws with 3.5. Up
                to 1 is off and twice as fast.
            seed: One number, one per prompt or one per picture; by default drawn and reported.
            num_images: Pictures per prompt, 1 by default.
            latents: Noise ``[pictures, channels, H/8, W/8]`` to start from.
            original_size: Height and width that the picture is to seem to have been scaled from;
                by default its own.
            crops_coords_top_left: Where the picture is to seem to have been cut out.
            compat: Round latents to the dtype of the weights after each step, as the reference
                does; by default they stay in fp32.
            max_batch: Most pictures worked on at once; all by default.
            on_progress: Called with each step of each stage; what it raises ends the call.
            num_images_per_prompt: Another spelling of ``num_images``.
            generator: Gives ``seed`` by its initial seed; a list gives one each.

        Raises:
            InputError: Something cannot be done as asked; names the argument and the way out.
            GlmImageError: The device has too little memory.
        """
        start = time.perf_counter()
        refuse_both("num_images", num_images, "num_images_per_prompt", num_images_per_prompt)
        refuse_both("seed", seed, "generator", generator)
        params = _params(num_inference_steps, guidance_scale, strength, image, compat=compat)
        count = num_images if num_images_per_prompt is None else num_images_per_prompt
        request = CogView4Request(
            prompt=prompt,
            negative_prompt=negative_prompt,
            image=image,
            control_image=control_image,
            height=height,
            width=width,
            any_size=any_size,
            original_size=original_size,
            crop=crops_coords_top_left,
            seeds=seed if generator is None else initial_seeds(generator),
            num_images=1 if count is None else count,
            latents=latents,
        )
        if negative_prompt and params.guidance <= 1:
            raise InputError(
                "it has no effect without guidance",
                field="negative_prompt",
                hint="leave it out, or ask for a guidance_scale above 1",
            )
        pictures, notes = read(self.system, request)
        watch = Watch(self.system.device, on_progress)
        pixels = make(
            pictures, max_batch, watch, lambda some: generate(self.system, some, params, watch)
        )
        watch.timings["total"] = time.perf_counter() - start
        return build(self.system, params, pictures, pixels, watch.timings, notes)


def _params(
    steps: int | None,
    guidance: float | None,
    strength: float | None,
    image: SourceImage | None,
    *,
    compat: bool,
) -> CogView4Params:
    """What is given, else what is usual.

    Raises:
        InputError: A value is out of its range, or a strength has nothing to act on.
    """
    if strength is not None and image is None:
        raise InputError(
            "there is no image", field="strength", hint="give image, or leave strength out"
        )
    usual = CogView4Params()
    return CogView4Params(
        steps=usual.steps if steps is None else steps,
        guidance=usual.guidance if guidance is None else guidance,
        strength=strength_of(strength, from_picture=image is not None),
        compat=compat,
    )
