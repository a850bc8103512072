"""What can be learnt of a finished picture: its letters, its labels, its family, its rank."""

import io
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from event_lines import heard
from fake import FakeEngine, plain
from lettered import SIDE, LetteringEngine, opened
from serving_rig import Rig, client, enveloped, running

from glm_image.serving import labels
from glm_image.serving.ocr import desk

SIZE = f"{SIDE}x{SIDE}"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running(tmp_path_factory.mktemp("looking"), engine=LetteringEngine()) as one:
        yield one


@pytest.fixture
def http(rig: Rig) -> Iterator[httpx2.Client]:
    with client(rig) as one:
        # The first reading loads the networks, which takes its time on a busy machine.
        one.timeout = 150
        yield one


def draw(http: httpx2.Client, prompt: str = 'a sign "HELLO WORLD"', **body: Any) -> Any:
    asked = http.post("/api/jobs", json={"prompt": prompt, "size": SIZE, **body})
    assert asked.status_code == 201, asked.text
    path = f"/api/jobs/{asked.json()['id']}"
    end = time.monotonic() + 60
    while http.get(path).json()["state"] in ("queued", "running"):
        assert time.monotonic() < end
        time.sleep(0.02)
    return http.get(path).json()["pictures"]


def ok(answer: httpx2.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def test_letters_are_read_and_compared(rig: Rig, http: httpx2.Client) -> None:
    assert isinstance(rig.engine, LetteringEngine)
    rig.engine.written = ("HELLO WORLD", "SUMMEP SALE")
    (picture,) = draw(http, 'a sign "Hello world!" over "SUMMER SALE", below it "closed today"')
    rig.engine.written = None
    found = ok(http.post(f"/api/images/{picture['id']}/reading"))
    assert [one["state"] for one in found["quotes"]] == ["read", "misread", "missing"]
    read, misread, missing = found["quotes"]
    assert read["text"] == "Hello world!"
    assert misread["found"].replace(" ", "").upper() == "SUMMEPSALE"
    assert (missing["found"], missing["box"]) == (None, None)
    left, top, right, bottom = read["box"]
    assert 0 <= left < right <= SIDE and 0 < top < bottom < misread["box"][3]
    assert len(found["lines"]) >= 2 and all(0 < one["score"] <= 1 for one in found["lines"])
    service = rig.app.state.service
    assert service.desk.running
    again = time.monotonic()
    assert ok(http.post(f"/api/images/{picture['id']}/reading")) == found
    assert time.monotonic() - again < 20


def test_a_service_that_cannot_read_says_so(
    http: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    (picture,) = draw(http)
    monkeypatch.setattr(desk.importlib.util, "find_spec", lambda name: None)
    answer = http.post(f"/api/images/{picture['id']}/reading")
    assert "glm-image[read]" in enveloped(answer, 503)["message"]
    assert answer.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(("kind", "name"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP")])
def test_a_picture_in_another_kind_keeps_its_labels(
    http: httpx2.Client, kind: str, name: str
) -> None:
    (picture,) = draw(http)
    answer = http.get(f"/api/images/{picture['id']}/file", params={"format": kind})
    assert answer.headers["content-type"] == f"image/{kind}"
    assert f'filename="{picture["id"]}.{kind}"' in answer.headers["content-disposition"]
    image = opened(answer.content)
    assert (image.format, image.size) == (name, (SIDE, SIDE))
    label = labels.read(answer.content)
    assert label.hidden is not None and label.hidden.produce_id.startswith("job_")
    assert dict(label.parameters or {})["prompt"] == 'a sign "HELLO WORLD"'
    if kind == "png":
        assert answer.content == httpx2.get(picture["url"]).content


def test_quality_and_words_of_a_rendition(http: httpx2.Client) -> None:
    (picture,) = draw(http)
    path = f"/api/images/{picture['id']}/file"
    small = http.get(path, params={"format": "jpeg", "quality": 5}).content
    large = http.get(path, params={"format": "jpeg", "quality": 100}).content
    assert len(small) < len(large)
    for kind in ("png", "jpeg", "webp"):
        bare = http.get(path, params={"format": kind, "strip_prompt": True}).content
        assert "prompt" not in dict(labels.read(bare).parameters or {})
        assert b"HELLO" not in bare
    enveloped(http.get(path, params={"format": "svg"}), 400)
    enveloped(http.get(path, params={"quality": 101}), 400)


@pytest.mark.parametrize(
    ("size", "small"), [("1024x768", (512, 384)), ("768x1024", (384, 512)), (SIZE, (SIDE, SIDE))]
)
def test_a_thumbnail_is_small_and_labelled(
    http: httpx2.Client, size: str, small: tuple[int, int]
) -> None:
    (picture,) = draw(http, size=size)
    whole = httpx2.get(picture["url"])
    answer = httpx2.get(picture["thumbnail_url"])
    assert opened(answer.content).size == small
    hidden = labels.read(answer.content).hidden
    assert hidden is not None and hidden.produce_id.startswith("job_")
    tag = answer.headers["etag"]
    again = httpx2.get(picture["thumbnail_url"], headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    if small == (SIDE, SIDE):
        assert answer.content == whole.content
        return
    assert answer.headers["content-type"] == "image/webp"
    assert b"HELLO" not in answer.content and tag != whole.headers["etag"]
    assert "sandbox" in answer.headers["content-security-policy"]
    # A browser keeps what it has: the next answer has the same address.
    assert ok(http.get(f"/api/images/{picture['id']}"))["thumbnail_url"] == picture["thumbnail_url"]


def test_a_link_ends_when_it_should(rig: Rig, http: httpx2.Client) -> None:
    (picture,) = draw(http)
    shared = ok(http.post(f"/api/images/{picture['id']}/share", json={"expires_in": 60}))
    assert 55 < shared["expires"] - time.time() <= 60
    assert f"exp={shared['expires']}" in shared["url"]
    assert httpx2.get(shared["url"]).status_code == 200
    longer = shared["url"].replace(f"exp={shared['expires']}", f"exp={shared['expires'] + 9}")
    enveloped(httpx2.get(longer), 403)
    assert ok(http.post(f"/api/images/{picture['id']}/share", json={}))["expires"] > time.time()
    for wrong in (0, 59, 30 * 86400 + 1, "soon"):
        answer = http.post(f"/api/images/{picture['id']}/share", json={"expires_in": wrong})
        enveloped(answer, 400)


def test_where_a_picture_comes_from(http: httpx2.Client) -> None:
    (picture,) = draw(http)
    found = ok(http.get(f"/api/images/{picture['id']}/provenance"))
    assert found["hidden"]["Label"] == "1"
    assert found["hidden"]["ContentProducer"] == "tests"
    assert found["parameters"]["prompt"] == 'a sign "HELLO WORLD"'
    assert (found["c2pa"], found["notes"]) == (None, [])
    data = http.get(f"/api/images/{picture['id']}/file", params={"format": "webp"}).content
    sent = http.post("/api/provenance", files={"file": ("a.webp", data)})
    assert ok(sent) == found
    assert ok(http.get("/api/uploads"))["data"] == []


def text_chunk(text: str) -> bytes:
    """A PNG that carries what another program calls its parameters."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    info, buffer = PngInfo(), io.BytesIO()
    info.add_itxt("parameters", text)
    Image.new("RGB", (32, 32)).save(buffer, format="PNG", pnginfo=info)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "text",
    ["a cat, Steps: 20", "[1, 2]", '{"a": NaN}', "[" * 100_000, '{"a": "\\ud800"}', "null"],
)
def test_foreign_labels_do_no_harm(http: httpx2.Client, text: str) -> None:
    found = ok(http.post("/api/provenance", files={"file": ("a.png", text_chunk(text))}))
    assert (found["hidden"], found["parameters"]) == (None, None)
    assert found["notes"]


def test_a_file_without_labels_and_no_file(http: httpx2.Client) -> None:
    found = ok(http.post("/api/provenance", files={"file": ("a.png", plain(32, 32))}))
    assert found == {"hidden": None, "parameters": None, "c2pa": None, "notes": []}
    enveloped(http.post("/api/provenance", files={"file": ("a.png", b"<svg/>")}), 400)
    enveloped(http.post("/api/provenance", files={"other": ("a.png", b"")}), 400)
    enveloped(http.post("/api/provenance", json={}), 400)


def test_families(http: httpx2.Client) -> None:
    first, beside = draw(http, n=2)
    (second,) = draw(http, "make it red", images=[first["id"]])
    (third,) = draw(http, "and blue", images=[second["id"]])
    draw(http, "something else")
    found = ok(http.get(f"/api/images/{second['id']}/lineage"))
    assert [one["id"] for one in found["data"]] == [first["id"], second["id"], third["id"]]
    found = ok(http.get(f"/api/images/{first['id']}/lineage"))
    family = {first["id"], beside["id"], second["id"], third["id"]}
    assert {one["id"] for one in found["data"]} == family
    assert found["missing"] == []
    ok(http.delete(f"/api/images/{second['id']}"))
    found = ok(http.get(f"/api/images/{third['id']}/lineage"))
    assert ([one["id"] for one in found["data"]], found["missing"]) == (
        [third["id"]],
        [second["id"]],
    )
    enveloped(http.get(f"/api/images/{second['id']}/lineage"), 404)


def test_votes(http: httpx2.Client) -> None:
    left, right = draw(http, "two circles", n=2, seed=[7, 2**64 - 1])
    pair = {"left": left["id"], "right": right["id"]}
    first = ok(http.post("/api/votes", json={**pair, "winner": right["id"]}), 201)
    assert (first["winner"], first["left"]) == (right["id"], left["id"])
    equal = ok(http.post("/api/votes", json={"left": right["id"], "right": left["id"]}), 201)
    listed = ok(http.get("/api/votes"))
    assert [one["id"] for one in listed["data"]] == [equal["id"]]
    again = ok(http.post("/api/votes", json={**pair, "winner": left["id"]}), 201)
    answer = http.get("/api/votes/export")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    (line,) = [json.loads(one) for one in answer.text.splitlines()]
    assert (line["id"], line["winner"]) == (again["id"], "left")
    assert line["left"]["seed"] == 7 and line["right"]["seed"] == 2**64 - 1
    assert line["left"]["prompt"] == "two circles" and line["left"]["model"] == "glm-image"
    for wrong in (
        {**pair, "winner": "img_0"},
        {"left": left["id"], "right": left["id"]},
        {**pair, "why": "because"},
    ):
        enveloped(http.post("/api/votes", json=wrong), 400)
    enveloped(http.post("/api/votes", json={**pair, "right": "img_0"}), 404)
    ok(http.delete(f"/api/votes/{again['id']}"))
    enveloped(http.delete(f"/api/votes/{again['id']}"), 404)
    assert ok(http.get("/api/votes"))["data"] == []


def test_pages_of_votes(http: httpx2.Client) -> None:
    one, *others = draw(http, n=4)
    for other in others:
        ok(http.post("/api/votes", json={"left": one["id"], "right": other["id"]}), 201)
    page = ok(http.get("/api/votes", params={"limit": 2}))
    rest = ok(http.get("/api/votes", params={"limit": 2, "before": page["next"]}))
    seen = [vote["right"] for vote in [*page["data"], *rest["data"]]]
    assert seen == [other["id"] for other in reversed(others)]
    assert rest["next"] is None


def test_nobody_sees_what_belongs_to_others(rig: Rig, http: httpx2.Client) -> None:
    one, other = draw(http, n=2)
    vote = ok(http.post("/api/votes", json={"left": one["id"], "right": other["id"]}), 201)
    with client(rig) as stranger:
        path = f"/api/images/{one['id']}"
        for answer in (
            stranger.post(f"{path}/reading"),
            stranger.get(f"{path}/file"),
            stranger.post(f"{path}/share", json={}),
            stranger.get(f"{path}/provenance"),
            stranger.get(f"{path}/lineage"),
            stranger.delete(f"/api/votes/{vote['id']}"),
            stranger.post("/api/votes", json={"left": one["id"], "right": other["id"]}),
        ):
            enveloped(answer, 404)
        assert ok(stranger.get("/api/votes"))["data"] == []
        assert stranger.get("/api/votes/export").text == ""


def test_a_service_without_keys_tells_everybody(tmp_path_factory: pytest.TempPathFactory) -> None:
    with (
        running(tmp_path_factory.mktemp("open"), engine=FakeEngine(), keys=False) as rig,
        httpx2.Client(base_url=rig.url, timeout=30) as http,
    ):
        (picture,) = draw(http)
        assert ok(http.get(f"/api/images/{picture['id']}/provenance"))["hidden"] is None


def test_codes_are_told_while_a_picture_is_laid_out(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder, engine = tmp_path_factory.mktemp("codes"), FakeEngine(seconds=3.0)
    told: dict[int, dict[int, int]] = {0: {}, 1: {}}
    with (
        running(folder, engine=engine, keys=False) as rig,
        httpx2.Client(base_url=rig.url, timeout=60) as http,
    ):
        job = ok(http.post("/api/jobs", json={"prompt": "a", "size": "96x64", "n": 2}), 201)
        with http.stream("GET", f"/api/jobs/{job['id']}/events") as stream:
            for event in heard(stream.iter_lines()):
                data = event.data["data"]
                assert ("codes" in data) <= (data.get("grid") == [2, 3])
                for part in data.get("codes", ()):
                    places = range(part["start"], part["start"] + len(part["codes"]))
                    told[part["index"]] |= zip(places, part["codes"], strict=True)
    assert all(set(codes) == set(range(6)) for codes in told.values())
