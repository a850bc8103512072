"""Values that were measured elsewhere: read strictly, added to pictures, never mixed with ours."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from glm_image.errors import InputError, NotFoundError
from glm_image.evaluation import catalogue, sample_file, statistics
from glm_image.evaluation.benchmark import Item, Question
from glm_image.evaluation.ceiling import draw_run
from glm_image.evaluation.measured import Measurements
from glm_image.evaluation.run_folder import BenchmarkRecord
from glm_image.evaluation.scorers.registry import scorer_of
from glm_image.evaluation.scoring import score_run
from glm_image.evaluation.tools import ToolChoice, Tools

BENCHMARK = catalogue.get("oneig-en")


def line(item: str = "anime/000", sample: int = 1, **values: object) -> str:
    record = {"benchmark": "oneig-en", "item": item, "sample": sample, "values": values}
    return json.dumps(record) + "\n"


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "measured.jsonl"
    path.write_text("".join(lines), encoding="utf-8")
    return path


def test_values_are_found_by_picture(tmp_path: Path) -> None:
    path = written(tmp_path, line(style=0.25), "\n", line(sample=2, style=0.5, diversity=1))
    found = Measurements.from_file(path)
    assert {n: v.value for n, v in found.of("oneig-en", "anime/000", 2).items()} == {
        "style": 0.5,
        "diversity": 1,
    }
    assert found.of("oneig-en", "anime/000", 3) == {}
    assert found.of("oneig-zh", "anime/000", 1) == {}
    other = Measurements.from_file(written(tmp_path, line(style=0.26)))
    assert other.version != found.version


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        (line(style="high"), "no finite number"),
        (line(style=True), "no finite number"),
        (line(style=float("nan")), "no finite number"),
        (line(sample=0, style=1), "no picture's values"),
        (line(), "no picture's values"),
        (json.dumps({"item": "a", "values": {}}), "other fields"),
        (line(style=0.1) + line(style=0.2), "stands there twice"),
    ],
)
def test_damaged_lines_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Measurements.from_file(written(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"none\.jsonl"):
        Measurements.from_file(tmp_path / "none.jsonl")


def test_only_what_a_benchmark_takes_from_outside_is_accepted(tmp_path: Path) -> None:
    card = scorer_of(BENCHMARK).scorecard(BENCHMARK)
    good = Measurements.from_file(written(tmp_path, line(style=0.2)))
    good.check("oneig-en", card)
    for name in ("alignment", "stile"):
        bad = Measurements.from_file(written(tmp_path, line(**{name: 0.2})))
        with pytest.raises(InputError, match=f"takes no '{name}'"):
            bad.check("oneig-en", card)
        bad.check("cvtg-2k", card)


@dataclass(frozen=True)
class Source:
    """Only what was measured elsewhere."""

    path: Path

    def build(self) -> Tools:
        return Tools(measured=Measurements.from_file(self.path))


def test_the_five_scores_and_their_mean(tmp_path: Path) -> None:
    tags = ("anime", "text", "reasoning")
    items = [
        Item(
            id=f"{tag}/000",
            prompt=tag,
            tags={"category": tag},
            texts=("OPEN",),
            questions=(Question(number=1, text="?"),) if tag == "anime" else (),
        )
        for tag in tags
    ]
    record = BenchmarkRecord(version=BENCHMARK.version, data_sha256="", subset="limit:3")
    run = draw_run(tmp_path / "run", BENCHMARK, items, side=256, record=record)
    path = written(
        tmp_path,
        line("anime/000", 1, style=0.4, diversity=0.2),
        line("reasoning/000", 1, reasoning=0.3, diversity=0.4),
    )
    score_run(run, BENCHMARK, items, Source(path))
    samples = sample_file.read_samples(sample_file.samples_path(run.path, "oneig-en")).values()
    card = scorer_of(BENCHMARK).scorecard(BENCHMARK)
    found = statistics.evaluate(card, list(samples), draws=2)
    values = {name: figure.value for name, figure in found.items()}
    assert values == pytest.approx({"reasoning": 0.3, "style": 0.4, "diversity": 0.3})
    header = sample_file.read_header(sample_file.header_path(run.path, "oneig-en"))
    assert header.measured is not None
    assert header.measured.version == Measurements.from_file(path).version


def test_the_mean_needs_all_five() -> None:
    card = scorer_of(BENCHMARK).scorecard(BENCHMARK)
    overall = next(metric for metric in card.metrics if metric.name == "overall")
    assert overall.of == ("alignment", "text", "reasoning", "style", "diversity")
    assert overall.formula is not None
    # The published row of GLM-Image.
    assert round(float(overall.formula(0.805, 0.969, 0.298, 0.353, 0.213)), 3) == 0.528


def test_the_choice_of_tools_reads_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, line(style=0.2))
    tools = ToolChoice(reader="none", measured=path).build()
    assert tools.measured is not None
    assert tools.measured.of("oneig-en", "anime/000", 1)["style"].value == 0.2
