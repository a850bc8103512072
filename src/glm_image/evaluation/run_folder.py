"""The folder of a run: settings, a line for every picture, the pictures.

``run.json`` says what the run was made with, ``manifest.jsonl`` has a line for every picture that
was tried, ``images/BENCHMARK/`` holds the pictures as the benchmark's authors lay them out. A line
is written when its picture is on disk, so a line that says "ok" can be believed until the file's
digest says otherwise. Scorers add ``scores/``.
"""

import dataclasses
import errno
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glm_image.config import from_mapping, to_mapping
from glm_image.errors import ConfigError, InputError, NotFoundError
from glm_image.evaluation.benchmark import Benchmark, Item
from glm_image.evaluation.disk import sha256_of, write_atomically
from glm_image.evaluation.run_settings import RunSettings
from glm_image.evaluation.scores import FAILED, OK, REFUSED

SCHEMA = 1
"""Version of ``run.json`` and of the manifest."""

RUN_FILE = "run.json"
MANIFEST_FILE = "manifest.jsonl"
IMAGES = "images"
SCORES = "scores"

Key = tuple[str, int]
"""Id of a prompt and number of its picture."""


@dataclass(frozen=True, kw_only=True)
class ManifestLine:
    """What became of one picture.

    Attributes:
        benchmark: Name.
        item: Id of the prompt.
        sample: Number of the picture, from 1.
        seed: What it was sampled with.
        prompt_sha256: Digest of the prompt.
        texts: Texts that the glyph encoder was given.
        width: Pixels.
        height: Pixels.
        status: ``ok``, ``failed`` or ``refused``.
        error: Why there is no picture; empty if there is one.
        seconds: How long it took.
        file: Of the picture, below the run's folder; empty if there is none.
        sha256: Digest of the file.
    """

    benchmark: str
    item: str
    sample: int
    seed: int
    prompt_sha256: str
    texts: tuple[str, ...]
    width: int
    height: int
    status: str
    error: str = ""
    seconds: float
    file: str = ""
    sha256: str = ""

    def __post_init__(self) -> None:
        if self.status not in (OK, FAILED, REFUSED):
            raise ConfigError(f"got {self.status!r}", field="status")

    @property
    def key(self) -> Key:
        """Which picture of the benchmark this is."""
        return self.item, self.sample


@dataclass(frozen=True, kw_only=True)
class BenchmarkRecord:
    """A benchmark of a run.

    Attributes:
        version: Of the benchmark's description.
        data_sha256: Digest of its data.
        subset: ``mini``, ``limit:N`` or None for all prompts.
    """

    version: int
    data_sha256: str
    subset: str | None = None


@dataclass(frozen=True, kw_only=True)
class _RunFile:
    """Content of ``run.json``."""

    settings: RunSettings
    benchmarks: Mapping[str, BenchmarkRecord]


class RunFolder:
    """A run on disk.

    Args:
        path: Its folder.
        settings: What it is made with.
        benchmarks: What was drawn, by name.
    """

    def __init__(
        self, path: Path, settings: RunSettings, benchmarks: Mapping[str, BenchmarkRecord]
    ) -> None:
        self.path = path
        self.settings = settings
        self.benchmarks = dict(benchmarks)

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """Open a run that is there.

        Raises:
            NotFoundError: There is none.
            ConfigError: Its ``run.json`` is damaged.
        """
        content = _read_run_file(path)
        if content is None:
            raise NotFoundError(
                f"{path} holds no run",
                field="run",
                hint="make one by `glm-image evaluate generate`",
            )
        return cls(path, content.settings, content.benchmarks)

    @classmethod
    def create(cls, path: Path, settings: RunSettings) -> "RunFolder":
        """Open a run to add to it, or begin one.

        Raises:
            InputError: There is a run that was made with other settings; all are listed.
            ConfigError: Its ``run.json`` is damaged.
        """
        content = _read_run_file(path)
        if content is None:
            run = cls(path, settings, {})
            run._write()
            return run
        if content.settings.digest != settings.digest:
            lines = "".join(f"\n  - {one}" for one in content.settings.differences(settings))
            raise InputError(
                f"{path} holds a run that was made otherwise" + lines,
                field="run",
                hint="name a new folder, or repeat the old settings",
            )
        run = cls(path, settings, content.benchmarks)
        run._mend_manifest()
        return run

    @property
    def settings_hash(self) -> str:
        """Digest of the settings."""
        return self.settings.digest

    def add(self, benchmark: Benchmark, record: BenchmarkRecord) -> None:
        """Note that a benchmark is drawn. Its subset may change: pictures do not depend on it.

        Raises:
            InputError: The run has pictures of another version or of other data.
        """
        known = self.benchmarks.get(benchmark.name)
        if known is not None and dataclasses.replace(known, subset=record.subset) != record:
            raise InputError(
                f"{self.path} holds pictures of {benchmark.name} {known.version} with other data",
                field="run",
                hint="name a new folder, or bring the old data",
            )
        if known != record:
            # Another process may have added benchmarks since this one looked.
            content = _read_run_file(self.path)
            others = {} if content is None else content.benchmarks
            self.benchmarks = {**others, **self.benchmarks, benchmark.name: record}
            self._write()

    def image_path(self, benchmark: Benchmark, item: Item, sample: int) -> Path:
        """Where a picture lies, whether it is there or not."""
        name = benchmark.layout.format_map({**item.tags, "id": item.id, "sample": sample})
        path = self.path / IMAGES / benchmark.name / name
        if ".." in path.parts:
            raise InputError(f"{name!r} leads out of the run", field="item")
        return path

    def relative(self, path: Path) -> str:
        """A path as a manifest line writes it."""
        return path.relative_to(self.path).as_posix()

    def lines(self, benchmark: str) -> dict[Key, ManifestLine]:
        """What became of each picture of a benchmark; the last line about a picture counts.

        Raises:
            ConfigError: A line is damaged; names it.
        """
        return {line.key: line for line in self.manifest() if line.benchmark == benchmark}

    def manifest(self) -> list[ManifestLine]:
        """All lines in the order in which they were written.

        Raises:
            ConfigError: A line is damaged; names it.
        """
        path = self.path / MANIFEST_FILE
        if not path.is_file():
            return []
        text = path.read_text(encoding="utf-8")
        # What stands behind the last line break was cut off by a crash.
        complete = text.split("\n")[:-1]
        return [
            _line(entry, f"{path.name}:{number}") for number, entry in enumerate(complete, start=1)
        ]

    def append(self, line: ManifestLine) -> None:
        """Add a line to the manifest, in one piece, and force it to disk."""
        data = (json.dumps(to_mapping(line), ensure_ascii=False) + "\n").encode()
        path = self.path / MANIFEST_FILE
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            if os.write(descriptor, data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def is_intact(self, line: ManifestLine) -> bool:
        """Whether the picture of a line is there and is the one that was made."""
        path = self.path / line.file
        return line.status == OK and path.is_file() and sha256_of(path) == line.sha256

    def check(self, line: ManifestLine) -> Path:
        """The picture of a line.

        Raises:
            InputError: It is not there, or not the one that was made.
        """
        if not self.is_intact(line):
            raise InputError(
                f"{line.file or line.item} is missing or is not the picture that was made",
                field="run",
                hint="run `glm-image evaluate generate` again, it makes what is missing",
            )
        return self.path / line.file

    def _write(self) -> None:
        content = {
            "schema": SCHEMA,
            "settings": self.settings.to_json(),
            "settings_hash": self.settings_hash,
            "benchmarks": {name: to_mapping(one) for name, one in self.benchmarks.items()},
        }
        text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        write_atomically(self.path / RUN_FILE, text.encode(), owner=str(os.getpid()))

    def _mend_manifest(self) -> None:
        """Cut off a line that a crash left unfinished."""
        path = self.path / MANIFEST_FILE
        if not path.is_file():
            return
        data = path.read_bytes()
        end = data.rfind(b"\n") + 1
        if end < len(data):
            os.truncate(path, end)


def merge(folders: Sequence[Path], target: Path) -> RunFolder:
    """Put the pictures of several runs with equal settings into one.

    Args:
        folders: Runs, such as the shards of one.
        target: New folder, or a run with the same settings.

    Raises:
        InputError: Settings, data or subsets differ, a picture is damaged, or two runs have
            different pictures of the same name.
        NotFoundError: A folder holds no run.
    """
    if not folders:
        raise InputError("there are no runs", field="run", hint="name the folders to be merged")
    runs = [RunFolder.open(folder) for folder in folders]
    merged = RunFolder.create(target, runs[0].settings)
    for run in runs:
        if run.settings_hash != merged.settings_hash:
            lines = "".join(f"\n  - {one}" for one in merged.settings.differences(run.settings))
            raise InputError(f"{run.path} was made otherwise" + lines, field="run")
    for run in runs:
        _add_records(merged, run)
    for run in runs:
        _add_pictures(merged, run)
    return merged


def _add_records(merged: RunFolder, run: RunFolder) -> None:
    for name, record in run.benchmarks.items():
        if merged.benchmarks.setdefault(name, record) != record:
            raise InputError(
                f"{run.path} has other data or another subset of {name}",
                field="run",
                hint="merge runs of the same subset of the same data",
            )
    merged._write()


def _add_pictures(merged: RunFolder, run: RunFolder) -> None:
    for name in run.benchmarks:
        present = merged.lines(name)
        for key, line in run.lines(name).items():
            other = present.get(key)
            if line.status != OK:
                if other is None:
                    merged.append(line)
                continue
            source = run.check(line)
            if other is not None and merged.is_intact(other):
                if other.sha256 != line.sha256:
                    raise InputError(f"{source} is not the picture in {merged.path}", field="run")
                continue
            path = merged.path / line.file
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.part")
            shutil.copyfile(source, temporary)
            temporary.replace(path)
            merged.append(line)


def _read_run_file(folder: Path) -> _RunFile | None:
    path = folder / RUN_FILE
    if not path.is_file():
        return None
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        schema, settings, benchmarks = (content[k] for k in ("schema", "settings", "benchmarks"))
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"damaged: {error!r}", field=str(path)) from error
    if schema != SCHEMA:
        raise ConfigError(f"schema {schema}, expected {SCHEMA}", field=str(path))
    return _RunFile(
        settings=RunSettings.from_json(settings, source=str(path)),
        benchmarks={
            name: from_mapping(BenchmarkRecord, record, source=f"{path}: {name}")
            for name, record in benchmarks.items()
        },
    )


def _line(text: str, place: str) -> ManifestLine:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"not JSON: {error}", field=place) from error
    return from_mapping(ManifestLine, content, source=place)
