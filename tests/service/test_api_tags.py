"""Tags are counted over the caller's own pictures that are not thrown away."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from serving_rig import Rig, client, running


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder: Path = tmp_path_factory.mktemp("tags")
    with running(folder) as one:
        yield one


def drawn(http: httpx2.Client, count: int) -> list[str]:
    job: dict[str, Any] = http.post("/api/jobs", json={"prompt": "a cat", "n": count}).json()
    end = time.monotonic() + 20
    while job["state"] in ("queued", "running") and time.monotonic() < end:
        time.sleep(0.02)
        job = http.get(f"/api/jobs/{job['id']}").json()
    return [picture["id"] for picture in job["pictures"]]


def test_tags_are_counted_the_most_used_first(rig: Rig) -> None:
    with client(rig) as http:
        assert http.get("/api/tags").json() == {"object": "list", "data": []}
        one, two, three = drawn(http, 3)
        http.patch(f"/api/images/{one}", json={"tags": ["海报", "drafts"]})
        http.patch(f"/api/images/{two}", json={"tags": ["drafts"]})
        http.patch(f"/api/images/{three}", json={"tags": ["gone"]})
        http.delete(f"/api/images/{three}")
        assert http.get("/api/tags").json()["data"] == [
            {"tag": "drafts", "count": 2},
            {"tag": "海报", "count": 1},
        ]


def test_tags_of_others_are_not_seen(rig: Rig) -> None:
    with client(rig) as http, client(rig) as other:
        (one,) = drawn(http, 1)
        http.patch(f"/api/images/{one}", json={"tags": ["mine"]})
        assert other.get("/api/tags").json()["data"] == []
