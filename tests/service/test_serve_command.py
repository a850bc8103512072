"""The service as a command: what it refuses, and how it leaves."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asking import PATIENCE, drawing, submit

from glm_image.cli.main import main
from glm_image.cli.serve import ServeFlags, settings_of
from glm_image.errors import ConfigError, InputError
from glm_image.serving.accounts import Scope
from glm_image.serving.records import JobState
from glm_image.serving.server import check_reach, listen, policy_of
from glm_image.serving.settings import Settings
from glm_image.serving.store import Store

QUICK = Path(__file__).with_name("quick_service.py")


def store_of(folder: Path) -> Store:
    settings = Settings(data=folder)
    folder.mkdir(exist_ok=True)
    return Store.open(settings.database_url, pepper=folder / "pepper")


# --------------------------------------------------------------------------------- settings


def test_flags_and_environment_become_settings(tmp_path: Path) -> None:
    flags = ServeFlags(
        port=0,
        model=["a=zai-org/GLM-Image", "b"],
        device="cpu",
        data=str(tmp_path),
        set=["limits.queue=5", "labels.producer=me"],
    )
    settings = settings_of(flags, {"GLM_IMAGE_HOST": "localhost", "GLM_IMAGE_PORT": "9"})
    assert (settings.host, settings.port, settings.data) == ("localhost", 0, tmp_path)
    assert [(one.name, one.source, one.device) for one in settings.models] == [
        ("a", "zai-org/GLM-Image", "cpu"),
        ("glm-image", "b", "cpu"),
    ]
    assert (settings.limits.queue, settings.labels.producer) == (5, "me")
    assert policy_of(settings).depth == 5


@pytest.mark.parametrize("text", ["limits.queue", "=3"])
def test_a_setting_without_value_is_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        settings_of(ServeFlags(set=[text]), {})
    assert refused.value.field == "set"


def test_unknown_settings_are_named() -> None:
    with pytest.raises(ConfigError, match=r"limits\.queue"):
        settings_of(ServeFlags(set=["limits.queeu=3"]), {})


def test_the_help_needs_no_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--help"]) == 0
    assert "--host" in capsys.readouterr().out


# --------------------------------------------------------------------------------- who may reach it


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_strangers_are_served_only_with_a_key(tmp_path: Path, host: str) -> None:
    store = store_of(tmp_path / "data")
    settings = Settings(host=host, data=tmp_path)
    with pytest.raises(InputError, match="no key") as refused:
        check_reach(settings, store)
    assert refused.value.field == "host"
    key, _ = store.create_key("me", (Scope.GENERATE,))
    check_reach(settings, store)
    store.revoke(key.id)
    with pytest.raises(InputError, match="no key"):
        check_reach(settings, store)
    store.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.9.9.9"])
def test_this_machine_needs_no_key(tmp_path: Path, host: str) -> None:
    store = store_of(tmp_path / "data")
    check_reach(Settings(host=host, data=tmp_path), store)
    store.close()


def test_the_command_refuses_an_open_door(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--host", "0.0.0.0", "--port", "0", "--data", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "--host: 0.0.0.0 can be reached by others" in error
    assert "glm-image keys create" in error


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = Settings(port=taken.getsockname()[1], data=tmp_path)
        with pytest.raises(InputError, match="cannot be listened on"):
            listen(settings)
    with pytest.raises(InputError):
        listen(replace(Settings(data=tmp_path), host="192.0.2.1"))


def test_answers_do_not_wait_for_their_heads_to_be_confirmed(tmp_path: Path) -> None:
    delays: list[int] = []

    def met(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = writer.get_extra_info("socket")
        delays.append(line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async def meet(door: socket.socket) -> None:
        async with await asyncio.start_server(met, sock=door):
            reader, writer = await asyncio.open_connection(*door.getsockname())
            assert await reader.read() == b""
            writer.close()

    with listen(Settings(port=0, data=tmp_path)) as door:
        asyncio.run(meet(door))
    assert delays == [1]


def test_the_service_never_loads_torch() -> None:
    code = (
        "import sys\n"
        "import glm_image.serving.server, glm_image.serving.app, glm_image.cli.serve\n"
        "import glm_image.serving.ray_pool\n"
        "heavy = ('torch', 'glm_image.pipeline', 'glm_image.engine')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --------------------------------------------------------------------------------- a life of it


@contextmanager
def serving(folder: Path, seconds: float, *options: str) -> Iterator[tuple[Any, str]]:
    """The command with workers that hold no model."""
    log = folder / "log"
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [
                sys.executable,
                str(QUICK),
                str(seconds),
                "--port",
                "0",
                "--data",
                str(folder),
                *options,
            ],
            stderr=stream,
            stdout=stream,
        )
    try:
        yield process, address(log, process)
    finally:
        process.kill()
        process.wait()


def address(log: Path, process: Any) -> str:
    """Where it serves, as its log says."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        for line in log.read_text().splitlines()[::-1]:
            with suppress(ValueError):
                record = json.loads(line)
                if record.get("event") == "serving":
                    url = str(record["url"])
                    wait_for(lambda url=url: status(f"{url}/readyz") == 200)
                    return url
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def status(url: str) -> int:
    """The status of an address; 0 if nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


def wait_for(condition: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.02)


def test_the_first_signal_finishes_what_runs(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    with serving(tmp_path, 3.0) as (process, url):
        job = submit(store, drawing())
        wait_for(lambda: store.job(job.id, None).state is JobState.RUNNING)
        process.send_signal(signal.SIGTERM)
        wait_for(lambda: status(f"{url}/readyz") in (503, 0))
        assert store.job(job.id, None).state is JobState.RUNNING
        assert process.wait(PATIENCE) == 0
    assert store.job(job.id, None).state is JobState.SUCCEEDED
    store.close()


def test_what_takes_too_long_is_given_back(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    with serving(tmp_path, 1000.0, "--set", "times.drain_seconds=0.5") as (process, _):
        job = submit(store, drawing())
        wait_for(lambda: store.job(job.id, None).state is JobState.RUNNING)
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert time.monotonic() - start < 30
    job = store.job(job.id, None)
    assert (job.state, job.attempt) == (JobState.QUEUED, 0)
    store.close()


def test_open_streams_end_in_words(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    body = {"prompt": "a long picture", "size": "64x64"}
    calls = {
        "images": ("/v1/images/generations", {**body, "stream": True}),
        "chat": (
            "/v1/chat/completions",
            {"messages": [{"role": "user", "content": "a star"}], "stream": True},
        ),
        "job": ("", None),
        "all": ("/api/events", None),
    }
    heard: dict[str, str] = {}

    def listen(name: str, url: str, content: dict[str, object] | None) -> None:
        data = None if content is None else json.dumps(content).encode()
        asked = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        # A connection that is cut raises an error here.
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            heard[name] = answer.read().decode()

    with serving(tmp_path, 1000.0, "--set", "times.drain_seconds=0.5") as (process, url):
        job = submit(store, drawing())
        calls["job"] = (f"/api/jobs/{job.id}/events", None)
        threads = [
            threading.Thread(target=listen, args=(name, f"{url}{path}", content))
            for name, (path, content) in calls.items()
        ]
        for thread in threads:
            thread.start()
        wait_for(lambda: store.health().running == 3)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join(PATIENCE)
        assert process.wait(PATIENCE) == 0
    assert heard.keys() == calls.keys()
    for name, text in heard.items():
        assert text.endswith("\n\n")
        last = json.loads(text.strip().rpartition("data: ")[2])
        assert last["error"]["retry_after"] > 0
        assert ("retry: 5000\nevent: error\n" in text) == (name != "chat")
        if name != "all":
            assert store.job(last["id"], None).state is JobState.QUEUED
    assert store.health().queued == 3
    given_up = store.reap(time.time() + 3600).cancelled
    assert not given_up
    (tmp_path / "log").unlink()
    with serving(tmp_path, 0.1) as (_, url):
        asked = urllib.request.Request(
            f"{url}/v1/images/generations",
            json.dumps(calls["images"][1]).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            assert "image_generation.completed" in answer.read().decode()
        wait_for(lambda: store.health().queued + store.health().running == 0)
    # The same request again was answered by the job that was left.
    assert len(store.jobs(None)) == 3
    store.close()


def test_a_second_interrupt_leaves_at_once(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    with serving(tmp_path, 1000.0) as (process, url):
        job = submit(store, drawing())
        wait_for(lambda: store.job(job.id, None).state is JobState.RUNNING)
        process.send_signal(signal.SIGINT)
        wait_for(lambda: status(f"{url}/readyz") == 503)
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
    assert store.job(job.id, None).state is JobState.RUNNING
    store.close()


def test_a_job_of_a_killed_service_is_finished_by_the_next(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    lease = ("--set", "times.lease_seconds=2")
    with serving(tmp_path, 2.0, *lease) as (process, _):
        job = submit(store, drawing())
        wait_for(lambda: store.job(job.id, None).state is JobState.RUNNING)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    (tmp_path / "log").unlink()
    with serving(tmp_path, 0.1, *lease):
        wait_for(lambda: store.job(job.id, None).state.ended)
    assert store.job(job.id, None).state is JobState.SUCCEEDED
    assert store.job(job.id, None).attempt == 2
    store.close()
