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

KINDS = {"cross_entropy": "cross-entropy, nats a code", "right": "share of codes that are right"}
"""Endings of the names of the figures that are plotted, and what they mean."""


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
    """One column a run, one row a kind of figure."""
    mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure = Figure(figsize=(5 * len(runs), 3.2 * len(KINDS)), layout="constrained")
    grid = figure.subplots(len(KINDS), len(runs), squeeze=False, sharex="col")
    for column, (run, steps) in enumerate(runs.items()):
        names = sorted({name for figures in steps.values() for name in figures})
        formats = sorted({name.split("_")[0] for name in names})
        for row, (ending, meaning) in enumerate(KINDS.items()):
            axes = grid[row, column]
            for name in names:
                if name.endswith(f"_{ending}"):
                    known = [step for step, figures in steps.items() if name in figures]
                    what, *rest = name.removesuffix(f"_{ending}").split("_")
                    axes.plot(
                        known,
                        [steps[step][name] for step in known],
                        label=" ".join((what, *rest)),
                        color=f"C{formats.index(what)}",
                        linestyle="--" if rest else "-",
                    )
            axes.set_ylabel(meaning)
            axes.legend(frameon=False)
        grid[0, column].set_title(run)
        grid[-1, column].set_xlabel("step")
    return figure


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
