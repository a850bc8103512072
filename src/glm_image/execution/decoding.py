"""Rows of ids that the generator writes side by side, each at a place of its own.

All that a step reads and writes lies in tensors that are made once, and a row's one counter says
where it stands: there its next key is stored, its position, its random number and its next id are
found. So rows of different prompts and lengths go through the network together, a step waits for
nothing, and the pass can be recorded.

With a window above 1 a step also guesses the ids behind the next one. The network scores all of
them in one pass, every place is chosen anew with the random number that belongs to it, and guesses
are kept as far as they were chosen again. What is kept is what writing one by one would have
chosen. Source: Song et al. 2021, Accelerating Feedforward Computation via Parallel Nonlinear
Equation Solving (Jacobi iteration); So et al. 2025, MC-SJD (the same noise in each pass).

Legend: r rows, w window, s places of a row, n ids to be written, l prompt ids, v output ids,
f values of a rotary table.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from glm_image.execution.graphs import Graphs
from glm_image.layers.cache import KVCache, RowCache
from glm_image.models.generator import Generator
from glm_image.models.glm import Context

Pick = Callable[[Tensor, Tensor], Tensor]
"""Chooses ids ``[R, W]`` from the scores ``[R, W, codes]`` and the numbers ``[R, W]``."""

_UNKNOWN = -1
_EXTENT = 1024
"""Places by which the recordings differ: what they read in vain is little beside the weights."""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What a row starts from.

    Args:
        ids_l: ``[L]`` int64 prompt.
        positions_3l: Its positions.
        raster_3n: Positions ``[3, n]`` of the ids to be written.
        resembles_n: ``[n]`` int64, for every id an earlier one, counted from 0, that it is likely
            to resemble; the first may name itself.
    """

    ids_l: Tensor
    positions_3l: Tensor
    raster_3n: Tensor
    resembles_n: Tensor


class Decoding:
    """The state of all rows on the device, and the step from one id to the next.

    Args:
        generator: The networks.
        rows: Most rows at once.
        tokens: Most ids of a row, prompt included.
        window: Most ids that a step goes through; all but the first are guessed.
        graphs: Whether passes are recorded and replayed.

    Raises:
        PlanError: Graphs are asked for where there are none.
    """

    def __init__(
        self,
        generator: Generator,
        *,
        rows: int,
        tokens: int,
        window: int = 1,
        graphs: bool = False,
    ) -> None:
        config = generator.config.text
        like = generator.language_model.norm.weight
        places = tokens + window
        self._generator = generator
        self._graphs = Graphs(like) if graphs else None
        self._window = window
        self._offset_w = torch.arange(window, device=like.device)
        cache = KVCache.allocate(
            config.num_hidden_layers,
            rows,
            config.num_key_value_heads,
            places,
            like,
            config.head_dim,
        )
        self._cache = RowCache(keys=cache.keys, values=cache.values)
        integers = like.new_zeros((rows, places), dtype=torch.int64)
        self._ids_rs = integers
        self._resembles_rs = integers.clone()
        self._uniforms_rs = like.new_zeros((rows, places), dtype=torch.float32)
        self._rotary_rsf = like.new_zeros(
            (rows, places, 2 * config.rotary_dim), dtype=torch.float32
        )
        self._logits_rwv = like.new_zeros(
            (rows, window, config.vision_vocab_size), dtype=torch.float32
        )
        self._place_r = integers[:, 0].clone()
        self._stop_r = self._place_r.clone()
        self._kept_r = self._place_r.clone()
        self._early_r = self._place_r.clone()

    def open(self, rows: Sequence[int], opening: Opening, uniforms_pn: Tensor) -> None:
        """Read a prompt once and start some rows from it, one per line of random numbers."""
        first, *others = rows
        device = self._place_r.device
        length, count = len(opening.ids_l), opening.raster_3n.shape[1]
        written = slice(length, length + count)
        cache = self._cache.row(first)
        hidden_bld = self._generator(
            opening.ids_l[None].to(device), opening.positions_3l[:, None].to(device), cache=cache
        )
        self._cache.copy(first, others, length)
        tables = self._generator.language_model.rotary_tables(opening.raster_3n[:, None].to(device))
        index = torch.tensor(rows, device=device)
        self._logits_rwv[index, 0] = self._generator.logits(hidden_bld[:, -1])
        self._rotary_rsf[index, written] = torch.cat(tables, dim=-1)[0]
        self._uniforms_rs[index, written] = uniforms_pn.to(device)
        self._resembles_rs[index, written] = length + opening.resembles_n.to(device)
        self._ids_rs[index, length:] = _UNKNOWN
        self._place_r[index] = length
        self._stop_r[index] = length + count
        self._kept_r[index] = 0
        self._early_r[index] = 0

    def close(self, row: int) -> None:
        """Leave a row where it harms nobody; it goes on being computed, and nothing of it stays."""
        self._place_r[row] = 0
        self._stop_r[row] = 0
        self._kept_r[row] = 0

    def step(
        self, rows: int, extent: int, *, window: int, level: bool, pick: Pick
    ) -> list[int] | None:
        """Write at least one more id in each of the first rows.

        Args:
            rows: How many rows take part.
            window: Ids to go through, at most the window; all of it if passes are recorded.
            extent: Places that attention looks at: above the place of every row by the window.
            level: Whether all rows stand at the same place.
            pick: How ids are chosen.

        Returns:
            Ids written per row, which waits for the device; None for a window of 1, where it is
            one each and nothing waits.
        """
        codes = self._generator.config.num_codes
        end = self._generator.config.image_end_token_id
        place_r, ids_rs = self._place_r[:rows], self._ids_rs[:rows]
        logits_rv = self._next_logits(rows)
        self._early_r[:rows] += logits_rv.argmax(-1) == end
        uniforms_r1 = self._uniforms_rs[:rows].gather(1, place_r[:, None])
        ids_rs.scatter_(1, place_r[:, None], pick(logits_rv[:, None, :codes], uniforms_r1))
        if self._graphs is None:
            self._forward(rows, extent, window, level=level and window == 1)
        else:
            self._replay(self._graphs, rows, extent)
        if window == 1:
            if self._window > 1:
                self._kept_r[:rows] = 0
            place_r += place_r < self._stop_r[:rows]
            return None
        return self._keep(rows, window, pick)

    def result(self, row: int, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """What a finished row holds.

        Returns:
            Its last ``count`` ids; how often the end marker was the most likely id before the
            last one; whether it is behind it.
        """
        stop = self._place_r[row : row + 1]
        index_n = torch.arange(-count, 0, device=stop.device) + stop
        logits_v = self._logits_rwv[row].index_select(0, self._kept_r[row : row + 1])[0]
        ended = logits_v.argmax() == self._generator.config.image_end_token_id
        return self._ids_rs[row].gather(0, index_n), self._early_r[row].clone(), ended

    def written(self, row: int, start: int, count: int) -> list[int]:
        """Ids that a row has written behind its first ``start`` ones; waits for the device."""
        first = self._stop_r[row] - count
        ids_n = self._ids_rs[row, first + start : self._place_r[row]]
        return ids_n.tolist()

    def _next_logits(self, rows: int) -> Tensor:
        """Scores ``[R, V]`` of the id at every row's place."""
        if self._window == 1:
            return self._logits_rwv[:rows, 0]
        return self._logits_rwv[:rows].take_along_dim(self._kept_r[:rows, None, None], 1)[:, 0]

    def _replay(self, graphs: Graphs, rows: int, extent: int) -> None:
        """Do the work of :meth:`_forward` from the recording for at least these sizes."""
        capacity, places = self._ids_rs.shape
        some = min(1 << (rows - 1).bit_length(), capacity)
        far = min(-(-extent // _EXTENT) * _EXTENT, places)
        graphs.run((some, far), lambda: self._forward(some, far, self._window, level=False))

    def _forward(self, rows: int, extent: int, window: int, *, level: bool) -> None:
        """Run the network over the window of every row; its scores are left in their place."""
        model = self._generator.language_model
        index_rw = self._place_r[:rows, None] + self._offset_w[:window]
        tables_rwf = self._rotary_rsf[:rows].take_along_dim(index_rw[..., None], 1)
        cos_r1wf, sin_r1wf = tables_rwf[:, None].chunk(2, dim=-1)
        cache = self._cache.at(index_rw, extent)
        context = Context(
            cos_b1tr=cos_r1wf,
            sin_b1tr=sin_r1wf,
            mask=None if level else cache.mask(),
            cache=cache,
        )
        hidden_rwd = model.run(model.embed_tokens(self._guesses(rows, index_rw)), context)
        self._logits_rwv[:rows, :window] = self._generator.logits(hidden_rwd)

    def _guesses(self, rows: int, index_rw: Tensor) -> Tensor:
        """Ids ``[R, W]`` of the window: what was chosen there before, or what it may resemble."""
        ids_rw = self._ids_rs[:rows].gather(1, index_rw)
        if self._window == 1:
            return ids_rw
        similar_rw = self._resembles_rs[:rows].gather(1, index_rw)
        borrowed_rw = self._ids_rs[:rows].gather(1, similar_rw)
        ids_rw = torch.where(ids_rw == _UNKNOWN, borrowed_rw, ids_rw).clamp(min=0)
        self._ids_rs[:rows].scatter_(1, index_rw, ids_rw)
        return ids_rw

    def _keep(self, rows: int, window: int, pick: Pick) -> list[int]:
        """Choose every guessed id anew and keep the guesses up to the first that was wrong."""
        codes = self._generator.config.num_codes
        end = self._generator.config.image_end_token_id
        ids_rs, place_r = self._ids_rs[:rows], self._place_r[:rows]
        logits_rwv = self._logits_rwv[:rows, : window - 1]
        index_rw = place_r[:, None] + self._offset_w[1:window]
        chosen_rw = pick(logits_rwv[..., :codes], self._uniforms_rs[:rows].gather(1, index_rw))
        inside_rw = index_rw < self._stop_r[:rows, None]
        same_rw = (chosen_rw == ids_rs.gather(1, index_rw)) & inside_rw
        kept_rw = same_rw.cumprod(1)
        ids_rs.scatter_(1, index_rw, chosen_rw)
        self._early_r[:rows] += (kept_rw * (logits_rwv.argmax(-1) == end)).sum(1)
        self._kept_r[:rows] = kept_rw.sum(1)
        place_r += torch.where(place_r < self._stop_r[:rows], self._kept_r[:rows] + 1, 0)
        counts: list[int] = (self._kept_r[:rows] + 1).tolist()
        return counts
