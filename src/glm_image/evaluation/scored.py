"""A run that was scored, as reports read it from its folder."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glm_image.errors import InputError
from glm_image.evaluation.run_folder import SCORES, RunFolder
from glm_image.evaluation.sample_file import Header, Key, read_header, read_samples, samples_path
from glm_image.evaluation.scores import SampleScore


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture of the manifest.

    Attributes:
        file: Where it lies; None if there is none.
        size: Width and height in pixels.
        seed: It was drawn from.
        seconds: It took.
        error: What went wrong; empty if nothing.
    """

    file: Path | None
    size: tuple[int, int]
    seed: int
    seconds: float
    error: str


@dataclass(frozen=True, kw_only=True)
class Scored:
    """The scores of one benchmark.

    Attributes:
        header: What it was scored with.
        samples: Score of every picture, missing ones too.
        pictures: The pictures by prompt and number.
        data: Digest of the prompts that were drawn; empty if it is not known.
    """

    header: Header
    samples: tuple[SampleScore, ...]
    pictures: Mapping[Key, Picture]
    data: str


@dataclass(frozen=True, kw_only=True)
class ScoredRun:
    """A run folder.

    Attributes:
        folder: The folder.
        model: Name of the model.
        settings: How pictures were made, by name; nested names are joined by a dot.
        settings_hash: Of the settings.
        benchmarks: Scores by benchmark.
    """

    folder: Path
    model: str
    settings: Mapping[str, str]
    settings_hash: str
    benchmarks: Mapping[str, Scored]


def read(folder: Path) -> ScoredRun:
    """Read a run.

    Raises:
        NotFoundError: The folder holds no run.
        InputError: The run has no scores, or scores of other settings.
        ConfigError: A file is damaged.
    """
    run = RunFolder.open(folder)
    headers = [read_header(path) for path in sorted((folder / SCORES).glob("*.json"))]
    if not headers:
        raise InputError(
            f"{folder} has no scores", field="run", hint="make them by `glm-image evaluate score`"
        )
    return ScoredRun(
        folder=folder,
        model=run.settings.model,
        settings=dict(_flat(run.settings.to_json())),
        settings_hash=run.settings_hash,
        benchmarks={header.benchmark: _scored(run, header) for header in headers},
    )


def _scored(run: RunFolder, header: Header) -> Scored:
    name = header.benchmark
    if header.settings != run.settings_hash:
        raise InputError(
            f"the scores of {name} belong to settings {header.settings}, "
            f"the run has {run.settings_hash}",
            field="run",
            hint="score the run again",
        )
    pictures = {
        key: Picture(
            file=_inside(run.path, line.file),
            size=(line.width, line.height),
            seed=line.seed,
            seconds=line.seconds,
            error=line.error,
        )
        for key, line in run.lines(name).items()
    }
    record = run.benchmarks.get(name)
    return Scored(
        header=header,
        samples=tuple(read_samples(samples_path(run.path, name)).values()),
        pictures=pictures,
        data=record.data_sha256 if record else "",
    )


def _inside(folder: Path, file: str) -> Path | None:
    """A file of the manifest; None if there is none or it points out of the folder."""
    path = (folder / file).resolve()
    return path if file and path.is_relative_to(folder.resolve()) else None


def _flat(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif value != "":
            yield prefix + name, str(value)
