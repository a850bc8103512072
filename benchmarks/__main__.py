"""Runs benchmarks one after another: `python -m benchmarks [NAME ...]`."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from benchmarks import plot, systems, tables
from benchmarks.cogview4 import cogview4
from benchmarks.cold_start import cold_start
from benchmarks.engine import engine
from benchmarks.outcome import Outcome, Scale
from benchmarks.parallel import parallel
from benchmarks.reading import reading
from benchmarks.serving import serving
from benchmarks.side_by_side import bundled, midsize

BENCHMARKS: dict[str, Callable[[Scale], Outcome]] = {
    "midsize": midsize,
    "bundled": bundled,
    "cold_start": cold_start,
    "reading": reading,
    "serving": serving,
    "engine": engine,
    "cogview4": cogview4,
    "parallel": parallel,
}
"""All that run on a CPU; `python -m benchmarks.gpu` is for an accelerator."""


def main(arguments: list[str]) -> int:
    """Run benchmarks, print their tables, keep their numbers and plot them.

    Returns:
        0 if every limit was kept.
    """
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure beside the reference.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(BENCHMARKS)}")
    parser.add_argument("--rounds", type=int, default=5, help="timed rounds, 5")
    parser.add_argument("--steps", type=int, help="denoising steps, else each benchmark's own")
    parser.add_argument("--requests", type=int, default=8, help="pictures of serving, 8")
    parser.add_argument("--output", type=Path, default=Path("outputs/bench"), help="folder")
    parser.add_argument("--page", type=Path, help="page whose tables are renewed")
    parser.add_argument("--plot", type=Path, help="file of the plot; by default in the folder")
    parser.add_argument("--tiny", action="store_true", help="smallest networks: try the scripts")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}")
    options.output.mkdir(parents=True, exist_ok=True)
    console = Console()
    outcomes = []
    with tempfile.TemporaryDirectory() as work:
        scale = Scale(
            work=Path(work),
            presets=systems.tiny() if options.tiny else systems.midsize(),
            model=_tiny_model(Path(work)) if options.tiny else None,
            rounds=options.rounds,
            steps=options.steps,
            requests=options.requests,
        )
        for name in options.names or BENCHMARKS:
            outcome = BENCHMARKS[name](scale)
            outcomes.append(outcome)
            outcome.save(options.output)
            console.print(tables.to_terminal(outcome))
            if options.page is not None:
                tables.write(outcome, options.page)
    plot.save(outcomes, options.plot or options.output / "speed.png")
    return 0 if all(outcome.holds for outcome in outcomes) else 1


def _tiny_model(work: Path) -> Path:
    return systems.checkpoint(systems.tiny(), work / "tiny")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
