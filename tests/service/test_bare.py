"""Edits start from what lies beneath a visible label, and nobody else ever sees that."""

import base64
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from asking import PATIENCE
from fake import plain
from PIL import Image
from serving_rig import Rig, client, running

from glm_image.serving import bare
from glm_image.serving.blobs import Blobs
from glm_image.serving.garbage import collect

SIZE = "128x128"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running(tmp_path_factory.mktemp("bare")) as one:
        yield one


@pytest.fixture(scope="module")
def owner(rig: Rig) -> Iterator[httpx2.Client]:
    with client(rig) as one:
        one.timeout = httpx2.Timeout(PATIENCE)
        yield one


def drawn(http: httpx2.Client, **fields: Any) -> dict[str, Any]:
    body = {"prompt": "a cat", "size": SIZE, "seed": 5, "response_format": "url", **fields}
    answer = http.post("/v1/images/generations", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"][0])


def pixels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def source_of(rig: Rig) -> np.ndarray:
    """What the painter got to work on."""
    (source,) = rig.engine.inputs[-1].sources
    return pixels(source)


BARE = pixels(plain(128, 128, 5))


@pytest.mark.parametrize(
    ("way", "kind"),
    [
        ("id", "png"),
        ("address", "jpeg"),
        ("base64", "webp"),
        ("form", "png"),
        ("upload", "jpeg"),
        ("chat", "webp"),
    ],
)
def test_an_edit_starts_from_the_picture_without_its_label(
    rig: Rig, owner: httpx2.Client, way: str, kind: str
) -> None:
    picture = drawn(owner, output_format=kind)
    shown = httpx2.get(picture["url"], timeout=PATIENCE).content
    assert np.abs(pixels(shown) - BARE).max() > 50
    text = base64.b64encode(shown).decode()
    if way == "form":
        files = {"image": ("a.png", shown)}
        answer = owner.post("/v1/images/edits", data={"prompt": "bluer"}, files=files)
        assert answer.status_code == 200, answer.text
    elif way == "chat":
        part = {"type": "image_url", "image_url": {"url": text}}
        said = [{"role": "user", "content": [{"type": "text", "text": "bluer"}, part]}]
        assert owner.post("/v1/chat/completions", json={"messages": said}).status_code == 200
    elif way == "upload":
        kept = owner.post("/api/uploads", files={"file": ("a.png", shown)}).json()["id"]
        content = owner.get(f"/v1/files/{kept}/content").content
        # What is given out again is what came.
        assert (pixels(content) == pixels(shown)).all()
        drawn(owner, image=kept, size="auto")
    else:
        named = {"id": picture["id"], "address": picture["url"], "base64": text}[way]
        drawn(owner, image=named, size="auto")
    assert (source_of(rig) == BARE).all()


def test_a_picture_without_a_label_is_its_own_source(rig: Rig, owner: httpx2.Client) -> None:
    picture = drawn(owner, watermark_enabled=False)
    drawn(owner, image=picture["id"])
    unlabelled = source_of(rig)
    drawn(owner, image=drawn(owner)["id"])
    assert (source_of(rig) == unlabelled).all()
    assert rig.store.job(owner.get("/api/jobs").json()["data"][0]["id"], None).drawing.parents


def test_others_edit_what_they_were_given(rig: Rig, owner: httpx2.Client) -> None:
    picture = drawn(owner)
    shown = httpx2.get(picture["url"], timeout=PATIENCE).content
    with client(rig) as other:
        other.timeout = httpx2.Timeout(PATIENCE)
        for named in (picture["url"], base64.b64encode(shown).decode()):
            drawn(other, image=named, size="auto")
            assert (source_of(rig) == pixels(shown)).all()


def test_no_answer_holds_the_picture_without_its_label(rig: Rig, owner: httpx2.Client) -> None:
    picture = drawn(owner, prompt="a secret", seed=6)
    secret = pixels(plain(128, 128, 6))
    place = picture["url"].partition("/files/")[2]
    beside = place.replace(".png", f".{bare.SUFFIX}")
    assert beside != place
    assert owner.get(f"/files/{beside}").status_code == 403
    drawn(owner, image=picture["id"], prompt="the same again", seed=7)
    ids = [one["id"] for one in owner.get("/api/images").json()["data"]]
    for one in ids:
        url = owner.get(f"/api/images/{one}").json()["url"]
        shown = pixels(httpx2.get(url, timeout=PATIENCE).content)
        assert shown.shape != secret.shape or np.abs(shown - secret).max() > 0


def test_it_lies_there_as_long_as_the_labelled_file(rig: Rig, owner: httpx2.Client) -> None:
    picture = drawn(owner, prompt="for a while")
    key = rig.store.picture(picture["id"], None).key
    beside = f"{key.partition('.')[0]}.{bare.SUFFIX}"
    _age(rig.blobs, rig.settings.data)
    collect(rig.store, rig.blobs)
    assert rig.blobs.exists(beside)
    loose = rig.blobs.put(plain(96, 96, 9), "image/png")
    bare.keep(rig.blobs, loose, owner="somebody", picture=b"bare")
    _age(rig.blobs, rig.settings.data)
    collect(rig.store, rig.blobs)
    assert not rig.blobs.exists(loose)
    assert not rig.blobs.exists(f"{loose.partition('.')[0]}.{bare.SUFFIX}")


def _age(blobs: Blobs, folder: Path) -> None:
    keys = set(blobs.keys())
    for path in folder.rglob("*"):
        if path.is_file() and f"{path.parent.name}/{path.name}" in keys:
            os.utime(path, (0, 0))
