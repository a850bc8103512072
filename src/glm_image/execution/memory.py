"""How much memory a plan takes, counted from configurations, and the fastest plan that fits.

Weights and caches are counted exactly. Activations are counted as the tensors that one layer holds
at once, which is an estimate; a share of the memory is left for what nobody counts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import nn

from glm_image.checkpoint.holdings import Holdings
from glm_image.checkpoint.published import Components
from glm_image.errors import InputError, PlanError
from glm_image.execution.offload import LEAST_BYTES
from glm_image.execution.parallel_glm import is_cut
from glm_image.execution.plan import ExecutionPlan, Offload, WeightFormat
from glm_image.execution.quantize import STACKS, format_of
from glm_image.execution.quantized import GROUP
from glm_image.image.size import PREVIEW_SIDE
from glm_image.models.glm import GlmConfig
from glm_image.models.text_encoder import TextEncoder
from glm_image.types import PIXELS_PER_LATENT, PIXELS_PER_TOKEN, Size

RESERVE = 0.1
"""Share of the memory that libraries, fragments and workspaces are left."""

_PROMPT_TOKENS = 1024
_GLYPH_TOKENS = 128
"""Lengths that prompts and quoted texts seldom exceed."""

_SCALE_BYTES = 4
_GENERATOR_TENSORS, _DECODER_TENSORS, _PICTURE_TENSORS = 8, 16, 4
"""Tensors as wide as the stream that a layer holds at once, the feed-forward network's included."""

_TILE_PIXELS = 512 * 512
_GIGABYTE = 1e9


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is to be drawn.

    Args:
        size: Of the pictures, in pixels.
        batch: Pictures at once.
    """

    size: Size
    batch: int = 1

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise InputError(f"got {self.batch}", field="batch", hint="a whole number from 1")


@dataclass(frozen=True, kw_only=True)
class Account:
    """Bytes on the device.

    Args:
        weights: Of each network, as the plan holds them while the network works.
        resting: Of each network while another one works.
        work: Caches and activations of each stage, by its network.
    """

    weights: Mapping[str, int]
    resting: Mapping[str, int]
    work: Mapping[str, int]

    @property
    def peak(self) -> int:
        """Most bytes at any time."""
        return max(self.stage(name) for name in self.work)

    def stage(self, name: str) -> int:
        """Bytes while a network works."""
        others = sum(size for other, size in self.resting.items() if other != name)
        return self.weights[name] + others + self.work[name]


def account(
    components: Holdings,
    plan: ExecutionPlan,
    work: Work,
    dtype: torch.dtype,
    *,
    accelerator: bool,
) -> Account:
    """Count the memory that a plan takes.

    Args:
        components: The networks; they may be without memory.
        plan: How they run.
        work: What is to be drawn.
        dtype: Of stored weights and of activations.
        accelerator: Whether the device has memory of its own.
    """
    formats = {components.LANGUAGE: plan.generator.weights, "decoder": plan.decoder.weights}
    weights, resting = {}, {}
    for name, network in components.networks.items():
        layers = _layers(network, formats.get(name, WeightFormat.STORED), dtype)
        if name == components.LANGUAGE:
            layers = [_part(layer, plan) for layer in layers]
        weights[name], resting[name] = _held(layers, plan.offload, accelerator=accelerator)
    return Account(
        weights=weights,
        resting=resting,
        work={
            components.LANGUAGE: _using_language(components, plan, work, dtype),
            "decoder": _painting(components, work, dtype),
            "autoencoder": _drawing(components, plan, work, dtype),
        },
    )


def fit(
    components: Holdings,
    plan: ExecutionPlan,
    work: Work,
    dtype: torch.dtype,
    *,
    accelerator: bool,
    memory: int,
) -> ExecutionPlan:
    """The fastest variant of a plan that fits: tiled first, then offloaded further and further.

    Args:
        components: The networks; they may be without memory.
        plan: How they run if there is room; an offload that it asks for stays.
        work: What is to be drawn.
        dtype: Of stored weights and of activations.
        accelerator: Whether the device has memory of its own.
        memory: Bytes that there are.

    Raises:
        PlanError: Nothing fits; names the smallest plan, and what it takes.
    """
    room = int(memory * (1 - RESERVE))

    def peak(one: ExecutionPlan) -> int:
        return account(components, one, work, dtype, accelerator=accelerator).peak

    for variant in _variants(plan, accelerator=accelerator):
        if peak(variant) <= room:
            return variant
    smaller = [
        variant
        for weights in (WeightFormat.INT8, WeightFormat.INT4)
        for variant in _variants(_with(plan, weights), accelerator=accelerator)
    ]
    nearest = next((one for one in smaller if peak(one) <= room), None)
    if nearest is not None:
        weights, offload = nearest.generator.weights, nearest.offload
        hint = f"what fits is weights {weights} with offload {offload}"
    else:
        least = min(peak(one) for one in (*smaller, plan)) / (1 - RESERVE)
        hint = f"the smallest plan takes {least / _GIGABYTE:.1f} GB; draw smaller or fewer pictures"
    raise PlanError(
        f"{memory / _GIGABYTE:.1f} GB are too little for {work.batch} of {work.size}",
        field="memory",
        hint=hint,
    )


def _variants(plan: ExecutionPlan, *, accelerator: bool) -> Iterator[ExecutionPlan]:
    """A plan and slower ones that take less, in the order of what they cost."""
    yield plan
    tiled = replace(plan, autoencoder=replace(plan.autoencoder, tile_pixels=_TILE_PIXELS))
    yield tiled
    if plan.offload is not Offload.NONE:
        return
    for offload in (Offload.STAGE, Offload.LAYER) if accelerator else (Offload.DISK,):
        yield without_copies(replace(tiled, offload=offload), accelerator=accelerator)


def without_copies(plan: ExecutionPlan, *, accelerator: bool) -> ExecutionPlan:
    """A plan whose weights may wait: nothing recorded, and nothing rebuilt that is on disk."""
    generator, decoder = replace(plan.generator, graphs=False), plan.decoder
    if accelerator or plan.offload is not Offload.DISK:
        return replace(plan, generator=generator)
    plain = ExecutionPlan()
    drawing = replace(plan.autoencoder, linear=plain.generator.linear, phased=False)
    if generator.weights is WeightFormat.STORED:
        generator = replace(generator, fused=False, linear=plain.generator.linear)
    if decoder.weights is WeightFormat.STORED:
        decoder = replace(decoder, fused=False, linear=plain.decoder.linear)
    return replace(plan, generator=generator, decoder=decoder, autoencoder=drawing)


def _with(plan: ExecutionPlan, weights: WeightFormat) -> ExecutionPlan:
    return replace(
        plan,
        generator=replace(plan.generator, weights=weights),
        decoder=replace(plan.decoder, weights=weights),
    )


@dataclass(frozen=True, kw_only=True)
class _Layer:
    """A layer with weights of its own."""

    size: int
    in_stack: bool
    quantised: bool
    divides: bool


def _layers(network: nn.Module, weights: WeightFormat, dtype: torch.dtype) -> list[_Layer]:
    layers = []
    for name, module in network.named_modules():
        size, formats = 0, set()
        for kind, parameter in module.named_parameters(recurse=False):
            held = WeightFormat.STORED
            if isinstance(module, nn.Linear):
                held = format_of(f"{name}.{kind}", parameter.shape, weights)
            formats.add(held)
            size += _bytes(parameter.shape, held, dtype)
        quantised = bool(formats - {WeightFormat.STORED})
        layers.append(
            _Layer(
                size=size,
                in_stack=name.startswith(STACKS),
                quantised=quantised,
                divides=is_cut(name),
            )
        )
    return layers


def _part(layer: _Layer, plan: ExecutionPlan) -> _Layer:
    """What one process holds of a layer of the generator."""
    return replace(layer, size=layer.size // plan.parallel.tensor) if layer.divides else layer


def _bytes(shape: torch.Size, weights: WeightFormat, dtype: torch.dtype) -> int:
    values = shape.numel()
    if weights is WeightFormat.STORED:
        return values * dtype.itemsize
    if weights is WeightFormat.INT4:
        return values // 2 + values // GROUP * _SCALE_BYTES
    return values + shape[0] * _SCALE_BYTES


def _held(layers: list[_Layer], offload: Offload, *, accelerator: bool) -> tuple[int, int]:
    """Bytes of a network on the device while it works, and while it does not."""
    everything = sum(layer.size for layer in layers)
    if offload is Offload.NONE:
        return everything, everything
    if offload is Offload.STAGE:
        return everything, 0
    moving = [
        layer.size
        for layer in layers
        if layer.in_stack and layer.size >= LEAST_BYTES and (accelerator or not layer.quantised)
    ]
    stays = everything - sum(moving)
    # The present layer and, beside an accelerator, the one that is fetched ahead.
    return stays + (2 if accelerator else 1) * max(moving, default=0), stays


def _using_language(
    components: Holdings, plan: ExecutionPlan, work: Work, dtype: torch.dtype
) -> int:
    """What writing codes takes, or reading a prompt where none are written."""
    if isinstance(components, Components):
        return _writing(components.generator.config.text, plan, work, dtype)
    config = cast(TextEncoder, components.language).config
    # Prompts are read one by one. Scores of all heads are counted: not every kernel avoids them.
    widest = _GENERATOR_TENSORS * config.hidden_size + 3 * config.intermediate_size
    scores = config.num_attention_heads * _PROMPT_TOKENS
    return _PROMPT_TOKENS * (widest + scores) * dtype.itemsize


def _writing(config: GlmConfig, plan: ExecutionPlan, work: Work, dtype: torch.dtype) -> int:
    """Keys and values of prompt and picture, and the activations of the prompt."""
    grid = (work.size.height // PIXELS_PER_TOKEN) * (work.size.width // PIXELS_PER_TOKEN)
    tokens = _PROMPT_TOKENS + grid + PREVIEW_SIDE**2
    per_token = 2 * config.num_hidden_layers * config.num_key_value_heads * config.head_dim
    widest = _GENERATOR_TENSORS * config.hidden_size + 3 * config.intermediate_size
    stored = tokens * per_token // plan.parallel.tensor
    return work.batch * (stored + _PROMPT_TOKENS * widest) * dtype.itemsize


def _painting(components: Holdings, work: Work, dtype: torch.dtype) -> int:
    """The activations of one block, with and without the prompt side by side."""
    side = PIXELS_PER_LATENT * components.dit.config.patch_size
    grid = (work.size.height // side) * (work.size.width // side)
    texts = _GLYPH_TOKENS if isinstance(components, Components) else _PROMPT_TOKENS
    tokens = 2 * work.batch * (grid + texts)
    return tokens * _DECODER_TENSORS * components.dit.config.width * dtype.itemsize


def _drawing(components: Holdings, plan: ExecutionPlan, work: Work, dtype: torch.dtype) -> int:
    """The finest level of the autoencoder, which draws one picture at a time."""
    pixels = work.size.height * work.size.width
    channels = max(components.vae.config.block_out_channels[:2])
    tile = plan.autoencoder.tile_pixels
    if 0 < tile < pixels:
        return (2 * pixels + _PICTURE_TENSORS * tile) * channels * dtype.itemsize
    return _PICTURE_TENSORS * pixels * channels * dtype.itemsize
