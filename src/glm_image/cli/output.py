"""Where pictures are written, and what is printed about them."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from glm_image.cli.flags import ReportFlags
from glm_image.errors import InputError

if TYPE_CHECKING:
    from glm_image.pipeline.result import Result

SUFFIX = ".png"
"""The one format that carries how a picture was made."""


def check_target(output: str | None) -> None:
    """Find out before the work whether its result can be written.

    Args:
        output: A file, a folder or None for the current folder.

    Raises:
        InputError: It cannot.
    """
    folder = _folder(output)
    if not _is_folder(output) and Path(str(output)).suffix.lower() != SUFFIX:
        raise InputError(
            f"got {output!r}", field="output", hint=f"name a {SUFFIX} file, or a folder ending in /"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder} cannot be made: {error.strerror}", field="output", hint="choose another one"
        ) from error
    if not os.access(folder, os.W_OK):
        raise InputError(f"{folder} is not writable", field="output", hint="choose another folder")


def save(result: "Result", output: str | None) -> list[Path]:
    """Write every picture as a PNG that holds how it was made.

    A file that was named is replaced; in a folder a free name is found.

    Args:
        result: What a request gave.
        output: A file, a folder or None for the current folder.

    Returns:
        The files, in order.
    """
    from glm_image.image.codec import save_png

    paths = []
    for index, picture in enumerate(result.pictures):
        path = _path(output, result.seeds[index], index, len(result.pictures))
        save_png(picture, path)
        paths.append(path)
    return paths


def report(result: "Result", paths: Sequence[Path], flags: ReportFlags) -> None:
    """Print the files, one per line, or everything as one JSON object; notes go to stderr."""
    if flags.json:
        record = {
            "images": [
                {"path": str(path), **picture.provenance}
                for path, picture in zip(paths, result.pictures, strict=True)
            ],
            "seeds": result.seeds,
            "timings": {name: round(seconds, 3) for name, seconds in result.timings.items()},
            "notes": result.notes,
        }
        print_json(record)
        return
    for path in paths:
        typer.echo(str(path))
    if not flags.quiet:
        for note in result.notes:
            typer.echo(f"note: {note}", err=True)
        typer.echo(_summary(result), err=True)


def print_json(record: object) -> None:
    """Print one JSON object on stdout."""
    typer.echo(json.dumps(record, ensure_ascii=False, indent=2))


def _summary(result: "Result") -> str:
    facts = [f"seed {', '.join(str(seed) for seed in result.seeds)}"]
    facts += [
        f"{name} {seconds:.1f} s" for name, seconds in result.timings.items() if seconds >= 0.05
    ]
    return ", ".join(facts)


def _is_folder(output: str | None) -> bool:
    return output is None or output.endswith(("/", os.sep)) or Path(output).is_dir()


def _folder(output: str | None) -> Path:
    if output is None:
        return Path()
    return Path(output) if _is_folder(output) else Path(output).parent


def _path(output: str | None, seed: int, index: int, count: int) -> Path:
    folder = _folder(output)
    if not _is_folder(output):
        named = Path(str(output))
        return named if count == 1 else named.with_stem(f"{named.stem}-{index + 1}")
    path = folder / f"glm-image-{seed}{SUFFIX}"
    number = 2
    while path.exists():
        path = folder / f"glm-image-{seed}-{number}{SUFFIX}"
        number += 1
    return path
