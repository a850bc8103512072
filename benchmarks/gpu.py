"""The full-size system on an accelerator, from random weights made there: no disk, no download.

    python -m benchmarks.gpu [--seconds 600] [--tiny]

In this order, until the time is used up: the ceilings of the device; both sides at 512x512 with
the error beside the speed; both sides at 1024x1024; ours alone with all fifty steps; ours alone at
2048x2048. The reference uses the same memory for its weights. `--tiny` tries the script on any
machine and measures nothing of worth.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path

import torch
from rich.console import Console
from torch import Tensor

from benchmarks import plot, systems, tables
from benchmarks.drawing import Ours, Request, pixel_error
from benchmarks.outcome import OURS, REFERENCE, Line, Outcome, Part, lines
from benchmarks.reference import Theirs
from benchmarks.rounds import TOTAL, Times, interleave
from benchmarks.sharing import share
from benchmarks.side_by_side import PROMPT
from glm_image.checkpoint.published import Components
from glm_image.device import Device, resolve
from glm_image.evaluation.speed import machine
from glm_image.execution import auto
from glm_image.execution.apply import apply
from glm_image.models.presets import Presets
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.pipeline.system import System
from glm_image.types import PIXELS_PER_LATENT

_FULL_STEPS, _FEW_STEPS = 50, 10
_ROUNDS = 3


@dataclass(frozen=True, kw_only=True)
class Gate:
    """A limit that the device should keep.

    Args:
        what: Name of a line.
        limit: Largest median.
    """

    what: str
    limit: float


GATES = (
    Gate(what="512x512: decoder, per step", limit=52.0),
    Gate(what="1024x1024: generator, per token", limit=4.8),
    Gate(what="1024x1024: decoder, per step", limit=195.0),
    Gate(what="1024x1024: autoencoder", limit=120.0),
    Gate(what="1024x1024: words to picture, 50 steps", limit=15.5),
    Gate(what="2048x2048: decoder, per step", limit=1060.0),
)
"""What one H200 should keep in bf16, in the units of the lines."""


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Both sides with the same weights.

    Args:
        ours: This package.
        theirs: The reference.
        device: Where they are.
        channels: Of the latents.
        end: When to stop, in seconds of the performance counter.
    """

    ours: Ours
    theirs: Theirs
    device: Device
    channels: int
    end: float

    @classmethod
    def build(cls, presets: Presets, device: Device, folder: Path, seconds: float) -> "Suite":
        """Make weights on the device; the reference takes them before our plan changes layers."""
        end = time.perf_counter() + seconds
        parts = systems.components(presets, device.torch_device, device.dtype)
        theirs = Theirs(share(parts, folder, device), device)
        plan = auto.choose(auto.AUTO, parts, device).plan
        apply(parts, plan)
        values = {field.name: getattr(parts, field.name) for field in fields(Components)}
        system = System(**values, name="random", device=device, plan=plan)
        return cls(
            ours=Ours(GlmImagePipeline(system)),
            theirs=theirs,
            device=device,
            channels=presets.dit.in_channels,
            end=end,
        )

    def both(self, side: int, rounds: int) -> list[Line]:
        """Both sides at one size, with few steps: each takes as long as each of many."""
        request = _request(side, _FEW_STEPS)
        arms = {
            OURS: partial(self.ours.draw, request),
            REFERENCE: partial(self.theirs.draw, request),
        }
        times = interleave(arms, rounds)
        tokens = self.ours.tokens
        return _stage_lines(times, request, tokens, self._error(request, self.ours.drawing.codes))

    def alone(self, side: int, steps: int, rounds: int) -> list[Line]:
        """Ours at one size."""
        request = _request(side, steps)
        times = interleave({OURS: partial(self.ours.draw, request)}, rounds)
        return _stage_lines(times, request, self.ours.tokens, None)

    def left(self) -> float:
        """Seconds until the end."""
        return self.end - time.perf_counter()

    def _error(self, request: Request, codes: Tensor) -> float:
        """Difference of both pictures from the same codes and the same noise, in 255ths."""
        given = replace(request, codes=codes, noise=self._noise(request))
        self.ours.draw(given)
        self.theirs.draw(given)
        return pixel_error(self.ours.drawing, self.theirs.drawing)

    def _noise(self, request: Request) -> Tensor:
        rows, columns = (side // PIXELS_PER_LATENT for side in (request.height, request.width))
        source = torch.Generator().manual_seed(request.seed)
        return torch.randn((1, self.channels, rows, columns), generator=source)


def _request(side: int, steps: int) -> Request:
    return Request(prompt=PROMPT, height=side, width=side, steps=steps)


def _stage_lines(
    times: Mapping[str, Times], request: Request, tokens: int, error: float | None
) -> list[Line]:
    size, steps, milli = f"{request.width}x{request.height}", request.steps, 1000.0
    few = "" if steps == _FEW_STEPS else f", {steps} steps"
    parts = [
        Part(
            name="generator",
            what=f"{size}{few}: generator, per token",
            unit="ms",
            scale=milli / tokens,
        ),
        Part(
            name="decoder",
            what=f"{size}{few}: decoder, per step",
            unit="ms",
            scale=milli / steps,
            error=error,
            error_of="255ths, same codes and noise",
        ),
        Part(name="image", what=f"{size}{few}: autoencoder", unit="ms", scale=milli),
        Part(name=TOTAL, what=f"{size}: words to picture, {steps} steps", unit="s"),
    ]
    return lines(times, parts)


def run(suite: Suite, sides: Sequence[int]) -> Outcome:
    """Measure until the time is over.

    Args:
        suite: Both sides.
        sides: Of a small, a usual and a large picture.
    """
    small, usual, large = sides
    ceilings = machine.ceilings(suite.device)
    notes = [
        f"ceilings: {ceilings.flops / 1e9:,.0f} GFLOP/s, {ceilings.bytes / 1e9:,.0f} GB/s",
        "random weights; both sides share them",
    ]
    # What each stage may take at most, on the slowest device that the limits are for.
    stages: tuple[tuple[float, str, Callable[[], list[Line]]], ...] = (
        (120.0, f"both at {small}", lambda: suite.both(small, _ROUNDS)),
        (180.0, f"both at {usual}", lambda: suite.both(usual, 2)),
        (60.0, f"{_FULL_STEPS} steps at {usual}", lambda: suite.alone(usual, _FULL_STEPS, 2)),
        (90.0, f"ours at {large}", lambda: suite.alone(large, _FEW_STEPS, 1)),
    )
    found: list[Line] = []
    for seconds, name, measure in stages:
        if suite.left() < seconds:
            notes.append(f"left out for want of time: {name}")
            continue
        found += measure()
    missed = [gate for gate in GATES if not _keeps(gate, found)]
    notes += [f"missed: {gate.what} above {gate.limit:g}" for gate in missed]
    return Outcome(
        name="gpu",
        title="full-size system on an accelerator",
        machine=machine.describe(suite.device),
        lines=found,
        notes=notes,
        holds=not missed,
    )


def _keeps(gate: Gate, found: Sequence[Line]) -> bool:
    """Whether a limit was kept, or its line was not measured."""
    medians = [statistics.median(line.values[OURS]) for line in found if line.what == gate.what]
    return all(median <= gate.limit for median in medians)


def main(arguments: list[str]) -> int:
    """Build, measure, print and keep the numbers.

    Returns:
        0 if every limit was kept.
    """
    parser = argparse.ArgumentParser(prog="benchmarks.gpu", description="Measure an accelerator.")
    parser.add_argument("--seconds", type=float, default=600.0, help="time for everything, 600")
    parser.add_argument("--output", type=Path, default=Path("outputs/bench"), help="folder")
    parser.add_argument("--tiny", action="store_true", help="smallest networks on the CPU")
    options = parser.parse_args(arguments)
    device = resolve("cpu", "float32") if options.tiny else resolve(None, "bfloat16")
    presets, sides = (systems.full(), (512, 1024, 2048))
    if options.tiny:
        presets, sides = systems.tiny(), (64, 64, 96)
    with tempfile.TemporaryDirectory() as folder:
        suite = Suite.build(presets, device, Path(folder), options.seconds)
        outcome = run(suite, sides)
    Console().print(tables.to_terminal(outcome))
    outcome.save(options.output)
    plot.save([outcome], options.output / "gpu.png")
    return 0 if outcome.holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
