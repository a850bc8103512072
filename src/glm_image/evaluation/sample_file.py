"""The files that scores are kept in: what they were made with, and one line for each picture.

``scores/NAME.json`` is the header, ``scores/NAME.samples.jsonl`` the pictures. A line is written
as soon as its picture is scored, so a killed run loses nothing but the picture it was at.
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from glm_image.config import from_mapping, to_mapping
from glm_image.errors import ConfigError
from glm_image.evaluation.disk import write_atomically
from glm_image.evaluation.scores import SampleScore, Value

SCHEMA = 1
"""Version of both files."""

# Characters that end lines for some readers of text files, but not in JSON.
_LINE_ENDS = {code: f"\\u{code:04x}" for code in (0x85, 0x2028, 0x2029)}

Key = tuple[str, int]
"""Id of an item and number of its picture."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Instrument:
    """What a picture was scored with.

    Attributes:
        name: Kind of reader, judge or encoder.
        version: Release, model or weights.
    """

    name: str
    version: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Header:
    """What the scores of a benchmark were made with.

    Attributes:
        benchmark: Its name.
        version: Of its description.
        reader: Who read texts.
        judge: Who answered questions.
        clip: What compared pictures with prompts.
        measured: File of values that were measured elsewhere.
        official_reader: Whether the reader is that of the benchmark's authors.
        official_judge: Whether the judge is.
        proxy: Metrics that stand in for an instrument that cannot be had.
        ceiling: What the reader makes of clean renderings, in the first metric; None if unknown.
        items: Number of prompts.
        samples: Pictures of a prompt; None as the benchmark has it.
        subset: Name of the subset; None for all.
        settings: Hash of the run's settings.
        schema: Version of the files.
    """

    benchmark: str
    version: int
    reader: Instrument | None
    judge: Instrument | None
    clip: Instrument | None
    official_reader: bool
    official_judge: bool
    proxy: tuple[str, ...]
    ceiling: float | None
    items: int
    subset: str | None
    settings: str
    samples: int | None = None
    measured: Instrument | None = None
    schema: int = SCHEMA

    def same_scores(self, other: "Header") -> bool:
        """Whether lines under both headers may stand in one file."""
        return self._instruments() == other._instruments()

    def _instruments(self) -> "Header":
        return dataclasses.replace(self, ceiling=None, items=0, samples=None, subset=None)


def header_path(run: Path, benchmark: str) -> Path:
    """The header of a benchmark's scores in a run folder."""
    return run / "scores" / f"{benchmark}.json"


def samples_path(run: Path, benchmark: str) -> Path:
    """The lines of a benchmark's scores in a run folder."""
    return run / "scores" / f"{benchmark}.samples.jsonl"


def read_header(path: Path) -> Header:
    """Read a header.

    Raises:
        ConfigError: It is damaged.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"not JSON: {error}", field=str(path)) from error
    return from_mapping(Header, content, source=str(path))


def write_header(path: Path, header: Header) -> None:
    """Write a header, whole or not at all."""
    text = json.dumps(to_mapping(header), ensure_ascii=False, indent=1)
    write_atomically(path, f"{text}\n".encode())


def read_samples(path: Path) -> dict[Key, SampleScore]:
    """Scores by item and picture; the last line of a picture counts.

    A last line that a killed process left unfinished is left out.

    Raises:
        ConfigError: Another line is damaged.
    """
    found: dict[Key, SampleScore] = {}
    lines = path.read_text(encoding="utf-8").split("\n") if path.is_file() else []
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            score = _score(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            if number == len(lines):
                break
            raise ConfigError(f"damaged: {error}", field=f"{path}:{number}") from error
        found[score.item, score.sample] = score
    return found


def line_of(score: SampleScore) -> str:
    """A score as a line of JSON, with its line end."""
    content = {**vars(score), "values": {k: vars(v) for k, v in score.values.items()}}
    text = json.dumps(content, ensure_ascii=False, default=_plain)
    return text.translate(_LINE_ENDS) + "\n"


def write_samples(path: Path, scores: Iterable[SampleScore]) -> None:
    """Write all lines, whole or not at all."""
    write_atomically(path, "".join(map(line_of, scores)).encode())


def _score(content: Mapping[str, Any]) -> SampleScore:
    return SampleScore(
        item=str(content["item"]),
        sample=int(content["sample"]),
        status=str(content["status"]),
        tags=dict(content["tags"]),
        values={name: Value(**value) for name, value in content["values"].items()},
        expected=tuple(content["expected"]),
        read=tuple(content["read"]),
        detail=dict(content["detail"]),
    )


def _plain(value: object) -> object:
    """Mappings and sequences that JSON does not know."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not plain JSON")
