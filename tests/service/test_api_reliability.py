"""Impatient, slow and vanishing clients: one picture is drawn once, and nobody waits for others."""

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
import pytest
import zai
from event_lines import heard
from fake import FakeEngine
from serving_rig import Rig, running, until

from glm_image.serving.records import Event, EventKind
from glm_image.serving.settings import RequestLimits, Times

PATIENCE = 30.0


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running(tmp_path_factory.mktemp("reliability"), engine=FakeEngine()) as one:
        yield one


@pytest.fixture
def engine(rig: Rig) -> Iterator[FakeEngine]:
    rig.engine.started.clear()
    yield rig.engine
    rig.engine.seconds = 0.0


@pytest.fixture
def http(rig: Rig) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {rig.key()}"}
    with httpx2.Client(base_url=rig.url, timeout=PATIENCE, headers=headers) as client:
        yield client


# ------------------------------------------------------------------------ the same request twice


def test_fifty_equal_requests_draw_one_picture(engine: FakeEngine, http: httpx2.Client) -> None:
    engine.seconds = 1.0

    def ask(_: int) -> Any:
        return http.post(
            "/v1/images/generations",
            json={"prompt": "a cat"},
            headers={"Idempotency-Key": "fifty"},
        )

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(ask, range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({json.dumps(answer.json()["data"]) for answer in answers}) == 1
    assert len(engine.started) == 1


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/v1", 422, "idempotency_conflict"), ("/paas/v4", 400, "1231")],
)
def test_a_key_stands_for_one_request(
    http: httpx2.Client, path: str, status: int, code: str
) -> None:
    body = {"prompt": "a cat", "request_id": f"one-{status}"}
    assert http.post(f"{path}/images/generations", json=body).status_code == 200
    answer = http.post(f"{path}/images/generations", json={**body, "prompt": "a dog"})
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code


def test_the_order_of_fields_does_not_matter(engine: FakeEngine, http: httpx2.Client) -> None:
    fields = [("prompt", "a cat"), ("n", 1), ("request_id", "order")]
    one = http.post("/v1/images/generations", json=dict(fields))
    two = http.post("/v1/images/generations", json=dict(reversed(fields)))
    assert one.json()["data"] == two.json()["data"]
    assert len(engine.started) == 1


def test_a_key_is_remembered_over_a_restart(tmp_path: Path) -> None:
    body = {"prompt": "a cat", "request_id": "kept"}
    with running(tmp_path) as first:
        token = first.key()
        headers = {"Authorization": f"Bearer {token}"}
        before = httpx2.post(f"{first.url}/v1/images/generations", json=body, headers=headers)
    with running(tmp_path) as second:
        again = httpx2.post(f"{second.url}/v1/images/generations", json=body, headers=headers)
        assert second.engine.started == []
    assert before.json()["data"] == again.json()["data"]


def test_an_impatient_zai_client_causes_one_picture(rig: Rig, engine: FakeEngine) -> None:
    engine.seconds = 5.0
    with zai.ZhipuAiClient(
        api_key=rig.key(), base_url=f"{rig.url}/paas/v4", timeout=1.0, max_retries=5
    ) as client:
        answer = client.images.generations(model="glm-image", prompt="an impatient cat")
    assert answer.data[0].url
    assert len(engine.started) == 1


def test_an_impatient_openai_client_causes_one_picture(rig: Rig, engine: FakeEngine) -> None:
    engine.seconds = 5.0
    with openai.OpenAI(
        api_key=rig.key(), base_url=f"{rig.url}/v1", timeout=1.0, max_retries=8
    ) as client:
        answer = client.images.generate(model="glm-image", prompt="an impatient dog")
    assert answer.data[0].b64_json
    assert len(engine.started) == 1


def test_two_who_wait_for_equal_requests_get_a_picture_each(
    engine: FakeEngine, http: httpx2.Client
) -> None:
    engine.seconds = 0.5
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(
                lambda _: http.post("/v1/images/generations", json={"prompt": "twins"}).json(),
                range(2),
            )
        )
    assert answers[0]["id"] != answers[1]["id"]


# ------------------------------------------------------------------------ who leaves


def test_what_waits_for_nobody_is_not_begun(rig: Rig, engine: FakeEngine) -> None:
    engine.seconds = 60.0
    headers = {"Authorization": f"Bearer {rig.key()}"}
    with httpx2.Client(base_url=rig.url, headers=headers, timeout=PATIENCE) as client:
        for index in range(engine.places):
            client.post("/api/jobs", json={"prompt": f"{index}", "n": 1})
        body = {"prompt": f"{engine.places}", "n": 1}
        # Long enough for the job to be taken on a busy machine.
        with pytest.raises(httpx2.TimeoutException):
            client.post("/v1/images/generations", json=body, timeout=3.0)
        until(lambda: _job(client, f"{engine.places}")["state"] == "cancelled")
        left = _job(client, f"{engine.places}")["id"]
        client.delete("/api/jobs")
    assert left not in engine.started


def test_whoever_leaves_a_stream_leaves_no_waiter(rig: Rig, engine: FakeEngine) -> None:
    engine.seconds = 60.0
    headers = {"Authorization": f"Bearer {rig.key()}"}
    with httpx2.Client(base_url=rig.url, headers=headers, timeout=PATIENCE) as client:
        body = {"prompt": "a stream", "stream": True}
        with client.stream("POST", "/v1/images/generations", json=body) as stream:
            # Held, because an iterator that is dropped hangs up, perhaps before the job begins.
            lines = stream.iter_lines()
            next(lines)
            until(lambda: bool(engine.started))
        until(lambda: rig.hub.listeners == 0)
        (job,) = client.get("/api/jobs").json()["data"]
        until(lambda: rig.store.job(job["id"], None).waiter_until is not None)
        assert rig.store.job(job["id"], None).state == "running"
        client.delete("/api/jobs")


def test_an_answer_that_takes_too_long_is_fetched_later(tmp_path: Path) -> None:
    times = replace(Times(), answer_seconds=0.5)
    with running(tmp_path, engine=FakeEngine(seconds=2.0), times=times, keys=False) as rig:
        answer = httpx2.post(f"{rig.url}/v1/images/generations", json={"prompt": "slow"})
        assert answer.status_code == 504
        assert answer.headers["x-should-retry"] == "false"
        place = answer.headers["location"]
        assert place.endswith(answer.json()["id"])
        until(lambda: httpx2.get(f"{rig.url}{place}").json()["task_status"] == "SUCCESS")


def _job(client: httpx2.Client, prompt: str) -> dict[str, Any]:
    jobs = client.get("/api/jobs", timeout=PATIENCE).json()["data"]
    return next(job for job in jobs if job["drawing"]["prompt"] == prompt)


# ------------------------------------------------------------------------ who is slow


def test_a_slow_reader_loses_previews_and_no_states(rig: Rig, http: httpx2.Client) -> None:
    """It reads a kilobyte now and then while previews of a megabyte go by."""
    job = http.post("/api/jobs", json={"prompt": "slow reader"}).json()["id"]
    owner = rig.store.job(job, None).key_id
    place = urlsplit(rig.url)
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect((place.hostname, place.port))
        token = http.headers["authorization"]
        line.sendall(
            f"GET /api/events HTTP/1.1\r\nHost: {place.netloc}\r\n"
            f"Authorization: {token}\r\n\r\n".encode()
        )
        line.recv(1024)
        image = b"x" * 1_000_000
        start = time.monotonic()
        for number in range(100):
            data = {"index": 0, "number": number, "mime": "image/png", "image": image}
            rig.hub.publish(
                Event(job_id=job, key_id=owner, kind=EventKind.PREVIEW, data=data, at=0.0)
            )
        others = [
            http.post("/v1/images/generations", json={"prompt": f"other {index}"}).json()["id"]
            for index in range(3)
        ]
        assert time.monotonic() - start < PATIENCE
        line.settimeout(PATIENCE)
        text = bytearray()
        while not all(_ended(text, other) for other in others):
            text += line.recv(1 << 20)
    assert text.count(b"event: preview") < 20


def _ended(text: bytearray, job_id: str) -> bool:
    return any(
        job_id.encode() in line and b'"succeeded"' in line for line in bytes(text).split(b"\n")
    )


def test_a_slow_download_holds_nobody_up(rig: Rig, http: httpx2.Client) -> None:
    body = {"prompt": "big", "size": "2048x2048", "response_format": "url"}
    url = http.post("/v1/images/generations", json=body).json()["data"][0]["url"]
    parts = urlsplit(url)
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect((parts.hostname, parts.port))
        target = f"{parts.path}?{parts.query}"
        line.sendall(f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
        line.recv(512)
        start = time.monotonic()
        assert http.get("/v1/models").status_code == 200
        assert http.post("/v1/images/generations", json={"prompt": "next"}).status_code == 200
        assert time.monotonic() - start < PATIENCE


def test_a_quiet_line_is_kept_open_by_comments(tmp_path: Path) -> None:
    times = replace(Times(), keep_alive_seconds=0.3)
    with running(tmp_path, engine=FakeEngine(seconds=6.0, steps=1), times=times) as rig:
        headers = {"Authorization": f"Bearer {rig.key()}"}
        body = {"prompt": "quiet", "stream": True}
        comments: list[float] = []
        with httpx2.stream(
            "POST", f"{rig.url}/v1/images/generations", json=body, headers=headers, timeout=PATIENCE
        ) as stream:
            for line in stream.iter_lines():
                if line.startswith(":"):
                    comments.append(time.monotonic())
                if len(comments) == 3:
                    break
        assert comments[2] - comments[1] < 5


def test_the_wall_clock_may_jump_back(
    rig: Rig, http: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting and order do not depend on the time of day."""
    real = time.time
    jumped = threading.Event()
    monkeypatch.setattr(time, "time", lambda: real() - (3600 if jumped.is_set() else 0))
    rig.engine.seconds = 1.0
    job = http.post("/api/jobs", json={"prompt": "time"}).json()["id"]
    jumped.set()
    with http.stream("GET", f"/api/jobs/{job}/events") as stream:
        numbers = [event.number for event in heard(stream.iter_lines())]
    assert numbers == sorted(numbers)
    assert http.get(f"/api/jobs/{job}").json()["state"] == "succeeded"
    rig.engine.seconds = 0.0


def test_too_many_streams_of_one_key(tmp_path: Path) -> None:
    limits = replace(RequestLimits(), streams=2)
    with running(tmp_path, limits=limits) as rig:
        headers = {"Authorization": f"Bearer {rig.key()}"}
        with httpx2.Client(base_url=rig.url, headers=headers, timeout=PATIENCE) as client:
            with client.stream("GET", "/api/events"), client.stream("GET", "/api/events"):
                answer = client.get("/api/events")
                assert answer.status_code == 429
                assert answer.json()["error"]["param"] == "events"
            until(lambda: rig.hub.listeners == 0)
            with client.stream("GET", "/api/events") as stream:
                assert stream.status_code == 200


def test_a_service_whose_model_is_not_there_yet(tmp_path: Path) -> None:
    engine = FakeEngine(models=(), ready=False)
    with running(tmp_path, engine=engine, keys=False) as rig:
        for method, path in (("GET", "/readyz"), ("GET", "/v1/models")):
            answer = httpx2.request(method, f"{rig.url}{path}")
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) >= 1
        answer = httpx2.post(f"{rig.url}/v1/images/generations", json={"prompt": "a cat"})
        assert answer.status_code == 503


def test_pictures_in_answers_are_whole(http: httpx2.Client) -> None:
    one = http.post("/v1/images/generations", json={"prompt": "whole"}).json()["data"][0]
    assert base64.b64decode(one["b64_json"]).endswith(b"IEND\xaeB`\x82")
