"""The user's copies of benchmark data: where they are, whether they are the right ones.

The package holds no benchmark data. Whoever measures brings it, and every file is compared with
the digest in the benchmark's description before it is used. Nothing is fetched unasked.
"""

import hashlib
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from glm_image.errors import InputError, NotFoundError
from glm_image.evaluation.benchmark import Benchmark, DataFile
from glm_image.evaluation.disk import sha256_of, write_atomically

VARIABLE = "GLM_IMAGE_BENCHMARKS"
"""Environment variable with the folder that benchmarks are kept in, one folder each."""

_SECONDS = 60


class CheckError(InputError):
    """Data is missing or is not the data that a benchmark is about.

    Args:
        message: Summary.
        problems: Every problem found, one line each.
    """

    def __init__(
        self,
        message: str,
        problems: Sequence[str],
        *,
        field: str | None = None,
        hint: str | None = None,
    ) -> None:
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(message + lines, field=field, hint=hint)
        self.problems = tuple(problems)


def find(benchmark: Benchmark, data: Path | None = None) -> Path:
    """The folder of a benchmark's data.

    Args:
        benchmark: Which one.
        data: Folder that benchmarks are kept in, or the one folder of this benchmark; the
            environment variable :data:`VARIABLE` if None.

    Raises:
        NotFoundError: No folder is named, or it is not there.
    """
    if not benchmark.files:
        return Path()
    base = root(data)
    folder = base / benchmark.folder
    if folder.is_dir():
        return folder
    if any(_is_there(benchmark, base, file) for file in benchmark.files):
        return base
    raise NotFoundError(
        f"{folder} does not exist",
        field="data",
        hint=f"put the data of {benchmark.homepage} there; see `glm-image evaluate list`",
    )


def root(data: Path | None = None) -> Path:
    """The folder that benchmarks are kept in.

    Raises:
        NotFoundError: No folder is named, neither here nor in :data:`VARIABLE`.
    """
    named = os.environ.get(VARIABLE) if data is None else str(data)
    if not named:
        raise NotFoundError(
            "nobody said where benchmarks are kept",
            field="data",
            hint=f"name the folder with --data or in {VARIABLE}",
        )
    return Path(named).expanduser()


def check(benchmark: Benchmark, folder: Path) -> None:
    """Compare every file with its digest.

    Raises:
        CheckError: Files are missing or differ; all of them are listed.
    """
    problems = [found for file in benchmark.files if (found := _problem(benchmark, folder, file))]
    if benchmark.files and not count(benchmark, folder):
        problems = [f"none of its {len(benchmark.files)} files is there"]
    if problems:
        raise CheckError(
            f"the data of {benchmark.name} in {folder} is not complete",
            problems,
            field="data",
            hint=f"bring the files as published: {benchmark.homepage}",
        )


def count(benchmark: Benchmark, folder: Path) -> int:
    """Number of files of a benchmark that are there, whatever is in them."""
    return sum(_is_there(benchmark, folder, file) for file in benchmark.files)


def content(benchmark: Benchmark, folder: Path, path: str) -> bytes:
    """Bytes of one file of the data.

    A file that the authors publish as a folder of texts, one prompt each, is made of that folder.
    Which ones says the table ``packed`` of the benchmark's options.

    Raises:
        NotFoundError: Neither file nor folder is there.
    """
    place = folder / path
    if place.is_file():
        return place.read_bytes()
    packed = _packed(benchmark, folder, path)
    if packed is None:
        raise NotFoundError(f"{place} does not exist", field="data")
    lines = (
        json.dumps({"id": one.stem, "prompt": one.read_bytes().decode()}, ensure_ascii=False)
        for one in sorted(packed.glob("*.txt"), key=lambda one: one.stem)
    )
    return "".join(line + "\n" for line in lines).encode()


def digest(benchmark: Benchmark, folder: Path) -> str:
    """One digest of all files that the description names, and of its version."""
    total = hashlib.sha256(f"{benchmark.name} {benchmark.version}\n".encode())
    for file in benchmark.files:
        found = hashlib.sha256(content(benchmark, folder, file.path)).hexdigest()
        total.update(f"{found}  {file.path}\n".encode())
    return total.hexdigest()


def fetch(
    benchmark: Benchmark, base: Path, on_file: Callable[[DataFile], None] = lambda file: None
) -> Path:
    """Fetch what is missing of a benchmark's data and can be fetched.

    Args:
        benchmark: Which one.
        base: Folder that benchmarks are kept in.
        on_file: Called before each file is fetched.

    Returns:
        The benchmark's folder.

    Raises:
        CheckError: Files must be brought by the user, or what came is not what is described.
        NotFoundError: A file cannot be fetched.
    """
    folder = base / benchmark.folder
    missing = [file for file in benchmark.files if _problem(benchmark, folder, file)]
    closed = [file.path for file in missing if not file.url]
    if closed:
        raise CheckError(
            f"{benchmark.name} cannot be fetched for you: {benchmark.licence}",
            closed,
            field="data",
            hint=f"read the terms at {benchmark.homepage} and put the files into {folder}",
        )
    for file in missing:
        on_file(file)
        data = _fetch(file)
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise CheckError(
                f"{file.url} is not the file that is described",
                [f"{file.path}: {len(data)} bytes, expected {file.bytes}"],
                field="data",
            )
        write_atomically(folder / file.path, data)
    return folder


def _fetch(file: DataFile) -> bytes:
    try:
        with urllib.request.urlopen(file.url, timeout=_SECONDS) as answer:
            # One byte more than expected tells that it is another file, without reading on.
            data: bytes = answer.read(file.bytes + 1)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise NotFoundError(
            f"{file.url} cannot be fetched: {error}",
            field="data",
            hint="check the connection, or download it elsewhere and bring it",
        ) from error
    return data


def _problem(benchmark: Benchmark, folder: Path, file: DataFile) -> str | None:
    """What is wrong with a file; None if nothing is."""
    place = folder / file.path
    if not _is_there(benchmark, folder, file):
        return f"{file.path} is missing"
    if not place.is_file():
        data = content(benchmark, folder, file.path)
        found = hashlib.sha256(data).hexdigest()
        return None if found == file.sha256 else f"{file.path}: its texts have changed"
    size = place.stat().st_size
    if size != file.bytes:
        return f"{file.path} has {size} bytes, expected {file.bytes}"
    found = sha256_of(place)
    if found != file.sha256:
        return f"{file.path} has changed: sha256 {found[:12]}…, expected {file.sha256[:12]}…"
    return None


def _is_there(benchmark: Benchmark, folder: Path, file: DataFile) -> bool:
    return (folder / file.path).is_file() or _packed(benchmark, folder, file.path) is not None


def _packed(benchmark: Benchmark, folder: Path, path: str) -> Path | None:
    """The folder that stands for a file, if it is there."""
    name = benchmark.options.get("packed", {}).get(path)
    return folder / name if name and (folder / name).is_dir() else None
