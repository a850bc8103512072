"""Descriptions of benchmarks, their subsets, and the check of the user's data."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from glm_image.errors import ConfigError, InputError, NotFoundError
from glm_image.evaluation import catalogue, data_folder
from glm_image.evaluation.benchmark import Benchmark, DataFile, Item
from glm_image.evaluation.data_folder import VARIABLE, CheckError
from glm_image.evaluation.disk import write_atomically

CONTENT = {"a/one.txt": b"one", "two.txt": b"two"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for benchmarks in which the data of one is complete."""
    for path, data in CONTENT.items():
        write_atomically(tmp_path / "cvtg-2k" / path, data)
    return tmp_path


def described(url: str = "") -> Benchmark:
    files = tuple(
        DataFile(
            path=path,
            bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            url=f"{url}/{path}" if url else "",
        )
        for path, data in CONTENT.items()
    )
    return replace(catalogue.get("cvtg-2k"), files=files)


# ------------------------------------------------------------------------- descriptions


def test_every_benchmark_is_described() -> None:
    assert catalogue.names() == (
        "cvtg-2k", "dpg", "dsg", "geneval", "longtext-en", "longtext-zh", "oneig-en", "oneig-zh",
        "posters", "tiif-test", "tiif-testmini",
    )  # fmt: skip
    for name in catalogue.names():
        benchmark = catalogue.get(name)
        assert benchmark.name == name
        assert benchmark.samples in (1, 4)
        assert ("{sample" in benchmark.layout) == (benchmark.samples > 1)
        assert all(len(file.sha256) == 64 and file.bytes > 0 for file in benchmark.files)
        assert catalogue.subsets(benchmark) == ("mini",)
        for ids in benchmark.minis.values():
            assert len(set(ids)) == len(ids)


def test_small_subsets_have_their_sizes() -> None:
    sizes = {
        name: len(catalogue.get(name).minis["mini"])
        for name in catalogue.names()
        if catalogue.get(name).minis
    }
    assert sizes == {
        "cvtg-2k": 48, "dpg": 48, "dsg": 40, "geneval": 24,
        "longtext-en": 16, "longtext-zh": 16, "posters": 48,
    }  # fmt: skip


def test_an_unknown_benchmark_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'cvtg-2k'"):
        catalogue.get("cvtg2k")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('title = "GenEval"', "", "missing field 'title'"),
        ("samples = 4", 'samples = "4"', "'samples' is '4', expected int"),
        ("samples = 4", "sampels = 4", "did you mean 'samples'"),
        ("samples = 4", "samples = ", "not TOML"),
        ("sha256 = ", "sha265 = ", "did you mean 'sha256'"),
        ("mini = [", "mini = 3\nmicro = [", "'minis.mini' is no list of ids"),
        ("[options.rules.mini]", "[extra]", "unknown field 'extra'"),
    ],
)
def test_a_damaged_description_is_refused(before: str, after: str, message: str) -> None:
    path = Path(catalogue.__file__).with_name("benchmarks") / "geneval.toml"
    text = path.read_text(encoding="utf-8")
    assert before in text
    with pytest.raises(ConfigError, match=message):
        catalogue.read(text.replace(before, after, 1), source="x.toml")


# ------------------------------------------------------------------------- subsets


def prompts() -> tuple[Item, ...]:
    return tuple(
        Item(id=f"{kind}{number}", prompt="x", tags={"kind": kind, "odd": str(number % 2)})
        for kind in "abc"
        for number in range(10)
    )


def test_subsets_are_chosen_by_hash_and_keep_the_order() -> None:
    benchmark = catalogue.get("geneval")
    ten = catalogue.subset(benchmark, prompts(), 10)
    twenty = catalogue.subset(benchmark, prompts(), 20)
    assert {item.id for item in ten} < {item.id for item in twenty}
    assert [item.id for item in twenty] == sorted(item.id for item in twenty)
    assert catalogue.subset(benchmark, prompts()[::-1], 10)[::-1] == ten
    assert catalogue.subset(benchmark, prompts(), 99) == prompts()
    assert catalogue.subset(benchmark, prompts(), None) == prompts()
    with pytest.raises(InputError, match="from 1"):
        catalogue.subset(benchmark, prompts(), 0)


def test_a_rule_chooses_within_cells() -> None:
    rule = catalogue.Rule(by=("kind",), each=2, where=("odd=1",))
    chosen = rule.choose("geneval", prompts())
    assert [id[0] for id in chosen] == ["a", "a", "b", "b", "c", "c"]
    assert all(int(id[1]) % 2 for id in chosen)
    assert rule.choose("dsg", prompts()) != chosen


def test_subsets_by_name() -> None:
    benchmark = replace(catalogue.get("geneval"), minis={"mini": ("b1", "a2")}, options={})
    assert [item.id for item in catalogue.subset(benchmark, prompts(), "mini")] == ["a2", "b1"]
    with pytest.raises(InputError, match="has no subset 'maxi'"):
        catalogue.subset(benchmark, prompts(), "maxi")
    unknown = replace(benchmark, minis={"mini": ("z9",)})
    with pytest.raises(ConfigError, match="z9"):
        catalogue.subset(unknown, prompts(), "mini")
    rules = {"rules": {"mini": {"by": ["kind"], "each": 1}}}
    ruled = replace(benchmark, minis={}, options=rules)
    assert len(catalogue.subset(ruled, prompts(), "mini")) == 3


def test_names_and_sizes_of_subsets() -> None:
    benchmark = catalogue.get("cvtg-2k")
    names = [catalogue.subset_name(choice) for choice in (None, 12, "mini")]
    assert names == [None, "limit:12", "mini"]
    assert [catalogue.size_of(benchmark, name) for name in names] == [2000, 12, 48]
    assert catalogue.size_of(benchmark, "limit:9999") == 2000
    assert catalogue.size_of(catalogue.get("oneig-en"), "mini") is None


def test_another_number_of_prompts_is_refused() -> None:
    with pytest.raises(InputError, match="280 prompts with 280 ids, expected 281"):
        catalogue.items(replace(catalogue.get("posters"), prompts=281))


# ------------------------------------------------------------------------- the user's data


def test_data_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    benchmark = described()
    assert data_folder.find(benchmark, folder) == folder / "cvtg-2k"
    assert data_folder.find(benchmark, folder / "cvtg-2k") == folder / "cvtg-2k"
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(NotFoundError, match="nobody said"):
        data_folder.find(benchmark)
    monkeypatch.setenv(VARIABLE, str(folder))
    assert data_folder.find(benchmark) == folder / "cvtg-2k"
    with pytest.raises(NotFoundError, match="does not exist"):
        data_folder.find(benchmark, folder / "cvtg-2k" / "a")
    assert data_folder.find(catalogue.get("posters")) == Path()


def test_good_data_passes(folder: Path) -> None:
    data_folder.check(described(), folder / "cvtg-2k")
    assert data_folder.count(described(), folder / "cvtg-2k") == 2


def test_missing_and_changed_files_are_all_listed(folder: Path) -> None:
    own = folder / "cvtg-2k"
    (own / "a/one.txt").unlink()
    (own / "two.txt").write_bytes(b"tow")
    with pytest.raises(CheckError) as caught:
        data_folder.check(described(), own)
    assert len(caught.value.problems) == 2
    assert "a/one.txt is missing" in str(caught.value)
    assert "two.txt has changed" in str(caught.value)
    (own / "two.txt").write_bytes(b"twofold")
    with pytest.raises(CheckError, match="7 bytes, expected 3"):
        data_folder.check(described(), own)
    assert data_folder.count(described(), own) == 1
    (own / "two.txt").unlink()
    with pytest.raises(CheckError, match="none of its 2 files is there"):
        data_folder.check(described(), own)


def test_changed_data_is_not_loaded(folder: Path) -> None:
    (folder / "cvtg-2k" / "two.txt").write_bytes(b"tow")
    with pytest.raises(CheckError, match="has changed"):
        catalogue.items(described(), folder)


def test_a_folder_of_texts_stands_for_its_file(tmp_path: Path) -> None:
    texts = {"10": "zehn\n", "2": "“zwei”", "partiprompts1": "one"}
    for name, text in texts.items():
        write_atomically(tmp_path / "prompts" / f"{name}.txt", text.encode())
    rows = [{"id": name, "prompt": text} for name, text in sorted(texts.items())]
    data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    file = DataFile(
        path="dpg_prompts.jsonl", bytes=len(data), sha256=hashlib.sha256(data).hexdigest()
    )
    benchmark = replace(catalogue.get("dpg"), files=(file,))
    assert data_folder.find(benchmark, tmp_path) == tmp_path
    data_folder.check(benchmark, tmp_path)
    assert data_folder.content(benchmark, tmp_path, file.path) == data
    packed = data_folder.digest(benchmark, tmp_path)
    write_atomically(tmp_path / file.path, data)
    assert data_folder.digest(benchmark, tmp_path) == packed
    (tmp_path / file.path).unlink()
    write_atomically(tmp_path / "prompts" / "2.txt", b"drei")
    with pytest.raises(CheckError, match="its texts have changed"):
        data_folder.check(benchmark, tmp_path)


# ------------------------------------------------------------------------- fetching


def test_missing_files_are_fetched(folder: Path, tmp_path: Path) -> None:
    benchmark = described((folder / "cvtg-2k").as_uri())
    target = tmp_path / "new"
    asked: list[str] = []
    write_atomically(target / "cvtg-2k" / "two.txt", b"two")
    data_folder.fetch(benchmark, target, lambda file: asked.append(file.path))
    assert asked == ["a/one.txt"]
    data_folder.check(benchmark, target / "cvtg-2k")


def test_what_is_not_the_file_is_not_kept(folder: Path, tmp_path: Path) -> None:
    benchmark = described((folder / "cvtg-2k").as_uri())
    (folder / "cvtg-2k" / "a/one.txt").write_bytes(b"something else")
    with pytest.raises(CheckError, match="is not the file that is described"):
        data_folder.fetch(benchmark, tmp_path / "new")
    assert not list((tmp_path / "new").rglob("*.txt"))
    (folder / "cvtg-2k" / "a/one.txt").unlink()
    with pytest.raises(NotFoundError, match="cannot be fetched"):
        data_folder.fetch(benchmark, tmp_path / "new")


def test_data_with_terms_is_not_fetched(tmp_path: Path) -> None:
    with pytest.raises(CheckError, match="CC BY-NC"):
        data_folder.fetch(catalogue.get("oneig-en"), tmp_path)
