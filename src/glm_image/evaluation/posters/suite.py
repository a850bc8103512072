"""Runs a model over the held-out cases and marks what it drew.

Rows separate the parts: ``truth`` and ``vae`` are what the readers can tell at all,
``true-tokens`` is the decoder alone, ``tokens-only`` the generator alone, ``system`` everything.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor

from glm_image.data.draw import Pixels, render
from glm_image.data.grids import full_grid
from glm_image.errors import InputError
from glm_image.evaluation.posters.card import scorecard, values_of
from glm_image.evaluation.posters.fidelity import share_elsewhere, untouched_psnr
from glm_image.evaluation.posters.found import Found
from glm_image.evaluation.posters.held_out import OPEN, Case
from glm_image.evaluation.posters.marks import Mark, marks_of
from glm_image.evaluation.posters.pixels import look
from glm_image.evaluation.posters.tokens import read_codes
from glm_image.evaluation.readers.ocr import Reader
from glm_image.evaluation.scores import OK, SampleScore
from glm_image.evaluation.statistics import Figure, evaluate

METRICS: tuple[str, ...] = tuple(metric.name for metric in scorecard().metrics)
"""Names of everything that is measured; single marks are of drawings, not of edits."""


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

    def write(self, case: Case) -> Tensor:
        """Write the codes ``[H/32, W/32]`` of a case; the same that a drawing is painted from."""

    def reconstruct(self, pixels: Pixels) -> Pixels:
        """Send a picture through the autoencoder."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one case of one row came out.

    Attributes:
        row: One of :data:`ROWS`.
        case: The case.
        marks: Marks of what was found.
        texts: What was read.
        untouched: Likeness in dB of what an edit should leave as it is; None where there is none.
        elsewhere: Share of things that a second seed puts elsewhere; None where that is not asked.
    """

    row: str
    case: Case
    marks: tuple[Mark, ...]
    texts: tuple[str, ...]
    untouched: float | None = None
    elsewhere: float | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was measured.

    Attributes:
        figures: Figures by row and metric, both in the order of tables.
        outcomes: Every case of every row.
    """

    figures: Mapping[str, Mapping[str, Figure]]
    outcomes: tuple[Outcome, ...]


OnCase = Callable[[str, Case], None]
"""Called with the row and the case before each is worked on."""


def run(
    painter: Painter, reader: Reader, cases: Sequence[Case], rows: Sequence[str], on_case: OnCase
) -> Report:
    """Measure the wanted rows over the cases.

    Args:
        painter: The model.
        reader: Reads letters.
        cases: Drawings and edits.
        rows: Names out of :data:`ROWS`.
        on_case: Called before each case of each row.

    Raises:
        InputError: A row is unknown, or there are no cases.
    """
    check_rows(rows)
    if not cases:
        raise InputError("there are no cases", field="count", hint="ask for at least one")
    outcomes = []
    for case in cases:
        trial = _Trial(painter, reader, case, drawn="system" in rows)
        for row in rows:
            on_case(row, case)
            outcomes.append(_outcome(row, case, trial))
    scores = {row: [_score(one) for one in outcomes if one.row == row] for row in rows}
    figures = {row: evaluate(scorecard(), found) for row, found in scores.items()}
    return Report(figures=figures, outcomes=tuple(outcomes))


def check_rows(rows: Sequence[str]) -> Sequence[str]:
    """Give back the names of rows.

    Raises:
        InputError: One is unknown, or named twice.
    """
    unknown = [row for row in rows if row not in _VIEWS]
    if unknown or len(set(rows)) < len(rows) or not rows:
        raise InputError(
            f"got {', '.join(rows)}", field="rows", hint=f"each once, out of {', '.join(ROWS)}"
        )
    return rows


def see(pixels: Pixels, reader: Reader) -> Found:
    """Find everything in a picture, and read its texts."""
    sight = look(pixels)
    return sight.read(reader.read(sight.crops))


@dataclass(frozen=True, kw_only=True)
class _View:
    """What one row shows of a case: a picture, or codes alone.

    Attributes:
        found: Everything that was found.
        pixels: The picture; None of codes.
        again: What a second seed gave; None where the layout is not open.
    """

    found: Found
    pixels: Pixels | None = None
    again: Found | None = None


class _Trial:
    """One case and what the model makes of it, made once for all rows."""

    def __init__(self, painter: Painter, reader: Reader, case: Case, *, drawn: bool) -> None:
        self._painter = painter
        self._reader = reader
        self._case = case
        self._drawn = drawn

    @cached_property
    def _truth(self) -> Pixels:
        return render(self._case.expected)

    @cached_property
    def _drawing(self) -> Drawing:
        return self._painter.draw(self._case, None)

    @cached_property
    def _other_case(self) -> Case | None:
        """The same case with another seed, where it leaves the layout open."""
        case = self._case
        return replace(case, seed=case.seed + 1) if case.kind == OPEN else None

    @cached_property
    def _other_drawing(self) -> Drawing | None:
        other = self._other_case
        return None if other is None else self._painter.draw(other, None)

    def truth(self) -> _View:
        return self._seen(self._truth)

    def vae(self) -> _View:
        return self._seen(self._painter.reconstruct(self._truth))

    def true_tokens(self) -> _View:
        codes = torch.from_numpy(full_grid(self._case.expected))
        return self._seen(self._painter.draw(self._case, codes).pixels)

    def tokens_only(self) -> _View:
        if self._drawn:
            codes: Tensor = self._drawing.codes
            again = None if self._other_drawing is None else self._other_drawing.codes
        else:
            codes = self._painter.write(self._case)
            again = None if self._other_case is None else self._painter.write(self._other_case)
        return _View(found=read_codes(codes), again=None if again is None else read_codes(again))

    def system(self) -> _View:
        again = None
        if self._other_drawing is not None:
            again = see(self._other_drawing.pixels, self._reader)
        return replace(self._seen(self._drawing.pixels), again=again)

    def _seen(self, pixels: Pixels) -> _View:
        return _View(found=see(pixels, self._reader), pixels=pixels)


_VIEWS: dict[str, Callable[[_Trial], _View]] = {
    "truth": _Trial.truth,
    "vae": _Trial.vae,
    "true-tokens": _Trial.true_tokens,
    "tokens-only": _Trial.tokens_only,
    "system": _Trial.system,
}

ROWS: tuple[str, ...] = tuple(_VIEWS)
"""Names of the rows."""


def _outcome(row: str, case: Case, trial: _Trial) -> Outcome:
    view = _VIEWS[row](trial)
    return Outcome(
        row=row,
        case=case,
        marks=marks_of(case.expected, case.asked, view.found),
        texts=view.found.texts,
        untouched=None if view.pixels is None else untouched_psnr(case, view.pixels),
        elsewhere=None if view.again is None else share_elsewhere(case, view.found, view.again),
    )


def _score(outcome: Outcome) -> SampleScore:
    case = outcome.case
    return SampleScore(
        item=case.name,
        sample=1,
        status=OK,
        tags={"task": case.task, "kind": case.kind, "language": "zh" if case.chinese else "en"},
        values=values_of(outcome.marks, untouched=outcome.untouched, elsewhere=outcome.elsewhere),
    )
