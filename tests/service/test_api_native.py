"""Our own API: jobs and their events, pictures, uploads, conversations."""

import base64
import io
import json
import re
import threading
import time
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

import httpx2
import pytest
from event_lines import Heard, heard
from fake import FakeEngine, masked, plain
from PIL import Image
from serving_rig import Rig, running

from glm_image.serving.records import Failure

PATIENCE = 20.0


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def rig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    engine = FakeEngine(
        failures={"broken": Failure(code="1234", kind="GlmImageError", message="the canvas tore")}
    )
    database = None
    if request.param == "postgresql":
        database = request.getfixturevalue("postgres").new_database()
    with running(tmp_path_factory.mktemp("native"), engine=engine, database=database) as one:
        yield one


@pytest.fixture
def http(rig: Rig) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {rig.key()}"}
    with httpx2.Client(base_url=rig.url, timeout=30, headers=headers) as client:
        yield client


@pytest.fixture
def held(rig: Rig) -> Iterator[FakeEngine]:
    """A painter whose jobs go on only when the test has ended."""
    rig.engine.seconds = 60.0
    yield rig.engine
    rig.engine.seconds = 0.0


def post(http: httpx2.Client, **fields: Any) -> dict[str, Any]:
    answer = http.post("/api/jobs", json={"prompt": "a cat", **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def until(http: httpx2.Client, job_id: str, *states: str) -> dict[str, Any]:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        job = http.get(f"/api/jobs/{job_id}").json()
        if job["state"] in states:
            return dict(job)
        time.sleep(0.02)
    raise TimeoutError(job["state"])


def finished(http: httpx2.Client, **fields: Any) -> dict[str, Any]:
    return until(http, post(http, **fields)["id"], "succeeded")


# ------------------------------------------------------------------------ jobs


def test_a_job_from_its_start_to_its_pictures(http: httpx2.Client) -> None:
    job = post(http, n=2, seed=5, size="96x64", quality="low", previews=2)
    assert job["state"] in ("queued", "running")
    assert job["drawing"]["steps"] == 3
    done = until(http, job["id"], "succeeded")
    assert [one["seed"] for one in done["pictures"]] == [5, 6]
    assert (done["stage"], done["done"], done["total"]) == (None, 2, 2)
    picture = Image.open(io.BytesIO(httpx2.get(done["pictures"][1]["url"]).content))
    assert picture.size == (96, 64)
    assert "key" not in done["pictures"][0]


def test_a_known_kind_of_job_has_an_estimate(http: httpx2.Client, held: FakeEngine) -> None:
    held.seconds = 0.0
    finished(http, size="160x160")
    held.seconds = 60.0
    job = post(http, size="160x160")
    assert job["eta_seconds"] is not None
    assert post(http, size="192x160")["eta_seconds"] is None
    http.delete("/api/jobs")


def test_an_unknown_field_is_an_error(http: httpx2.Client) -> None:
    answer = http.post("/api/jobs", json={"prompt": "a cat", "colour": "blue"})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "colour"


def test_jobs_are_listed_in_pages(http: httpx2.Client) -> None:
    made = [finished(http, seed=index)["id"] for index in range(3)]
    first = http.get("/api/jobs", params={"limit": 2}).json()
    rest = http.get("/api/jobs", params={"limit": 2, "before": first["next"]}).json()
    assert [job["id"] for job in first["data"] + rest["data"]] == made[::-1]
    assert rest["next"] is None
    assert http.get("/api/jobs", params={"state": ["failed", "queued"]}).json()["data"] == []


def test_a_poll_costs_nothing_while_nothing_is_new(http: httpx2.Client) -> None:
    job = finished(http)
    answer = http.get(f"/api/jobs/{job['id']}")
    again = http.get(f"/api/jobs/{job['id']}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_cancelled_job_stops_and_can_be_retried(
    rig: Rig, http: httpx2.Client, held: FakeEngine
) -> None:
    job = post(http)
    until(http, job["id"], "running")
    assert http.delete(f"/api/jobs/{job['id']}").json()["state"] == "cancelled"
    end = time.monotonic() + PATIENCE
    while rig.engine.room["glm-image"] < rig.engine.places and time.monotonic() < end:
        time.sleep(0.02)
    assert rig.engine.room["glm-image"] == rig.engine.places
    assert http.delete(f"/api/jobs/{job['id']}").json()["state"] == "cancelled"
    held.seconds = 0.0
    again = http.post(f"/api/jobs/{job['id']}/retry").json()
    assert again["id"] != job["id"]
    assert again["drawing"] == job["drawing"]
    until(http, again["id"], "succeeded")
    assert http.post(f"/api/jobs/{again['id']}/retry").status_code == 400


def test_all_jobs_are_cancelled_at_once(http: httpx2.Client, held: FakeEngine) -> None:
    made = {post(http, seed=index)["id"] for index in range(12)}
    assert set(http.delete("/api/jobs").json()["cancelled"]) == made


def test_a_failure_says_why(http: httpx2.Client) -> None:
    job = until(http, post(http, prompt="broken")["id"], "failed")
    assert job["failure"]["message"] == "the canvas tore"
    result = http.get(f"/v1/async-result/{job['id']}").json()
    assert result["task_status"] == "FAIL"
    assert result["error"]["code"] == "1234"


# ------------------------------------------------------------------------ events


def events_of(http: httpx2.Client, job_id: str, **headers: str) -> list[Any]:
    with http.stream("GET", f"/api/jobs/{job_id}/events", headers=headers) as stream:
        return list(heard(stream.iter_lines()))


def test_events_come_in_order_and_end_with_the_job(
    rig: Rig, http: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What takes no time has no progress to tell.
    monkeypatch.setattr(rig.engine, "seconds", 1.0)
    job = post(http, previews=2)
    events = events_of(http, job["id"])
    numbers = [event.number for event in events if event.number is not None]
    assert numbers == sorted(set(numbers))
    assert events[-1].data["data"]["state"] == "succeeded"
    assert {event.name for event in events} >= {"state", "progress", "picture"}
    picture = next(event for event in events if event.name == "picture")
    assert httpx2.get(picture.data["data"]["url"]).status_code == 200


def unsigned(events: Iterable[Heard]) -> list[tuple[str, int | None, str]]:
    """Events without the signatures of addresses, which differ from second to second."""
    return [(one.name, one.number, re.sub(r"\?[^\"]*", "", json.dumps(one.data))) for one in events]


def test_a_reader_goes_on_where_it_was(http: httpx2.Client) -> None:
    job = finished(http)
    everything = events_of(http, job["id"])
    middle = everything[1].number
    rest = events_of(http, job["id"], **{"Last-Event-ID": str(middle)})
    assert unsigned(rest) == unsigned(event for event in everything if event.number > middle)
    assert events_of(http, job["id"], **{"Last-Event-ID": str(job["seq"])}) == []


def test_all_jobs_of_a_caller_are_heard_on_one_line(http: httpx2.Client) -> None:
    ended: list[str] = []
    listening = threading.Event()

    def listen() -> None:
        with http.stream("GET", "/api/events") as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith(":")
            listening.set()
            for event in heard(lines):
                if event.name == "state" and event.data["data"]["state"] == "succeeded":
                    ended.append(event.data["job_id"])
                    if len(ended) == 3:
                        return

    reader = threading.Thread(target=listen)
    reader.start()
    assert listening.wait(PATIENCE)
    made = {post(http, seed=index)["id"] for index in range(3)}
    reader.join(PATIENCE)
    assert set(ended) == made


def test_a_stream_number_that_is_none(http: httpx2.Client) -> None:
    job = finished(http)
    answer = http.get(f"/api/jobs/{job['id']}/events", headers={"Last-Event-ID": "x"})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "Last-Event-ID"


# ------------------------------------------------------------------------ pictures


def test_pictures_are_found_marked_deleted_and_brought_back(http: httpx2.Client) -> None:
    cat = finished(http, prompt="a grey cat")["pictures"][0]
    dog = finished(http, prompt="a brown dog")["pictures"][0]

    def found(**query: Any) -> list[str]:
        answer = http.get("/api/images", params=query)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["data"]]

    assert found() == [dog["id"], cat["id"]]
    assert found(text="grey") == [cat["id"]]
    changed = http.patch(
        f"/api/images/{cat['id']}", json={"favourite": True, "tags": ["pet", "pet"]}
    ).json()
    assert (changed["favourite"], changed["tags"]) == (True, ["pet"])
    assert found(favourite="true") == found(tag="pet") == [cat["id"]]
    http.delete(f"/api/images/{cat['id']}")
    assert found() == [dog["id"]]
    assert found(deleted="true") == [cat["id"]]
    http.post(f"/api/images/{cat['id']}/restore")
    assert http.get(f"/api/images/{cat['id']}").json()["prompt"] == "a grey cat"


def test_several_pictures_in_one_file(http: httpx2.Client) -> None:
    pictures = finished(http, n=3)["pictures"]
    answer = http.post("/api/images/zip", json={"ids": [one["id"] for one in pictures]})
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"{one['id']}.png" for one in pictures]
        assert archive.read(archive.namelist()[0]) == httpx2.get(pictures[0]["url"]).content


# ------------------------------------------------------------------------ uploads


def test_an_upload_is_kept_and_edited(rig: Rig, http: httpx2.Client) -> None:
    answer = http.post("/api/uploads", files={"file": ("../../a\\b/cät .png", plain(96, 64))})
    assert answer.status_code == 201, answer.text
    upload = answer.json()
    assert (upload["filename"], upload["width"], upload["height"]) == ("cät .png", 96, 64)
    assert httpx2.get(upload["url"]).headers["content-type"] == "image/png"
    assert [one["id"] for one in http.get("/api/uploads").json()["data"]] == [upload["id"]]
    job = finished(http, images=[upload["id"]])
    assert (job["drawing"]["sources"], job["drawing"]["width"]) == (1, 96)
    http.delete(f"/api/uploads/{upload['id']}")
    assert http.get(f"/api/uploads/{upload['id']}").status_code == 404


@pytest.mark.parametrize(
    ("files", "data", "param"),
    [
        ({}, {"purpose": "vision"}, "file"),
        ({"file": ("a.png", b"")}, {}, "file"),
        ({"file": ("a.png", b"<html>")}, {}, "file"),
        ({"file": ("a.png", plain(8, 8))}, {"purpose": "x" * 65}, "purpose"),
        ({"file": ("a.png", plain(8, 8)), "other": ("b.png", plain(8, 8))}, {}, None),
    ],
)
def test_uploads_that_are_refused(
    http: httpx2.Client, files: dict[str, Any], data: dict[str, str], param: str | None
) -> None:
    padded = files or {"nothing": (None, b"1")}
    answer = http.post("/api/uploads", files=padded, data=data)
    assert answer.status_code == 400, answer.text
    assert param is None or answer.json()["error"]["param"] == param


def test_a_picture_on_a_larger_canvas_keeps_its_parent(http: httpx2.Client) -> None:
    first = finished(http)["pictures"][0]
    canvas = http.post("/api/uploads", files={"file": ("a.png", plain(96, 64))}).json()
    second = finished(http, images=[canvas["id"]], parents=[first["id"]], size="96x64")
    assert second["drawing"]["parents"] == [first["id"]]
    assert second["pictures"][0]["parents"] == [first["id"]]
    found = http.get("/api/images", params={"parent": first["id"]}).json()["data"]
    assert [one["id"] for one in found] == [second["pictures"][0]["id"]]
    missing = http.post("/api/jobs", json={"prompt": "a", "parents": ["img_nobody"]})
    assert missing.status_code == 404


# ------------------------------------------------------------------------ conversations


def test_a_picture_is_drawn_and_changed_by_talking(http: httpx2.Client) -> None:
    talk = http.post("/api/conversations", json={"title": "Cats"}).json()
    turns = f"/api/conversations/{talk['id']}/turns"
    first = http.post(turns, json={"text": "a cat", "seed": 1}).json()
    drawn = until(http, first["job"]["id"], "succeeded")["pictures"][0]
    second = http.post(turns, json={"text": "make it blue"}).json()
    assert second["job"]["drawing"]["parents"] == [drawn["id"]]
    until(http, second["job"]["id"], "succeeded")
    branch = http.post(
        turns, json={"text": "make it red", "parent_id": first["answer"]["id"]}
    ).json()
    assert branch["job"]["drawing"]["parents"] == [drawn["id"]]
    until(http, branch["job"]["id"], "succeeded")
    fresh = http.post(turns, json={"text": "/new a dog"}).json()
    assert fresh["job"]["drawing"]["sources"] == 0
    assert fresh["job"]["drawing"]["prompt"] == "a dog"
    tree = http.get(f"/api/conversations/{talk['id']}").json()
    shown = [turn for turn in tree["turns"] if turn["id"] == second["answer"]["id"]]
    assert shown[0]["pictures"][0]["parents"] == [drawn["id"]]
    assert [turn["text"] for turn in tree["turns"] if turn["role"] == "user"] == [
        "a cat",
        "make it blue",
        "make it red",
        "/new a dog",
    ]
    renamed = http.patch(f"/api/conversations/{talk['id']}", json={"title": "Pets"}).json()
    assert renamed["title"] == "Pets"
    assert [one["id"] for one in http.get("/api/conversations").json()["data"]] == [talk["id"]]
    http.delete(f"/api/conversations/{talk['id']}")
    assert http.get(f"/api/conversations/{talk['id']}").status_code == 404


def test_a_turn_keeps_its_sources_and_may_change_a_part_only(rig: Rig, http: httpx2.Client) -> None:
    given = http.post("/api/uploads", files={"file": ("a.png", plain(64, 64))}).json()
    area = f"data:image/png;base64,{base64.b64encode(masked(64, 64)).decode()}"
    talk = http.post("/api/conversations", json={}).json()
    turns = f"/api/conversations/{talk['id']}/turns"
    fields = {"images": [given["id"]], "mask": area, "previews": 2}
    said = http.post(turns, json={"text": "add a hat", **fields}).json()
    drawing = said["job"]["drawing"]
    assert (drawing["masked"], drawing["previews"], drawing["sources"]) == (True, 2, 1)
    until(http, said["job"]["id"], "succeeded")
    assert rig.engine.inputs[-1].mask is not None
    again = http.post(turns, json={"text": "add a tie", "parent_id": "root"}).json()
    assert again["turn"]["parent_id"] is None
    assert again["job"]["drawing"]["sources"] == 0
    tree = http.get(f"/api/conversations/{talk['id']}").json()["turns"]
    assert [turn["sources"] for turn in tree if turn["role"] == "user"] == [[given["id"]], []]
    assert all(turn["sources"] == [] for turn in tree if turn["role"] == "assistant")
    wrong = http.post(turns, json={"text": "x", "images": [given["id"]], "mask": given["id"]})
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "mask")


def test_a_turn_that_answers_nothing(http: httpx2.Client) -> None:
    talk = http.post("/api/conversations", json={}).json()
    answer = http.post(
        f"/api/conversations/{talk['id']}/turns", json={"text": "a", "parent_id": "turn_x"}
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "parent_id"
