"""CogView4 on the CPU, here and in the reference pipeline, from one checkpoint."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import CogView4Pipeline as ReferencePipeline
from numpy.typing import NDArray
from torch import nn

from benchmarks import cogview4_checkpoint, reference, systems
from benchmarks.outcome import OURS, REFERENCE, Outcome, Part, Scale, lines, processor_line
from benchmarks.rounds import TOTAL, Parts, interleave
from glm_image.device import resolve
from glm_image.evaluation.speed import machine
from glm_image.execution import linear
from glm_image.execution.apply import pack
from glm_image.execution.auto import PLAIN
from glm_image.models.cogview4_dit import CogView4Config
from glm_image.models.text_encoder import TextEncoderConfig
from glm_image.models.vae import VaeConfig
from glm_image.pipeline.cogview4_api import CogView4Pipeline

PROMPT = "a red fox in deep snow under a pale winter sun, oil on canvas, thick strokes"

_STEPS, _GUIDANCE, _SEED = 10, 3.5, 1


def cogview4(scale: Scale) -> Outcome:
    """Words to picture with networks of random weights, large enough that arithmetic counts."""
    folder = checkpoint(scale, scale.work / "cogview4")
    steps, side = scale.steps or _STEPS, scale.presets.vae.sample_size
    pictures: dict[str, NDArray[np.uint8]] = {}

    def draw(name: str, pipe: Any, **more: object) -> Parts:
        result = pipe(
            PROMPT,
            height=side,
            width=side,
            num_inference_steps=steps,
            guidance_scale=_GUIDANCE,
            generator=torch.Generator().manual_seed(_SEED),
            **more,
        )
        pictures[name] = np.asarray(result.images[0])
        return {}

    def ours(plan: str | None = None) -> CogView4Pipeline:
        return CogView4Pipeline.from_pretrained(folder, device="cpu", dtype="float32", plan=plan)

    sides = {
        OURS: ours(),
        f"{OURS}, plain": ours(PLAIN),
        REFERENCE: _reference(folder),
        f"{REFERENCE}, tuned": _tuned(folder),
    }
    times = interleave({n: partial(draw, n, pipe) for n, pipe in sides.items()}, scale.rounds)
    error = np.abs(pictures[OURS].astype(np.int16) - pictures[REFERENCE]).max()
    part = Part(
        name=TOTAL,
        what="words to picture",
        error=float(error),
        error_of="the picture, in 255ths",
    )
    return Outcome(
        name="cogview4",
        title=f"CogView4, mid-size random model, {steps} steps, {side}x{side}, guidance 3.5",
        machine=machine.describe(resolve("cpu", "float32")),
        lines=[*lines(times, [part]), processor_line(times)],
        notes=[
            f"{2 * steps} passes of the decoder, {scale.rounds} rounds in turns",
            "tuned: channels innermost in the autoencoder, and this package's packed layers",
        ],
    )


def _reference(folder: Path) -> Any:
    reference.silence()
    pipe: Any = ReferencePipeline.from_pretrained(folder)
    return reference.quiet(pipe)


def _tuned(folder: Path) -> Any:
    """The reference with what its users can give it, and what helps it of ours."""
    pipe = _reference(folder)
    pipe.vae.to(memory_format=torch.channels_last)
    if linear.is_available(torch.float32):
        networks: tuple[nn.Module, ...] = (pipe.text_encoder, pipe.transformer)
        for network in networks:
            pack(network)
    return pipe


def checkpoint(scale: Scale, folder: Path) -> Path:
    """A checkpoint whose decoder and autoencoder are as large as those of the other benchmarks."""
    sizes = scale.presets
    text, dit = sizes.generator.text, sizes.dit
    return cogview4_checkpoint.write(
        folder,
        TextEncoderConfig(
            vocab_size=cogview4_checkpoint.BYTES + len(cogview4_checkpoint.MARKERS),
            hidden_size=text.hidden_size,
            intermediate_size=text.intermediate_size,
            num_hidden_layers=text.num_hidden_layers,
            num_attention_heads=text.num_attention_heads,
            num_key_value_heads=text.num_key_value_heads,
            head_dim=text.head_dim,
            rms_norm_eps=text.rms_norm_eps,
            attention_bias=True,
            rope_theta=10000.0,
            partial_rotary_factor=0.5,
            max_position_embeddings=text.max_position_embeddings,
            pad_token_id=cogview4_checkpoint.BYTES,
        ),
        CogView4Config(
            patch_size=dit.patch_size,
            in_channels=dit.in_channels,
            out_channels=dit.out_channels,
            num_layers=dit.num_layers,
            attention_head_dim=dit.attention_head_dim,
            num_attention_heads=dit.num_attention_heads,
            text_embed_dim=text.hidden_size,
            time_embed_dim=dit.time_embed_dim,
            condition_dim=dit.condition_dim,
            rope_axes_dim=(256, 256),
            sample_size=sizes.vae.sample_size // 8,
            pos_embed_max_size=128,
        ),
        VaeConfig(**vars(sizes.vae)),
        systems.randomise,
        torch.Generator().manual_seed(0),
    )
