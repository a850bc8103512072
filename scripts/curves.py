"""Plot what the runs of a training said of held-out data, and keep those lines.

``python scripts/curves.py RUN... --output docs/reference/training`` reads ``log.jsonl`` of every
run's folder, writes ``curves.png`` and, for every run, its lines of validation. It needs the dev
extra.
"""

import argparse
import json
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

KINDS = {
    "cross_entropy": "cross-entropy, nats a code",
    "right": "share of codes that are right",
    "error": "squared error of the velocity",
    "psnr": "likeness, dB",
}
"""Names of the figures that are plotted, or their endings, and what they mean."""

COLUMNS = 2


def validation(folder: Path) -> dict[int, dict[str, float]]:
    """Figures of every validated step; of a step that was taken twice, those of the second time."""
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    return {
        record["step"]: {name: record[name] for name in record if name not in ("kind", "step")}
        for record in records
        if record["kind"] == "validation"
    }


def plot(runs: dict[str, dict[int, dict[str, float]]]) -> Figure:
    """One panel for every kind of figure of every run."""
    mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    panels = [
        (run, ending, curves)
        for run, steps in runs.items()
        for ending in KINDS
        if (curves := curves_of(steps, ending))
    ]
    rows = -(-len(panels) // COLUMNS)
    figure = Figure(figsize=(5 * COLUMNS, 3.2 * rows), layout="constrained")
    grid = figure.subplots(rows, COLUMNS, squeeze=False).flatten()
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    for axes, (run, ending, curves) in zip(grid[: len(panels)], panels, strict=True):
        formats = sorted({what.split("_")[0] for what in curves})
        for what, points in curves.items():
            first, *rest = what.split("_")
            axes.plot(
                *zip(*points, strict=True),
                label=" ".join((first, *rest)),
                color=f"C{formats.index(first)}",
                linestyle="--" if rest else "-",
            )
        axes.set_title(run)
        axes.set_xlabel("step")
        axes.set_ylabel(KINDS[ending])
        if any(curves):
            axes.legend(frameon=False)
    return figure


def curves_of(
    steps: dict[int, dict[str, float]], ending: str
) -> dict[str, list[tuple[int, float]]]:
    """Points of every figure of a kind, by what stands before the ending; "" if nothing does."""
    names = sorted({name for figures in steps.values() for name in figures})
    return {
        name.removesuffix(ending).rstrip("_"): [
            (step, figures[name]) for step, figures in steps.items() if name in figures
        ]
        for name in names
        if name == ending or name.endswith(f"_{ending}")
    }


def main() -> None:
    """Plot and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("--output", required=True, type=Path, metavar="FOLDER")
    asked = parser.parse_args()
    runs = {folder.name: validation(folder) for folder in asked.runs}
    asked.output.mkdir(parents=True, exist_ok=True)
    for name, steps in runs.items():
        kept = [json.dumps({"step": step, **figures}) for step, figures in steps.items()]
        (asked.output / f"{name}.jsonl").write_text("\n".join(kept) + "\n", encoding="utf-8")
    plot(runs).savefig(asked.output / "curves.png", dpi=110)
    print(asked.output / "curves.png")


if __name__ == "__main__":
    main()
