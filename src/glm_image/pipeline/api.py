"""The pipeline as Python callers know it: load a model, call it, get pictures."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from glm_image.errors import InputError
from glm_image.execution.auto import Asked
from glm_image.pipeline.arguments import device_of, initial_seeds, make, refuse_both
from glm_image.pipeline.generate import generate
from glm_image.pipeline.loaded_pipeline import LoadedPipeline
from glm_image.pipeline.params import SamplingParams
from glm_image.pipeline.progress import OnProgress, Watch
from glm_image.pipeline.request import Request, SourceImages, read
from glm_image.pipeline.result import Result, build
from glm_image.pipeline.system import System


class GlmImagePipeline(LoadedPipeline[System]):
    """Draws pictures from words, and edits pictures by words.

    Args:
        system: The loaded model.

    Attributes:
        loras: Low-rank changes of the decoder: load, scale, merge, unmerge, unload.
    """

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path | None = None,
        *,
        dtype: str | torch.dtype | None = None,
        device: str | torch.device | None = None,
        revision: str | None = None,
        plan: Asked = None,
        torch_dtype: str | torch.dtype | None = None,
        device_map: str | torch.device | None = None,
    ) -> "GlmImagePipeline":
        """Load a model.

        Args:
            model: A folder, ``"org/name"`` of the hub, or None for the bundled model.
            dtype: ``"bfloat16"`` or ``"float32"``; by default bf16 on an accelerator and fp32 on
                the CPU.
            device: Such as ``"cpu"``; by default the best that is there.
            revision: Branch, tag or commit of a hub repository.
            plan: How it runs: ``"auto"``, the default, is the fastest that changes no picture
                beyond rounding; ``"plain"`` leaves everything to torch; or a plan of your own.
            torch_dtype: Another spelling of ``dtype``.
            device_map: Another spelling of ``device``.

        Raises:
            NotFoundError: There is no such model.
            CheckpointError: Configs or weights are wrong; every problem is listed.
            InputError: Device or dtype is not there, or two spellings disagree.
            PlanError: The plan does not work on the device.
        """
        chosen = device_of(device, dtype, device_map, torch_dtype)
        return cls(System.load(model, chosen, revision=revision, plan=plan))

    def __call__(  # noqa: PLR0913 - the call that users of such pipelines know
        self,
        prompt: str | Sequence[str],
        *,
        image: SourceImages | None = None,
        height: int | None = None,
        width: int | None = None,
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        strength: float | None = None,
        seed: int | Sequence[int] | None = None,
        num_images: int | None = None,
        prior_tokens: Tensor | Sequence[Tensor] | None = None,
        latents: Tensor | None = None,
        quotes: str | None = None,
        max_batch: int | None = None,
        on_progress: OnProgress | None = None,
        num_images_per_prompt: int | None = None,
        generator: torch.Generator | Sequence[torch.Generator] | None = None,
    ) -> Result:
        """Make pictures.

        A list of prompts gives the pictures that one call per prompt would give. Picture ``k`` of
        a prompt has the seed ``seed + k``. The global random state is neither read nor changed.

        Args:
            prompt: Words, or a list of them. Text in quotes is written in the picture.
            image: Pictures to edit: one, several for the one prompt, or a list per prompt. Each
                is a Pillow image, a file or the content of one.
            height: Pixels, together with ``width``. By default the model's size, or for an edit
                the size of its first source. What is no multiple of 32 is generated larger and
                cropped.
            width: Pixels.
            num_inference_steps: Denoising steps, 50 by default.
            guidance_scale: Weight of the prompt in the decoder, by default the model's (1.5 as
                published); up to 1 is off and twice as fast.
            temperature: Of the generator, by default the model's (0.9 as published); 0 is greedy.
            top_p: Share of probability that the generator chooses from, by default the model's
                (0.75 as published).
            strength: Of an edit, in (0, 1]: 1, the default, draws anew; less starts from the
                first source and changes less of it.
            seed: One number, one per prompt or one per picture; by default drawn and reported.
            num_images: Pictures per prompt, 1 by default.
            prior_tokens: Codes to paint instead of writing them: ``[th, tw]`` per picture.
            latents: Noise ``[pictures, channels, H/8, W/8]`` to start from.
            quotes: How texts to be written are found: ``"smart"``, the default, or ``"compat"``.
            max_batch: Most pictures worked on at once; all of a size by default.
            on_progress: Called with each step of each stage; what it raises ends the call.
            num_images_per_prompt: Another spelling of ``num_images``.
            generator: Gives ``seed`` by its initial seed; a list gives one each.

        Raises:
            InputError: Something cannot be done as asked; names the argument and the way out.
            GlmImageError: The device has too little memory.
        """
        start = time.perf_counter()
        if strength is not None and image is None:
            raise InputError(
                "there is no image", field="strength", hint="give image, or leave strength out"
            )
        if prior_tokens is not None and (temperature is not None or top_p is not None):
            raise InputError(
                "the codes are given, nothing is sampled",
                field="temperature, top_p",
                hint="leave them out together with prior_tokens",
            )
        params = self._params(
            steps=num_inference_steps,
            guidance=guidance_scale,
            temperature=temperature,
            top_p=top_p,
            strength=strength,
            quotes=quotes,
        )
        refuse_both("num_images", num_images, "num_images_per_prompt", num_images_per_prompt)
        refuse_both("seed", seed, "generator", generator)
        count = num_images if num_images_per_prompt is None else num_images_per_prompt
        request = Request(
            prompt=prompt,
            image=image,
            height=height,
            width=width,
            seeds=seed if generator is None else initial_seeds(generator),
            num_images=1 if count is None else count,
            prior_tokens=prior_tokens,
            latents=latents,
        )
        pictures, notes = read(self.system, request)
        watch = Watch(self.system.device, on_progress)
        made = make(
            pictures, max_batch, watch, lambda some: generate(self.system, some, params, watch)
        )
        watch.timings["total"] = time.perf_counter() - start
        return build(self.system, params, pictures, made, watch.timings, notes)

    def _params(
        self,
        *,
        steps: int | None,
        guidance: float | None,
        temperature: float | None,
        top_p: float | None,
        strength: float | None,
        quotes: str | None,
    ) -> SamplingParams:
        """What is given, else what is usual for the checkpoint."""
        usual = self.system.usual
        return replace(
            usual,
            steps=usual.steps if steps is None else steps,
            guidance=usual.guidance if guidance is None else guidance,
            temperature=usual.temperature if temperature is None else temperature,
            top_p=usual.top_p if top_p is None else top_p,
            strength=usual.strength if strength is None else strength,
            quotes=usual.quotes if quotes is None else quotes,
        )
