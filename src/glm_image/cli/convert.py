"""``glm-image convert``: rewrite a checkpoint in the published layout."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glm_image.cli.flags import ReportFlags, flag, parse_bytes
from glm_image.cli.output import print_json
from glm_image.cli.progress import Bars
from glm_image.errors import InputError

if TYPE_CHECKING:
    from glm_image.device import Device


@dataclass(frozen=True, kw_only=True)
class ConvertFlags(ReportFlags):
    """How the new checkpoint is written."""

    dtype: Annotated[
        str, flag("Of the new weights: bfloat16 or float32. Default: bfloat16.", metavar="NAME")
    ] = "bfloat16"
    shard_size: Annotated[
        str, flag("Most bytes per file, such as 500MB. Default: 5GB.", metavar="SIZE")
    ] = "5GB"
    overwrite: Annotated[
        bool, flag("Replace a checkpoint that is there already.", "--overwrite")
    ] = False


def convert(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Folder or repository to read.")],
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="Folder to write.")],
    flags: ConvertFlags,
) -> None:
    """Rewrite a checkpoint with another dtype or file size."""
    shard_size = parse_bytes(flags.shard_size)
    if target.exists() and not flags.overwrite and (target.is_file() or any(target.iterdir())):
        raise InputError(
            f"{target} is not empty", field="target", hint="choose another one, or add --overwrite"
        )
    with Bars(quiet=flags.quiet) as bars, bars.waiting("rewriting"):
        from glm_image.device import resolve
        from glm_image.pipeline.system import find

        _rewrite(find(source), target, resolve("cpu", flags.dtype), shard_size)
    files = sorted(path for path in target.rglob("*") if path.is_file())
    total = sum(path.stat().st_size for path in files)
    if flags.json:
        print_json({"path": str(target), "files": len(files), "bytes": total})
    else:
        typer.echo(str(target))


def _rewrite(folder: Path, target: Path, device: "Device", shard_size: int) -> None:
    """Read whichever model a folder holds, and write it."""
    from glm_image.checkpoint import cogview4, published
    from glm_image.pipeline.families import is_cogview4

    documents = published.documents_of(folder)
    dtype, place = device.dtype, device.torch_device
    if is_cogview4(folder):
        other = cogview4.load(folder, dtype=dtype, device=place)
        cogview4.save(other, target, shard_size=shard_size, documents=documents)
    else:
        components = published.load(folder, dtype=dtype, device=place)
        published.save(components, target, shard_size=shard_size, documents=documents)
