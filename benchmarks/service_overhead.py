"""What the service itself costs: time beside the painting, with 50 requests in flight.

``python -m benchmarks.service_overhead`` starts a service on loopback, in a process of its own,
whose painter only waits; so every millisecond beyond the wait is the service's: HTTP, keys, the
table of jobs, files, events. Then a thousand jobs are put into the queue of a painter that has no
room. Sources of noise: the client runs on the same machine, and every change of a job is synced to
the disk.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import uvicorn

from glm_image.serving import logs
from glm_image.serving.accounts import KeyLimits, Scope
from glm_image.serving.app import create_app
from glm_image.serving.blobs import Blobs
from glm_image.serving.hub import Hub
from glm_image.serving.painter import Inputs
from glm_image.serving.records import Claim, ModelCard
from glm_image.serving.settings import KeyDefaults, Settings
from glm_image.serving.store import Store
from glm_image.serving.worker.protocol import Done, Message, Result, Step, Token

IN_FLIGHT = 50
QUEUED = 1000
GOALS = {"beside the painting": 15.0, "enqueue": 50.0, "list": 100.0}
"""Milliseconds within which 95 of 100 requests should be."""

_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cf"
    "c0000003010100c9fe92ef0000000049454e44ae426082"
)
_CARD = ModelCard(
    name="glm-image",
    digest="0" * 64,
    summary="Waits.",
    default_width=256,
    default_height=256,
    min_side=256,
    max_side=256,
    max_sources=4,
    steps=20,
    guidance=1.5,
    temperature=0.9,
    top_p=0.75,
    created=0.0,
)


@dataclass(eq=False)
class Waiting:
    """A painter that waits instead of painting.

    Args:
        seconds: For how long.
        places: Jobs at once.
    """

    seconds: float
    places: int
    models: tuple[ModelCard, ...] = (_CARD,)
    ready: bool = True
    busy: int = 0

    @property
    def room(self) -> dict[str, int]:
        """Jobs that could begin now."""
        return {_CARD.name: self.places - self.busy}

    async def start(self) -> None:
        """Nothing has to be started."""

    async def cancel(self, job_id: str) -> None:
        """Nobody cancels in a measurement."""

    async def close(self) -> None:
        """Nothing has to be stopped."""

    async def submit(self, claim: Claim, inputs: Inputs) -> AsyncIterator[Message]:
        """Wait, and send a picture of one pixel."""
        self.busy += 1
        try:
            yield Token(done=0, total=64)
            await asyncio.sleep(self.seconds / 2)
            yield Step(done=1, total=20)
            await asyncio.sleep(self.seconds / 2)
            yield Result(index=0, width=256, height=256, mime="image/png", image=_PNG)
            yield Done()
        finally:
            self.busy -= 1


def serve(folder: Path, seconds: float, places: int) -> None:
    """Run the service of a measurement; its port and a key are the first line it prints."""
    settings = Settings(data=folder, key=KeyDefaults(in_flight=10**6, per_minute=10**6))
    logs.configure(replace(settings.log, level="error"))
    store = Store.open(settings.database_url, pepper=folder / "pepper")
    _, token = store.create_key("bench", (Scope.GENERATE, Scope.READ), KeyLimits())
    app = create_app(
        settings,
        store=store,
        blobs=Blobs.open(settings.blob_url, low_water=0),
        painter=Waiting(seconds, places),
        hub=Hub(),
    )
    config = uvicorn.Config(app, port=0, log_level="error", backlog=4096, timeout_keep_alive=75)
    listening = config.bind_socket()
    print(json.dumps([listening.getsockname()[1], token]), flush=True)
    uvicorn.Server(config).run(sockets=[listening])


class Client:
    """Connections that stay open, as clients under load keep them.

    Args:
        port: Of the service.
        token: A key.
    """

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, method: str, path: str, body: object = None) -> float:
        """Send a request; seconds until its whole answer is there."""
        data = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
            f"Authorization: Bearer {self._token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(data)}\r\n\r\n"
        )
        if not self._idle:
            self._idle.append(await asyncio.open_connection("127.0.0.1", self._port))
        reader, writer = self._idle.pop()
        start = time.perf_counter()
        writer.write(head.encode() + data)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lengths = [
            line.partition(":")[2]
            for line in answer.split("\r\n")
            if line[:15].lower() == "content-length:"
        ]
        content = await reader.readexactly(int(lengths[0]))
        taken = time.perf_counter() - start
        self._idle.append((reader, writer))
        if answer.split(" ", 2)[1][0] != "2":
            raise RuntimeError(f"{method} {path}: {answer.splitlines()[0]} {content[:300]!r}")
        return taken


async def in_flight(client: Client, seconds: float, count: int) -> list[float]:
    """Requests that come one after another, so that 50 are under way all the time."""
    gap = seconds / IN_FLIGHT
    dice = random.Random(0)

    async def one(number: int) -> float:
        body = {"prompt": f"picture {number}", "seed": number}
        return await client.ask("POST", "/v1/images/generations", body) - seconds

    tasks = []
    for number in range(count + IN_FLIGHT):
        tasks.append(asyncio.create_task(one(number)))
        await asyncio.sleep(dice.expovariate(1 / gap))
    # The first ones meet an empty service.
    return (await asyncio.gather(*tasks))[IN_FLIGHT:]


async def queued(client: Client) -> tuple[list[float], list[float]]:
    """Put a thousand jobs into the queue, and list jobs among them."""
    puts = [
        await client.ask("POST", "/api/jobs", {"prompt": f"job {number}"})
        for number in range(QUEUED)
    ]
    lists = [await client.ask("GET", "/api/jobs?limit=50") for _ in range(200)]
    return puts, lists


def row(name: str, seconds: list[float]) -> str:
    """One line of the table."""
    ordered = sorted(one * 1000 for one in seconds)
    share = statistics.quantiles(ordered, n=20)[-1]
    goal = GOALS[name]
    met = "yes" if share < goal else "no"
    return (
        f"{name:22} {len(ordered):6} {statistics.median(ordered):9.1f} {share:9.1f} "
        f"{ordered[-1]:9.1f} {goal:7.0f} {met:>5}"
    )


def started(folder: Path, seconds: float, places: int) -> tuple[subprocess.Popen[str], Client]:
    """A service in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.service_overhead", "--serve", str(folder)]
    command += ["--seconds", str(seconds), "--places", str(places)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    if process.stdout is None:
        raise RuntimeError("the service has no pipe")
    port, token = json.loads(process.stdout.readline())
    time.sleep(1.0)
    return process, Client(port, token)


async def measure(seconds: float, count: int) -> list[str]:
    """All rows of the table."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        process, client = started(Path(name), seconds, 10 * IN_FLIGHT)
        try:
            rows.append(row("beside the painting", await in_flight(client, seconds, count)))
        finally:
            process.terminate()
            process.wait()
    with tempfile.TemporaryDirectory() as name:
        process, client = started(Path(name), 3600.0, 0)
        try:
            puts, lists = await queued(client)
            rows += [row("enqueue", puts), row("list", lists)]
        finally:
            process.terminate()
            process.wait()
    return rows


def main() -> None:
    """Measure, and print a table in milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long a picture takes")
    parser.add_argument("--count", type=int, default=400, help="requests that are measured")
    parser.add_argument("--places", type=int, default=IN_FLIGHT, help=argparse.SUPPRESS)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve is not None:
        serve(given.serve, given.seconds, given.places)
        return
    rows = asyncio.run(measure(given.seconds, given.count))
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} processors, load {load:.1f}; milliseconds")
    print(f"{'':22} {'number':>6} {'median':>9} {'p95':>9} {'most':>9} {'goal':>7} {'met':>5}")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
