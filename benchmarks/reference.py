"""The reference pipeline as an arm: as documented, and as well tuned as it can be on a device."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import GlmImagePipeline as ReferencePipeline
from diffusers.utils import logging as diffusers_logging
from torch import Tensor, nn
from transformers import logging as transformers_logging

from benchmarks.drawing import GREEDY, Drawing, Request, drawn
from benchmarks.rounds import Parts
from glm_image.device import Device
from glm_image.execution import linear
from glm_image.execution.apply import pack


def load(folder: Path) -> Any:
    """The reference pipeline of a checkpoint, silent, in fp32 on the CPU."""
    silence()
    pipe: Any = ReferencePipeline.from_pretrained(folder)
    pipe.to(torch.float32)
    return quiet(pipe)


def silence() -> None:
    """No bars and no advice from the reference libraries."""
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    diffusers_logging.set_verbosity_error()
    diffusers_logging.disable_progress_bar()


def quiet(pipe: Any) -> Any:
    """The same pipeline without a bar over its steps."""
    pipe.set_progress_bar_config(disable=True)
    return pipe


def tune(pipe: Any, device: Device) -> Any:
    """Give the reference what its users can give it, and what helps it of ours.

    Channels innermost in the autoencoder; on a CPU our packed linear layers, on an accelerator a
    cache of fixed size for the generator, which costs a CPU more than it saves.
    """
    pipe.vae.to(memory_format=torch.channels_last)
    if device.is_accelerator:
        pipe.vision_language_encoder.generation_config.cache_implementation = "static"
    elif linear.is_available(device.dtype):
        for network in (pipe.vision_language_encoder, pipe.transformer):
            pack(network)
    return pipe


class Theirs:
    """Draws with the reference pipeline and times its stages.

    Args:
        pipe: The pipeline; its methods are replaced by timed ones.
        device: Where it runs.
    """

    def __init__(self, pipe: Any, device: Device) -> None:
        self._pipe = pipe
        self._device = device
        self._stamps: dict[str, float] = {}
        self._drawing: Drawing | None = None
        self._doubled_codes = torch.empty(0)
        pipe.vision_language_encoder.generation_config.top_p = GREEDY
        pipe.generate_prior_tokens = self._writing(pipe.generate_prior_tokens)
        pipe.transformer.register_forward_pre_hook(self._painting)
        pipe.vae.decode = self._decoding(pipe.vae.decode)

    @property
    def drawing(self) -> Drawing:
        """The last picture."""
        return drawn(self._drawing)

    def draw(self, request: Request) -> Parts:
        """Draw once and tell how long each stage took."""
        self._stamps.clear()
        image = self._pipe(
            prompt=request.prompt,
            height=request.height,
            width=request.width,
            num_inference_steps=request.steps,
            guidance_scale=request.guidance,
            generator=torch.Generator().manual_seed(request.seed),
            latents=None if request.noise is None else request.noise.to(self._device.torch_device),
            prior_token_ids=None if request.codes is None else self._doubled(request.codes),
        ).images[0]
        self._stamp("end")
        self._drawing = Drawing(
            codes=self._halved(request) if request.codes is None else request.codes,
            pixels=np.asarray(image, dtype=np.uint8),
        )
        stamps = self._stamps
        times = {
            "decoder": stamps["decode"] - stamps["paint"],
            "image": stamps["end"] - stamps["decode"],
        }
        if request.codes is None:
            times["generator"] = stamps["written"] - stamps["start"]
        return times

    def _halved(self, request: Request) -> Tensor:
        """Codes ``[rows, columns]`` of what the reference doubled in both directions."""
        rows, columns = request.grid
        return self._doubled_codes.view(2 * rows, 2 * columns)[::2, ::2].cpu()

    def _doubled(self, codes: Tensor) -> Tensor:
        """Codes as the reference wants them, ``[1, 4 * rows * columns]``."""
        doubled = codes.repeat_interleave(2, 0).repeat_interleave(2, 1)
        return doubled.flatten()[None].to(self._device.torch_device)

    def _stamp(self, name: str) -> None:
        """Note the time of the first call; later ones must not make the device wait."""
        if name not in self._stamps:
            self._device.synchronize()
            self._stamps[name] = time.perf_counter()

    def _writing(self, generate: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: object, **named: object) -> Any:
            self._stamp("start")
            result = generate(*arguments, **named)
            self._stamp("written")
            self._doubled_codes = result[0]
            return result

        return timed

    def _painting(self, module: nn.Module, arguments: tuple[object, ...]) -> None:
        self._stamp("paint")

    def _decoding(self, decode: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: object, **named: object) -> Any:
            self._stamp("decode")
            return decode(*arguments, **named)

        return timed
