"""The image calls: what they take, what they refuse, and how they answer."""

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from fake import FakeEngine, masked, plain
from PIL import Image
from serving_rig import Rig, running

from glm_image.serving.records import MAX_SEED

PATH = "/v1/images/generations"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running(tmp_path_factory.mktemp("images"), engine=FakeEngine(), keys=False) as one:
        yield one


@pytest.fixture(scope="module")
def http(rig: Rig) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=rig.url, timeout=30) as client:
        yield client


def draw(http: httpx2.Client, path: str = PATH, **fields: Any) -> httpx2.Response:
    return http.post(path, json={"prompt": "a cat", **fields})


def error(answer: httpx2.Response) -> dict[str, Any]:
    body = answer.json()
    assert set(body) <= {"error", "request_id", "id", "contentFilter"}
    assert body["request_id"] == answer.headers["x-request-id"]
    return dict(body["error"])


# ------------------------------------------------------------------------ answers


@pytest.mark.parametrize(
    ("path", "holds"),
    [
        ("/v1", "b64_json"),
        ("/api/paas/v4", "url"),
        ("/paas/v4", "url"),
    ],
)
def test_each_face_answers_as_its_clients_expect(
    http: httpx2.Client, path: str, holds: str
) -> None:
    (one,) = draw(http, f"{path}/images/generations").json()["data"]
    assert {"url", "b64_json"} & set(one) == {holds}


def test_what_is_null_counts_as_absent(http: httpx2.Client) -> None:
    names = ("model", "n", "size", "quality", "seed", "image", "mask", "stream", "user", "style")
    assert draw(http, **dict.fromkeys(names)).json()["notes"] == []


def test_what_has_no_effect_is_named(http: httpx2.Client) -> None:
    notes = draw(http, style="vivid", colour="blue").json()["notes"]
    assert notes == ["style has no effect here", "colour is unknown and has no effect"]


def test_seeds_count_up_are_listed_or_drawn(rig: Rig, http: httpx2.Client) -> None:
    def seeds(**fields: Any) -> list[int]:
        return [one["seed"] for one in draw(http, **fields).json()["data"]]

    assert seeds(n=3, seed=MAX_SEED) == [MAX_SEED, 0, 1]
    assert seeds(n=2, seed=[9, 4]) == [9, 4]
    assert seeds() != seeds()
    drawn = draw(http, n=2, seed=1, layout_seed=5).json()
    assert [one["layout_seed"] for one in drawn["data"]] == [5, 6]
    assert rig.store.job(drawn["id"], None).drawing.layout_seeds == (5, 6)


@pytest.mark.parametrize(
    ("fields", "steps", "quality"),
    [
        ({}, 10, "high"),
        ({"quality": "low"}, 3, "low"),
        ({"quality": "HD"}, 10, "high"),
        ({"quality": "standard"}, 6, "medium"),
        ({"quality": "max", "steps": 4}, 4, "max"),
        ({"num_inference_steps": 7}, 7, "high"),
    ],
)
def test_quality_means_steps(
    rig: Rig, http: httpx2.Client, fields: dict[str, Any], steps: int, quality: str
) -> None:
    answer = draw(http, **fields).json()
    assert answer["quality"] == quality
    assert rig.store.job(answer["id"], None).drawing.steps == steps


def test_guidance_of_zero_is_heeded(rig: Rig, http: httpx2.Client) -> None:
    answer = draw(http, guidance_scale=0).json()
    assert rig.store.job(answer["id"], None).drawing.guidance == 0


def test_the_visible_label_is_on_unless_it_is_refused(rig: Rig, http: httpx2.Client) -> None:
    def visible(**fields: Any) -> bool:
        return rig.store.job(draw(http, **fields).json()["id"], None).drawing.visible_label

    assert visible()
    assert not visible(watermark_enabled=False)


def test_a_task_instead_of_an_answer(http: httpx2.Client) -> None:
    started = http.post(PATH, json={"prompt": "later"}, headers={"Prefer": "respond-async"})
    assert started.status_code == 202
    place = started.headers["location"]
    while (result := http.get(place).json())["task_status"] == "PROCESSING":
        assert 0 <= result["progress"] <= 1
    assert result["task_status"] == "SUCCESS"
    assert httpx2.get(result["image_result"][0]["url"]).headers["content-type"] == "image/png"


def test_progress_appears_only_where_it_is_asked_for(
    rig: Rig, http: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What takes no time has no progress to tell.
    monkeypatch.setattr(rig.engine, "seconds", 1.0)

    def kinds(**fields: Any) -> set[str]:
        lines = draw(http, stream=True, **fields).text.splitlines()
        return {line.removeprefix("event: ") for line in lines if line.startswith("event:")}

    assert kinds() == {"image_generation.completed"}
    more = kinds(stream_options={"include_progress": True})
    assert more >= {"image_generation.completed", "image_job.state", "image_job.progress"}


# ------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("fields", "status", "number", "param"),
    [
        ({"prompt": None}, 400, "1213", "prompt"),
        ({"prompt": ""}, 400, "1214", "prompt"),
        ({"prompt": "x" * 1001}, 400, "1261", "prompt"),
        ({"prompt": "a\0b"}, 400, "1214", "prompt"),
        ({"model": "glm-imagine"}, 400, "1211", "model"),
        ({"n": 0}, 400, "1214", "n"),
        ({"n": "2"}, 400, "1214", "n"),
        ({"size": "100x100"}, 400, "1214", "size"),
        ({"size": "4096x64"}, 400, "1214", "size"),
        ({"size": "big"}, 400, "1214", "size"),
        ({"quality": "ultra"}, 400, "1214", "quality"),
        ({"output_format": "gif"}, 400, "1214", "output_format"),
        ({"background": "transparent"}, 400, "1214", "background"),
        ({"svg": {}}, 400, "1214", "svg"),
        ({"seed": -1}, 400, "1214", "seed"),
        ({"seed": [1, 2]}, 400, "1214", "seed"),
        ({"steps": 201}, 400, "1214", "steps"),
        ({"steps": 4, "num_inference_steps": 5}, 400, "1215", "steps, num_inference_steps"),
        ({"strength": 0.5}, 400, "1214", "strength"),
        ({"mask": "img_x"}, 400, "1214", "mask"),
        ({"image": "http://example.com/a.png"}, 400, None, "image"),
        ({"image": "not base64!"}, 400, "1214", "image"),
        ({"image": base64.b64encode(b"GIF89a").decode()}, 400, "1214", "image"),
        ({"image": ["a", "b", "c", "d", "e"]}, 400, "1214", "image"),
        ({"image": "img_nobody"}, 404, "1214", None),
        ({"user_id": "short"}, 400, "1214", "user_id"),
        ({"request_id": "x" * 257}, 400, "1214", "request_id"),
        ({"stream_options": {"include_progress": "yes"}}, 400, "1214", None),
    ],
    ids=lambda value: json.dumps(value)[:40] if isinstance(value, dict) else None,
)
def test_what_is_refused(
    http: httpx2.Client,
    fields: dict[str, Any],
    status: int,
    number: str | None,
    param: str | None,
) -> None:
    answer = draw(http, **fields)
    assert answer.status_code == status, answer.text
    found = error(answer)
    assert number is None or found["bigmodel_code"] == number
    assert param is None or found["param"] == param


def test_the_nearest_size_is_named(http: httpx2.Client) -> None:
    assert "96x2048" in error(draw(http, size="100x4000"))["message"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"7", "application/json"),
        (b'{"prompt": "a", "x": ' + b"[" * 40 + b"]" * 40 + b"}", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"prompt": "\\ud800"}', "application/json"),
        (b'{"prompt": "a"}', "text/plain"),
        (b"prompt=a", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/json"),
    ],
)
def test_bodies_that_are_no_requests(http: httpx2.Client, content: bytes, kind: str) -> None:
    answer = http.post(PATH, content=content, headers={"Content-Type": kind})
    assert answer.status_code == 400
    error(answer)


# ------------------------------------------------------------------------ edits


def edit(http: httpx2.Client, files: list[Any], **fields: str) -> httpx2.Response:
    return http.post("/v1/images/edits", files=files, data={"prompt": "make it blue", **fields})


def test_an_edit_has_the_aspect_of_its_source(http: httpx2.Client) -> None:
    answer = edit(http, [("image", ("a.jpg", plain(100, 200, kind="jpeg"), "image/jpeg"))])
    assert answer.json()["size"] == "96x192"


def test_sources_come_as_files_names_and_addresses(rig: Rig, http: httpx2.Client) -> None:
    made = draw(http, response_format="url").json()["data"][0]
    body = {
        "prompt": "all of them",
        "images": [
            made["id"],
            made["url"],
            {"b64_json": base64.b64encode(plain(64, 64)).decode()},
            {"image_url": {"url": "data:image/png;base64," + _b64(plain(64, 64))}},
        ],
        "mask": _b64(masked(64, 64)),
    }
    answer = http.post("/v1/images/edits", json=body)
    assert answer.status_code == 200, answer.text
    drawing = rig.store.job(answer.json()["id"], None).drawing
    assert len(drawing.sources) == 4
    assert drawing.parents == (made["id"],)
    assert drawing.mask is not None


@pytest.mark.parametrize(
    ("files", "fields", "param"),
    [
        ([], {}, "image"),
        ([("image", ("a.png", b"<svg/>"))], {}, "image"),
        ([("image", ("a.png", plain(64, 64))), ("mask", ("m.png", plain(64, 64)))], {}, "mask"),
        ([("image", ("a.png", plain(64, 64))), ("mask", ("m.png", masked(64, 96)))], {}, "mask"),
        ([("image", ("a.png", plain(64, 64))), ("markup", ("m.png", plain(64, 64)))], {}, "markup"),
        ([("image", ("a.png", plain(64, 64)))], {"n": "two"}, "n"),
        ([("image", ("a.png", plain(64, 64)))], {"seed[]": "1"}, None),
        ([("image", ("a.png", plain(64, 64)))], {"stream_options": "{"}, "stream_options"),
    ],
)
def test_edits_that_are_refused(
    http: httpx2.Client, files: list[Any], fields: dict[str, str], param: str | None
) -> None:
    padded = files or [("nothing", (None, b"1"))]
    answer = edit(http, padded, **fields)
    if param is None:
        assert answer.status_code == 200, answer.text
        return
    assert answer.status_code == 400, answer.text
    assert error(answer)["param"] == param


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=", b"--x--"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"garbage"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\na"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\na\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\n:\r\n\r\na\r\n--x--\r\n"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="\xff\xfe"\r\n\r\n\xff\r\n--x--\r\n',
        ),
        (f"multipart/form-data; boundary={'x' * 5000}", b"--x--"),
        ("application/json", b"[1]"),
        ("application/json", b"{"),
        ("text/plain", b"a cat"),
        ("", b"a cat"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/images/edits", "/v1/files", "/api/uploads"])
def test_forms_that_are_none(http: httpx2.Client, path: str, kind: str, content: bytes) -> None:
    answer = http.post(path, content=content, headers={"Content-Type": kind})
    assert answer.status_code == 400, answer.text
    error(answer)


def test_variations_are_gone(http: httpx2.Client) -> None:
    answer = http.post("/v1/images/variations", json={})
    assert answer.status_code == 404
    assert error(answer)["bigmodel_code"] == "1222"


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_pictures_have_the_format_that_was_asked_for(http: httpx2.Client, kind: str) -> None:
    one = draw(http, output_format=kind, output_compression=80).json()["data"][0]
    picture = Image.open(io.BytesIO(base64.b64decode(one["b64_json"])))
    assert picture.format == kind.upper()
