"""Training sequences of the generator: prompt ids, positions, the codes to be written."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from glm_image.data.describing import describe
from glm_image.data.edits import TRIED, Edit, sample_edit
from glm_image.data.grids import full_grid, preview_grid, starts
from glm_image.data.layout import sample_scene
from glm_image.data.mix import SceneMix, Words
from glm_image.data.scene import Scene
from glm_image.data.vocabulary import meanings
from glm_image.data.wording import book_for
from glm_image.models.positions import prompt_positions, raster_positions
from glm_image.tokenizer import chat
from glm_image.tokenizer.text import TextTokenizer
from glm_image.types import GeneratorInput, Grid

_IGNORED = -100

PreviewRule = Callable[[Grid], Grid]
"""From the rows and columns of a picture to those of its preview."""

PLACES = 16
"""Parts of a picture's side in which places are told."""


@dataclass(frozen=True, kw_only=True)
class Sequence:
    """One picture as the generator learns it.

    Attributes:
        ids: Input ids of prompt, sources and all codes but the last ``[T]``.
        positions: M-RoPE positions ``[3, T]``.
        targets: Next id of every position that is learned ``[T]``, -100 elsewhere.
        weights: Weight of every target ``[T]``.
        plans: What lies ahead, see :class:`Raster`, ``[5, T]``; -100 where nothing is learned.
    """

    ids: Tensor
    positions: Tensor
    targets: Tensor
    weights: Tensor
    plans: Tensor


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Sequences padded on the right to one length; see :class:`Sequence` for the fields."""

    ids_bt: Tensor
    positions_3bt: Tensor
    targets_bt: Tensor
    weights_bt: Tensor
    plans_5bt: Tensor


@dataclass(frozen=True, kw_only=True)
class Raster:
    """One raster as it should be written.

    Attributes:
        codes: Its codes, flat ``[n]``.
        plan: For every code its own row and column, then row, column and code of the next beginning
            of a thing from there on, ``[5, n]``. Places are in :data:`PLACES` parts of a picture's
            side; where nothing more begins, place and code are :data:`PLACES` and -100.
    """

    codes: Tensor
    plan: Tensor


def raster_of(scene: Scene, height: int, width: int) -> Raster:
    """The raster of a scene with so many rows and columns."""
    whole = (scene.rows, scene.columns) == (height, width)
    codes = full_grid(scene) if whole else preview_grid(scene, height, width)
    index = np.arange(height * width)
    firsts = np.asarray([*starts(scene, height, width), height * width])
    ahead = firsts[np.searchsorted(firsts, index)]
    rows = [place // width * PLACES // height for place in (index, ahead)]
    columns = [place % width * PLACES // width for place in (index, ahead)]
    columns[1] = np.where(ahead < height * width, columns[1], PLACES)
    what = np.append(codes.flatten(), _IGNORED)[ahead]
    plan = np.stack([rows[0], columns[0], rows[1], columns[1], what])
    return Raster(codes=torch.from_numpy(codes).flatten(), plan=torch.from_numpy(plan))


def assemble(
    request: GeneratorInput, sources: list[Tensor], rasters: list[Raster], end: int
) -> Sequence:
    """Join a prompt with the codes that answer it.

    Args:
        request: Prompt ids, source spans and rasters.
        sources: Codes of every source image, flat.
        rasters: Every raster in the order of generation.
        end: Id of the end marker.
    """
    ids = request.ids_l.clone()
    for span, source in zip(request.sources, sources, strict=True):
        ids[span.start_index : span.stop_index] = source
    answer = torch.cat([*(raster.codes for raster in rasters), torch.tensor([end])])
    whole = torch.cat([ids, answer])
    prompt, counter = prompt_positions(len(ids), request.sources)
    positions = torch.cat([prompt, raster_positions(counter, request.rasters)], dim=1)
    targets = torch.full((len(whole) - 1,), _IGNORED)
    targets[len(ids) - 1 :] = answer
    weights = torch.zeros(len(whole) - 1)
    weights[len(ids) - 1 :] = 1.0
    plans = torch.full((5, len(whole) - 1), _IGNORED)
    plans[:, len(ids) - 1 : -1] = torch.cat([raster.plan for raster in rasters], dim=1)
    return Sequence(
        ids=whole[:-1],
        positions=positions[:, :-1],
        targets=targets,
        weights=weights,
        plans=plans,
    )


def collate(sequences: list[Sequence]) -> Batch:
    """Pad sequences on the right; padding is never attended to by what comes before it."""

    def stack(rows: list[Tensor], value: float) -> Tensor:
        length = max(row.shape[-1] for row in rows)
        padded = [
            torch.nn.functional.pad(row, (0, length - row.shape[-1]), value=value) for row in rows
        ]
        return torch.stack(padded)

    positions = stack([s.positions for s in sequences], 0)
    plans = stack([s.plans for s in sequences], _IGNORED)
    return Batch(
        ids_bt=stack([s.ids for s in sequences], 0),
        positions_3bt=positions.transpose(0, 1),
        targets_bt=stack([s.targets for s in sequences], _IGNORED),
        weights_bt=stack([s.weights for s in sequences], 0),
        plans_5bt=plans.transpose(0, 1),
    )


def codes_of(scene: Scene) -> Tensor:
    """Codes of a scene's full grid, flat."""
    return torch.from_numpy(full_grid(scene)).flatten()


def text_sequence(
    rng: random.Random,
    tokenizer: TextTokenizer,
    mix: SceneMix,
    words: Words,
    preview: PreviewRule | None,
) -> Sequence:
    """A random prompt with its codes; without a preview where there is no rule for its size."""
    scene = sample_scene(rng, mix.sized(rng), latin=words.latin, han=words.han)
    return scene_sequence(tokenizer, scene, describe(rng, scene, book_for(rng)), preview)


def scene_sequence(
    tokenizer: TextTokenizer, scene: Scene, prompt: str, preview: PreviewRule | None
) -> Sequence:
    """The sequence of a given scene and prompt."""
    target = (scene.rows, scene.columns)
    grids = [target] if preview is None else [preview(target), target]
    request = chat.text_to_image(
        tokenizer, prompt, target=target, preview=None if preview is None else grids[0]
    )
    rasters = [raster_of(scene, *grid) for grid in grids]
    return assemble(request, [], rasters, tokenizer.end_id)


def edit_sequence(
    rng: random.Random,
    tokenizer: TextTokenizer,
    mix: SceneMix,
    words: Words,
    noise: float,
    kinds: Mapping[str, float] = TRIED,
) -> Sequence:
    """A random edit; a share ``noise`` of the source's codes is wrong, as an encoder's can be."""
    edit = sample_edit(
        rng, mix.sized(rng), book_for(rng), latin=words.latin, han=words.han, kinds=kinds
    )
    return sequence_of_edit(rng, tokenizer, edit, noise)


def sequence_of_edit(
    rng: random.Random, tokenizer: TextTokenizer, edit: Edit, noise: float
) -> Sequence:
    """The sequence of a given edit, with one source picture or two."""
    grids = [(scene.rows, scene.columns) for scene in edit.sources]
    grid = (edit.after.rows, edit.after.columns)
    request = chat.image_to_image(tokenizer, edit.instruction, target=grid, sources=grids)
    sources = [codes_of(scene) for scene in edit.sources]
    for source in sources:
        for index in range(len(source)):
            if rng.random() < noise:
                source[index] = rng.randrange(len(meanings()))
    return assemble(request, sources, [raster_of(edit.after, *grid)], tokenizer.end_id)
