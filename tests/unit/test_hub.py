"""Where a checkpoint comes from."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from huggingface_hub.errors import LocalEntryNotFoundError, RepositoryNotFoundError

from glm_image.checkpoint import hub
from glm_image.errors import NotFoundError


def test_a_folder_is_itself(tmp_path: Path) -> None:
    assert hub.resolve(tmp_path) == tmp_path
    assert hub.resolve(str(tmp_path)) == tmp_path


@pytest.mark.parametrize("model", ["nothing", "/no/such/folder", "a/b/c", Path("org/name"), ""])
def test_neither_folder_nor_repository(model: str | Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        hub.resolve(model)
    assert caught.value.field == "model" and caught.value.hint


def test_hugging_face(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[Any] = []

    def fetch(name: str, *, revision: str | None, allow_patterns: list[str]) -> str:
        calls.append((name, revision))
        assert "*.safetensors" in allow_patterns
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
    assert hub.resolve("zai-org/GLM-Image", revision="main") == tmp_path
    assert calls == [("zai-org/GLM-Image", "main")]


class Unknown(RepositoryNotFoundError):
    """Made without the answer of a server."""

    def __init__(self) -> None:
        Exception.__init__(self, "no such repository")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (Unknown(), "neither a folder nor a repository"),
        (LocalEntryNotFoundError("offline"), "cannot be fetched"),
    ],
)
def test_hub_failures(monkeypatch: pytest.MonkeyPatch, error: Exception, message: str) -> None:
    def fail(*_args: object, **_options: object) -> str:
        raise error

    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    with pytest.raises(NotFoundError, match=message):
        hub.resolve("org/name")


def test_modelscope(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "modelscope", None)
    with pytest.raises(NotFoundError, match="library is not installed"):
        hub.resolve("modelscope:ZhipuAI/GLM-Image")
    library = ModuleType("modelscope")
    library.snapshot_download = lambda name, revision: str(tmp_path / name)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "modelscope", library)
    assert hub.resolve("modelscope:ZhipuAI/GLM-Image") == tmp_path / "ZhipuAI/GLM-Image"

    def fail(name: str, revision: str | None) -> str:
        raise ValueError("no such model")

    library.snapshot_download = fail  # type: ignore[attr-defined]
    with pytest.raises(NotFoundError, match="no such model"):
        hub.resolve("modelscope:ZhipuAI/GLM-Image")
