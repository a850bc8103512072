"""The whole service as a process of its own, with real models in its workers."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2

PATIENCE = 500.0


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.1)


@contextmanager
def service(folder: Path, *flags: str) -> Iterator[tuple[Any, str]]:
    """The process and its address, as soon as it listens; its data and log are in the folder."""
    log = folder / "log"
    command = [sys.executable, "-m", "glm_image.cli.main", "serve", "--port", "0", *flags]
    with log.open("wb") as stream:
        process = subprocess.Popen([*command, "--data", str(folder)], stderr=stream, stdout=stream)

    def url() -> str:
        for line in log.read_text().splitlines():
            with suppress(ValueError):
                record = json.loads(line)
                if record.get("event") == "serving":
                    return str(record["url"])
        assert process.poll() is None, log.read_text()
        return ""

    try:
        wait_for(lambda: url() != "")
        yield process, url()
    finally:
        process.kill()
        process.wait()


def is_ready(url: str) -> bool:
    """Whether every model can draw."""
    with suppress(httpx2.TransportError):
        return httpx2.get(f"{url}/readyz", timeout=5).status_code == 200
    return False
