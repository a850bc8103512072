"""The whole service with the bundled model: every way out gives pictures, and all are labelled."""

import base64
import io
import json
import os
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fake import masked, plain
from PIL import Image
from real_service import PATIENCE, is_ready, service, wait_for

from glm_image.serving import labels
from glm_image.serving.records import OutputFormat

pytestmark = pytest.mark.slow

SMALL = {"prompt": "a big red circle in the center", "size": "192x192", "steps": 2}


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    with service(tmp_path_factory.mktemp("bundled")) as (_, url):
        wait_for(lambda: is_ready(url))
        with httpx2.Client(base_url=url, timeout=PATIENCE) as client:
            yield client


def check(data: bytes, kind: str = "png") -> labels.Label:
    """A picture of the asked kind that says what it is."""
    assert OutputFormat(kind).mime.split("/")[1] == Image.open(io.BytesIO(data)).format.lower()  # type: ignore[union-attr]
    label = labels.read(data)
    assert label.hidden is not None
    assert label.hidden.produce_id.startswith("job_")
    assert label.parameters is not None
    return label


def answered(response: httpx2.Response) -> Any:
    assert response.status_code in (200, 201, 202), response.text
    return response.json()


def test_base64_and_addresses(http: httpx2.Client) -> None:
    body = {**SMALL, "n": 2, "seed": 5, "response_format": "b64_json", "output_format": "webp"}
    data = answered(http.post("/v1/images/generations", json=body))["data"]
    files = [base64.b64decode(one["b64_json"]) for one in data]
    assert [dict(check(one, "webp").parameters or {})["seed"] for one in files] == [5, 6]
    body = {**SMALL, "seed": 5, "response_format": "url"}
    for prefix in ("/v1", "/api/paas/v4", "/paas/v4"):
        (one,) = answered(http.post(f"{prefix}/images/generations", json=body))["data"]
        check(httpx2.get(one["url"]).content)


def test_an_edit_with_a_mask(http: httpx2.Client) -> None:
    source = plain(192, 192, 255)
    files = {"image": ("a.png", source), "mask": ("m.png", masked(192, 192))}
    fields = {
        "prompt": "make the circle blue", "steps": "2", "size": "192x192",
        "watermark_enabled": "false",
    }  # fmt: skip
    (one,) = answered(http.post("/v1/images/edits", data=fields, files=files))["data"]
    data = base64.b64decode(one["b64_json"])
    check(data)
    assert Image.open(io.BytesIO(data)).convert("RGB").getpixel((180, 96)) == (255, 0, 128)


def test_an_asynchronous_job(http: httpx2.Client) -> None:
    task = answered(http.post("/api/paas/v4/async/images/generations", json=SMALL))
    path = f"/api/paas/v4/async-result/{task['id']}"
    wait_for(lambda: answered(http.get(path))["task_status"] != "PROCESSING")
    (one,) = answered(http.get(path))["image_result"]
    check(httpx2.get(one["url"]).content)


def test_a_stream_with_previews(http: httpx2.Client) -> None:
    body = {**SMALL, "steps": 3, "stream": True, "partial_images": 1}
    events = []
    with http.stream("POST", "/v1/images/generations", json=body) as response:
        assert response.status_code == 200
        for line in response.iter_lines():
            if line.startswith("data: {"):
                events.append(json.loads(line.removeprefix("data: ")))
    kinds = [event["type"] for event in events]
    assert kinds == ["image_generation.partial_image", "image_generation.completed"]
    check(base64.b64decode(events[-1]["b64_json"]))
    assert labels.read(base64.b64decode(events[0]["b64_json"])).hidden is not None


def test_a_job_of_our_own_and_its_files(http: httpx2.Client) -> None:
    job = answered(http.post("/api/jobs", json={**SMALL, "n": 2, "strip_prompt": True}))
    path = f"/api/jobs/{job['id']}"
    wait_for(lambda: answered(http.get(path))["state"] == "succeeded")
    pictures = answered(http.get(path))["pictures"]
    ids = [one["id"] for one in pictures]
    archive = http.post("/api/images/zip", json={"ids": ids})
    with zipfile.ZipFile(io.BytesIO(archive.content)) as bundle:
        found = [bundle.read(name) for name in bundle.namelist()]
    assert len(found) == 2
    for data in found:
        assert "prompt" not in dict(check(data).parameters or {})
    told = http.get(f"{path}/events").text
    assert "succeeded" in told
    assert told.count("event: picture") == 2


def test_a_picture_by_chat(http: httpx2.Client) -> None:
    body = {
        "model": "glm-image",
        "messages": [{"role": "user", "content": "a small blue star at the top"}],
        "size": "192x192",
        "steps": 2,
    }
    answer = answered(http.post("/v1/chat/completions", json=body))
    text = answer["choices"][0]["message"]["content"]
    check(httpx2.get(text.partition("(")[2].rstrip(")")).content)


def test_an_edit_of_a_labelled_picture_is_that_of_one_without(http: httpx2.Client) -> None:
    edited = []
    for visible in (True, False):
        fields = {**SMALL, "seed": 3, "watermark_enabled": visible}
        (one,) = answered(http.post("/v1/images/generations", json=fields))["data"]
        asked = {
            **SMALL, "prompt": "make the circle blue", "seed": 4, "image": one["id"],
            "watermark_enabled": False, "response_format": "b64_json",
        }  # fmt: skip
        (two,) = answered(http.post("/v1/images/generations", json=asked))["data"]
        edited.append(Image.open(io.BytesIO(base64.b64decode(two["b64_json"]))).convert("RGB"))
    assert edited[0].tobytes() == edited[1].tobytes()


def test_what_is_served(http: httpx2.Client) -> None:
    (model,) = answered(http.get("/v1/models"))["data"]
    assert model["id"] == "glm-image"
    figures = http.get("/metrics").text
    assert 'glm_image_worker_up{worker="glm-image-0"} 1.0' in figures
    assert 'glm_image_stage_seconds_count{model="glm-image",stage="decoder"}' in figures


@pytest.mark.parametrize("stage", ["write", "paint"])
def test_a_killed_worker_costs_the_caller_only_time(http: httpx2.Client, stage: str) -> None:
    job = answered(http.post("/api/jobs", json={**SMALL, "steps": 30}))
    path = f"/api/jobs/{job['id']}"
    wait_for(lambda: answered(http.get(path))["stage"] == stage)
    figures = http.get("/metrics").text
    pid = worker_of(http)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: answered(http.get(path))["state"] in ("succeeded", "failed"))
    done = answered(http.get(path))
    assert (done["state"], done["attempt"]) == ("succeeded", 2)
    (one,) = done["pictures"]
    check(httpx2.get(one["url"]).content)
    after = http.get("/metrics").text
    assert (reused(after) - reused(figures) == 1) == (stage == "paint")


def reused(figures: str) -> float:
    """Pictures whose codes were not written again."""
    for line in figures.splitlines():
        if line.startswith("glm_image_codes_reused_total{"):
            return float(line.split()[-1])
    return 0.0


def worker_of(http: httpx2.Client) -> int:
    """The engine process of the service that was started here."""
    own = os.getpid()
    for parent in children(own):
        for child in children(parent):
            command = Path(f"/proc/{child}/cmdline").read_bytes()
            if b"glm_image.serving.worker" in command:
                return child
    raise AssertionError("there is no worker")


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]
