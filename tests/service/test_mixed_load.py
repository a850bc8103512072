"""An hour of everything at once on the bundled model: nothing fails, and memory stays as it is.

``SOAK_SECONDS`` sets another duration than an hour.
"""

import base64
import json
import os
import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fake import plain
from test_bundled_service import PATIENCE, check, is_ready, service, wait_for

SECONDS = float(os.environ.get("SOAK_SECONDS", "3600"))
CLIENTS = 6
SAMPLE_SECONDS = 1.0
WARMING = 0.4
"""Share of the time in which memory may still grow."""

MEBIBYTE = 2**20
GROWTH = {"service": 24 * MEBIBYTE, "worker": 96 * MEBIBYTE}
"""Bytes by which a process may grow between the warming and the end."""

PROMPTS = ("a red circle", "a blue square at the top", "two green stars", "一个黄色的三角形")
SIZES = ("192x192", "224x192", "256x256")


class Load:
    """A client that asks for one thing after another, of all kinds in an order of its own."""

    def __init__(self, url: str, number: int, done: Counter[str]) -> None:
        self.http = httpx2.Client(base_url=url, timeout=PATIENCE)
        self.chance = random.Random(number)
        self.done = done

    def run(self, end: float) -> None:
        kinds: list[Callable[[], None]] = [
            self.generate, self.edit, self.stream, self.later, self.cancel
        ]  # fmt: skip
        with self.http:
            while time.monotonic() < end:
                kind = self.chance.choice(kinds)
                kind()
                self.done[kind.__name__] += 1

    def body(self, **more: object) -> dict[str, object]:
        return {
            "prompt": self.chance.choice(PROMPTS),
            "size": self.chance.choice(SIZES),
            "steps": self.chance.randint(1, 3),
            "seed": self.chance.randrange(2**32),
            **more,
        }

    def generate(self) -> None:
        body = self.body(n=self.chance.randint(1, 2), response_format="b64_json")
        for one in answered(self.http.post("/v1/images/generations", json=body))["data"]:
            check(base64.b64decode(one["b64_json"]))

    def edit(self) -> None:
        fields = {name: str(value) for name, value in self.body().items()}
        files = {"image": ("a.png", plain(192, 192, self.chance.randrange(1000)))}
        answer = self.http.post("/v1/images/edits", data=fields, files=files)
        (one,) = answered(answer)["data"]
        check(base64.b64decode(one["b64_json"]))

    def stream(self) -> None:
        body = self.body(stream=True, partial_images=self.chance.randint(0, 2))
        with self.http.stream("POST", "/v1/images/generations", json=body) as response:
            assert response.status_code == 200, response.read()
            lines = [line for line in response.iter_lines() if line.startswith("data: {")]
        last = json.loads(lines[-1].removeprefix("data: "))
        assert last["type"] == "image_generation.completed", last
        check(base64.b64decode(last["b64_json"]))

    def later(self) -> None:
        task = answered(self.http.post("/api/paas/v4/async/images/generations", json=self.body()))
        path = f"/api/paas/v4/async-result/{task['id']}"
        wait_for(lambda: answered(self.http.get(path))["task_status"] != "PROCESSING")
        (one,) = answered(self.http.get(path))["image_result"]
        check(self.http.get(one["url"]).content)

    def cancel(self) -> None:
        job = answered(self.http.post("/api/jobs", json=self.body(steps=20)))
        time.sleep(self.chance.uniform(0.0, 1.0))
        path = f"/api/jobs/{job['id']}"
        state = answered(self.http.delete(path))["state"]
        assert state in ("cancelled", "succeeded")
        assert answered(self.http.get(path))["state"] == state


def answered(response: httpx2.Response) -> Any:
    assert response.status_code in (200, 201, 202), response.text
    return response.json()


class Scale:
    """Weighs processes once a second."""

    def __init__(self, pids: dict[str, int]) -> None:
        self.pids = pids
        self.samples: dict[str, list[tuple[float, int]]] = {name: [] for name in pids}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def growth(self, name: str) -> float:
        """Bytes by which a process has grown after the warming, by the line through its samples."""
        samples = self.samples[name]
        start, end = samples[0][0], samples[-1][0]
        warm = [one for one in samples if one[0] >= start + WARMING * (end - start)]
        times, sizes = [one[0] for one in warm], [float(one[1]) for one in warm]
        return statistics.linear_regression(times, sizes).slope * (times[-1] - times[0])

    def _work(self) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while not self._over.wait(SAMPLE_SECONDS):
            for name, pid in self.pids.items():
                pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                self.samples[name].append((time.monotonic(), pages * page))


def worker_of(pid: int) -> int:
    """The engine process of a service."""
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if b"glm_image.serving.worker" in Path(f"/proc/{child}/cmdline").read_bytes():
            return int(child)
    raise AssertionError("there is no worker")


@pytest.mark.soak
def test_an_hour_of_mixed_load_leaves_memory_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A quick device draws more than a key may usually ask for.
    monkeypatch.setenv("GLM_IMAGE_KEY_PER_MINUTE", "1000000")
    done: Counter[str] = Counter()
    with service(tmp_path) as (process, url):
        wait_for(lambda: is_ready(url))
        worker = worker_of(process.pid)
        end = time.monotonic() + SECONDS
        scale = Scale({"service": process.pid, "worker": worker})
        with closing(scale), ThreadPoolExecutor(CLIENTS) as pool:
            loads = [pool.submit(Load(url, number, done).run, end) for number in range(CLIENTS)]
            for load in loads:
                load.result()
        with httpx2.Client(base_url=url, timeout=PATIENCE) as http:
            for state in ("failed", "expired", "queued", "running"):
                assert answered(http.get(f"/api/jobs?state={state}"))["data"] == []
            figures = http.get("/metrics").text
        assert worker_of(process.pid) == worker, "the worker was started again"
    print(dict(done), {name: round(scale.growth(name) / MEBIBYTE, 1) for name in scale.pids})
    assert set(done) == {"generate", "edit", "stream", "later", "cancel"}
    assert 'glm_image_worker_up{worker="glm-image-0"} 1.0' in figures
    for name, most in GROWTH.items():
        assert scale.growth(name) < most
