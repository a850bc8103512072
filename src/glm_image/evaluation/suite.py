"""Runs a model over the held-out cases and scores what it drew.

Rows separate the parts: ``truth`` and ``vae`` are the reader's ceilings, ``true tokens`` is the
decoder alone, ``tokens only`` the generator alone, ``system`` everything.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from glm_image.data.draw import Pixels, render
from glm_image.data.scene import Box, Place, Scene
from glm_image.data.vocabulary import full_grid
from glm_image.evaluation.found import Found, place_of
from glm_image.evaluation.held_out import Case
from glm_image.evaluation.pixels import letters_only, look
from glm_image.evaluation.reading import Reader
from glm_image.evaluation.scoring import interval, match_texts
from glm_image.evaluation.tokens import TokenReading, read_codes

ROWS: tuple[str, ...] = ("truth", "vae", "true tokens", "tokens only", "system")

Scores = dict[str, list[float]]


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What a model made of one case.

    Attributes:
        pixels: RGB ``[H, W, 3]`` uint8.
        codes: Full grid ``[H/32, W/32]``.
    """

    pixels: Pixels
    codes: Tensor


class Painter(Protocol):
    """A model under test."""

    def draw(self, case: Case, codes: Tensor | None) -> Drawing:
        """Draw a case; from given codes ``[H/32, W/32]`` where there are some."""

    def reconstruct(self, pixels: Pixels) -> Pixels:
        """Send a picture through the autoencoder."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A mean with its 95 % bootstrap interval over cases."""

    mean: float
    low: float
    high: float
    count: int


Report = dict[str, dict[str, Figure]]
"""Figures by row and metric."""


def score_case(scene: Scene, found: Found, scores: Scores, *, prefix: str = "") -> bool:
    """Add the scores of one picture; returns whether everything expected is there.

    Args:
        scene: What the picture should show.
        found: What a reader found, ``texts`` included.
        scores: Lists to add to, by metric.
        prefix: Put in front of the names of the metrics.
    """

    def add(name: str, value: float) -> bool:
        scores.setdefault(prefix + name, []).append(float(value))
        return bool(value)

    right = [add("background", found.background == scene.background)]
    used: set[int] = set()
    for group in scene.shapes:
        same = [i for i, s in enumerate(found.shapes) if s.kind == group.kind and i not in used]
        coloured = [i for i in same if found.shapes[i].colour == group.colour]
        chosen = (coloured or same)[: len(group.boxes)]
        used.update(chosen)
        right.append(add("shape kind", bool(same)))
        right.append(add("shape colour", bool(coloured)))
        if len(group.boxes) == 1:
            places = [place_of(found.shapes[i].centre) for i in chosen]
            right.append(add("shape place", _near_place(scene, group.boxes[0], places)))
        right.append(add("count", len(same) == len(group.boxes)))
    extra = len(found.shapes) - sum(len(group.boxes) for group in scene.shapes)
    right.append(extra <= 0)
    matches = match_texts([line.text for line in scene.texts], found.texts)
    for line, match in zip(scene.texts, matches, strict=True):
        language = "en" if line.text.isascii() else "zh"
        add(f"text strict {language}", match.strict)
        right.append(add(f"text loose {language}", match.loose))
        scores.setdefault(f"{prefix}text similarity {language}", []).append(match.similarity)
    return all(right)


def _near_place(scene: Scene, box: Box, places: Sequence[Place]) -> bool:
    """Whether one of the places is that of a box."""
    centre = (box.row + box.height / 2) / scene.rows, (box.column + box.width / 2) / scene.columns
    return place_of(centre) in places


def see(pixels: Pixels, reader: Reader) -> Found:
    """Find everything in a picture, its texts included."""
    found = look(pixels)
    texts = tuple(line.text for line in reader.read(letters_only(pixels)))
    return Found(background=found.background, shapes=found.shapes, lines=found.lines, texts=texts)


def run(
    painter: Painter,
    reader: Reader,
    drawings: Sequence[Case],
    edits: Sequence[Case],
    rows: Sequence[str],
    on_case: Callable[[str, Case], None],
) -> Report:
    """Score every wanted row over the cases.

    Args:
        painter: The model.
        reader: Reads letters.
        drawings: Text-to-image cases.
        edits: Edit cases.
        rows: Names out of :data:`ROWS`.
        on_case: Called before each case with the row's name.
    """
    tables: dict[str, Scores] = {row: {} for row in rows}
    for case in (*drawings, *edits):
        drawn: Drawing | None = None
        for row in rows:
            on_case(row, case)
            scores = tables[row]
            if row == "tokens only":
                drawn = drawn or painter.draw(case, None)
                reading = read_codes(drawn.codes)
                _score_tokens(case, reading, scores)
                continue
            if row == "system":
                drawn = drawn or painter.draw(case, None)
                pixels = drawn.pixels
            else:
                pixels = _pixels(painter, row, case)
            _score(case, see(pixels, reader), scores)
    return {
        row: {name: figure(values) for name, values in scores.items()}
        for row, scores in tables.items()
    }


def _pixels(painter: Painter, row: str, case: Case) -> Pixels:
    if row == "true tokens":
        return painter.draw(case, torch.from_numpy(full_grid(case.expected))).pixels
    truth = render(case.expected)
    return painter.reconstruct(truth) if row == "vae" else truth


def _score(case: Case, found: Found, scores: Scores) -> None:
    if case.source is None:
        right = score_case(case.expected, found, scores)
        scores.setdefault("all right", []).append(float(right))
    else:
        right = score_case(case.expected, found, {})
        scores.setdefault(f"edit {case.kind}", []).append(float(right))
        scores.setdefault("edits", []).append(float(right))


def _score_tokens(case: Case, reading: TokenReading, scores: Scores) -> None:
    truth = read_codes(torch.from_numpy(full_grid(case.expected)))
    right = reading == truth
    if case.source is not None:
        scores.setdefault("edits", []).append(float(right))
        scores.setdefault(f"edit {case.kind}", []).append(float(right))
        return
    scores.setdefault("all right", []).append(float(right))
    scores.setdefault("background", []).append(float(reading.background == truth.background))
    matches = match_texts([line.text for line in case.expected.texts], reading.texts)
    for line, match in zip(case.expected.texts, matches, strict=True):
        language = "en" if line.text.isascii() else "zh"
        scores.setdefault(f"text strict {language}", []).append(float(match.strict))
        scores.setdefault(f"text loose {language}", []).append(float(match.loose))
        scores.setdefault(f"text similarity {language}", []).append(match.similarity)


def figure(values: Sequence[float]) -> Figure:
    """Mean and interval of the values of a metric."""
    low, high = interval(values)
    return Figure(mean=float(np.mean(values)), low=low, high=high, count=len(values))


def source_image(case: Case) -> Image.Image | None:
    """The source picture of an edit; None of a drawing."""
    return None if case.source is None else Image.fromarray(render(case.source))
