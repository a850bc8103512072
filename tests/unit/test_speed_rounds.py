"""How the benchmarks measure in turns, compare, and write down what they found."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import plot, tables
from benchmarks.outcome import Line, Outcome, Part, lines
from benchmarks.rounds import TOTAL, Parts, Ratio, Times, interleave, spread

MACHINE = {"device": "a processor", "threads": 2, "cores": 4, "dtype": "float32", "torch": "2"}

LINE = Line(
    what="generator, per token",
    unit="ms",
    values={
        "ours": [2.0, 4.0, 2.0],
        "reference": [8.0, 9.0, 10.0],
        "reference, tuned": [6.0, 6.2, 7.0],
    },
    error=0.5,
    error_of="codes",
)


def outcome(*found: Line) -> Outcome:
    return Outcome(name="some", title="some work", machine=MACHINE, lines=found, notes=["a", "b"])


def test_arms_take_turns() -> None:
    order: list[str] = []

    def arm(name: str) -> Callable[[], Parts]:
        def run() -> Parts:
            order.append(name)
            return {"part": float(len(order))}

        return run

    times = interleave({"a": arm("a"), "b": arm("b")}, rounds=3)
    assert "".join(order) == "ab" + "ab" + "ba" + "ab"
    assert times["a"].parts["part"] == [3.0, 6.0, 7.0]
    assert len(times["b"].parts[TOTAL]) == len(times["b"].cpu) == 3


def test_wall_and_processor_time_are_told_apart() -> None:
    def busy() -> Parts:
        end = time.process_time() + 0.05
        while time.process_time() < end:
            pass
        return {}

    def idle() -> Parts:
        time.sleep(0.1)
        return {}

    times = interleave({"busy": busy, "idle": idle}, rounds=1, warm_up=0)
    assert times["idle"].parts[TOTAL][0] >= 0.1
    assert times["idle"].cpu[0] < times["busy"].cpu[0]


def test_ratios_are_of_the_same_round() -> None:
    assert Ratio.of([8.0, 9.0, 10.0], [2.0, 9.0, 5.0]) == Ratio(median=2.0, low=1.0, high=4.0)


def test_the_better_reference_counts() -> None:
    assert LINE.best_reference == "reference, tuned"
    assert LINE.ratio == Ratio(median=3.0, low=1.55, high=3.5)
    alone = Line(what="a", unit="s", values={"ours": [1.0]})
    assert (alone.best_reference, alone.ratio, alone.is_noisy) == (None, None, False)


def test_a_busy_machine_is_told() -> None:
    assert spread([1.0, 1.0, 1.2]) == pytest.approx(0.2)
    assert not LINE.is_noisy
    noisy = Line(what="a", unit="s", values={"ours": [1.0, 1.0], "reference": [2.0, 4.0]})
    assert noisy.is_noisy
    assert "noisy" in tables.to_markdown(outcome(noisy))


def test_parts_become_lines() -> None:
    times = {"ours": Times(parts={"x": [0.5]}), "reference": Times(parts={"x": [1.0], "y": [1.0]})}
    found = lines(
        times, [Part(name="x", what="it", unit="ms", scale=1000.0), Part(name="y", what="no")]
    )
    assert [(line.what, line.values) for line in found] == [
        ("it", {"ours": [500.0], "reference": [1000.0]})
    ]


def test_numbers_are_kept(tmp_path: Path) -> None:
    path = outcome(LINE).save(tmp_path / "new")
    record = json.loads(path.read_text(encoding="utf-8"))
    (line,) = record["lines"]
    assert path.name == "some.json"
    assert line["medians"] == {"ours": 2.0, "reference": 9.0, "reference, tuned": 6.2}
    assert line["values"]["ours"] == [2.0, 4.0, 2.0]
    assert line["ratio"]["median"] == 3.0


def test_a_page_gets_the_table_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("top\n<!-- begin some -->old<!-- end some -->\nbottom", encoding="utf-8")
    for _ in range(2):
        tables.write(outcome(LINE), page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("top\n<!-- begin some -->\n\n**Some work.** a processor, 2 of 4 cores")
    assert text.endswith("a; b.\n\n<!-- end some -->\nbottom")
    row = "| generator, per token | ms | 2.00 (2.00 to 4.00) | 9.00 (8.00 to 10.0) "
    assert row in text
    assert "| 3.00x (1.55 to 3.50) | 0.5 (codes) |" in text
    assert "old" not in text
    with pytest.raises(ValueError, match="begin other"):
        tables.write(Outcome(name="other", title="t", machine=MACHINE, lines=[LINE]), page)


def test_the_table_fits_a_terminal() -> None:
    console = Console(width=80, record=True)
    console.print(tables.to_terminal(outcome(LINE)))
    text = console.export_text()
    assert re.search(r"reference, tuned +6\.20 ms +6\.00 to 7\.00 +3\.00x", text)
    assert "error: 0.5, codes" in text
    assert "…" not in text


def test_the_plot_has_a_panel_for_every_line(tmp_path: Path) -> None:
    path = tmp_path / "speed.svg"
    plot.save([outcome(LINE, LINE, LINE, LINE), outcome(LINE)], path)
    assert path.read_text(encoding="utf-8").startswith("<?xml")
