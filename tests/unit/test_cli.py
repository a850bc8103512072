"""The command line: what it prints where, what it leaves behind, and its exit codes."""

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PilImage

from glm_image.cli import output
from glm_image.cli.flags import FLAG_OF_FIELD, parse_bytes, parse_size
from glm_image.cli.main import main
from glm_image.errors import InputError
from glm_image.image.codec import read_parameters
from glm_image.pipeline.api import GlmImagePipeline

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def source(tmp_path: Path) -> str:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3))
    path = tmp_path / "source.png"
    PilImage.fromarray(noise.astype(np.uint8)).save(path)
    return str(path)


@pytest.fixture
def model(tiny_checkpoint: Path) -> list[str]:
    return ["--model", str(tiny_checkpoint), "--steps", "2", "--seed", "7", "--device", "cpu"]


def files(folder: Path) -> set[str]:
    """All files below a folder, hidden ones too."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# ------------------------------------------------------------------------- start-up


def python(code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from glm_image.cli.main import main\n"
        "code = main(['--help']) + main(['generate', '--help']) + main(['edit', '--help'])\n"
        "heavy = {'torch', 'numpy', 'PIL', 'transformers', 'diffusers'} & set(sys.modules)\n"
        "sys.exit(code or (str(heavy) if heavy else 0))\n"
    )
    assert "Usage" in python(code).stdout


def test_importing_the_package_imports_no_torch() -> None:
    code = "import sys, glm_image; dir(glm_image); sys.exit('torch' in sys.modules)"
    assert python(code).returncode == 0


def test_version(capsys: Capture) -> None:
    assert main(["--version"]) == 0
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", capsys.readouterr().out)


def test_without_arguments_there_is_help(capsys: Capture) -> None:
    assert main([]) in (0, 2)
    printed = capsys.readouterr()
    assert "generate" in printed.out + printed.err


# ------------------------------------------------------------------------- generate and edit


def test_generate_writes_one_file_and_prints_its_path(
    model: list[str], tmp_path: Path, capsys: Capture
) -> None:
    assert main(["generate", 'a sign "Hi"', *model, "--size", "90x50", "--guidance", "2"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "glm-image-7.png\n"
    assert "writing tokens" in printed.err
    assert "painting" in printed.err
    assert "note: 90x50 is generated as 96x64 and cropped" in printed.err
    with PilImage.open("glm-image-7.png") as image:
        assert image.size == (90, 50)
    record = read_parameters(tmp_path / "glm-image-7.png")
    expected = {
        "prompt": 'a sign "Hi"',
        "seed": 7,
        "height": 50,
        "width": 90,
        "num_inference_steps": 2,
        "guidance_scale": 2.0,
        "temperature": 0.9,
        "top_p": 0.75,
    }
    assert expected.items() <= record.items()


def test_edit_takes_several_pictures(model: list[str], source: str, capsys: Capture) -> None:
    arguments = ["edit", source, source, "put both together", *model, "--strength", "0.5"]
    assert main([*arguments, "--json", "-n", "2", "-o", "new/both.png"]) == 0
    printed = capsys.readouterr()
    record = json.loads(printed.out)
    assert [image["path"] for image in record["images"]] == ["new/both-1.png", "new/both-2.png"]
    assert record["seeds"] == [7, 8]
    assert record["images"][0]["sources"] == ["64x64", "64x64"]
    assert record["images"][0]["strength"] == 0.5
    assert record["timings"]["total"] > 0
    assert "painting" in printed.err
    assert files(Path("new")) == {"both-1.png", "both-2.png"}


def test_shell_and_python_make_the_same_picture(
    model: list[str], source: str, tiny_checkpoint: Path
) -> None:
    assert main(["edit", source, "a", *model, "-o", "a.png", "--temperature", "0", "-q"]) == 0
    pipeline = GlmImagePipeline.from_pretrained(tiny_checkpoint, device="cpu")
    result = pipeline("a", image=source, num_inference_steps=2, seed=7, temperature=0)
    with PilImage.open("a.png") as image:
        assert np.array_equal(image, result.images[0])


def test_quiet_prints_nothing_but_the_path(model: list[str], source: str, capsys: Capture) -> None:
    assert main(["edit", source, "a", *model, "--quiet", "-o", "a.png", "--size", "50"]) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("a.png\n", "")


def test_named_files_are_replaced_and_others_are_not(model: list[str], source: str) -> None:
    for _ in range(2):
        assert main(["edit", source, "a", *model, "-q", "-o", "named.png"]) == 0
        assert main(["edit", source, "a", *model, "-q", "-o", "folder/"]) == 0
    assert files(Path()) == {
        "source.png",
        "named.png",
        "folder/glm-image-7.png",
        "folder/glm-image-7-2.png",
    }


# ------------------------------------------------------------------------- failures

BAD = {
    "blank prompt": (["generate", " "], "PROMPT: it is blank"),
    "no steps": (["generate", "a", "--steps", "0"], "--steps: got 0"),
    "guidance": (["generate", "a", "--guidance", "-1"], "--guidance: got -1"),
    "nucleus": (["generate", "a", "--top-p", "2"], "--top-p: got 2"),
    "size": (["generate", "a", "--size", "10by10"], "--size: got '10by10'"),
    "size out of range": (["generate", "a", "--size", "4000x64"], "--size: got 4000x64"),
    "seed": (["generate", "a", "--seed", "-1"], "--seed: got -1"),
    "device": (["generate", "a", "--device", "gpu"], "--device: unknown device 'gpu'"),
    "dtype": (["generate", "a", "--dtype", "fp16"], "--dtype: float16 is refused"),
    "model": (["generate", "a", "--model", "nowhere/at/all"], "--model: nowhere/at/all is no"),
    "no such source": (["edit", "none.png", "a"], "IMAGE: none.png does not exist"),
    "strength": (["edit", "SOURCE", "a", "--strength", "0"], "--strength: got 0"),
    "file format": (["generate", "a", "-o", "a.jpg"], "--output: got 'a.jpg'"),
    "no folder": (["generate", "a", "-o", "/proc/none/a.png"], "--output: /proc/none cannot"),
    "unknown flag": (["generate", "a", "--stepz", "3"], "No such option"),
    "no number": (["generate", "a", "--steps", "x"], "--steps"),
    "unknown command": (["draw", "a"], "No such command"),
    "missing prompt": (["generate"], "Missing argument"),
    "sizes of files": (["convert", "MODEL", "new", "--shard-size", "5x"], "--shard-size: got"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_two_without_a_traceback(
    name: str, tiny_checkpoint: Path, source: str, capsys: Capture
) -> None:
    arguments, message = BAD[name]
    places = {"SOURCE": source, "MODEL": str(tiny_checkpoint)}
    arguments = [places.get(argument, argument) for argument in arguments]
    if arguments[0] in ("generate", "edit") and "--model" not in arguments:
        arguments += ["--model", str(tiny_checkpoint)]
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert "Traceback" not in printed.err
    assert files(Path()) == {"source.png"}


def test_request_is_checked_before_the_model_is_loaded(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def load(*_: object, **__: object) -> None:
        raise AssertionError("loaded")

    monkeypatch.setattr(GlmImagePipeline, "from_pretrained", load)
    for arguments in (["generate", " "], ["generate", "a", "--steps", "0"], ["edit", "x", "a"]):
        assert main(arguments) == 2


FAILURES: list[tuple[BaseException, int, str]] = [
    (OSError(errno.ENOSPC, "No space left on device"), 1, "No space left on device"),
    (MemoryError(), 1, "too little memory"),
    (KeyboardInterrupt(), 130, ""),
]


@pytest.mark.parametrize(("failure", "code", "message"), FAILURES)
def test_failures_end_with_a_code_and_no_traceback(
    failure: BaseException,
    code: int,
    message: str,
    model: list[str],
    source: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr("glm_image.pipeline.denoise.Denoising.step", fail)
    assert main(["edit", source, "a", *model]) == code
    printed = capsys.readouterr()
    assert message in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""
    assert files(Path()) == {"source.png"}


def test_full_disk_is_a_failure_and_leaves_no_half_file(
    model: list[str], source: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    Path("a.png").write_bytes(b"before")
    monkeypatch.setattr(os, "fsync", full)
    assert main(["edit", source, "a", *model, "-o", "a.png"]) == 1
    assert "a.png cannot be written: No space left on device" in capsys.readouterr().err
    assert files(Path()) == {"source.png", "a.png"}
    assert Path("a.png").read_bytes() == b"before"


def test_interrupted_while_writing_leaves_no_half_file(
    model: list[str], source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    assert main(["edit", source, "a", *model, "-o", "a.png"]) == 130
    assert files(Path()) == {"source.png"}


def test_without_a_bundled_model_the_way_out_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr("glm_image.pipeline.system.BUNDLED", "absent")
    assert main(["generate", "a"]) == 2
    printed = capsys.readouterr().err
    assert "--model: this installation holds no bundled model" in printed
    assert "zai-org/GLM-Image" in printed


# ------------------------------------------------------------------------- doctor and convert


def test_doctor_reads_the_model_without_loading_it(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def load(*_: object, **__: object) -> None:
        raise AssertionError("loaded")

    monkeypatch.setattr("glm_image.checkpoint.published.load", load)
    assert main(["doctor", "--model", str(tiny_checkpoint), "--device", "cpu", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["device"]["kind"] == "cpu"
    assert record["device"]["dtype"] == "float32"
    assert record["model"]["sides in pixels"] == "48 to 96"
    assert record["model"]["parameters"]["all"] == 636_227
    assert main(["doctor", "--model", str(tiny_checkpoint)]) == 0
    assert "default size: 64x64" in capsys.readouterr().out


def test_doctor_says_what_a_model_draws(tiny_checkpoint: Path, capsys: Capture) -> None:
    folder = Path("model")
    assert main(["convert", str(tiny_checkpoint), str(folder), "-q"]) == 0
    about = {"summary": "Shapes.", "draws": ["red circles", "no faces"], "examples": ["a circle"]}
    (folder / "about.json").write_text(json.dumps(about))
    capsys.readouterr()
    assert main(["doctor", "--model", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "summary: Shapes." in printed
    assert "- red circles" in printed
    (folder / "README.md").write_text("# A card\n")
    assert main(["convert", str(folder), "copy", "-q"]) == 0
    assert json.loads(Path("copy/about.json").read_text()) == about
    assert Path("copy/README.md").read_text() == "# A card\n"
    capsys.readouterr()
    (folder / "about.json").write_text(json.dumps({**about, "drawz": []}))
    assert main(["doctor", "--model", str(folder), "--json"]) == 1
    assert "drawz" in json.loads(capsys.readouterr().out)["model"]["problem"]


def test_doctor_without_a_model_still_shows_the_device(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr("glm_image.pipeline.system.BUNDLED", "absent")
    assert main(["doctor"]) == 1
    printed = capsys.readouterr().out
    assert "kind: " in printed
    assert "problem: this installation holds no bundled model" in printed


def test_convert_changes_dtype_and_file_size(tiny_checkpoint: Path, capsys: Capture) -> None:
    arguments = ["convert", str(tiny_checkpoint), "new", "--dtype", "fp32"]
    assert main([*arguments, "--shard-size", "300kb", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["path"] == "new"
    assert record["files"] == len(files(Path("new")))
    assert len(list(Path("new/vision_language_encoder").glob("model-*.safetensors"))) > 2
    assert main(["convert", str(tiny_checkpoint), "new"]) == 2
    assert "new is not empty" in capsys.readouterr().err
    assert main(["convert", "new", "new", "--overwrite", "--dtype", "bf16"]) == 0
    assert files(Path("new/vision_language_encoder")) >= {"model.safetensors"}
    first = GlmImagePipeline.from_pretrained(tiny_checkpoint, device="cpu", dtype="bfloat16")
    second = GlmImagePipeline.from_pretrained("new", device="cpu", dtype="bfloat16")
    for name, network in first.system.networks.items():
        stored = second.system.networks[name].state_dict()
        assert all((stored[key] == value).all() for key, value in network.state_dict().items())


# ------------------------------------------------------------------------- small parts


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1280x1024", (1024, 1280)),
        ("64", (64, 64)),
        (" 90X50 ", (50, 90)),
        ("90×50", (50, 90)),
        (None, (None, None)),
    ],
)
def test_size_is_width_first(text: str | None, size: tuple[int | None, int | None]) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "x", "10x", "x10", "-1x5", "1.5x2", "1x2x3", "1e3"])
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match="height, width"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "count"), [("5GB", 5 * 10**9), ("500 mb", 5 * 10**8), ("1.5g", 15 * 10**8), ("7", 7)]
)
def test_bytes(text: str, count: int) -> None:
    assert parse_bytes(text) == count


def test_fields_of_errors_are_spelled_as_flags() -> None:
    """Every flag that the table names is one of a command's."""
    from glm_image.cli.bench import bench
    from glm_image.cli.doctor import doctor
    from glm_image.cli.edit import edit
    from glm_image.cli.evaluate_generate import generate
    from glm_image.cli.flags import with_flags
    from glm_image.cli.keys import create
    from glm_image.cli.serve import serve
    from glm_image.cli.train_control import control

    known: set[Any] = {"--shard-size", "IMAGE", "PAIRS", "PROMPT"}
    hints: dict[str, Any] = {}
    for command in (edit, generate, doctor, bench, serve, create, control):
        hints |= with_flags(command).__annotations__
    for name, hint in hints.items():
        option = hint.__metadata__[0]
        known |= {f"--{name.replace('_', '-')}", option.default, *(option.param_decls or ())}
    assert set(FLAG_OF_FIELD.values()) <= known


def test_target_is_checked_without_touching_it(tmp_path: Path) -> None:
    output.check_target(str(tmp_path / "a.png"))
    output.check_target(str(tmp_path) + "/")
    output.check_target(None)
    assert files(tmp_path) == set()
