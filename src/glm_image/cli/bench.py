"""``glm-image bench``: how long every stage of a picture takes here."""

import sys
from dataclasses import dataclass
from typing import Annotated

from glm_image.cli.flags import ModelFlags, PlanFlags, flag, parse_size
from glm_image.cli.output import print_json
from glm_image.cli.planning import wish


@dataclass(frozen=True, kw_only=True)
class BenchFlags(PlanFlags, ModelFlags):
    """What is drawn, and how often."""

    size: Annotated[
        str | None,
        flag(
            "Width and height in pixels. Default: the model's size.", "--size", "-s", metavar="WxH"
        ),
    ] = None
    steps: Annotated[int, flag("Denoising steps. Default: 50.", metavar="N")] = 50
    guidance: Annotated[
        float, flag("Weight of the prompt in the decoder; 1 is off. Default: 1.5.", metavar="X")
    ] = 1.5
    rounds: Annotated[
        int, flag("Pictures that are timed, after one that is not. Default: 3.", metavar="N")
    ] = 3


def bench(flags: BenchFlags) -> None:
    """Time the stages of a picture beside what this machine can do."""
    height, width = parse_size(flags.size)
    asked = wish(flags)
    from rich.console import Console
    from rich.progress import Progress

    from glm_image.evaluation.speed.stages import Setting, measure
    from glm_image.evaluation.speed.table import to_table
    from glm_image.pipeline.api import GlmImagePipeline
    from glm_image.types import Size

    setting = Setting(
        size=None if height is None or width is None else Size(height, width),
        steps=flags.steps,
        guidance=flags.guidance,
        rounds=flags.rounds,
    )
    bars = Progress(console=Console(file=sys.stderr), transient=True, disable=flags.quiet)
    with bars:
        task = bars.add_task("drawing", total=1 + setting.rounds)
        pipeline = GlmImagePipeline.from_pretrained(
            flags.model, device=flags.device, dtype=flags.dtype, plan=asked
        )
        report = measure(pipeline, setting, lambda: bars.advance(task))
    if flags.json:
        print_json(report.to_mapping())
        return
    console = Console()
    console.print(to_table(report), soft_wrap=not console.is_terminal)
