"""What the operator decides: moderation, addresses of strangers, labels, several models."""

import base64
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from event_lines import heard
from fake import CARD, FakeEngine, plain
from serving_rig import Rig, running

from glm_image.serving.settings import LabelSettings, ModerationSettings


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    engine = FakeEngine(models=(CARD, replace(CARD, name="full", default_width=128, steps=50)))
    with running(
        tmp_path_factory.mktemp("policies"),
        engine=engine,
        keys=False,
        moderation=ModerationSettings(hook="strict_hook:check"),
        labels=LabelSettings(visible=False),
        public_url="https://draw.example/pictures/",
    ) as one:
        yield one


def draw(rig: Rig, path: str = "/v1/images/generations", **fields: Any) -> httpx2.Response:
    return httpx2.post(f"{rig.url}{path}", json={"prompt": "a cat", **fields}, timeout=30)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/v1/images/generations", {"prompt": "forbidden"}),
        ("/api/jobs", {"prompt": "forbidden"}),
        (
            "/v1/chat/completions",
            {"messages": [{"role": "user", "content": "forbidden"}]},
        ),
    ],
)
def test_words_that_are_not_allowed(rig: Rig, path: str, fields: dict[str, Any]) -> None:
    before = len(rig.engine.started)
    answer = (
        draw(rig, path, **fields)
        if "prompt" in fields
        else httpx2.post(f"{rig.url}{path}", json=fields)
    )
    assert answer.status_code == 400
    body = answer.json()
    assert body["error"]["code"] == "moderation_blocked"
    assert body["contentFilter"] == [{"role": "user", "level": 1}]
    assert "forbidden" not in answer.text
    assert len(rig.engine.started) == before


def test_sources_that_are_not_allowed(rig: Rig) -> None:
    answer = draw(rig, image=base64.b64encode(plain(64, 64)).decode())
    assert answer.json()["contentFilter"] == [{"role": "user", "level": 0}]
    answer = httpx2.post(f"{rig.url}/api/uploads", files={"file": ("a.png", plain(64, 64))})
    assert answer.json()["error"]["code"] == "moderation_blocked"


FOUND = [{"role": "assistant", "level": 2}, {"role": "history", "level": 3}]
NARROW = {"size": "32x64", "prompt": "a narrow cat"}


@pytest.mark.parametrize(
    ("path", "code"), [("/v1", "moderation_blocked"), ("/api/paas/v4", "1301"), ("/chat", "")]
)
def test_pictures_that_are_not_allowed(rig: Rig, path: str, code: str) -> None:
    if path == "/chat":
        said = {"messages": [{"role": "user", "content": "a cat"}], "size": "32x64"}
        answer = httpx2.post(f"{rig.url}/v1/chat/completions", json=said, timeout=30)
    else:
        answer = draw(rig, f"{path}/images/generations", **NARROW)
    assert answer.status_code == 400
    body = answer.json()
    assert body["contentFilter"] == FOUND
    assert body["error"]["moderation_details"]["moderation_stage"] == "output"
    assert body["error"]["code"] == (code or "moderation_blocked")


def test_a_stream_tells_what_was_found(rig: Rig) -> None:
    answer = draw(rig, stream=True, partial_images=2, **NARROW)
    (last,) = heard(answer.text.split("\n"))
    assert last.name == "error"
    assert last.data["contentFilter"] == FOUND


def test_a_task_tells_what_was_found(rig: Rig) -> None:
    job = draw(rig, "/paas/v4/async/images/generations", **NARROW).json()["id"]
    place = f"{rig.url}/paas/v4/async-result/{job}"
    end = time.monotonic() + 30
    while (body := httpx2.get(place).json())["task_status"] == "PROCESSING":
        assert time.monotonic() < end
        time.sleep(0.02)
    assert (body["task_status"], body["error"]["code"]) == ("FAIL", "1301")
    assert body["content_filter"] == FOUND
    failure = httpx2.get(f"{rig.url}/api/jobs/{job}").json()["failure"]
    assert (failure["kind"], failure["flags"]) == ("PolicyError", FOUND)
    assert httpx2.get(f"{rig.url}/api/images?job_id={job}").json()["data"] == []


def test_previews_of_what_may_be_refused_are_not_shown(rig: Rig) -> None:
    answer = draw(rig, stream=True, partial_images=2)
    assert [event.name for event in heard(answer.text.split("\n"))] == [
        "image_generation.completed"
    ]
    job = httpx2.post(f"{rig.url}/api/jobs", json={"prompt": "a cat", "previews": 3}).json()
    assert job["drawing"]["previews"] == 0
    assert any("previews" in note for note in job["notes"])


def test_addresses_of_strangers_are_not_fetched_unless_it_is_allowed(rig: Rig) -> None:
    answer = draw(rig, image=f"{rig.url}/healthz")
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "image"


def test_the_operator_decides_about_the_visible_label(rig: Rig) -> None:
    job = draw(rig).json()["id"]
    assert not rig.store.job(job, None).drawing.visible_label
    job = draw(rig, watermark_enabled=True).json()["id"]
    assert rig.store.job(job, None).drawing.visible_label


def test_addresses_begin_as_the_operator_says(rig: Rig) -> None:
    url = draw(rig, response_format="url").json()["data"][0]["url"]
    assert url.startswith("https://draw.example/pictures/files/")
    edited = draw(rig, image=url)
    # It is one of ours, so that it is read and not fetched.
    assert edited.json()["error"]["code"] == "moderation_blocked"


def test_each_model_has_its_own_usual_values(rig: Rig) -> None:
    job = draw(rig, model="full").json()
    assert job["size"] == "128x64"
    assert rig.store.job(job["id"], None).drawing.steps == 50
    names = [one["id"] for one in httpx2.get(f"{rig.url}/v1/models").json()["data"]]
    assert names == ["glm-image", "full"]
    assert httpx2.get(f"{rig.url}/v1/models/full").json()["default_size"] == "128x64"
