"""A model without codes behind the same calls: what it is asked, what it refuses, what it draws."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from asking import drawing
from fake import CARD, FakeEngine, masked, plain
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from serving_rig import Rig, running
from test_worker_model import Listener

import tiny_cogview4
from glm_image.errors import ConfigError
from glm_image.image.size_rule import SizeRule
from glm_image.pipeline.cogview4_api import CogView4Pipeline
from glm_image.serving.labels import read
from glm_image.serving.sizes import PictureSize, like, nearest
from glm_image.serving.worker.card import fingerprint
from glm_image.serving.worker.easel import Easel
from glm_image.serving.worker.protocol import (
    Done,
    Error,
    Load,
    Preview,
    Result,
    Step,
    Submit,
    Token,
    Tokens,
)
from glm_image.serving.worker.scribe import Scribe
from glm_image.types import Size

COG = replace(
    CARD,
    name="cog",
    default_width=1024,
    default_height=1024,
    min_side=512,
    max_pixels=2**21,
    max_sources=1,
    temperature=None,
    top_p=None,
    refused=("temperature", "top_p", "top_k", "layout_seed", "mask"),
)
PUBLISHED = SizeRule(side=1024)


# ------------------------------------------------------------------------- what may be asked


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    engine = FakeEngine(models=(CARD, COG))
    with running(tmp_path_factory.mktemp("both"), engine=engine, keys=False) as one:
        yield one


@pytest.fixture(scope="module")
def http(rig: Rig) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=rig.url, timeout=30) as client:
        yield client


FACES = ("/v1/images/generations", "/api/paas/v4/images/generations", "/api/jobs")


@pytest.mark.parametrize("path", FACES)
@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"temperature": 0.5}, "temperature"),
        ({"top_p": 0.5, "top_k": 3}, "top_p, top_k"),
        ({"layout_seed": 4}, "layout_seed"),
    ],
)
def test_fields_that_mean_nothing_are_refused_by_their_names(
    http: httpx2.Client, path: str, fields: dict[str, Any], name: str
) -> None:
    asked = {"prompt": "a cat", **fields}
    refused = http.post(path, json={**asked, "model": "cog"})
    assert refused.status_code == 400, refused.text
    error = refused.json()["error"]
    assert (error["param"], "cog has nothing" in error["message"]) == (name, True)
    assert http.post(path, json={**asked, "model": "glm-image"}).status_code in (200, 201)


def test_a_mask_and_a_second_source_are_refused(http: httpx2.Client) -> None:
    picture = ("a.png", plain(512, 512))
    fields = {"prompt": "a cat", "model": "cog"}
    mask = {"image": picture, "mask": ("m.png", masked(512, 512))}
    answer = http.post("/v1/images/edits", data=fields, files=mask)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "mask")
    two = [("image[]", picture), ("image[]", picture)]
    answer = http.post("/v1/images/edits", data=fields, files=two)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "image")


@pytest.mark.parametrize("path", FACES[:2])
@pytest.mark.parametrize("size", ["2048x2048", "500x1024", "4096x512", "1000x1000"])
def test_sizes_outside_the_rule_name_the_nearest(http: httpx2.Client, path: str, size: str) -> None:
    answer = http.post(path, json={"prompt": "a cat", "model": "cog", "size": size})
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, "size")
    width, height = map(int, size.split("x"))
    legal = PUBLISHED.nearest(Size(height, width))
    assert f"{legal.width}x{legal.height}" in answer.text
    assert "2097152 pixels" in error["message"]


def test_an_edit_has_the_aspect_of_its_source_in_a_legal_size(
    rig: Rig, http: httpx2.Client
) -> None:
    files = {"image": ("a.png", plain(2000, 2000))}
    fields = {"prompt": "a cat", "model": "cog", "strength": "0.4"}
    answer = http.post("/v1/images/edits", data=fields, files=files)
    assert answer.status_code == 200, answer.text
    asked = rig.store.job(answer.json()["id"], None).drawing
    assert (asked.width, asked.height, asked.strength) == (1440, 1440, 0.4)


sides = st.integers(1, 20_000)


@given(sides, sides)
def test_whatever_is_proposed_is_legal(width: int, height: int) -> None:
    asked = PictureSize(width=width, height=height)
    for found in (nearest(asked, COG), like(asked, COG)):
        assert PUBLISHED.allows(Size(found.height, found.width))


def test_both_models_are_listed_with_what_they_take(http: httpx2.Client) -> None:
    glm, cog = http.get("/v1/models").json()["data"]
    assert (glm["id"], glm["refused"], glm["max_pixels"]) == ("glm-image", [], None)
    assert (cog["id"], cog["temperature"], cog["max_pixels"]) == ("cog", None, 2**21)
    assert cog["refused"] == list(COG.refused)
    assert cog["default_size"] == "1024x1024"


# ------------------------------------------------------------------------- what is drawn


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_cogview4.build(tmp_path_factory.mktemp("cogview4") / "tiny")


@pytest.fixture(scope="module")
def said() -> Listener:
    return Listener()


@pytest.fixture(scope="module")
def easel(folder: Path, said: Listener) -> Iterator[Easel]:
    one = Easel(Load(name="cog", source=str(folder), device="cpu"), said.frames.put)
    yield one
    one.close()


@pytest.fixture(scope="module")
def pipe(folder: Path) -> CogView4Pipeline:
    return CogView4Pipeline.from_pretrained(folder, device="cpu")


_NUMBERS = iter(range(1, 1000))


def ask(easel: Easel, said: Listener, files: tuple[bytes, ...] = (), **changes: Any) -> list[Any]:
    number = next(_NUMBERS)
    asked = drawing(model="cog", visible_label=False, **{"steps": 3, "guidance": 3.5, **changes})
    easel.submit(number, Submit(job_id="job_1", created=0.0, drawing=asked, sources=files))
    return said.order(number)


def pixels(words: list[Any]) -> list[np.ndarray]:
    found = sorted((w for w in words if isinstance(w, Result)), key=lambda w: w.index)
    return [np.asarray(Image.open(io.BytesIO(word.image))).astype(int) for word in found]


def test_the_card_says_what_the_model_takes(easel: Easel, folder: Path) -> None:
    card = easel.card
    assert (card.name, card.digest) == ("cog", fingerprint(folder))
    assert (card.min_side, card.max_side, card.max_pixels) == (32, 128, 2 * 64**2)
    assert (card.steps, card.guidance, card.max_sources) == (50, 5.0, 1)
    assert card.temperature is card.top_p is None
    assert card.refused == COG.refused


def test_an_order_is_drawn_as_the_pipeline_draws(
    easel: Easel, said: Listener, pipe: CogView4Pipeline
) -> None:
    words = ask(easel, said, prompt="a fox", seeds=(7, 8), width=96, previews=1)
    kinds = {type(word) for word in words}
    assert kinds == {Step, Preview, Result, Done}
    assert not kinds & {Token, Tokens}
    alone = pipe(
        "a fox", height=64, width=96, num_inference_steps=3, guidance_scale=3.5, seed=[7, 8],
        num_images=2,
    )  # fmt: skip
    for drawn, image in zip(pixels(words), alone.images, strict=True):
        assert np.abs(drawn - np.asarray(image).astype(int)).max() <= 1
    (first, _) = [word for word in words if isinstance(word, Result)]
    made = dict(read(first.image).parameters or {})
    assert (made["seed"], made["model"], made["guidance_scale"]) == (7, "cog", 3.5)
    assert not {"temperature", "top_p", "layout_seed"} & set(made)


@pytest.mark.parametrize("strength", [None, 0.3])
def test_an_edit_starts_from_its_picture(
    strength: float | None, easel: Easel, said: Listener, pipe: CogView4Pipeline
) -> None:
    source = plain(64, 64, 200)
    words = ask(easel, said, (source,), sources=("a",), strength=strength, steps=10)
    alone = pipe(
        "a red circle", image=source, strength=strength, num_inference_steps=10,
        guidance_scale=3.5, seed=1,
    )  # fmt: skip
    (drawn,) = pixels(words)
    assert np.abs(drawn - np.asarray(alone.images[0]).astype(int)).max() <= 1
    (done,) = {word.total for word in words if isinstance(word, Step)}
    assert done == (6 if strength is None else 3)


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"width": 2048}, "height, width"), ({"steps": 5000}, "num_inference_steps")],
)
def test_what_cannot_be_drawn_is_said(
    changes: dict[str, Any], field: str, easel: Easel, said: Listener
) -> None:
    (word,) = ask(easel, said, **changes)
    assert isinstance(word, Error)
    assert (word.failure.code, word.failure.field) == ("1214", field)


def test_a_control_checkpoint_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    folder = tiny_cogview4.build(tmp_path / "control", control=True)
    for file in folder.rglob("*.safetensors"):
        file.unlink()
    with pytest.raises(ConfigError, match="control picture"):
        Easel(Load(name="x", source=str(folder), device="cpu"), lambda frame: None)


def test_nothing_is_written_apart_from_its_picture(folder: Path) -> None:
    with pytest.raises(ConfigError, match="no codes") as refused:
        Scribe(Load(name="x", source=str(folder), device="cpu"), lambda frame: None)
    assert refused.value.hint == "serve it without --ray"
