"""What the decoder learns from: pictures, their codes, their texts, and source pictures."""

import random
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from glm_image.data.draw import render
from glm_image.data.edits import sample_edit
from glm_image.data.grids import full_grid
from glm_image.data.layout import sample_scene
from glm_image.data.mix import SceneMix, Words
from glm_image.data.scene import CELL, Box, Scene
from glm_image.data.vocabulary import meanings
from glm_image.data.wording import book_for
from glm_image.tokenizer.glyph import quoted_texts


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One drawn picture as the decoder sees it.

    Attributes:
        pixels: RGB ``[H, W, 3]`` uint8.
        codes: Full grid ``[H/32, W/32]``.
        texts: Quoted texts of the prompt, in its order.
        text_area: 1 where a cell shows letters ``[H/32, W/32]``.
        shape_area: 1 where a cell shows a shape or an arrow ``[H/32, W/32]``.
    """

    pixels: NDArray[np.uint8]
    codes: Tensor
    texts: tuple[str, ...]
    text_area: Tensor
    shape_area: Tensor


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A picture and, for an edit, the one or two source pictures it was made from."""

    target: Picture
    sources: tuple[Picture, ...] = ()


def text_picture(rng: random.Random, mix: SceneMix, words: Words) -> Pair:
    """A random picture without a source."""
    scene = sample_scene(rng, mix, latin=words.latin, han=words.han)
    texts = [line.text for line in scene.texts]
    rng.shuffle(texts)
    return Pair(target=_picture(scene, tuple(texts)))


def edit_pair(rng: random.Random, mix: SceneMix, words: Words) -> Pair:
    """A random edit; the glyph encoder reads only the texts that the instruction quotes."""
    edit = sample_edit(rng, mix, book_for(rng), latin=words.latin, han=words.han)
    quoted = tuple(quoted_texts(edit.instruction))
    sources = tuple(_picture(scene, quoted) for scene in edit.sources)
    return Pair(target=_picture(edit.after, quoted), sources=sources)


def _picture(scene: Scene, texts: tuple[str, ...]) -> Picture:
    codes = torch.from_numpy(full_grid(scene))
    return Picture(
        pixels=render(scene),
        codes=codes,
        texts=texts,
        text_area=_covered(scene, [line.box for line in scene.texts]),
        shape_area=_covered(
            scene,
            [box for group in scene.shapes for box in group.boxes]
            + [arrow.box for arrow in scene.arrows],
        ),
    )


def _covered(scene: Scene, boxes: list[Box]) -> Tensor:
    area = torch.zeros(scene.rows, scene.columns)
    for box in boxes:
        for row, column in box.cells():
            area[row, column] = 1.0
    return area


def corrupt(rng: random.Random, codes: Tensor, most: float) -> Tensor:
    """Replace up to a share ``most`` of the codes, as a generator's mistakes would.

    Half of the wrong codes are random, half are copies of the cell beside them.
    """
    share = rng.random() * most
    wrong = codes.clone()
    rows, columns = codes.shape
    for row in range(rows):
        for column in range(columns):
            if rng.random() < share:
                if rng.random() < 0.5:
                    wrong[row, column] = rng.randrange(len(meanings()))
                else:
                    wrong[row, column] = codes[row, max(column - 1, 0)]
    return wrong


def decoder_ids(codes: Tensor) -> Tensor:
    """Codes ``[h, w]`` repeated 2 x 2 for the decoder's tokens, flat ``[4 * h * w]``."""
    return codes.repeat_interleave(2, 0).repeat_interleave(2, 1).flatten()


def latent_mask(area: Tensor) -> Tensor:
    """Cells ``[h, w]`` as a mask of latent positions ``[4 * h, 4 * w]``."""
    return area.repeat_interleave(CELL // 8, 0).repeat_interleave(CELL // 8, 1)
