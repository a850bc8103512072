"""Bounds that a caller meets, and what no answer gives away."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from asking import PATIENCE
from fake import FakeEngine, plain
from serving_rig import Rig, enveloped, running

from glm_image.serving.records import Failure
from glm_image.serving.schemas.base import JSON_DEPTH
from glm_image.serving.settings import Times

DRAW = "/v1/images/generations"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    broken = Failure(code="1234", kind="GlmImageError", message="the canvas tore")
    engine = FakeEngine(failures={"broken": broken})
    with running(tmp_path_factory.mktemp("limits"), engine=engine, keys=False) as one:
        yield one


@pytest.fixture
def http(rig: Rig) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=rig.url, timeout=PATIENCE) as one:
        yield one


@pytest.mark.parametrize(("path", "code"), [("/v1", "processing_error"), ("/paas/v4", "1230")])
def test_a_full_disk_is_told_and_forgotten(
    rig: Rig, http: httpx2.Client, monkeypatch: pytest.MonkeyPatch, path: str, code: str
) -> None:
    before = len(rig.engine.started)
    with monkeypatch.context() as full:
        full.setattr(rig.blobs, "_low_water", 2**62)
        answer = http.post(f"{path}/images/generations", json={"prompt": "a cat"})
        error = enveloped(answer, 503)
        assert (error["code"], error["param"]) == (code, "blobs")
        assert answer.headers["x-should-retry"] == "false"
        # Whoever only looks is not concerned.
        assert http.get("/api/jobs").status_code == 200
    assert len(rig.engine.started) == before
    assert http.post(f"{path}/images/generations", json={"prompt": "a cat"}).status_code == 200


@pytest.mark.parametrize("path", [DRAW, "/v1/chat/completions", "/api/jobs"])
def test_nesting_has_a_bound(http: httpx2.Client, path: str) -> None:
    deep = "[" * (JSON_DEPTH + 1) + "]" * (JSON_DEPTH + 1)
    body = f'{{"prompt": "a cat", "messages": [], "seed": {deep}}}'
    headers = {"Content-Type": "application/json"}
    assert enveloped(http.post(path, content=body, headers=headers), 400)
    far = "[" * 100_000 + "]" * 100_000
    body = f'{{"prompt": "a cat", "seed": {far}}}'
    assert enveloped(http.post(path, content=body, headers=headers), 400)


def test_lines_are_used_before_proxies_lose_patience() -> None:
    """Proxies close lines that are quiet for a minute, some earlier."""
    assert Times().keep_alive_seconds <= 15


def test_no_answer_names_a_folder(rig: Rig, http: httpx2.Client) -> None:
    picture = http.post(DRAW, json={"prompt": "a cat", "response_format": "url"}).json()
    kept = http.post("/api/uploads", files={"file": ("/etc/../a.png", plain(64, 64))}).json()
    job, one = picture["id"], picture["data"][0]["id"]
    answers = [
        http.get(path)
        for path in (
            "/readyz", "/openapi.json", "/v1/models", "/v1/files", f"/v1/async-result/{job}",
            "/api/jobs", f"/api/jobs/{job}", f"/api/jobs/{job}/events", "/api/images",
            f"/api/images/{one}", f"/api/uploads/{kept['id']}", "/files/%2e%2e%2f%2e%2e%2fpepper",
            "/files/%2e%2e/pepper", "/api/images/img_0", "/nowhere",
        )
    ]  # fmt: skip
    answers += [
        http.post(DRAW, json=body)
        for body in (
            {"prompt": "broken"},
            {"prompt": "a cat", "image": "file:///etc/passwd"},
            {"prompt": "a cat", "image": f"{rig.settings.data}/pepper"},
            {"prompt": "a cat", "image": kept["id"], "mask": "nothing"},
        )
    ]
    folders = {str(rig.settings.data), str(Path(__file__).parents[2]), "/etc"}
    for answer in answers:
        said = answer.text + json.dumps(dict(answer.headers))
        assert not [folder for folder in folders if folder in said], answer.url
