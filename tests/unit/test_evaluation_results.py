"""results.json, comparability and the tables that say it in words."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from glm_image.cli.main import main
from glm_image.errors import ConfigError, InputError
from glm_image.evaluation import catalogue, comparing, results, scored, tiling
from glm_image.evaluation.report import markdown, tables, terminal
from glm_image.evaluation.results import BenchmarkResult, Results
from glm_image.evaluation.run_folder import RunFolder
from glm_image.evaluation.scorers import registry
from scored_run import make

BENCHMARK = catalogue.get("cvtg-2k")
CARD = registry.scorer_of(BENCHMARK).scorecard(BENCHMARK)
OFFICIAL = {"official_reader": True, "subset": None, "items": BENCHMARK.prompts}


def build(folder: Path) -> Results:
    run = scored.read(folder)
    benchmarks = {name: catalogue.get(name) for name in run.benchmarks}
    cards = {name: registry.scorer_of(one).scorecard(one) for name, one in benchmarks.items()}
    return results.build(run, benchmarks, cards)


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("run") / "run"
    return build(make(folder, prompts=40, failed=3, missing=2))


def test_strict_counts_everything_and_lenient_what_is_there(numbers: Results) -> None:
    (result,) = numbers.benchmarks
    counts = result.counts
    assert (counts.expected, counts.ok, counts.failed, counts.missing) == (40, 35, 3, 2)
    assert not counts.complete and not numbers.complete
    measure = result.measures[0]
    assert measure.lenient is not None
    assert (measure.strict.prompts, measure.lenient.prompts) == (40, 35)
    assert measure.strict.value == pytest.approx(measure.lenient.value * 35 / 40)


def test_pictures_that_no_score_speaks_of_are_missing(tmp_path: Path) -> None:
    folder = make(tmp_path / "run", prompts=5, header={"items": 9})
    (result,) = build(folder).benchmarks
    assert result.counts.missing == 4 and not result.counts.complete


def test_results_come_back_as_they_were_written(numbers: Results, tmp_path: Path) -> None:
    path = results.write(numbers, tmp_path)
    assert results.read(path) == numbers
    assert json.loads(path.read_text(encoding="utf-8"))["schema"] == results.SCHEMA


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"schema": 2}, InputError, "schema 2"),
        ({"surprise": 1}, ConfigError, "surprise"),
        ({"draws": "many"}, ConfigError, "draws"),
        ({"model": None}, ConfigError, "model"),
    ],
)
def test_other_files_are_refused(
    numbers: Results,
    tmp_path: Path,
    change: dict[str, object],
    error: type[Exception],
    message: str,
) -> None:
    path = results.write(numbers, tmp_path)
    record = json.loads(path.read_text(encoding="utf-8")) | change
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(error, match=message):
        results.read(path)
    with pytest.raises(InputError):
        results.read(tmp_path / "other.json")


@pytest.mark.parametrize(
    ("header", "missing", "tags"),
    [
        (OFFICIAL, 0, ("official",)),
        (OFFICIAL | {"official_reader": False}, 0, ("alt-ocr",)),
        (OFFICIAL | {"subset": "mini", "items": 48}, 0, ("subset",)),
        (OFFICIAL, 1, ("subset",)),
        (OFFICIAL | {"judge": {"name": "openai", "version": "x"}}, 0, ("proxy",)),
        (OFFICIAL | {"proxy": ["judged"]}, 0, ("proxy",)),
        ({"items": 48, "subset": "mini"}, 0, ("alt-ocr", "subset")),
    ],
)
def test_tags_say_what_is_not_official(
    tmp_path: Path, header: dict[str, object], missing: int, tags: tuple[str, ...]
) -> None:
    run = scored.read(make(tmp_path / "run", prompts=4, header=header))
    known = run.benchmarks["cvtg-2k"].header
    counts = results.Counts(expected=4, ok=4 - missing, failed=0, refused=0, missing=missing)
    found, reasons = results.tags_of(BENCHMARK, known, counts)
    assert found == tags
    assert bool(reasons) == (tags != ("official",))


@pytest.mark.parametrize(("side", "tags"), [(1024, ("official",)), (512, ("other-size",))])
def test_pictures_of_another_size_are_not_official(
    tmp_path: Path, side: int, tags: tuple[str, ...]
) -> None:
    run = scored.read(make(tmp_path / "run", prompts=4, header=OFFICIAL))
    known = run.benchmarks["cvtg-2k"].header
    counts = results.Counts(expected=4, ok=4, failed=0, refused=0, missing=0)
    found, reasons = results.tags_of(replace(BENCHMARK, side=1024), known, counts, {(side, side)})
    assert found == tags
    assert reasons == (() if side == 1024 else ("drawn at 512x512; the authors at 1024x1024",))


def official(numbers: Results) -> BenchmarkResult:
    return replace(numbers.benchmarks[0], tags=("official",), reasons=())


def test_only_official_numbers_stand_among_published_ones(numbers: Results) -> None:
    result = numbers.benchmarks[0]
    for lines in tables.standing(result, result.measures[0]).values():
        assert all(row is not None for row, _ in lines)
    ranked = tables.standing(official(numbers), result.measures[0])
    ours = result.measures[0].strict.value
    for lines in ranked.values():
        place = [row is None for row, _ in lines].index(True)
        metric = result.measures[0].published
        above = [row.values[metric] for row, _ in lines[:place] if row is not None]
        below = [row.values[metric] for row, _ in lines[place + 1 :] if row is not None]
        assert all(value >= ours for value in above) and all(value <= ours for value in below)


def test_published_numbers_are_grey_unless_ours_is_official(numbers: Results) -> None:
    text = markdown.to_markdown(numbers)
    assert "| *0.9116* |" in text
    changed = replace(numbers, benchmarks=(official(numbers),))
    assert "| 0.9116 |" in markdown.to_markdown(changed)


def test_a_run_may_have_fewer_pictures_of_a_prompt(tmp_path: Path) -> None:
    folder = make(tmp_path / "run", name="longtext-en", prompts=32, header={"samples": 1})
    (one,) = scored.read(folder).benchmarks.values()
    counts = results.count(catalogue.get("longtext-en"), one.header, one.samples)
    assert (counts.expected, counts.ok, counts.missing) == (32, 32, 0)


def test_small_counts_are_bold(numbers: Results) -> None:
    assert [tables.is_few(count) for count in (29, 30)] == [True, False]
    assert markdown.count(29) == "**29**" and markdown.count(30) == "30"
    text = markdown.to_markdown(numbers)
    row = next(line for line in text.splitlines() if line.startswith("| 5 |"))
    assert row.endswith("| **10** |")


def test_without_published_numbers_their_columns_are_left_out(tmp_path: Path) -> None:
    folder = make(tmp_path / "run", name="dpg", prompts=4)
    path = folder / "scores" / "dpg.samples.jsonl"
    text = path.read_text(encoding="utf-8").replace("word_accuracy", "judged_score")
    path.write_text(text, encoding="utf-8")
    found = build(folder)
    assert len(tables.headlines(found)) == 1 and not tables.published_beside(found)
    assert "best open" not in markdown.to_markdown(found)
    assert len(terminal.to_table(found).columns) == 7


def test_markdown_shows_strange_text_as_it_is() -> None:
    assert markdown.plain("a|b\n<i>*") == r"a\|b \<i\>\*"


def test_a_hundred_has_two_places() -> None:
    assert tables.number(0.91161) == "0.912"
    assert tables.number(0.81014, 100) == "81.01"
    assert tables.signed(-0.01) == "−0.010"
    assert tables.number(None) == tables.NONE


def test_the_terminal_table_has_a_row_for_each_headline(numbers: Results) -> None:
    assert terminal.to_table(numbers).row_count == 2


def test_the_ceiling_is_that_of_the_first_metric(numbers: Results) -> None:
    first, second = tables.headlines(numbers)
    assert tables.ceiling(first.result, first.measure) == "0.990"
    assert tables.ceiling(second.result, second.measure) == tables.NONE


def test_several_pictures_show_the_spread_between_them(tmp_path: Path) -> None:
    (result,) = build(make(tmp_path / "run", prompts=6, samples=3)).benchmarks
    assert len(result.measures[0].seeds) == 3
    assert "±" in tables.spread(result.measures[0], 1)


def test_scores_of_other_settings_are_refused(tmp_path: Path) -> None:
    folder = make(tmp_path / "run", prompts=2, header={"settings": "other"})
    with pytest.raises(InputError, match="settings"):
        scored.read(folder)


def test_the_command_writes_everything_and_says_when_it_is_not_all(tmp_path: Path) -> None:
    whole = make(tmp_path / "whole", prompts=4)
    assert main(["evaluate", "report", str(whole)]) == 0
    assert {path.name for path in whole.glob("re*.*")} == {
        "report.html",
        "report.md",
        "results.json",
    }
    part = make(tmp_path / "part", prompts=4, missing=1)
    assert main(["evaluate", "report", str(part), "-o", str(tmp_path / "out")]) == 3
    assert (tmp_path / "out" / "report.html").is_file()
    assert main(["evaluate", "report", str(tmp_path)]) == 2


def test_two_runs_are_compared_prompt_by_prompt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = make(tmp_path / "first", prompts=40, share=0.5)
    second = make(tmp_path / "second", prompts=44, share=0.9, steps=50)
    words = ["evaluate", "compare", str(first), str(second)]
    assert main([*words, "--output", str(tmp_path / "compare.md")]) == 0
    shown = capsys.readouterr()
    assert "better" in shown.out and "steps: 25 -> 50" in shown.out
    assert "4 prompts are in one run only" in shown.err
    text = (tmp_path / "compare.md").read_text(encoding="utf-8")
    assert "| steps | 25 | 50 |" in text
    runs = scored.read(first), scored.read(second)
    found = comparing.compare(*runs, {"cvtg-2k": BENCHMARK}, {"cvtg-2k": CARD})
    (one,) = found.benchmarks
    assert (one.prompts, one.left_out) == (40, 4)
    assert one.changes[0].difference.above == 1.0
    back = comparing.compare(*runs[::-1], {"cvtg-2k": BENCHMARK}, {"cvtg-2k": CARD})
    assert back.benchmarks[0].changes[0].verdict == "worse"
    same = comparing.compare(runs[0], runs[0], {"cvtg-2k": BENCHMARK}, {"cvtg-2k": CARD})
    assert same.benchmarks[0].changes[0].verdict == "no clear change"


def test_runs_that_were_scored_otherwise_are_not_compared(tmp_path: Path) -> None:
    first = make(tmp_path / "first", prompts=4)
    other = {"reader": {"name": "paddleocr", "version": "2.10.0"}}
    second = make(tmp_path / "second", prompts=4, header=other)
    assert main(["evaluate", "compare", str(first), str(second)]) == 2


def test_grids_have_four_tiles_and_black_where_there_is_none(tmp_path: Path) -> None:
    folder = make(tmp_path / "run", name="dpg", prompts=2, samples=4, failed=1, side=40)
    manifest = folder / "manifest.jsonl"
    lines = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    from glm_image.evaluation.disk import sha256_of

    for line in lines:
        if line["file"]:
            line["sha256"] = sha256_of(folder / line["file"])
    text = "".join(json.dumps(line) + "\n" for line in lines)
    manifest.write_text(text, encoding="utf-8")
    words = ["evaluate", "grid", str(folder), "dpg", "-m", "ours", "-o", str(tmp_path / "grids")]
    assert main(words) == 3
    path = tmp_path / "grids" / "CVTG" / "3" / "ours" / "1.png"
    with Image.open(path) as grid:
        assert grid.size == (80, 80)
        assert grid.getpixel((79, 79)) == (0, 0, 0)
        assert grid.getpixel((1, 1)) != (0, 0, 0)
    run = RunFolder.open(folder)
    with pytest.raises(InputError, match="no grids"):
        tiling.export(run, BENCHMARK, tmp_path, "ours")
    with pytest.raises(InputError, match="model"):
        tiling.export(run, catalogue.get("dpg"), tmp_path, "../up")
    (folder / lines[0]["file"]).write_bytes(b"changed")
    assert main(words) != 3


@pytest.mark.parametrize("name", ["oneig-en", "oneig-zh"])
def test_grids_lie_where_the_authors_look(name: str) -> None:
    found = tiling.place(catalogue.get(name), "human/017", "ours")
    assert found.as_posix() == "human/ours/017.webp"
    with pytest.raises(InputError):
        tiling.place(catalogue.get(name), "../017", "ours")
