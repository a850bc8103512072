"""The commands on a checkpoint of CogView4."""

import json
from pathlib import Path

import pytest
from PIL import Image as PilImage

import tiny_cogview4
from glm_image.cli.main import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_cogview4.build(tmp_path_factory.mktemp("cogview4") / "tiny")


def test_generate_draws(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "a.png"
    words = ["generate", "a fox", "--model", str(folder), "--steps", "2", "--seed", "3"]
    words += ["--negative", "dull", "--size", "96x64", "-o", str(target), "--json", "-q"]
    assert main(words) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["seeds"] == [3]
    assert record["images"][0]["negative_prompt"] == "dull"
    with PilImage.open(target) as drawn:
        assert drawn.size == (96, 64)


def test_edit_starts_from_a_picture(folder: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    PilImage.new("RGB", (64, 64), "red").save(source)
    words = ["edit", str(source), "a fox", "--model", str(folder), "--steps", "4", "-q"]
    assert main([*words, "--strength", "0.5", "-o", str(target)]) == 0
    assert target.is_file()


def test_doctor_counts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--model", str(folder), "--device", "cpu"]) == 0
    printed = capsys.readouterr().out
    assert "weights of text encoder" in printed
    assert "sides in pixels: 32 to 128" in printed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--temperature", "0.5", "--top-p", "0.9"],
            "--temperature, --top-p: CogView4 has nothing",
        ),
        (["--quotes", "smart"], "--quotes: CogView4 has nothing"),
        (["--size", "70x64"], "--size: got 70x64"),
        (["--dtype", "fp16"], "--dtype: float16 is refused"),
        (["--lora", "a.safetensors=x"], "--lora: got"),
    ],
)
def test_flags_without_a_meaning_are_refused(
    words: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "a", "--model", str(folder), "-q", *words]) == 2
    assert message in capsys.readouterr().err


def test_pictures_are_checked_before_the_weights_are_read(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fill(*_: object, **__: object) -> None:
        raise AssertionError("read")

    monkeypatch.setattr("glm_image.checkpoint.holdings.fill", fill)
    control = tiny_cogview4.build(tmp_path / "control", control=True)
    drawn = tmp_path / "in.png"
    PilImage.new("RGB", (96, 64), "red").save(drawn)
    for words, message in (
        (["--model", str(folder), "--size", "512"], "--size: got 512x512"),
        (["--model", str(folder), "--control", str(drawn)], "--control: this model takes none"),
        (["--model", str(control)], "--control: it is missing"),
        (["--model", str(control), "--control", str(drawn), "--size", "64"], "96x64"),
    ):
        assert main(["generate", "a", "-q", *words]) == 2
        assert message in capsys.readouterr().err


def test_two_pictures_are_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "in.png"
    PilImage.new("RGB", (64, 64), "red").save(source)
    assert main(["edit", str(source), str(source), "a", "--model", str(folder), "-q"]) == 2
    assert "takes no references" in capsys.readouterr().err


def test_flags_of_the_other_model_are_refused(
    tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["generate", "a", "--model", str(tiny_checkpoint), "-q", "--negative", "x", "--compat"]
    assert main(words) == 2
    assert "--negative, --compat: GLM-Image has nothing" in capsys.readouterr().err
