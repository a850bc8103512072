"""A service that stops keeps nobody waiting and loses nothing."""

import asyncio
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx2
import pytest
from event_lines import heard
from fake import FakeEngine
from serving_rig import running, until

PATIENCE = 30.0


def test_a_service_that_stops_says_so(tmp_path: Path) -> None:
    with running(tmp_path, engine=FakeEngine(seconds=1.0), keys=False) as rig:
        dispatcher = rig.app.state.service.dispatcher
        asyncio.run_coroutine_threadsafe(dispatcher.drain(), rig.loop).result(PATIENCE)
        answer = httpx2.get(f"{rig.url}/readyz")
        assert answer.status_code == 503
        assert answer.headers["x-should-retry"] == "true"


def test_nobody_waits_at_a_service_that_stops(tmp_path: Path) -> None:
    with running(tmp_path, engine=FakeEngine(places=0), keys=False) as rig:
        client = httpx2.Client(base_url=rig.url, timeout=PATIENCE)
        listening = threading.Event()
        body = {"prompt": "never begun"}

        def listen() -> str:
            with client.stream("GET", "/api/events") as stream:
                listening.set()
                return stream.read().decode()

        with client, ThreadPoolExecutor(3) as pool:
            heard_last = pool.submit(listen)
            waits = pool.submit(client.post, "/v1/images/generations", json=body)
            streams = pool.submit(
                client.post, "/v1/images/generations", json={**body, "stream": True}
            )
            assert listening.wait(PATIENCE)
            until(lambda: rig.store.health().queued == 2)
            dispatcher = rig.app.state.service.dispatcher
            asyncio.run_coroutine_threadsafe(dispatcher.drain(), rig.loop).result(PATIENCE)
            answer = waits.result(PATIENCE)
            assert (answer.status_code, answer.headers["x-should-retry"]) == (503, "true")
            job = answer.json()["id"]
            assert answer.headers["location"] == f"/v1/async-result/{job}"
            (last,) = heard(streams.result(PATIENCE).text.split("\n"))
            assert last.name == "error"
            assert last.data["id"] in last.data["error"]["message"]
            assert last.data["error"]["retry_after"] > 0
            text = heard_last.result(PATIENCE)
            assert text.endswith("\n\n")
            assert "retry: 5000\nevent: error\n" in text
            # Both callers know the names of their jobs, so both are kept for them.
            assert rig.store.health().queued == 2
            rig.store.reap(time.time() + 3600)
            assert rig.store.health().queued == 2
    with running(tmp_path, keys=False) as rig:
        again = httpx2.post(f"{rig.url}/v1/images/generations", json=body, timeout=PATIENCE)
        assert again.json()["id"] == job


def test_who_listens_is_woken_by_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks again in time by himself, and the doors wait less long than that."""
    monkeypatch.setattr("glm_image.serving.job_events.POLL_SECONDS", 3600)
    with ThreadPoolExecutor(1) as pool:
        with running(tmp_path, keys=False) as rig:
            text = pool.submit(lambda: httpx2.get(f"{rig.url}/api/events", timeout=PATIENCE).text)
            until(lambda: rig.hub.listeners == 1)
        assert "event: error\n" in text.result(PATIENCE)


def test_who_comes_as_the_doors_close_is_not_waited_for(tmp_path: Path) -> None:
    """A connection may be accepted before they close and become known only after."""
    ours, theirs = socket.socketpair()
    with ours, running(tmp_path, keys=False) as rig:
        server = rig.server

        async def come() -> None:
            while server.servers[0].is_serving():
                await asyncio.sleep(0.001)
            new = partial(
                server.config.http_protocol_class,
                config=server.config,
                server_state=server.server_state,
                app_state=server.lifespan.state,
            )
            await rig.loop.connect_accepted_socket(new, theirs)

        coming = asyncio.run_coroutine_threadsafe(come(), rig.loop)
    coming.result(PATIENCE)
    assert not server.server_state.connections


def test_a_picture_that_was_finished_last_is_still_handed_out(tmp_path: Path) -> None:
    """The service stops while it is painted; nothing is cut off between its end and its answer."""
    body = {"prompt": "the last one"}
    with (
        running(tmp_path, engine=FakeEngine(seconds=1.0), keys=False) as rig,
        ThreadPoolExecutor(3) as pool,
        httpx2.Client(base_url=rig.url, timeout=PATIENCE) as to,
    ):
        waits = pool.submit(to.post, "/v1/images/generations", json=body)
        streams = pool.submit(to.post, "/v1/images/generations", json={**body, "stream": True})
        until(lambda: len(rig.engine.started) == 2)
        ids = [job["id"] for job in to.get("/api/jobs").json()["data"]]
        listens = [pool.submit(to.get, f"/api/jobs/{job}/events") for job in ids[:1]]
        dispatcher = rig.app.state.service.dispatcher
        asyncio.run_coroutine_threadsafe(dispatcher.drain(), rig.loop).result(PATIENCE)
        assert waits.result(PATIENCE).status_code == 200
        assert "image_generation.completed" in streams.result(PATIENCE).text
        last = list(heard(listens[0].result(PATIENCE).text.split("\n")))[-1]
        assert (last.name, last.data["data"]["state"]) == ("state", "succeeded")
