"""The whole service with a checkpoint of CogView4 in its worker."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from fake import plain
from PIL import Image
from real_service import PATIENCE, is_ready, service, wait_for

import tiny_cogview4
from glm_image.pipeline.cogview4_api import CogView4Pipeline
from glm_image.serving import labels

pytestmark = pytest.mark.slow

SMALL = {"prompt": "a fox", "model": "cog", "steps": 2, "seed": 5, "watermark_enabled": False}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_cogview4.build(tmp_path_factory.mktemp("cogview4") / "tiny")


@pytest.fixture(scope="module")
def http(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    flags = ("--model", f"cog={folder}", "--device", "cpu")
    with service(tmp_path_factory.mktemp("service"), *flags) as (_, url):
        wait_for(lambda: is_ready(url))
        with httpx2.Client(base_url=url, timeout=PATIENCE) as client:
            yield client


def answered(response: httpx2.Response) -> Any:
    assert response.status_code in (200, 201), response.text
    return response.json()


def test_it_is_listed(http: httpx2.Client) -> None:
    (model,) = answered(http.get("/v1/models"))["data"]
    assert (model["id"], model["default_size"], model["max_sources"]) == ("cog", "64x64", 1)
    assert "temperature" in model["refused"]


def test_pictures_are_those_of_the_pipeline(http: httpx2.Client, folder: Path) -> None:
    body = {**SMALL, "n": 2, "size": "96x64", "guidance": 3.5, "response_format": "b64_json"}
    data = answered(http.post("/v1/images/generations", json=body))["data"]
    files = [base64.b64decode(one["b64_json"]) for one in data]
    alone = CogView4Pipeline.from_pretrained(folder, device="cpu")(
        "a fox", height=64, width=96, num_inference_steps=2, guidance_scale=3.5, seed=5,
        num_images=2,
    )  # fmt: skip
    for file, image in zip(files, alone.images, strict=True):
        drawn = np.asarray(Image.open(io.BytesIO(file))).astype(int)
        assert np.abs(drawn - np.asarray(image).astype(int)).max() <= 1
        label = labels.read(file)
        assert label.hidden is not None
        assert "temperature" not in dict(label.parameters or {})


def test_an_edit_and_a_stream(http: httpx2.Client) -> None:
    fields = {name: str(value) for name, value in {**SMALL, "strength": 0.5}.items()}
    files = {"image": ("a.png", plain(64, 64))}
    (one,) = answered(http.post("/v1/images/edits", data=fields, files=files))["data"]
    assert Image.open(io.BytesIO(base64.b64decode(one["b64_json"]))).size == (64, 64)
    # Enough steps behind the partial picture: one that the whole picture overtakes is not sent.
    body = {**SMALL, "steps": 200, "stream": True, "partial_images": 1}
    with http.stream("POST", "/v1/images/generations", json=body) as response:
        told = "".join(response.iter_text())
    assert told.count("image_generation.partial_image") >= 1
    assert "image_generation.completed" in told


@pytest.mark.parametrize("prefix", ["/v1", "/api/paas/v4"])
@pytest.mark.parametrize(
    ("fields", "name"), [({"temperature": 0.9}, "temperature"), ({"size": "128x128"}, "size")]
)
def test_what_it_cannot_do_is_refused_at_once(
    prefix: str, fields: dict[str, Any], name: str, http: httpx2.Client
) -> None:
    answer = http.post(f"{prefix}/images/generations", json={**SMALL, **fields})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, name)
    if name == "size":
        assert "the nearest is 128x64" in answer.text
