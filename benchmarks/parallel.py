"""One picture drawn by two processes, beside the same picture drawn by one.

Each process has one thread, so that on two cores two processes have twice the machine. What they
exchange goes through the machine's memory; devices with a link of their own lose less.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks import systems
from benchmarks.drawing import STAGES
from benchmarks.outcome import OURS, Outcome, Part, Scale, lines
from benchmarks.rounds import TOTAL, Arm, Parts, interleave
from benchmarks.side_by_side import PROMPT
from glm_image.device import resolve
from glm_image.evaluation.speed import machine

_STEPS = 4
_WAYS = {"guidance": ("2", "1"), "sequence": ("1", "2")}
"""Processes for the branches and for the tokens."""


def parallel(scale: Scale) -> Outcome:
    """The mid-size model, divided in each way."""
    folder = systems.checkpoint(scale.presets, scale.work / "together")
    steps = scale.steps or _STEPS
    pictures = {way: scale.work / f"{way}.npy" for way in ("alone", *_WAYS)}
    arms: dict[str, Arm] = {
        f"{OURS}, {way}": _launch(2, [str(folder), str(steps), str(pictures[way]), *degrees])
        for way, degrees in _WAYS.items()
    }
    alone = [str(folder), str(steps), str(pictures["alone"]), "1", "1"]
    arms[f"{OURS}, alone"] = _launch(1, alone)
    # Every process warms up by itself.
    times = interleave(arms, scale.rounds, warm_up=0)
    one, *others = (np.load(picture).astype(np.int16) for picture in pictures.values())
    error = max(float(np.abs(one - other).max()) for other in others)
    of = "against one process, in 255ths"
    return Outcome(
        name="parallel",
        title=f"one picture by two processes, mid-size random model, {steps} steps",
        machine=machine.describe(resolve("cpu", "float32")),
        lines=lines(
            times,
            [
                Part(name="generator", what="generator", unit="s"),
                Part(name="decoder", what="decoder", unit="s", error=error, error_of=of),
                Part(name=TOTAL, what="words to picture", unit="s"),
            ],
        ),
        notes=["one thread per process; the generator's weights are divided in both ways"],
    )


def _launch(world: int, arguments: list[str]) -> Arm:
    def run() -> Parts:
        launcher = ["torch.distributed.run", "--standalone", "--nproc-per-node", str(world)]
        done = subprocess.run(
            [sys.executable, "-m", *launcher, "-m", "benchmarks.parallel", *arguments],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        parts: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return parts

    return run


def _draw(folder: Path, steps: int, target: Path, guidance: int, sequence: int) -> None:
    """What each process does: draw, and draw again with a clock."""
    from glm_image.cli.processes import leaving
    from glm_image.execution.auto import Wish
    from glm_image.execution.parallel import Division
    from glm_image.execution.ranks import Ranks
    from glm_image.pipeline.api import GlmImagePipeline

    with leaving(Ranks.from_environment()) as ranks:
        division = Division(guidance=guidance, sequence=sequence)
        pipeline = GlmImagePipeline.from_pretrained(
            folder, device="cpu", plan=Wish(division=division)
        )
        for _ in range(2):
            result = pipeline(PROMPT, num_inference_steps=steps, seed=1, temperature=0.0)
        if ranks.writes:
            np.save(target, result.pictures[0].pixels)
            timings = {name: result.timings[name] for name in (*STAGES, "total")}
            print(json.dumps(timings), flush=True)


if __name__ == "__main__":
    _draw(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), *map(int, sys.argv[4:]))
