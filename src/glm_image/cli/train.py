"""``glm-image train``: train parts of the bundled model, or all of it.

On several devices or machines, torchrun starts one process for each:
``torchrun --nproc-per-node 8 --no-python glm-image train nano --device cuda``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glm_image.cli.flags import ReportFlags, flag, with_flags
from glm_image.cli.output import print_json
from glm_image.cli.train_control import control
from glm_image.cli.training_runs import processes, trained

if TYPE_CHECKING:
    from glm_image.training.nano import Workshop
    from glm_image.training.parallel import Ranks

app = typer.Typer(
    help="Train the bundled model, or CogView4 for control pictures.",
    no_args_is_help=True,
)

_HELP = {
    "vae": "Train the autoencoder.",
    "vae-decoder": "Train the autoencoder's decoder on, with its latents fixed.",
    "tokenizer": "Train the semantic tokenizer: image encoder and codebook.",
    "generator": "Train the autoregressive generator.",
    "decoder": "Train the diffusion decoder and its glyph encoder; needs the autoencoder.",
}
"""Parts with a command of their own."""


@dataclass(frozen=True, kw_only=True)
class WorkshopFlags(ReportFlags):
    """Where the parts are."""

    folder: Annotated[
        Path, flag("Workshop; existing runs in it go on. Default: runs/nano.", metavar="FOLDER")
    ] = Path("runs/nano")
    start: Annotated[
        str | None,
        flag("Checkpoint to start from, or nano, the bundled one; else nothing.", metavar="MODEL"),
    ] = None

    def begun(self) -> Path | None:
        """Folder of the checkpoint to start from."""
        from glm_image.pipeline.system import BUNDLED, find

        return None if self.start is None else find(None if self.start == BUNDLED else self.start)


@dataclass(frozen=True, kw_only=True)
class TrainFlags(WorkshopFlags):
    """How parts are trained."""

    scale: Annotated[float, typer.Option(min=0.0001, help="Factor on the steps of every part.")] = (
        1.0
    )
    device: Annotated[str, flag("auto, cpu, cuda, npu or mps. Default: cpu.", metavar="NAME")] = (
        "cpu"
    )
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 takes all cores.")] = 0
    batch: Annotated[
        float,
        typer.Option(
            min=0.01, help="Factor on the pictures of every step and process.", metavar="FACTOR"
        ),
    ] = 1.0
    drawers: Annotated[
        int,
        typer.Option(min=0, help="Processes that draw pictures beside the training.", metavar="N"),
    ] = 0

    def workshop(self) -> "Workshop":
        """The workshop with these settings."""
        from glm_image.training.nano import workshop

        return workshop(
            self.folder,
            scale=self.scale,
            batch=self.batch,
            device=self.device,
            drawers=self.drawers,
            start=self.begun(),
        )


def _command(part: str) -> Callable[..., None]:
    def train(flags: TrainFlags) -> None:
        with processes(quiet=flags.quiet) as ranks:
            _train(part, flags, ranks)

    return train


for _part, _help in _HELP.items():
    app.command(_part, help=_help)(with_flags(_command(_part)))


def nano(flags: TrainFlags) -> None:
    """Train every part, one after the other, and export the model."""
    from glm_image.training.nano import PARTS

    with processes(quiet=flags.quiet) as ranks:
        for part in PARTS:
            _train(part, flags, ranks)
        if ranks.writes:
            _export(flags.workshop(), flags.folder / "checkpoint", flags)


def draw(
    part: Annotated[str, typer.Argument(help="Part whose batches are drawn.", metavar="PART")],
    flags: TrainFlags,
) -> None:
    """Draw the batches of a part ahead, as shards that its training then reads.

    What is learned does not change. Under torchrun every process draws those of its rank.
    """
    from glm_image.errors import InputError
    from glm_image.training.nano import PARTS

    if part not in PARTS:
        raise InputError(
            f"there is no part {part!r}", field="PART", hint=f"choose from {', '.join(PARTS)}"
        )
    run = PARTS[part](flags.workshop())
    for first in run.supply.draw_ahead(run.config.steps, flags.drawers):
        if not flags.quiet:
            typer.echo(f"{part}: drawn from step {first}, {run.config.steps} steps", err=True)
    path = str(run.supply.folder)
    if flags.json:
        print_json({"part": part, "path": path, "steps": run.config.steps})
    else:
        typer.echo(path)


def export(
    target: Annotated[Path, typer.Argument(help="Folder of the new checkpoint.")],
    flags: WorkshopFlags,
) -> None:
    """Put the trained parts together into a checkpoint in the published layout."""
    from glm_image.training.nano import workshop

    _export(workshop(flags.folder, start=flags.begun()), target, flags)


app.command("nano")(with_flags(nano))
app.command("draw")(with_flags(draw))
app.command("export")(with_flags(export))
app.command("control")(with_flags(control))


def _export(shop: "Workshop", target: Path, flags: ReportFlags) -> None:
    shop.export(target)
    if flags.json:
        print_json({"path": str(target)})
    else:
        typer.echo(target)


def _train(part: str, flags: TrainFlags, ranks: "Ranks") -> None:
    """Run or continue one part."""
    import torch

    from glm_image.training.nano import PARTS

    if flags.threads:
        torch.set_num_threads(flags.threads)
    run = PARTS[part](flags.workshop())
    figures = trained(part, run, ranks, flags.start or "nothing", quiet=flags.quiet)
    if figures is None:
        return
    if flags.json:
        path = str(run.checkpoint)
        print_json({"part": part, "path": path, "step": run.step, "validation": figures})
    else:
        typer.echo(run.checkpoint)
