"""From the shell to the first picture: fresh processes, with everything that imports cost."""

import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from benchmarks.outcome import OURS, REFERENCE, Line, Outcome, Part, Scale, lines, processor_line
from benchmarks.rounds import TOTAL, Arm, Parts, interleave
from benchmarks.side_by_side import PROMPT
from glm_image.device import resolve
from glm_image.evaluation.speed import machine
from glm_image.pipeline.system import find

_STEPS = 20

_REFERENCE = textwrap.dedent(
    """
    import torch
    from diffusers import GlmImagePipeline

    pipe = GlmImagePipeline.from_pretrained({folder!r}, torch_dtype=torch.float32)
    image = pipe({prompt!r}, height={side}, width={side}, num_inference_steps={steps}).images[0]
    image.save({output!r})
    """
)
"""The shortest script that draws a picture with the reference."""


def cold_start(scale: Scale) -> Outcome:
    """The shell command beside the shortest script of the reference."""
    folder = find(scale.model)
    steps = scale.steps or _STEPS
    side = _side(folder)
    scale.work.mkdir(parents=True, exist_ok=True)
    outputs = {name: scale.work / f"{name}.png" for name in (OURS, REFERENCE)}
    words = ["generate", PROMPT, "--model", str(folder), "--device", "cpu", "--quiet"]
    words += ["--steps", str(steps), "--output", str(outputs[OURS])]
    script = _REFERENCE.format(
        folder=str(folder), prompt=PROMPT, side=side, steps=steps, output=str(outputs[REFERENCE])
    )
    times = interleave(
        {
            OURS: _process(["-m", "glm_image.cli.main", *words], outputs[OURS]),
            REFERENCE: _process(["-c", script], outputs[REFERENCE]),
        },
        scale.rounds,
    )
    asked = interleave({OURS: _process(["-m", "glm_image.cli.main", "--help"])}, scale.rounds)
    found = lines(times, [Part(name=TOTAL, what="shell to picture file", unit="s")])
    helped = lines(asked, [Part(name=TOTAL, what="glm-image --help", unit="s")])
    return Outcome(
        name="cold_start",
        title=f"cold start: bundled model, {steps} steps, {side}x{side}",
        machine=machine.describe(resolve("cpu", "float32")),
        lines=[*found, processor_line(times), *helped, _help_line(asked[OURS].cpu)],
        notes=["every round is a fresh process; files are in the system's cache"],
    )


def _help_line(cpu: Sequence[float]) -> Line:
    return Line(what="glm-image --help, processor time", unit="s", values={OURS: cpu})


def _process(arguments: Sequence[str], output: Path | None = None) -> Arm:
    """An arm that runs Python with arguments, and expects a file if one is named."""

    def run() -> Parts:
        if output is not None:
            output.unlink(missing_ok=True)
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        if output is not None and not output.is_file():
            raise FileNotFoundError(output)
        return {}

    return run


def _side(folder: Path) -> int:
    """Side in pixels of the pictures that a model was trained on."""
    from glm_image.pipeline.system import System

    return System.outline(folder, None, resolve("cpu", "float32")).default_size.height
