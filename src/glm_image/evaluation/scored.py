"""A run that was scored, as it lies in its folder.

``run.json`` says how the pictures were made, ``manifest.jsonl`` which there are,
``scores/NAME.json`` what they were scored with, and ``scores/NAME.samples.jsonl`` every picture's
score.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glm_image.errors import InputError
from glm_image.evaluation.scores import SampleScore, Value

SCHEMA = 1
"""Version of the files of a run."""

_RUN = "run.json"
_MANIFEST = "manifest.jsonl"
_SCORES = "scores"
_SAMPLES = ".samples.jsonl"


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """What read or judged pictures.

    Attributes:
        name: Such as ``rapidocr``.
        version: Of the program and its weights.
    """

    name: str
    version: str


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a benchmark was scored with.

    Attributes:
        benchmark: Its name.
        version: Of its description.
        items: Prompts that were asked for.
        subset: ``mini``, ``limit:N`` or None for all.
        reader: Of texts.
        judge: Of questions.
        clip: Weights of the picture-text comparison; empty if there were none.
        official_reader: Whether the authors use this reader.
        official_judge: Whether the authors use this judge.
        proxy: Metrics that stand in for an instrument that was not there.
        ceiling: What the reader scores on clean renderings, in [0, 1]; None if not known.
        settings: Hash of the settings of the run.
    """

    benchmark: str
    version: int
    items: int
    subset: str | None
    reader: Instrument | None
    judge: Instrument | None
    clip: str
    official_reader: bool
    official_judge: bool
    proxy: tuple[str, ...]
    ceiling: float | None
    settings: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture of the manifest.

    Attributes:
        file: Where it lies; None if there is none.
        seed: It was drawn from.
        seconds: It took.
        error: What went wrong; empty if nothing.
        size: Width and height in pixels, as asked for.
    """

    file: Path | None
    seed: int
    seconds: float
    error: str
    size: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Scored:
    """The scores of one benchmark.

    Attributes:
        header: What it was scored with.
        samples: Score of every picture, missing ones too.
        pictures: The pictures by prompt and number.
        data: Digests of the prompt files by name.
    """

    header: Header
    samples: tuple[SampleScore, ...]
    pictures: Mapping[tuple[str, int], Picture]
    data: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ScoredRun:
    """A run folder.

    Attributes:
        folder: The folder.
        settings: How pictures were made, by name; nested names are joined by a dot.
        settings_hash: Of the settings.
        benchmarks: Scores by benchmark.
    """

    folder: Path
    settings: Mapping[str, str]
    settings_hash: str
    benchmarks: Mapping[str, Scored]

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.settings.get("model", self.folder.name)


def read(folder: Path) -> ScoredRun:
    """Read a run.

    Raises:
        InputError: The folder holds no scored run, a file is damaged or of another version, or
            scores belong to other settings.
    """
    run = _object(folder / _RUN, "generate pictures first, or name another folder")
    headers = sorted((folder / _SCORES).glob("*.json"))
    if not headers:
        raise InputError(
            f"{folder} has no scores", field="run", hint="glm-image evaluate score makes them"
        )
    pictures = _pictures(folder)
    scored = {}
    for path in headers:
        header = _header(path, str(run["settings_hash"]))
        name = header.benchmark
        samples = path.with_name(name + _SAMPLES)
        scored[name] = Scored(
            header=header,
            samples=tuple(_sample(line, samples) for line in _lines(samples)),
            pictures=pictures.get(name, {}),
            data=_hashes(run.get("benchmarks", {}).get(name, {}).get("data_sha256", {})),
        )
    return ScoredRun(
        folder=folder,
        settings=dict(_flat(run["settings"])),
        settings_hash=str(run["settings_hash"]),
        benchmarks=scored,
    )


def _header(path: Path, settings: str) -> Header:
    record = _object(path, "score the run again")
    if record["settings"] != settings:
        raise InputError(
            f"{path.name} belongs to settings {record['settings']}, the run has {settings}",
            field="run",
            hint="score the run again",
        )
    try:
        return Header(
            benchmark=record["benchmark"],
            version=record["version"],
            items=record["items"],
            subset=record["subset"],
            reader=_instrument(record["reader"]),
            judge=_instrument(record["judge"]),
            clip=_words(record["clip"]),
            official_reader=record["official_reader"],
            official_judge=record.get("official_judge", True),
            proxy=tuple(record["proxy"]),
            ceiling=record["ceiling"],
            settings=record["settings"],
        )
    except KeyError as error:
        raise _damaged(path, f"has no {error}") from error


def _instrument(record: Any) -> Instrument | None:
    if record is None:
        return None
    return Instrument(name=record["name"], version=str(record["version"]))


def _words(record: Any) -> str:
    """An instrument that may be given by name, by values or not at all."""
    if isinstance(record, Mapping):
        return " ".join(str(value) for value in record.values())
    return str(record or "")


def _sample(record: Mapping[str, Any], path: Path) -> SampleScore:
    try:
        return SampleScore(
            item=record["item"],
            sample=record["sample"],
            status=record["status"],
            tags=record["tags"],
            values={name: Value(**value) for name, value in record["values"].items()},
            expected=tuple(record["expected"]),
            read=tuple(record["read"]),
            detail=record["detail"],
        )
    except (KeyError, TypeError) as error:
        raise _damaged(path, f"has a line without {error}") from error


def _pictures(folder: Path) -> dict[str, dict[tuple[str, int], Picture]]:
    """Pictures by benchmark, prompt and number; the last line about a picture holds."""
    found: dict[str, dict[tuple[str, int], Picture]] = {}
    path = folder / _MANIFEST
    if not path.exists():
        return found
    for line in _lines(path):
        file = line.get("file")
        found.setdefault(line["benchmark"], {})[line["item"], line["sample"]] = Picture(
            file=_inside(folder, file) if file else None,
            seed=line["seed"],
            seconds=float(line.get("seconds") or 0),
            error=line.get("error") or "",
            size=(line["width"], line["height"]),
        )
    return found


def _inside(folder: Path, file: str) -> Path | None:
    """A file of the manifest, unless it points out of the folder."""
    path = (folder / file).resolve()
    return path if path.is_relative_to(folder.resolve()) else None


def _hashes(record: Any) -> dict[str, str]:
    if isinstance(record, Mapping):
        return {str(name): str(digest) for name, digest in record.items()}
    return {"all files": str(record)}


def _flat(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif value is not None:
            yield prefix + name, str(value)


def _object(path: Path, hint: str) -> dict[str, Any]:
    """A JSON object of the version that this code knows."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path} is not there", field="run", hint=hint) from error
    except ValueError as error:
        raise _damaged(path, "is no JSON") from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise _damaged(path, f"is not of schema {SCHEMA}")
    return record


def _lines(path: Path) -> Sequence[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    except FileNotFoundError as error:
        raise _damaged(path, "is not there") from error
    except ValueError as error:
        raise _damaged(path, "has a line that is no JSON") from error


def _damaged(path: Path, what: str) -> InputError:
    return InputError(f"{path} {what}", field="run", hint="make or score the run again")
