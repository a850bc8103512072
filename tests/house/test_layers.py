"""Imports point downward, and what is imported is no more than what is needed."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from codebase import PACKAGE, ROOT, imported, modules, read

ORACLES = {"transformers", "diffusers", "accelerate"}

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the contract of ``folder/pyproject.toml`` on the package in ``folder``."""
    return subprocess.run(
        [sys.executable, "-P", "-c", LINT, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package's source and its contract in a folder of their own."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    ignore = shutil.ignore_patterns("__pycache__", "nano")
    shutil.copytree(PACKAGE, tmp_path / "glm_image", ignore=ignore)
    return tmp_path


def test_imports_point_downward(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 kept, 0 broken" in result.stdout


@pytest.mark.parametrize(
    ("importer", "imported_module"),
    [
        ("models/glm.py", "glm_image.pipeline.api"),
        ("layers/norm.py", "glm_image.tokenizer.text"),
        ("errors.py", "glm_image.config"),
    ],
    ids=["upward", "sideways", "at the bottom"],
)
def test_a_wrong_import_is_found(copy: Path, importer: str, imported_module: str) -> None:
    with (copy / "glm_image" / importer).open("a", encoding="utf-8") as file:
        file.write(f"\n\ndef late() -> None:\n    import {imported_module}\n")
    result = lint(copy)
    assert result.returncode == 1
    assert imported_module in result.stdout


def test_a_folder_without_a_place_is_found(copy: Path) -> None:
    (copy / "glm_image" / "utils").mkdir()
    (copy / "glm_image" / "utils" / "__init__.py").touch()
    assert lint(copy).returncode == 1


def test_the_package_never_imports_its_oracles() -> None:
    offenders = {module.name: imported(module) & ORACLES for module in modules()}
    assert not {name: found for name, found in offenders.items() if found}


@pytest.mark.parametrize(
    "text",
    [
        "import diffusers.models",
        "from transformers import T5Config",
        "def late():\n    import importlib\n    importlib.import_module('transformers')",
    ],
)
def test_every_kind_of_import_is_seen(text: str) -> None:
    assert imported(read(PACKAGE / "x.py", text)) & ORACLES


def test_everything_imported_is_declared() -> None:
    """Third-party imports are dependencies, extras, or found missing with a message."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    ours = ("train", "evaluate", "serve", "label", "scale", "traces")
    declared = [*project["dependencies"], *(entry for name in ours for entry in extras[name])]
    names = {
        entry.split("[")[0].split(">")[0].split("=")[0].replace("-", "_") for entry in declared
    }
    # Parts of what is declared, and a package whose module has another name.
    names |= {"anyio", "starlette", "pydantic", "h11", "c2pa", "opentelemetry"}
    optional = {"modelscope", "paddleocr"}
    known = names | optional | {"glm_image", "PIL", *sys.stdlib_module_names}
    strangers = {module.name: imported(module) - known for module in modules()}
    assert not {name: found for name, found in strangers.items() if found}


HEAVY = ("torch", "transformers", "diffusers", "numpy", "PIL", "huggingface_hub")


@pytest.mark.parametrize(
    "statement",
    ["import glm_image", "from glm_image.cli.main import main; assert main(['--help']) == 0"],
    ids=["import glm_image", "glm-image --help"],
)
def test_starting_up_is_light(statement: str) -> None:
    report = f"import sys; {statement}; print(*[n for n in {HEAVY} if n in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1:] in ([], [""]), result.stdout


def test_public_names_arrive_on_first_use() -> None:
    statement = "import glm_image; glm_image.GlmImagePipeline.from_pretrained"
    report = f"import sys; {statement}; print('torch' in sys.modules, 'diffusers' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == ["True", "False"]
