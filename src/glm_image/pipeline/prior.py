"""Second stage: the generator writes each picture as a raster of semantic codes.

The length is known from the grid, so nothing waits for an end token and every chosen id is a code.
The randomness is handed in, one number per token and picture. Pictures of one call are written
together; what is padded for that never shows.

Legend: p pictures, b distinct requests, l prompt tokens, n new tokens, v output ids, d width.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from glm_image.errors import ShapeError
from glm_image.layers.cache import KVCache
from glm_image.layers.mask import padded_causal_mask
from glm_image.models.generator import Generator
from glm_image.models.positions import batch_positions, prompt_positions, raster_positions
from glm_image.pipeline.sampling import Sampler
from glm_image.types import GeneratorInput, Grid, PriorTokens


@dataclass(frozen=True, kw_only=True)
class Health:
    """Signs of whether the generator was well while it wrote one picture.

    A collapsed run repeats a handful of codes. A run that lost count wants to end early or does
    not want to end at all; the picture is complete either way.

    Args:
        tokens: Codes written, preview included.
        distinct_codes: Different codes among them.
        early_ends: Places inside the rasters where the end marker was the most likely id.
        ended: Whether the end marker was the most likely id behind the last code.
    """

    tokens: int
    distinct_codes: int
    early_ends: int
    ended: bool


@dataclass(frozen=True, kw_only=True)
class Written:
    """What the generator wrote for one picture.

    Args:
        prior: The codes.
        health: Signs of its state; None if the codes were given.
    """

    prior: PriorTokens
    health: Health | None = None


@dataclass(frozen=True, kw_only=True)
class _State:
    """Where the writing stands after the prompt."""

    cache: KVCache
    logits_pv: Tensor
    valid_ps: Tensor | None
    positions_3pn: Tensor


@torch.no_grad()
def generate(
    generator: Generator,
    requests: Sequence[GeneratorInput],
    sources: Sequence[tuple[PriorTokens, ...]],
    rows: Sequence[int],
    sampler: Sampler,
    uniforms_pn: Tensor,
    on_token: Callable[[], None],
) -> list[Written]:
    """Write one raster of codes per picture.

    Args:
        generator: The networks.
        requests: Distinct prompts; all write the same rasters.
        sources: Codes of the source images of each request.
        rows: Index of the request that each picture belongs to.
        sampler: How a token is chosen.
        uniforms_pn: One number in [0, 1) per picture and token, fp32.
        on_token: Called after each token of all pictures.

    Raises:
        ShapeError: The rasters differ, or there are too few random numbers.
    """
    rasters = requests[0].rasters
    count = requests[0].new_tokens
    if any(request.rasters != rasters for request in requests):
        raise ShapeError(
            "pictures of one call have different grids",
            field="requests",
            hint="make pictures of different sizes one after another",
        )
    if tuple(uniforms_pn.shape) != (len(rows), count):
        raise ShapeError(
            f"got {tuple(uniforms_pn.shape)}, expected {(len(rows), count)}", field="uniforms_pn"
        )
    state = _read_prompts(generator, requests, sources, rows)
    ids_pn, early_p, ended_p = _write(generator, state, sampler, uniforms_pn, on_token)
    return [
        Written(
            prior=_to_prior(ids_pn[index], rasters, sources[row]),
            health=Health(
                tokens=count,
                distinct_codes=len(set(ids_pn[index].tolist())),
                early_ends=int(early_p[index]),
                ended=bool(ended_p[index]),
            ),
        )
        for index, row in enumerate(rows)
    ]


def given(
    codes: Sequence[Tensor],
    sources: Sequence[tuple[PriorTokens, ...]],
    rows: Sequence[int],
    grid: Grid,
) -> list[Written]:
    """Take codes from the caller instead of writing them.

    Args:
        codes: ``[th*tw]`` int64 per picture.
        sources: Codes of the source images of each request.
        rows: Index of the request that each picture belongs to.
        grid: ``(th, tw)``.
    """
    return [
        Written(prior=PriorTokens(ids_n=ids_n, grid=grid, sources=sources[row]))
        for ids_n, row in zip(codes, rows, strict=True)
    ]


def _read_prompts(
    generator: Generator,
    requests: Sequence[GeneratorInput],
    sources: Sequence[tuple[PriorTokens, ...]],
    rows: Sequence[int],
) -> _State:
    """Run every distinct prompt once, padded on the left, and give each picture its copy."""
    config = generator.config.text
    weight = generator.lm_head.weight
    device = weight.device
    lengths = [len(request.ids_l) for request in requests]
    length, count = max(lengths), requests[0].new_tokens
    ids_bl = torch.full((len(requests), length), config.pad_token_id)
    valid_bs = torch.zeros((len(requests), length + count), dtype=torch.bool)
    prompts, rasters = [], []
    for row, request in enumerate(requests):
        ids_bl[row, length - lengths[row] :] = _fill_sources(request, sources[row])
        valid_bs[row, length - lengths[row] :] = True
        positions, after = prompt_positions(lengths[row], request.sources)
        prompts.append(positions)
        rasters.append(raster_positions(after, request.rasters))
    ragged = min(lengths) < length
    cache = KVCache.allocate(
        config.num_hidden_layers,
        len(requests),
        config.num_key_value_heads,
        length + count,
        weight,
        config.head_dim,
    )
    hidden_bld = generator(
        ids_bl.to(device),
        batch_positions(prompts).to(device),
        mask=padded_causal_mask(valid_bs[:, :length], length).to(device) if ragged else None,
        cache=cache,
    )
    index = torch.tensor(rows, device=device)
    return _State(
        cache=_copy_rows(cache, index) if list(rows) != list(range(len(requests))) else cache,
        logits_pv=generator.logits(hidden_bld[:, -1])[index],
        valid_ps=valid_bs.to(device)[index] if ragged else None,
        positions_3pn=torch.stack(rasters, dim=1).to(device)[:, index],
    )


def _write(
    generator: Generator,
    state: _State,
    sampler: Sampler,
    uniforms_pn: Tensor,
    on_token: Callable[[], None],
) -> tuple[Tensor, Tensor, Tensor]:
    """Choose token after token.

    Nothing here waits for the device: the counts stay there until all tokens are chosen.

    Returns:
        Codes ``[P, n]``, early ends ``[P]``, whether the end follows the last code ``[P]``.
    """
    codes, end = generator.config.num_codes, generator.config.image_end_token_id
    logits_pv, cache = state.logits_pv, state.cache
    uniforms_pn = uniforms_pn.to(logits_pv.device)
    chosen = []
    early_p = torch.zeros(len(logits_pv), dtype=torch.int64, device=logits_pv.device)
    for step in range(uniforms_pn.shape[1]):
        early_p += logits_pv.argmax(-1) == end
        ids_p = sampler.pick(logits_pv[:, :codes], uniforms_pn[:, step])
        chosen.append(ids_p)
        mask = None
        if state.valid_ps is not None:
            mask = state.valid_ps[:, None, None, : cache.length + 1]
        hidden_p1d = generator(
            ids_p[:, None], state.positions_3pn[:, :, step : step + 1], mask=mask, cache=cache
        )
        logits_pv = generator.logits(hidden_p1d[:, 0])
        on_token()
    return torch.stack(chosen, dim=1), early_p, logits_pv.argmax(-1) == end


def _fill_sources(request: GeneratorInput, sources: tuple[PriorTokens, ...]) -> Tensor:
    """The prompt's ids with the codes of its sources in their places."""
    ids_l = request.ids_l.clone()
    for span, source in zip(request.sources, sources, strict=True):
        ids_l[span.start_index : span.stop_index] = source.ids_n.to(ids_l.device)
    return ids_l


def _copy_rows(cache: KVCache, index: Tensor) -> KVCache:
    """A cache whose rows are the given rows of another one."""
    copy = KVCache([keys[index] for keys in cache.keys], [values[index] for values in cache.values])
    copy.advance(cache.length)
    return copy


def _to_prior(
    ids_n: Tensor, rasters: tuple[Grid, ...], sources: tuple[PriorTokens, ...]
) -> PriorTokens:
    """Cut what was written into the preview, if there is one, and the large raster."""
    *small, (rows, columns) = rasters
    first = len(ids_n) - rows * columns
    preview = PriorTokens(ids_n=ids_n[:first], grid=small[0]) if small else None
    return PriorTokens(ids_n=ids_n[first:], grid=(rows, columns), sources=sources, preview=preview)
