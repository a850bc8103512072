"""A session in which pictures are written side by side, whenever each of them begins or ends.

Requests come and go between two steps. Rows share the network and nothing else: each has its own
prompt, length, sampler and random numbers.

Legend: p pictures of one prompt, n ids to be written, r rows, w window, c codes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from glm_image.errors import InputError, ShapeError
from glm_image.execution.decoding import Decoding, Opening
from glm_image.execution.plan import GeneratorPlan
from glm_image.models.generator import Generator
from glm_image.models.positions import prompt_positions, raster_positions
from glm_image.pipeline.sampling import Sampler
from glm_image.types import GeneratorInput, Grid, PriorTokens

_PLAIN = GeneratorPlan()
_RECENT = 0.2
"""Weight of the last pass in the mean of ids that a pass brings."""
_WORTHWHILE = 1.25
"""Ids that a pass must bring, for it costs more than one without guesses."""
_REST = 16
"""Passes without guesses after guesses that were not worth it."""


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
class Finished:
    """A row that has written its last code.

    Args:
        row: Number of the row, which is free again.
        written: What it wrote.
    """

    row: int
    written: Written


@dataclass(kw_only=True)
class _Row:
    """What the host knows of a row in use."""

    request: GeneratorInput
    sources: tuple[PriorTokens, ...]
    sampler: Sampler
    done: int = 0

    @property
    def place(self) -> int:
        """Ids of prompt and picture so far."""
        return len(self.request.ids_l) + self.done


class Writing:
    """Pictures that are being written together.

    A row is changed by its neighbours in the last bits at most: how many rows there are decides
    how the matrix products are summed. Not to be used by two threads at once.

    Args:
        generator: The networks.
        rows: Most pictures at once.
        tokens: Most ids of one picture, prompt included.
        plan: How it runs; of its fields, window and graphs are heeded here.

    Raises:
        PlanError: The plan does not work on the generator's device.
    """

    @torch.inference_mode()
    def __init__(
        self, generator: Generator, *, rows: int, tokens: int, plan: GeneratorPlan = _PLAIN
    ) -> None:
        self._device = generator.language_model.norm.weight.device
        self._decoding = Decoding(
            generator, rows=rows, tokens=tokens, window=plan.window, graphs=plan.graphs
        )
        self._tokens = tokens
        self._window = plan.window
        self._recorded = plan.graphs
        self._kept, self._rest = float(plan.window), 0
        self._rows: list[_Row | None] = [None] * rows
        self._groups: dict[Sampler, Tensor] = {}

    @property
    def free(self) -> int:
        """Number of pictures that can be admitted."""
        return self._rows.count(None)

    @property
    def busy(self) -> bool:
        """Whether there is something to write."""
        return any(row is not None for row in self._rows)

    def done(self, row: int) -> int:
        """Codes that a row has written."""
        return self._in_use(row).done

    @torch.inference_mode()
    def raster(self, row: int) -> tuple[int, list[int]]:
        """The raster that a row is writing, and what it has written of it; waits for the device.

        Returns:
            Number of the raster, and its codes so far.
        """
        used, start = self._in_use(row), 0
        cells = [rows * columns for rows, columns in used.request.rasters]
        number = 0
        while number < len(cells) - 1 and used.done >= start + cells[number]:
            start += cells[number]
            number += 1
        codes = self._decoding.written(row, start, used.request.new_tokens)
        return number, codes[: cells[number]]

    @torch.inference_mode()
    def admit(
        self,
        request: GeneratorInput,
        sources: tuple[PriorTokens, ...],
        sampler: Sampler,
        uniforms_pn: Tensor,
    ) -> list[int]:
        """Read a prompt and begin its pictures; the prompt is read once for all of them.

        Args:
            request: The prompt and what is to be written.
            sources: Codes of its source images.
            sampler: How an id is chosen.
            uniforms_pn: ``[P, n]`` fp32, one number in [0, 1) per picture and code.

        Returns:
            The number of each picture's row, by which later calls name it.

        Raises:
            InputError: There are not enough free rows, or the request is too long for them.
            ShapeError: The random numbers do not fit the request.
        """
        count, length = request.new_tokens, len(request.ids_l)
        if uniforms_pn.ndim != 2 or uniforms_pn.shape[1] != count or not len(uniforms_pn):
            raise ShapeError(
                f"got {tuple(uniforms_pn.shape)}, expected (pictures, {count})",
                field="uniforms_pn",
            )
        if len(uniforms_pn) > self.free:
            raise InputError(
                f"{len(uniforms_pn)} pictures, {self.free} rows are free",
                field="uniforms_pn",
                hint="wait for rows to finish, or open a session with more rows",
            )
        if length + count > self._tokens:
            raise InputError(
                f"{length} ids of prompt and {count} of picture, a row holds {self._tokens}",
                field="request",
                hint="open a session with more tokens, or ask for a smaller picture",
            )
        if not self.busy:
            # What was drawn before must not show in a picture that is drawn alone.
            self._kept, self._rest = float(self._window), 0
        rows = [row for row, used in enumerate(self._rows) if used is None][: len(uniforms_pn)]
        positions_3l, after = prompt_positions(length, request.sources)
        opening = Opening(
            ids_l=_fill_sources(request, sources),
            positions_3l=positions_3l,
            raster_3n=raster_positions(after, request.rasters)[:, :count],
            resembles_n=_resembling(request.rasters),
        )
        self._decoding.open(rows, opening, uniforms_pn)
        for row in rows:
            self._rows[row] = _Row(request=request, sources=sources, sampler=sampler)
        self._regroup()
        return rows

    @torch.inference_mode()
    def step(self) -> list[Finished]:
        """Write at least one more code of every picture.

        Nothing here waits for the device but the results of finished rows, and every step of a
        plan with a window.

        Returns:
            The rows that are finished. They are free again.
        """
        rows = {index: row for index, row in enumerate(self._rows) if row is not None}
        if not rows:
            return []
        used = max(rows) + 1
        places = [row.place for row in rows.values()]
        level = len(rows) == used and min(places) == max(places)
        window = self._ahead()
        counts = self._decoding.step(
            used, max(places) + window, window=window, level=level, pick=self._pick
        )
        for index, row in rows.items():
            row.done += 1 if counts is None else counts[index]
        if counts is not None:
            self._judge(sum(counts[index] for index in rows) / len(rows))
        return [
            self._finish(index, row)
            for index, row in rows.items()
            if row.done == row.request.new_tokens
        ]

    @torch.inference_mode()
    def release(self, row: int) -> None:
        """Give up a picture that is not finished; its row is free again."""
        self._in_use(row)
        self._decoding.close(row)
        self._rows[row] = None
        self._regroup()

    def _ahead(self) -> int:
        """Ids of the next pass: as many as passes brought lately, and as many again."""
        if self._recorded:
            return self._window
        if self._rest:
            self._rest -= 1
            return 1
        return min(self._window, math.ceil(2 * self._kept))

    def _judge(self, brought: float) -> None:
        """Learn from the ids that a pass brought; guesses that fail are left alone for a while."""
        self._kept += _RECENT * (brought - self._kept)
        if self._kept < _WORTHWHILE:
            self._kept, self._rest = _WORTHWHILE, _REST

    def _in_use(self, row: int) -> _Row:
        used = self._rows[row] if 0 <= row < len(self._rows) else None
        if used is None:
            raise InputError(
                f"row {row} is not in use",
                field="row",
                hint="take a number that admit returned and step has not reported as finished",
            )
        return used

    def _finish(self, index: int, row: _Row) -> Finished:
        count = row.request.new_tokens
        ids_n, early, ended = self._decoding.result(index, count)
        self.release(index)
        health = Health(
            tokens=count,
            distinct_codes=len(set(ids_n.tolist())),
            early_ends=int(early),
            ended=bool(ended),
        )
        prior = _to_prior(ids_n, row.request.rasters, row.sources)
        return Finished(row=index, written=Written(prior=prior, health=health))

    def _regroup(self) -> None:
        """Find the rows of every sampler anew."""
        groups: dict[Sampler, list[int]] = {}
        for index, row in enumerate(self._rows):
            if row is not None:
                groups.setdefault(row.sampler, []).append(index)
        self._groups = {
            sampler: torch.tensor(rows, device=self._device) for sampler, rows in groups.items()
        }

    def _pick(self, logits_rwc: Tensor, uniforms_rw: Tensor) -> Tensor:
        """Choose with the sampler of every row."""
        if len(self._groups) == 1:
            (sampler,) = self._groups
            return sampler.pick(logits_rwc.flatten(0, 1), uniforms_rw.flatten()).view_as(
                uniforms_rw
            )
        ids_rw = torch.zeros_like(uniforms_rw, dtype=torch.int64)
        for sampler, index in self._groups.items():
            logits = logits_rwc[index].flatten(0, 1)
            ids_rw[index] = sampler.pick(logits, uniforms_rw[index].flatten()).view(len(index), -1)
        return ids_rw


def _fill_sources(request: GeneratorInput, sources: tuple[PriorTokens, ...]) -> Tensor:
    """The prompt's ids with the codes of its sources in their places."""
    ids_l = request.ids_l.clone()
    for span, source in zip(request.sources, sources, strict=True):
        ids_l[span.start_index : span.stop_index] = source.ids_n.to(ids_l.device)
    return ids_l


def _resembling(rasters: Sequence[Grid]) -> Tensor:
    """For every code of the rasters the one above it, in the first row the one before it."""
    parts: list[Tensor] = []
    start = 0
    for rows, columns in rasters:
        index_n = start + torch.arange(rows * columns)
        parts.append(torch.where(index_n < start + columns, index_n - 1, index_n - columns))
        start += rows * columns
    return torch.cat(parts).clamp(min=0)


def _to_prior(
    ids_n: Tensor, rasters: tuple[Grid, ...], sources: tuple[PriorTokens, ...]
) -> PriorTokens:
    """Cut what was written into the preview, if there is one, and the large raster."""
    *small, (rows, columns) = rasters
    first = len(ids_n) - rows * columns
    preview = PriorTokens(ids_n=ids_n[:first], grid=small[0]) if small else None
    return PriorTokens(ids_n=ids_n[first:], grid=(rows, columns), sources=sources, preview=preview)
