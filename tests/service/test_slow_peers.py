"""Whoever sends slowly holds nothing for long."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvicorn

from glm_image.serving.connection import PatientProtocol

pytestmark = pytest.mark.anyio

SECONDS = 0.6


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body and says how long it was."""
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(length).encode()})


@asynccontextmanager
async def served() -> AsyncIterator[int]:
    config = uvicorn.Config(
        answer,
        port=0,
        lifespan="off",
        log_config=None,
        http=PatientProtocol.with_deadline(SECONDS),
        timeout_keep_alive=30,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


async def drip(port: int, parts: list[bytes], pause: float) -> tuple[bytes, float]:
    """Send parts with pauses; gives what comes back until the end, and after how long."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    start = time.monotonic()

    async def send() -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)

    sending = asyncio.create_task(send())
    got = b""
    async with asyncio.timeout(20):
        # A server that closes while more is on its way resets the connection.
        with suppress(ConnectionError):
            while part := await reader.read(65536):
                got += part
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    writer.close()
    return got, time.monotonic() - start


async def test_headers_have_a_deadline() -> None:
    async with served() as port:
        slow = [b"GET / HTTP/1.1\r\n"] + [b"X-A: b\r\n"] * 100
        got, seconds = await drip(port, slow, 0.05)
        assert got.startswith(b"HTTP/1.1 408 ")
        assert seconds < 4 * SECONDS


async def test_a_connection_that_says_nothing_is_closed() -> None:
    async with served() as port:
        got, seconds = await drip(port, [], 0)
        assert got.startswith(b"HTTP/1.1 408 ")
        assert seconds < 4 * SECONDS


async def test_the_deadline_counts_for_every_request_of_a_connection() -> None:
    async with served() as port:
        whole = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        got, _ = await drip(port, [whole, whole, b"GET / HT"], 0.1)
        assert got.count(b"HTTP/1.1 200 ") == 2
        assert got.count(b"HTTP/1.1 408 ") == 1


async def test_bodies_are_not_bound_by_the_deadline_of_headers() -> None:
    async with served() as port:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\nConnection: close\r\n\r\n"
        got, seconds = await drip(port, [head] + [b"x"] * 8, SECONDS / 4)
        assert got.startswith(b"HTTP/1.1 200 ")
        assert got.endswith(b"\r\n8\r\n0\r\n\r\n")
        assert seconds > SECONDS


async def test_headers_have_a_bound() -> None:
    async with served() as port:
        endless = [b"GET / HTTP/1.1\r\nX-A: ", *[b"b" * 16384] * 20]
        got, seconds = await drip(port, endless, 0.0)
        assert got == b"" or got.startswith(b"HTTP/1.1 431 ")
        assert seconds < SECONDS


async def test_large_bodies_count_as_no_headers() -> None:
    async with served() as port:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\nConnection: close\r\n\r\n"
        got, _ = await drip(port, [head + b"x" * 200000], 0.0)
        assert got.startswith(b"HTTP/1.1 200 ")
