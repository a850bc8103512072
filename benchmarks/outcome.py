"""What a benchmark found, as records that go into JSON, tables and plots."""

import dataclasses
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rounds import NOISY, Ratio, Times, spread
from glm_image.models.presets import Presets

OURS = "ours"
REFERENCE = "reference"
"""Arms whose name begins so are the reference; the better of them is compared with."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One quantity, measured for every arm; less is better.

    Args:
        what: Name of the quantity.
        unit: Of the values.
        values: One per round, by arm; the first arm is ours.
        error: How far our result is from the reference's, None where nothing is compared.
        error_of: What the error is of.
    """

    what: str
    unit: str
    values: Mapping[str, Sequence[float]]
    error: float | None = None
    error_of: str = ""

    @property
    def best_reference(self) -> str | None:
        """Name of the reference arm with the smallest median."""
        names = [name for name in self.values if name.startswith(REFERENCE)]
        return min(names, key=lambda name: statistics.median(self.values[name]), default=None)

    @property
    def ratio(self) -> Ratio | None:
        """How many times as long the better reference takes, round by round."""
        best = self.best_reference
        if best is None:
            return None
        return Ratio.of(self.values[best], next(iter(self.values.values())))

    @property
    def is_noisy(self) -> bool:
        """Whether the reference's own times differ so much that no ratio should be quoted."""
        best = self.best_reference
        return best is not None and spread(self.values[best]) > NOISY


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Everything that one benchmark found.

    Args:
        name: Of the benchmark.
        title: What was done, in one line.
        machine: Facts that the times belong to.
        lines: One per quantity.
        notes: Sentences for the reader.
        holds: Whether every limit that the benchmark has was kept.
    """

    name: str
    title: str
    machine: Mapping[str, object]
    lines: Sequence[Line]
    notes: Sequence[str] = ()
    holds: bool = True

    def save(self, folder: Path) -> Path:
        """Write ``NAME.json`` into a folder, with medians and ratios for those who only read."""
        record = dataclasses.asdict(self)
        for line, entry in zip(self.lines, record["lines"], strict=True):
            entry["medians"] = {arm: statistics.median(v) for arm, v in line.values.items()}
            entry["ratio"] = None if line.ratio is None else dataclasses.asdict(line.ratio)
            entry["is_noisy"] = line.is_noisy
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return path


@dataclass(frozen=True, kw_only=True)
class Part:
    """How a part of the arms' times becomes a line.

    Args:
        name: Key in the times.
        what: Name of the quantity.
        unit: Of the values.
        scale: What seconds are multiplied by.
        error: See :class:`Line`.
        error_of: See :class:`Line`.
    """

    name: str
    what: str
    unit: str = "s"
    scale: float = 1.0
    error: float | None = None
    error_of: str = ""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How large a run of the benchmarks is.

    Args:
        work: Folder for checkpoints and pictures.
        presets: The random model.
        model: Folder of the trained model; None is the bundled one.
        rounds: Timed rounds.
        steps: Denoising steps; None is what each benchmark takes.
        requests: Pictures of the serving benchmark.
    """

    work: Path
    presets: Presets
    model: Path | None = None
    rounds: int = 5
    steps: int | None = None
    requests: int = 8


def lines(times: Mapping[str, Times], parts: Sequence[Part]) -> list[Line]:
    """Lines of the parts that every arm reported."""
    return [
        Line(
            what=part.what,
            unit=part.unit,
            values={
                arm: [part.scale * value for value in found.parts[part.name]]
                for arm, found in times.items()
            },
            error=part.error,
            error_of=part.error_of,
        )
        for part in parts
        if all(part.name in found.parts for found in times.values())
    ]


def processor_line(times: Mapping[str, Times]) -> Line:
    """Processor seconds of everything, which other work on the machine hardly changes."""
    values = {arm: found.cpu for arm, found in times.items()}
    return Line(what="processor time of all of it", unit="s", values=values)
