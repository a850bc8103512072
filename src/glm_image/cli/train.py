"""``glm-image train``: train parts of the bundled model, or all of it."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Train the bundled model from nothing.", no_args_is_help=True)

Folder = Annotated[Path, typer.Option(help="Workshop; existing runs in it are continued.")]
Scale = Annotated[float, typer.Option(min=0.0001, help="Factor on the steps of every part.")]
Device = Annotated[str, typer.Option(help="Kind of device: cpu, cuda, npu or mps.")]
Threads = Annotated[int, typer.Option(min=0, help="CPU threads; 0 takes all cores.")]

_FOLDER = Path("runs/nano")


@app.command()
def vae(
    folder: Folder = _FOLDER, scale: Scale = 1.0, device: Device = "cpu", threads: Threads = 0
) -> None:
    """Train the autoencoder."""
    _train("vae", folder, scale, device, threads)


@app.command()
def tokenizer(
    folder: Folder = _FOLDER, scale: Scale = 1.0, device: Device = "cpu", threads: Threads = 0
) -> None:
    """Train the semantic tokenizer: image encoder and codebook."""
    _train("tokenizer", folder, scale, device, threads)


@app.command()
def generator(
    folder: Folder = _FOLDER, scale: Scale = 1.0, device: Device = "cpu", threads: Threads = 0
) -> None:
    """Train the autoregressive generator."""
    _train("generator", folder, scale, device, threads)


@app.command()
def decoder(
    folder: Folder = _FOLDER, scale: Scale = 1.0, device: Device = "cpu", threads: Threads = 0
) -> None:
    """Train the diffusion decoder and its glyph encoder; needs the autoencoder."""
    _train("decoder", folder, scale, device, threads)


@app.command()
def nano(
    folder: Folder = _FOLDER, scale: Scale = 1.0, device: Device = "cpu", threads: Threads = 0
) -> None:
    """Train every part, one after the other, and export the model."""
    from glm_image.training.nano import PARTS

    for part in PARTS:
        _train(part, folder, scale, device, threads)
    export(folder / "checkpoint", folder)


@app.command()
def export(
    target: Annotated[Path, typer.Argument(help="Folder of the new checkpoint.")],
    folder: Folder = _FOLDER,
) -> None:
    """Put the trained parts together into a checkpoint in the published layout."""
    from glm_image.training.nano import workshop

    workshop(folder).export(target)
    typer.echo(target)


def _train(part: str, folder: Path, scale: float, device: str, threads: int) -> None:
    """Run or continue one part with a line of figures every so often on stderr."""
    import torch

    from glm_image.training.nano import PARTS, workshop

    if threads:
        torch.set_num_threads(threads)
    run = PARTS[part](workshop(folder, scale=scale, device=device))
    continued = run.resume()
    state = f"continued at step {run.step}" if continued else "from nothing"
    typer.echo(f"{part}: {state}, {run.config.steps} steps, logs in {run.folder}", err=True)
    run.train()
    typer.echo(run.checkpoint)
