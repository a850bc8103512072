"""What is shipped, and what must not be."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from codebase import PACKAGE, ROOT, imported, modules, tracked

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PINS = dict(
    line.split("==")
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
)
HOSTS = {
    "arxiv.org",
    "cv.iptc.org",
    "github.com",
    "huggingface.co",
    "keepachangelog.com",
    "localhost:8000",
    "semver.org",
    "www.apache.org",
    "www.tc260.org.cn",
    "www.w3.org",
    "z.ai",
}
"""Hosts that pages and sources may name, some of them only as names of vocabularies."""

NOBODYS_HOST = re.compile(r"(.+\.)?example(:\d+)?|127\.0\.0\.1(:\d+)?|\{.*")
"""Names that are kept free for examples, this machine, and names that are put in later."""

MACHINE_PATH = re.compile(r"(?<![\w.~/-])/(?:wor[k]|roo[t]|hom[e]|Users|opt|tmp)/[\w.-]+")


def texts() -> dict[Path, str]:
    """Tracked files that are text."""
    paths = tracked()
    if paths is None:
        pytest.skip("not a checkout")
    found: dict[Path, str] = {}
    for path in paths:
        data = path.read_bytes()
        if b"\0" not in data[:8192] and path.suffix != ".safetensors":
            found[path.relative_to(ROOT)] = data.decode("utf-8")
    return found


def test_no_file_names_a_place_on_one_machine() -> None:
    hits = {str(path): MACHINE_PATH.findall(text) for path, text in texts().items()}
    assert not {path: found for path, found in hits.items() if found}


@pytest.mark.parametrize("path", ["/{}/main/x", "see /{}/me"])
def test_a_machine_path_is_found(path: str) -> None:
    assert MACHINE_PATH.search(path.format("wo" + "rk"))
    assert not MACHINE_PATH.search("frame/" + "work/x")


def test_no_file_names_a_host_that_may_change() -> None:
    """Package indexes above all: the machine's own settings name those."""
    shipped = {path: text for path, text in texts().items() if path.parts[0] != "tests"}
    for path, text in shipped.items():
        hosts = {urlsplit(url).netloc for url in re.findall(r"https?://[^\s<>\"'`)\]]+", text)}
        others = {host for host in hosts - HOSTS if not NOBODYS_HOST.fullmatch(host)}
        assert not others, f"{path}: {others}"


def test_everything_needed_is_pinned() -> None:
    names = {name.lower().replace("_", "-") for name in PINS}
    extras = PROJECT["project"]["optional-dependencies"].values()
    wanted = [*PROJECT["project"]["dependencies"], *(entry for one in extras for entry in one)]
    bare = {re.split(r"[\[<>=]", entry)[0].lower() for entry in wanted} - {"glm-image"}
    assert bare <= names
    assert PINS["torch"] == "2.13.0"
    assert all(re.fullmatch(r"[\d.]+((post|rc|b)\d+)?", version) for version in PINS.values())


def test_what_is_installed_here_is_what_is_pinned() -> None:
    """Every package that the pinned ones require is pinned too."""
    from importlib import metadata

    pins = {name.lower().replace("_", "-") for name in PINS}
    missing = set()
    for name in PINS:
        try:
            requires = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        for entry in requires:
            requirement, _, condition = entry.partition(";")
            bare = re.split(r"[\s\[<>=!~(]", requirement.strip())[0].lower().replace("_", "-")
            if not condition and bare not in pins:
                missing.add(f"{bare}, required by {name}")
    assert not missing


def test_tracked_data_matches_the_globs() -> None:
    paths = tracked()
    if paths is None:
        pytest.skip("not a checkout")
    globs = PROJECT["tool"]["setuptools"]["package-data"]["glm_image"]
    inside = [path.relative_to(PACKAGE).as_posix() for path in paths if PACKAGE in path.parents]
    data = [name for name in inside if not name.endswith(".py")]
    assert "py.typed" in data
    plain = [glob.replace("**/", "") for glob in globs]
    assert not [name for name in data if not any(fnmatchcase(name, glob) for glob in plain)]


def test_a_wheel_holds_code_data_and_licence(tmp_path: Path) -> None:
    """Built from a copy in which the bundled model is a few empty files."""
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, tmp_path)
    package = tmp_path / "src" / "glm_image"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__", "nano"))
    model = ["nano/model_index.json", "nano/vae/config.json", "nano/vae/weights.safetensors"]
    for name in model:
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).touch()
    build = "from setuptools import build_meta; print(build_meta.build_wheel('.'))"
    subprocess.run(
        [sys.executable, "-c", build], cwd=tmp_path, capture_output=True, check=True, text=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {f"glm_image/{module.name}" for module in modules()} | {"glm_image/py.typed"}
    assert not (expected | {f"glm_image/{name}" for name in model}) - names
    assert {name.rsplit("/", 1)[-1] for name in names} >= {"LICENSE", "NOTICE", "entry_points.txt"}
    assert not [name for name in names if "tests" in name or "__pycache__" in name]


def test_the_command_is_installed() -> None:
    entry = PROJECT["project"]["scripts"]["glm-image"]
    module, _, function = entry.partition(":")
    path = PACKAGE.parent / (module.replace(".", "/") + ".py")
    assert f"def {function}(" in path.read_text(encoding="utf-8")
    assert "typer" in {name for module in modules() for name in imported(module)}
