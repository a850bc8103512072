"""Scoring of run folders: resumption, refusals, processes, the command; readers are made up."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PIL import Image

from glm_image.cli.main import main
from glm_image.errors import InputError, ToolError
from glm_image.evaluation import catalogue, sample_file, scored
from glm_image.evaluation.benchmark import Benchmark, Item, Question
from glm_image.evaluation.ceiling import draw_run, settings
from glm_image.evaluation.judges.openai import Endpoint
from glm_image.evaluation.run_folder import BenchmarkRecord, ManifestLine, RunFolder
from glm_image.evaluation.scores import FAILED, MISSING, OK
from glm_image.evaluation.scoring import Scored, score_run
from glm_image.evaluation.tools import ToolChoice, Tools
from judge_server import says, serving

ITEMS = tuple(
    Item(
        id=f"CVTG/2/{number}",
        prompt=f"A sign '{word}'",
        tags={"subset": "CVTG", "regions": "2"},
        texts=(word,),
    )
    for number, word in enumerate(("OPEN", "SALE", "BREAD", "TAXI"))
)


@dataclass
class DarkReader:
    """Reads what a file says, and fails at pictures whose number of dark pixels it is told."""

    log: Path
    fails: int
    version: str
    name: str = "dark"

    def read(self, image: Image.Image) -> list[str]:
        dark = sum(image.convert("L").histogram()[:128])
        with self.log.open("a") as file:
            file.write(f"{dark}\n")
        if dark == self.fails:
            raise ToolError("too dark", field="reader")
        return ["open sale", "bread"]


@dataclass(frozen=True)
class Source:
    """Builds the reader; travels to other processes."""

    log: Path
    fails: int = -1
    version: str = "1"

    def build(self) -> Tools:
        return Tools(reader=DarkReader(log=self.log, fails=self.fails, version=self.version))

    def count(self) -> int:
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0

    def dark(self) -> list[int]:
        return [int(line) for line in self.log.read_text().splitlines()]


@pytest.fixture
def benchmark() -> Benchmark:
    return catalogue.get("cvtg-2k")


@pytest.fixture
def run(tmp_path: Path, benchmark: Benchmark) -> RunFolder:
    record = BenchmarkRecord(version=benchmark.version, data_sha256="", subset="limit:4")
    return draw_run(tmp_path / "run", benchmark, ITEMS, side=256, record=record)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(log=tmp_path / "log")


def samples_of(run: RunFolder) -> dict[sample_file.Key, float]:
    found = sample_file.read_samples(sample_file.samples_path(run.path, "cvtg-2k"))
    return {key: score.values["word_accuracy"].value for key, score in found.items()}


def test_all_is_scored_once(run: RunFolder, benchmark: Benchmark, source: Source) -> None:
    seen: list[tuple[int, int]] = []
    found = score_run(run, benchmark, ITEMS, source, on_picture=lambda *counts: seen.append(counts))
    assert found == Scored(new=4, kept=0, absent=0, unscored=())
    assert found.complete
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert list(samples_of(run).values()) == [1, 1, 1, 0]
    assert score_run(run, benchmark, ITEMS, source) == Scored(new=0, kept=4, absent=0, unscored=())
    assert source.count() == 4
    assert score_run(run, benchmark, ITEMS, source, fresh=True).new == 4


def test_a_run_goes_on_where_it_was_killed(
    run: RunFolder, benchmark: Benchmark, source: Source
) -> None:
    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_run(run, benchmark, ITEMS, source, on_picture=stop)
    path = sample_file.samples_path(run.path, benchmark.name)
    assert len(samples_of(run)) == 2
    with path.open("a") as file:
        file.write('{"item": "CVTG/2/2", "sam')
    assert score_run(run, benchmark, ITEMS, source) == Scored(new=2, kept=2, absent=0, unscored=())
    assert list(samples_of(run).values()) == [1, 1, 1, 0]


def test_two_processes_do_not_score_the_same(
    run: RunFolder, benchmark: Benchmark, source: Source
) -> None:
    refused: list[str] = []

    def second(done: int, total: int) -> None:
        with pytest.raises(InputError, match="another process is scoring") as caught:
            score_run(run, benchmark, ITEMS, source)
        refused.append(str(caught.value))

    assert score_run(run, benchmark, ITEMS, source, on_picture=second).new == 4
    assert len(refused) == 4
    assert score_run(run, benchmark, ITEMS, source).kept == 4


def test_what_a_reader_fails_at_is_not_scored(
    run: RunFolder, benchmark: Benchmark, source: Source
) -> None:
    score_run(run, benchmark, ITEMS, source)
    failing = replace(source, fails=source.dark()[1])
    found = score_run(run, benchmark, ITEMS, failing, fresh=True)
    assert (found.new, found.complete) == (3, False)
    (one,) = found.unscored
    assert (one.item, one.sample) == (ITEMS[1].id, 1)
    assert "too dark" in one.problem
    assert (ITEMS[1].id, 1) not in samples_of(run)
    assert score_run(run, benchmark, ITEMS, source) == Scored(new=1, kept=3, absent=0, unscored=())


def test_absent_pictures_count_as_nothing(
    run: RunFolder, benchmark: Benchmark, source: Source
) -> None:
    lines = run.lines(benchmark.name)
    run.append(replace(lines[ITEMS[0].id, 1], status=FAILED, error="boom", file="", sha256=""))
    more = (*ITEMS, replace(ITEMS[0], id="CVTG/2/99"))
    found = score_run(run, benchmark, more, source)
    assert found == Scored(new=3, kept=0, absent=2, unscored=())
    assert not found.complete
    scores = sample_file.read_samples(sample_file.samples_path(run.path, benchmark.name))
    statuses = [score.status for score in scores.values()]
    assert statuses == [FAILED, OK, OK, OK, MISSING]
    assert samples_of(run)[ITEMS[0].id, 1] == 0
    # A picture that is drawn after all is scored the next time.
    run.append(lines[ITEMS[0].id, 1])
    assert score_run(run, benchmark, more, source).new == 1


def test_other_pictures_are_refused(run: RunFolder, benchmark: Benchmark, source: Source) -> None:
    path = run.image_path(benchmark, ITEMS[1], 1)
    Image.new("RGB", (256, 256)).save(path)
    with pytest.raises(InputError, match="not the picture"):
        score_run(run, benchmark, ITEMS, source)
    path.unlink()
    with pytest.raises(InputError, match="not there"):
        score_run(run, benchmark, ITEMS, source)


def test_a_picture_that_was_drawn_anew_is_scored_anew(
    run: RunFolder, benchmark: Benchmark, source: Source
) -> None:
    score_run(run, benchmark, ITEMS, source)
    path = run.image_path(benchmark, ITEMS[1], 1)
    Image.new("RGB", (256, 256)).save(path)
    line: ManifestLine = run.lines(benchmark.name)[ITEMS[1].id, 1]
    run.append(replace(line, sha256=hashlib.sha256(path.read_bytes()).hexdigest()))
    assert score_run(run, benchmark, ITEMS, source) == Scored(new=1, kept=3, absent=0, unscored=())


def test_other_prompts_versions_and_benchmarks_are_refused(
    run: RunFolder, benchmark: Benchmark, source: Source
) -> None:
    with pytest.raises(InputError, match="another prompt"):
        score_run(run, benchmark, [replace(ITEMS[0], prompt="A cat")], source)
    with pytest.raises(InputError, match="version"):
        score_run(run, replace(benchmark, version=99), ITEMS, source)
    with pytest.raises(InputError, match="no pictures of dpg"):
        score_run(run, catalogue.get("dpg"), ITEMS, source)


def test_scores_by_different_instruments_do_not_mix(
    run: RunFolder, benchmark: Benchmark, source: Source
) -> None:
    score_run(run, benchmark, ITEMS, source)
    other = replace(source, version="2")
    with pytest.raises(InputError, match="other instruments"):
        score_run(run, benchmark, ITEMS, other)
    assert score_run(run, benchmark, ITEMS, other, fresh=True).new == 4


def test_nothing_can_be_measured_without_instruments(run: RunFolder, benchmark: Benchmark) -> None:
    class Empty:
        def build(self) -> Tools:
            return Tools()

    with pytest.raises(InputError, match="nothing of cvtg-2k"):
        score_run(run, benchmark, ITEMS, Empty())


def test_processes_score_the_same(run: RunFolder, benchmark: Benchmark, source: Source) -> None:
    score_run(run, benchmark, ITEMS, source)
    path = sample_file.samples_path(run.path, benchmark.name)
    alone = path.read_bytes()
    assert score_run(run, benchmark, ITEMS, source, workers=2, fresh=True).new == 4
    assert path.read_bytes() == alone
    with pytest.raises(InputError, match="at least one"):
        score_run(run, benchmark, ITEMS, source, workers=0, fresh=True)


def test_the_files_are_as_reports_expect(
    run: RunFolder, benchmark: Benchmark, source: Source
) -> None:
    score_run(run, benchmark, ITEMS, source)
    header = json.loads(sample_file.header_path(run.path, benchmark.name).read_text())
    assert header["schema"] == 1
    assert header["reader"] == {"name": "dark", "version": "1"}
    assert (header["official_reader"], header["items"], header["subset"]) == (False, 4, "limit:4")
    assert header["samples"] == 1
    assert header["settings"] == run.settings_hash
    found = scored.read(run.path).benchmarks["cvtg-2k"]
    assert [sample.item for sample in found.samples] == [item.id for item in ITEMS]
    assert found.samples[0].values["word_accuracy"].weight == 1
    assert found.samples[0].detail["hits"] == [True]
    assert found.samples[0].detail["prompt"] == ITEMS[0].prompt


def test_odd_characters_stay_in_one_line(tmp_path: Path) -> None:
    score = sample_file.SampleScore(
        item="a", sample=1, status=OK, tags={}, values={}, read=("a\u2028b\x85c\nd",)
    )
    sample_file.write_samples(tmp_path / "s.jsonl", [score, replace(score, sample=2)])
    assert len((tmp_path / "s.jsonl").read_text().splitlines()) == 2
    assert sample_file.read_samples(tmp_path / "s.jsonl")["a", 1] == score


def test_the_command_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("rapidocr")
    posters = catalogue.get("posters")
    run = RunFolder.create(tmp_path / "run", settings(256))
    run.add(posters, BenchmarkRecord(version=posters.version, data_sha256="", subset="limit:2"))
    code = main(["evaluate", "score", str(run.path), "--workers", "1", "--json"])
    assert code == 3
    found = json.loads(capsys.readouterr().out)
    assert found == {
        "posters": {"new": 0, "kept": 0, "absent": 2, "unscored": [], "complete": False}
    }
    assert main(["evaluate", "score", str(run.path), "--benchmark", "posterz"]) == 2
    assert "posters" in capsys.readouterr().err
    assert main(["evaluate", "score", str(run.path), "--judge-url", "http://localhost/v1"]) == 2
    assert "--judge-model" in capsys.readouterr().err


def test_a_judge_is_asked_again_only_where_it_failed(tmp_path: Path) -> None:
    dsg = catalogue.get("dsg")
    questions = tuple(
        Question(number=number, text=f"{text}?", parents=above)
        for number, text, above in ((1, "A dog", ()), (2, "A red dog", (1,)))
    )
    items = [
        Item(id=name, prompt="p", texts=(name,), tags={"source": "s"}, questions=questions)
        for name in ("one", "two", "three")
    ]
    record = BenchmarkRecord(version=dsg.version, data_sha256="", subset=None)
    run = draw_run(tmp_path / "run", dsg, items, side=256, record=record)
    with serving() as server:
        endpoint = Endpoint(url=server.url, model="tiny-vl", pause=0.001)
        choice = ToolChoice(reader="none", judge=endpoint, cache=tmp_path / "answers")
        server.script = [says("Yes"), says("No"), (500, "busy"), says("Yes"), (400, "broken")]
        found = score_run(run, dsg, items, choice)
        # The second picture loses its second question, the third its first.
        assert [one.item for one in found.unscored] == ["two", "three"]
        assert found.new == 1
        server.script = [says("Yes")]
        asked = len(server.seen)
        assert score_run(run, dsg, items, choice).new == 2
        assert len(server.seen) == asked + 3
        assert score_run(run, dsg, items, choice, fresh=True).new == 3
        assert len(server.seen) == asked + 3
    scores = sample_file.read_samples(sample_file.samples_path(run.path, dsg.name))
    assert [one.values["question_score"].value for one in scores.values()] == [0.5, 1, 1]
    header = sample_file.read_header(sample_file.header_path(run.path, dsg.name))
    assert (header.reader, header.official_judge) == (None, True)
