"""Runs on disk: what is drawn once is kept, what is lost is drawn again, nothing is mixed."""

import errno
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

import stalling_worker
from glm_image.errors import CancelledError, ConfigError, InputError, NotFoundError
from glm_image.evaluation import generating
from glm_image.evaluation.generating import Shard, generate, plan
from glm_image.evaluation.run_description import Asked, describe
from glm_image.evaluation.run_folder import MANIFEST_FILE, RUN_FILE, ManifestLine, RunFolder, merge
from glm_image.evaluation.run_settings import RunSettings
from glm_image.evaluation.seeds import seed_of
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.types import Size
from sample_benchmark import BENCHMARK, RECORD, SETTINGS, begin, digests, items

PICTURES = 10


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Sums of several threads can differ in their last bit from process to process."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def plain_pipeline(tiny_checkpoint: Path) -> GlmImagePipeline:
    """Runs by the same plan in every process, which the fastest plan does not promise."""
    return GlmImagePipeline.from_pretrained(
        tiny_checkpoint, device="cpu", dtype="float32", plan="plain"
    )


@pytest.fixture(scope="module")
def whole(
    one_thread: None,
    tmp_path_factory: pytest.TempPathFactory,
    plain_pipeline: GlmImagePipeline,
    tiny_checkpoint: Path,
) -> RunFolder:
    """A finished run; tests must not change it."""
    run = begin(tmp_path_factory.mktemp("runs") / "whole", tiny_checkpoint)
    outcome = generate(plain_pipeline, BENCHMARK, items(), run)
    assert (outcome.kept, outcome.made, outcome.failed) == (0, PICTURES, 0)
    return run


# ------------------------------------------------------------------------- seeds


def test_seeds_are_known_and_differ() -> None:
    """Frozen values: a change of them changes the pictures of every benchmark."""
    assert seed_of(0, "cvtg-2k", "CVTG/2/0", 1) == 16_678_533_186_675_571_874
    seeds = {
        seed_of(base, name, item, sample)
        for base in (0, 1)
        for name in ("a", "ab")
        for item in ("bc", "c")
        for sample in (1, 2)
    }
    assert len(seeds) == 16
    assert all(0 <= seed < 2**64 for seed in seeds)
    with pytest.raises(InputError, match="samples count from 1"):
        seed_of(0, "a", "b", 0)


# ------------------------------------------------------------------------- drawing


def test_a_run_says_what_it_made(whole: RunFolder) -> None:
    lines = whole.lines(BENCHMARK.name)
    assert len(lines) == PICTURES
    line = lines["a/3", 2]
    assert line.file == "images/sample/draw/a/3_2.png"
    assert (line.status, line.error, line.texts) == ("ok", "", ("N3",))
    assert line.seed == seed_of(3, "sample", "a/3", 2)
    with Image.open(whole.check(line)) as picture:
        assert picture.size == (96, 64) == (line.width, line.height)
    assert len(set(digests(whole).values())) == PICTURES
    content = json.loads((whole.path / RUN_FILE).read_text(encoding="utf-8"))
    assert content["schema"] == 1
    assert content["settings_hash"] == whole.settings_hash
    assert content["benchmarks"] == {
        "sample": {"version": 1, "data_sha256": "0" * 64, "subset": None}
    }


def test_a_finished_run_is_not_drawn_again(whole: RunFolder) -> None:
    assert plan(BENCHMARK, items(), RunFolder.open(whole.path)) == ([], PICTURES)


def test_subsets_and_order_do_not_change_pictures(
    tmp_path: Path, whole: RunFolder, plain_pipeline: GlmImagePipeline, tiny_checkpoint: Path
) -> None:
    run = begin(tmp_path, tiny_checkpoint)
    generate(plain_pipeline, BENCHMARK, items()[:1:-1], run)
    some = digests(run)
    assert len(some) == 6
    assert some.items() <= digests(whole).items()


def test_batches_give_the_same_pictures_up_to_rounding(
    tmp_path: Path, whole: RunFolder, plain_pipeline: GlmImagePipeline, tiny_checkpoint: Path
) -> None:
    run = begin(tmp_path, tiny_checkpoint)
    outcome = generate(plain_pipeline, BENCHMARK, items(), run, batch=4)
    assert outcome.made == PICTURES
    for key, line in run.lines(BENCHMARK.name).items():
        with (
            Image.open(run.check(line)) as one,
            Image.open(whole.check(whole.lines(BENCHMARK.name)[key])) as other,
        ):
            difference = max(
                abs(a - b) for a, b in zip(one.tobytes(), other.tobytes(), strict=True)
            )
        assert difference <= 1


def test_a_picture_that_cannot_be_drawn_is_noted_and_tried_again(
    tmp_path: Path, plain_pipeline: GlmImagePipeline, tiny_checkpoint: Path
) -> None:
    good, bad = items()[0], replace(items()[1], size=(4096, 64))
    run = begin(tmp_path, tiny_checkpoint)
    outcome = generate(plain_pipeline, BENCHMARK, [bad, good], run, batch=2)
    assert (outcome.made, outcome.failed, outcome.is_complete) == (2, 2, False)
    line = run.lines(BENCHMARK.name)[bad.id, 1]
    assert line.status == "failed"
    assert "4096" in line.error
    assert (line.file, line.sha256) == ("", "")
    jobs, kept = plan(BENCHMARK, [bad, good], run)
    assert [job.item.id for job in jobs] == [bad.id, bad.id]
    assert kept == 2


def test_one_of_a_batch_that_fails_does_not_take_the_others_along(
    tmp_path: Path, plain_pipeline: GlmImagePipeline, tiny_checkpoint: Path
) -> None:
    blank = replace(items()[1], prompt=" ")
    run = begin(tmp_path, tiny_checkpoint)
    outcome = generate(plain_pipeline, BENCHMARK, [items()[0], blank, items()[2]], run, batch=6)
    assert (outcome.made, outcome.failed) == (4, 2)


def test_another_pipeline_is_refused(
    tmp_path: Path, plain_pipeline: GlmImagePipeline, tiny_checkpoint: Path
) -> None:
    run = begin(tmp_path, tiny_checkpoint.with_name("other"))
    with pytest.raises(InputError, match="other on cpu"):
        generate(plain_pipeline, BENCHMARK, items(), run)
    with pytest.raises(InputError, match="batch"):
        generate(plain_pipeline, BENCHMARK, items(), run, batch=0)


# ------------------------------------------------------------------------- interruptions


def test_a_killed_run_goes_on_to_the_same_pictures(
    tmp_path: Path, whole: RunFolder, plain_pipeline: GlmImagePipeline, tiny_checkpoint: Path
) -> None:
    worker = subprocess.Popen(
        [sys.executable, stalling_worker.__file__, str(tmp_path), str(tiny_checkpoint), "3"],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(Path(stalling_worker.__file__).parent), "OMP_NUM_THREADS": "1"},
    )
    with worker:
        assert worker.stdout is not None
        assert worker.stdout.readline().strip() == stalling_worker.STALLED
        worker.send_signal(signal.SIGKILL)
    assert worker.returncode == -signal.SIGKILL
    assert len(list(tmp_path.rglob("*.part"))) == 1

    run = begin(tmp_path, tiny_checkpoint)
    assert len(run.lines(BENCHMARK.name)) == 3
    outcome = generate(plain_pipeline, BENCHMARK, items(), run)
    assert (outcome.kept, outcome.made) == (3, PICTURES - 3)
    assert digests(run) == digests(whole)
    assert not list(tmp_path.rglob("*.part"))


def test_lost_and_changed_pictures_are_drawn_again(
    tmp_path: Path, whole: RunFolder, plain_pipeline: GlmImagePipeline, tiny_checkpoint: Path
) -> None:
    run = begin(tmp_path, tiny_checkpoint)
    generate(plain_pipeline, BENCHMARK, items()[:2], run)
    lines = run.lines(BENCHMARK.name)
    run.check(lines["a/0", 1]).unlink()
    changed = run.check(lines["a/1", 2])
    data = bytearray(changed.read_bytes())
    data[-20] ^= 1
    changed.write_bytes(data)
    with pytest.raises(InputError, match="not the picture that was made"):
        run.check(lines["a/1", 2])
    outcome = generate(plain_pipeline, BENCHMARK, items()[:2], run)
    assert (outcome.kept, outcome.made) == (2, 2)
    assert digests(run).items() <= digests(whole).items()


def test_a_line_cut_off_by_a_crash_is_forgotten(
    tmp_path: Path, plain_pipeline: GlmImagePipeline, tiny_checkpoint: Path
) -> None:
    run = begin(tmp_path, tiny_checkpoint)
    generate(plain_pipeline, BENCHMARK, items()[:1], run)
    manifest = tmp_path / MANIFEST_FILE
    manifest.write_bytes(manifest.read_bytes()[:-30])
    assert len(run.lines(BENCHMARK.name)) == 1
    again = begin(tmp_path, tiny_checkpoint)
    assert generate(plain_pipeline, BENCHMARK, items()[:1], again).made == 1
    assert len(again.manifest()) == 2


def test_a_damaged_line_is_an_error(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, SETTINGS)
    (tmp_path / MANIFEST_FILE).write_text('{"benchmark": "x"}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"manifest\.jsonl:1: missing field"):
        run.manifest()
    (tmp_path / MANIFEST_FILE).write_text("{\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="not JSON"):
        run.manifest()


def test_a_full_disk_ends_the_run_and_leaves_it_good(
    tmp_path: Path,
    plain_pipeline: GlmImagePipeline,
    tiny_checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = begin(tmp_path, tiny_checkpoint)
    write = generating.write_atomically

    def write_one(path: Path, data: bytes) -> None:
        if path.name == "0_2.png":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(generating, "write_atomically", write_one)
        with pytest.raises(OSError, match="No space"):
            generate(plain_pipeline, BENCHMARK, items()[:1], run)
    assert list(digests(run)) == [("a/0", 1)]
    assert generate(plain_pipeline, BENCHMARK, items()[:1], run).made == 1


def test_a_cancelled_run_notes_no_failure(
    tmp_path: Path, plain_pipeline: GlmImagePipeline, tiny_checkpoint: Path
) -> None:
    run = begin(tmp_path, tiny_checkpoint)

    def stop(line: ManifestLine) -> None:
        raise CancelledError("enough")

    with pytest.raises(CancelledError):
        generate(plain_pipeline, BENCHMARK, items(), run, on_item=stop)
    assert len(digests(run)) == 1


# ------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 2}, "steps: 1, now 2"),
        ({"base_seed": 4}, "base_seed: 3, now 4"),
        ({"quotes": "compat"}, "quotes: 'smart', now 'compat'"),
        ({"versions": {"python": "4"}}, "versions"),
    ],
)
def test_other_settings_need_another_folder(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    RunFolder.create(tmp_path, SETTINGS)
    assert RunFolder.create(tmp_path, SETTINGS).settings == SETTINGS
    with pytest.raises(InputError, match=message):
        RunFolder.create(tmp_path, replace(SETTINGS, **change))  # type: ignore[arg-type]


def test_other_data_needs_another_folder(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, SETTINGS)
    run.add(BENCHMARK, replace(RECORD, subset="mini"))
    run.add(BENCHMARK, RECORD)
    assert RunFolder.open(tmp_path).benchmarks == {"sample": RECORD}
    with pytest.raises(InputError, match="other data"):
        run.add(BENCHMARK, replace(RECORD, data_sha256="1" * 64))


def test_two_processes_may_add_benchmarks_to_one_run(tmp_path: Path) -> None:
    first, second = (RunFolder.create(tmp_path, SETTINGS) for _ in range(2))
    first.add(BENCHMARK, RECORD)
    second.add(replace(BENCHMARK, name="other"), RECORD)
    assert set(RunFolder.open(tmp_path).benchmarks) == {"sample", "other"}


def test_settings_survive_the_disk_and_damage_is_named(tmp_path: Path) -> None:
    RunFolder.create(tmp_path, SETTINGS)
    assert RunFolder.open(tmp_path).settings == SETTINGS
    path = tmp_path / RUN_FILE
    good = path.read_text(encoding="utf-8")
    for bad, message in (
        ("{", "damaged"),
        ("[]", "damaged"),
        (good.replace('"schema": 1', '"schema": 9'), "schema 9"),
        (good.replace('"steps"', '"stepps"'), "did you mean 'steps'"),
        (good.replace('"python": "3"', '"python": 3'), "versions"),
    ):
        path.write_text(bad, encoding="utf-8")
        with pytest.raises(ConfigError, match=message):
            RunFolder.open(tmp_path)
    with pytest.raises(NotFoundError, match="holds no run"):
        RunFolder.open(tmp_path / "nothing")


def test_a_picture_cannot_lie_outside_of_the_run(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, SETTINGS)
    with pytest.raises(InputError, match="leads out"):
        run.image_path(BENCHMARK, replace(items()[0], id="../../x"), 1)


def test_a_run_is_described(plain_pipeline: GlmImagePipeline, tiny_checkpoint: Path) -> None:
    asked = Asked(model=tiny_checkpoint, steps=3, base_seed=9, size=Size(64, 96))
    settings = describe(plain_pipeline, asked)
    assert (settings.height, settings.width, settings.steps, settings.base_seed) == (64, 96, 3, 9)
    assert (settings.temperature, settings.top_p, settings.guidance) == (0.9, 0.75, 1.5)
    assert (settings.model, settings.device) == (str(tiny_checkpoint), "cpu")
    assert set(settings.versions) >= {"python", "torch", "glm-image"}
    assert settings.digest != describe(plain_pipeline, replace(asked, quotes="compat")).digest
    again = RunSettings.from_json(settings.to_json(), source="x")
    assert (again, again.digest) == (settings, settings.digest)
    with pytest.raises(InputError, match="pixels a side"):
        describe(plain_pipeline, replace(asked, size=Size(4096, 64)))


def test_weights_have_a_digest(plain_pipeline: GlmImagePipeline, tiny_checkpoint: Path) -> None:
    first = describe(plain_pipeline, Asked(model=tiny_checkpoint)).weights_sha256
    bundled = describe(plain_pipeline, Asked(model=None)).weights_sha256
    assert len(first) == 64 == len(bundled)
    assert first != bundled


# ------------------------------------------------------------------------- shards


def test_merged_shards_are_the_whole(
    tmp_path: Path, whole: RunFolder, plain_pipeline: GlmImagePipeline, tiny_checkpoint: Path
) -> None:
    parts = [tmp_path / "1", tmp_path / "2"]
    for number, part in enumerate(parts, start=1):
        shard = Shard(number=number, count=2)
        run = begin(part, tiny_checkpoint)
        outcome = generate(plain_pipeline, BENCHMARK, items(), run, shard=shard)
        assert outcome.made == (6, 4)[number - 1]
    merged = merge(parts, tmp_path / "merged")
    assert digests(merged) == digests(whole)
    assert merged.benchmarks == whole.benchmarks
    assert len(merge(parts, tmp_path / "merged").manifest()) == PICTURES
    assert plan(BENCHMARK, items(), merged) == ([], PICTURES)


def test_only_equal_runs_are_merged(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there are no runs"):
        merge([], tmp_path / "m")
    first = RunFolder.create(tmp_path / "a", SETTINGS)
    second = RunFolder.create(tmp_path / "b", replace(SETTINGS, steps=2))
    with pytest.raises(InputError, match="steps: 1, now 2"):
        merge([first.path, second.path], tmp_path / "m")
    third = RunFolder.create(tmp_path / "c", SETTINGS)
    first.add(BENCHMARK, RECORD)
    third.add(BENCHMARK, replace(RECORD, subset="mini"))
    with pytest.raises(InputError, match="another subset"):
        merge([first.path, third.path], tmp_path / "n")


def test_contradicting_and_damaged_pictures_are_not_merged(
    tmp_path: Path, plain_pipeline: GlmImagePipeline, tiny_checkpoint: Path
) -> None:
    runs = [begin(tmp_path / name, tiny_checkpoint) for name in "ab"]
    for run, prompt in zip(runs, ("one", "two"), strict=True):
        generate(plain_pipeline, BENCHMARK, [replace(items()[0], prompt=prompt)], run)
    with pytest.raises(InputError, match="is not the picture in"):
        merge([run.path for run in runs], tmp_path / "merged")
    picture = runs[0].check(runs[0].lines("sample")["a/0", 1])
    picture.write_bytes(b"")
    with pytest.raises(InputError, match="missing or is not"):
        merge([runs[0].path], tmp_path / "other")


@pytest.mark.parametrize(("number", "count"), [(0, 2), (3, 2), (1, 0)])
def test_shards_that_do_not_exist_are_refused(number: int, count: int) -> None:
    with pytest.raises(InputError, match="1/4"):
        Shard(number=number, count=count)
