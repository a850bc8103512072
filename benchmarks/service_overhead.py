"""What the service adds to the time of the engine, with 50 requests in flight.

``python -m benchmarks.service_overhead`` starts the service as ``glm-image serve`` does, with its
log, on SQLite and a folder, with a worker process that waits instead of drawing
(:mod:`benchmarks.waiting_worker`). This process is the client. Each of 50 clients asks for one
picture after another and waits for each; the time of the engine differs from picture to picture,
so that answers do not come in step. What the service adds is the time of a request, from its first
byte to the last byte of the answer, less the time for which the order was with the worker, by the
worker's own clock; there is always room in the worker. So HTTP, the key, the checks, the table of
jobs, the dispatcher, the pipes to the worker and back, the file and its way to the disk all count.
Then a thousand jobs are put into a queue of which nothing is drawn.

The processor time of the service is printed as well: on a machine that does other work, it says
more than the clock.
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from glm_image.serving.accounts import KeyLimits, Scope
from glm_image.serving.app import create_app
from glm_image.serving.blobs import Blobs
from glm_image.serving.hub import Hub
from glm_image.serving.server import listen, policy_of, serve
from glm_image.serving.settings import KeyDefaults, Settings
from glm_image.serving.store import Store
from glm_image.serving.worker.pool import Pool
from glm_image.serving.worker.process import WorkerProcess
from glm_image.serving.worker.protocol import Load

IN_FLIGHT = 50
QUEUED = 1000
SPREAD = 0.5
"""Share of the usual time of the engine by which pictures are faster or slower."""

GOALS = {"added, 1 in flight": 15.0, "added, 50 in flight": 15.0, "enqueue": 50.0, "list": 100.0}
"""Milliseconds within which 95 of 100 requests should be."""


def run_service(folder: Path, seconds: float, places: int) -> None:
    """Run the service of a measurement; its port and a key are the first line it prints."""
    from glm_image.serving import logs

    settings = Settings(data=folder, port=0, key=KeyDefaults(in_flight=10**6, per_minute=10**6))
    logs.configure(settings.log)
    store = Store.open(settings.database_url, pepper=folder / "pepper", policy=policy_of(settings))
    _, token = store.create_key("bench", (Scope.GENERATE, Scope.READ), KeyLimits())
    span = (str(seconds * (1 - SPREAD)), str(seconds * (1 + SPREAD)))
    command = (sys.executable, "-m", "benchmarks.waiting_worker", *span, str(folder / "times"))
    pool = Pool([WorkerProcess("waiting", Load(name="glm-image", orders=places), None, command)])
    app = create_app(
        settings,
        store=store,
        blobs=Blobs.open(settings.blob_url, low_water=0),
        painter=pool,
        hub=Hub(),
        workers=lambda: pool.workers,
    )
    with listen(settings) as door:
        print(json.dumps([door.getsockname()[1], token]), flush=True)
        serve(settings, app, door)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request that was answered.

    Args:
        begun: By the monotonic clock, in seconds.
        ended: When its whole answer was there.
    """

    begun: float
    ended: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.begun


class Client:
    """Connections that stay open, as clients under load keep them.

    Args:
        port: Of the service.
        token: A key.
    """

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, method: str, path: str, body: object = None) -> Asked:
        """Send a request and wait for its whole answer.

        Raises:
            RuntimeError: It was refused.
        """
        data = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
            f"Authorization: Bearer {self._token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(data)}\r\n\r\n"
        )
        # Connections that rest for some seconds are closed by the service.
        self._idle = [one for one in self._idle if not one[0].at_eof()]
        if self._idle:
            reader, writer = self._idle.pop()
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        begun = time.monotonic()
        writer.write(head.encode() + data)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lengths = [
            line.partition(":")[2]
            for line in answer.split("\r\n")
            if line[:15].lower() == "content-length:"
        ]
        content = await reader.readexactly(int(lengths[0]))
        ended = time.monotonic()
        self._idle.append((reader, writer))
        if answer.split(" ", 2)[1][0] != "2":
            raise RuntimeError(f"{method} {path}: {answer.splitlines()[0]} {content[:300]!r}")
        return Asked(begun=begun, ended=ended)


@dataclass(frozen=True, kw_only=True)
class Service:
    """A running service.

    Args:
        client: Who asks it.
        pid: Its process.
        folder: Its data.
    """

    client: Client
    pid: int
    folder: Path

    @property
    def processor(self) -> float:
        """Seconds of processor time that its process has taken, without its worker."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
        user, system = fields.split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def painted(self) -> dict[int, float]:
        """Seconds for which each order was with the worker, by its seed."""
        lines = (self.folder / "times").read_text(encoding="ascii").splitlines()
        parts = [line.split() for line in lines]
        return {int(seed): float(ended) - float(begun) for seed, begun, ended in parts}

    async def ready(self) -> None:
        """Wait until the worker is there."""
        for _ in range(600):
            try:
                await self.client.ask("GET", "/readyz")
            except (RuntimeError, OSError):
                await asyncio.sleep(0.1)
            else:
                return
        raise RuntimeError("the service is not ready after a minute")


@contextmanager
def started(seconds: float, places: int) -> Iterator[Service]:
    """A service in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, "-m", "benchmarks.service_overhead", "--serve", name]
        command += ["--seconds", str(seconds), "--places", str(places)]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            if process.stdout is None:
                raise RuntimeError("the service has no pipe")
            port, token = json.loads(process.stdout.readline())
            yield Service(client=Client(port, token), pid=process.pid, folder=folder)
        finally:
            # There is nothing to wait for: the worker leaves when its pipe ends.
            process.kill()
            process.wait()


async def added(service: Service, seconds: float, clients: int, count: int) -> list[float]:
    """Seconds that the service adds to each of some requests of clients that do not rest."""
    first = random.Random(clients).randrange(2**32)
    asked: dict[int, Asked] = {}
    seeds = iter(range(first, first + clients + count))

    async def one(number: int) -> None:
        # They begin one after another, and then keep out of step by themselves.
        await asyncio.sleep(seconds * number / clients)
        for seed in seeds:
            body = {"prompt": f"picture {seed}", "seed": seed}
            asked[seed] = await service.client.ask("POST", "/v1/images/generations", body)

    await asyncio.gather(*[one(number) for number in range(clients)])
    painted = service.painted()
    # The first of each meet a service that is not warm.
    return [asked[seed].seconds - painted[seed] for seed in sorted(asked)[clients:]]


async def queued(client: Client) -> tuple[list[float], list[float]]:
    """Put a thousand jobs into the queue, and list jobs among them."""
    puts = [
        await client.ask("POST", "/api/jobs", {"prompt": f"job {number}"})
        for number in range(QUEUED)
    ]
    lists = [await client.ask("GET", "/api/jobs?limit=50") for _ in range(200)]
    return [one.seconds for one in puts], [one.seconds for one in lists]


def row(name: str, seconds: list[float], processor: float) -> str:
    """One line of the table."""
    ordered = sorted(one * 1000 for one in seconds)
    share = statistics.quantiles(ordered, n=20)[-1]
    goal = GOALS[name]
    met = "yes" if share < goal else "no"
    return (
        f"{name:20} {len(ordered):6} {statistics.median(ordered):8.1f} {share:8.1f} "
        f"{ordered[-1]:8.1f} {goal:6.0f} {met:>4} {processor * 1000:10.2f}"
    )


async def measure(seconds: float, count: int) -> list[str]:
    """All rows of the table."""
    rows = []
    for clients, usual, number in (
        (1, seconds / 10, max(20, count // 5)),
        (IN_FLIGHT, seconds, count),
    ):
        with started(usual, 10 * IN_FLIGHT) as service:
            await service.ready()
            before = service.processor
            times = await added(service, usual, clients, number)
            taken = (service.processor - before) / (number + clients)
            rows.append(row(f"added, {clients} in flight", times, taken))
    with started(3600.0, 1) as service:
        await service.ready()
        before = service.processor
        puts, lists = await queued(service.client)
        taken = (service.processor - before) / (len(puts) + len(lists))
        rows += [row("enqueue", puts, taken), row("list", lists, taken)]
    return rows


def main() -> None:
    """Measure, and print a table in milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="usual time of a picture")
    parser.add_argument("--count", type=int, default=400, help="requests that are measured")
    parser.add_argument("--places", type=int, default=IN_FLIGHT, help=argparse.SUPPRESS)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve is not None:
        run_service(given.serve, given.seconds, given.places)
        return
    rows = asyncio.run(measure(given.seconds, given.count))
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} processors, load {load:.1f}; milliseconds")
    print(
        f"{'':20} {'number':>6} {'median':>8} {'p95':>8} {'most':>8} {'goal':>6} {'met':>4} "
        f"{'processor':>10}"
    )
    print("\n".join(rows))


if __name__ == "__main__":
    main()
