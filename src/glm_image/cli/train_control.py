"""``glm-image train control``: teach CogView4 to draw after control pictures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from glm_image.cli.flags import ReportFlags, flag
from glm_image.cli.output import print_json
from glm_image.cli.training_runs import processes, trained
from glm_image.errors import InputError


@dataclass(frozen=True, kw_only=True)
class ControlTrainFlags(ReportFlags):
    """What is trained, on what and how."""

    model: Annotated[
        str,
        flag(
            "CogView4 to start from. Default: THUDM/CogView4-6B.", "--model", "-m", metavar="NAME"
        ),
    ] = "THUDM/CogView4-6B"
    folder: Annotated[
        Path, flag("Of the run, which goes on if it exists. Default: runs/control.", metavar="PATH")
    ] = Path("runs/control")
    steps: Annotated[int, flag("Optimiser steps. Default: 10000.", metavar="N")] = 10_000
    batch: Annotated[int, flag("Pairs a step and process. Default: 4.", metavar="N")] = 4
    rate: Annotated[float, flag("Learning rate of AdamW. Default: 0.00002.", metavar="X")] = 2e-5
    held_out: Annotated[
        int, flag("Last pairs, which are only looked at. Default: 4.", metavar="N")
    ] = 4
    save_every: Annotated[
        int, flag("Steps between states and samples. Default: 500.", metavar="N")
    ] = 500
    seed: Annotated[int, flag("Of data and noise. Default: 0.", metavar="N")] = 0
    device: Annotated[str, flag("auto, cpu, cuda, npu or mps. Default: auto.", metavar="NAME")] = (
        "auto"
    )
    dtype: Annotated[
        str, flag("Of the new weights: bfloat16 or float32. Default: bfloat16.", metavar="NAME")
    ] = "bfloat16"


def control(
    pairs: Annotated[
        Path, typer.Argument(metavar="PAIRS", help="Folder with pairs.jsonl and pictures.")
    ],
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="Folder of the new checkpoint.")],
    flags: ControlTrainFlags,
) -> None:
    """Train CogView4 to draw after control pictures, and write the model."""
    _check(flags)
    if target.exists() and (target.is_file() or any(target.iterdir())):
        raise InputError(f"{target} is not empty", field="target", hint="choose another one")
    from glm_image.device import resolve
    from glm_image.training.control import ControlMix
    from glm_image.training.control_run import ControlWorkshop
    from glm_image.training.loop import RunConfig
    from glm_image.training.optim import OptimConfig

    shop = ControlWorkshop(
        model=flags.model,
        pairs=pairs,
        folder=flags.folder,
        config=RunConfig(
            steps=flags.steps,
            seed=flags.seed,
            optim=OptimConfig(lr=flags.rate, matrix_lr=0.0),
            save_every=flags.save_every,
            device=flags.device,
        ),
        mix=ControlMix(batch=flags.batch, held_out=flags.held_out),
    )
    dtype = resolve("cpu", flags.dtype).dtype
    with processes(quiet=flags.quiet) as ranks:
        run = shop.run()
        figures = trained("control", run, ranks, "the model", quiet=flags.quiet)
        if figures is None:
            return
        shop.export(run, target, dtype)
        if flags.json:
            print_json({"path": str(target), "step": run.step, "validation": figures})
        else:
            typer.echo(target)


def _check(flags: ControlTrainFlags) -> None:
    for name in ("steps", "batch", "save_every"):
        if vars(flags)[name] < 1:
            raise InputError(f"got {vars(flags)[name]}", field=name, hint="a whole number from 1")
    if flags.held_out < 0:
        raise InputError(f"got {flags.held_out}", field="held_out", hint="a whole number from 0")
    if not flags.rate > 0:
        raise InputError(f"got {flags.rate}", field="rate", hint="above 0, such as 2e-5")
