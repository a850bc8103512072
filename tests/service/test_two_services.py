"""Two services on one PostgreSQL: one takes requests, the other draws, and either may end."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from event_lines import heard
from fake import FakeEngine
from postgres import Cluster
from serving_rig import Rig, running

from glm_image.serving.accounts import Scope

PATIENCE = 20.0


@pytest.fixture
def pair(postgres: Cluster, tmp_path: Path) -> Iterator[tuple[Rig, Rig]]:
    """A service that cannot draw, and one that can, with everything in common."""
    database = postgres.new_database()
    idle, busy = FakeEngine(places=0), FakeEngine(seconds=1.0)
    with (
        running(tmp_path, engine=idle, database=database) as front,
        running(tmp_path, engine=busy, database=database) as back,
    ):
        yield front, back


def client(rig: Rig, token: str) -> httpx2.Client:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.Client(base_url=rig.url, timeout=30, headers=headers)


def until_running(http: httpx2.Client, job_id: str) -> None:
    end = time.monotonic() + PATIENCE
    while http.get(f"/api/jobs/{job_id}").json()["state"] != "running":
        assert time.monotonic() < end
        time.sleep(0.02)


def post(http: httpx2.Client) -> str:
    answer = http.post("/api/jobs", json={"prompt": "a cat"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_who_asks_here_hears_what_is_drawn_there(pair: tuple[Rig, Rig]) -> None:
    front, back = pair
    with client(front, front.key()) as http:
        job_id = post(http)
        with http.stream("GET", f"/api/jobs/{job_id}/events") as stream:
            events: list[Any] = list(heard(stream.iter_lines()))
        assert [event.data["data"]["state"] for event in events if event.name == "state"] == [
            "queued",
            "running",
            "succeeded",
        ]
        assert {event.name for event in events} >= {"progress", "picture"}
        (picture,) = http.get(f"/api/jobs/{job_id}").json()["pictures"]
        # Links of one are good at the other, and need no key.
        path = httpx2.URL(picture["url"]).raw_path.decode()
        for rig in pair:
            assert httpx2.get(rig.url + path).content.startswith(b"\x89PNG")
    assert (front.engine.started, back.engine.started) == ([], [job_id])


def test_who_waits_here_is_answered_by_the_other(pair: tuple[Rig, Rig]) -> None:
    front, back = pair
    with client(front, front.key()) as http:
        answer = http.post("/v1/images/generations", json={"prompt": "a cat", "size": "512x512"})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["data"]) == 1
    assert len(back.engine.started) == 1


def test_what_is_cancelled_here_stops_there(pair: tuple[Rig, Rig]) -> None:
    front, back = pair
    back.engine.seconds = 60.0
    with client(front, front.key()) as http:
        job_id = post(http)
        until_running(http, job_id)
        start = time.monotonic()
        assert http.delete(f"/api/jobs/{job_id}").json()["state"] == "cancelled"
        while back.engine.room["glm-image"] < back.engine.places:
            assert time.monotonic() - start < 5
            time.sleep(0.02)
        assert http.get("/api/images").json()["data"] == []


def test_keys_of_one_are_keys_of_the_other(pair: tuple[Rig, Rig]) -> None:
    front, back = pair
    key, token = front.store.create_key("shared", [Scope.READ])
    with client(back, token) as http:
        assert http.get("/api/jobs").status_code == 200
        front.store.revoke(key.id)
        refused = http.get("/api/jobs")
    assert (refused.status_code, refused.json()["error"]["code"]) == (
        429,
        "api_key_disabled",
    )
