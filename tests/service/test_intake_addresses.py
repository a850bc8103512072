"""Nobody reaches our network through the service."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from glm_image.errors import InputError
from glm_image.serving.errors import TooLargeError
from glm_image.serving.intake.addresses import Address, Reach, is_public
from glm_image.serving.intake.fetch import Fetcher
from glm_image.serving.settings import FetchSettings

pytestmark = pytest.mark.anyio

PUBLIC = "93.184.215.14"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Names:
    """A resolver that counts and answers as it is told."""

    answers: dict[str, list[list[str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError:
            given = self.answers[host]
            return given.pop(0) if len(given) > 1 else given[0]


HIDDEN = [
    "0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.0.1", "10.0.0.1", "172.16.0.1", "172.31.9.9",
    "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.1", "192.0.2.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1",
    "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:93.184.215.14", "::127.0.0.1",
    "fc00::1", "fd12::1", "fe80::1", "fe80::1%1", "fec0::1", "ff02::1", "64:ff9b::7f00:1",
    "64:ff9b:1::1", "2001:db8::1", "2002:7f00:1::", "2001:0:4136:e378::1", "100::1",
]  # fmt: skip


@pytest.mark.parametrize("address", HIDDEN)
async def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    names = Names({"innocent.example": [[address]]})
    with pytest.raises(InputError) as refused:
        await Reach(resolve=names).target("https://innocent.example/a.png", field="image")
    assert address not in str(refused.value)


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "2606:4700::1111"])
async def test_public_addresses_are_dialled(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
    names = Names({"public.example": [[address]]})
    target = await Reach(resolve=names).target("https://public.example/ä?c=d#e", field="i")
    assert (target.addresses, target.port, target.secure) == ((address,), 443, True)
    assert target.path == "/%C3%A4?c=d"


WRONG = [
    "http://public.example/a.png", "ftp://public.example/a", "file:///etc/passwd",
    "gopher://public.example/_", "data:image/png;base64,AA", "//public.example/a", "public.example",
    "https://", "https:///a", "https://user:pw@public.example/", "https://127.0.0.1@public.example/",
    "https://public.example:22/", "https://public.example:8000/", "https://public.example:99999/",
    "https://public.example:x/", "https://public.example\\@127.0.0.1/",
    "https://public.example/a b",
    "https://public.example/\r\nHost: a", "https://2130706433/", "https://0x7f000001/",
    "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://127.1/", "https://127.0.0.1./",
    "https://[::1/", "https://[::ffff:127.0.0.1]/", "https://[::1]/", "https://127.0.0.1/",
    "https://0/", "https://①②⑦.⓪.⓪.①/", "https://localhost/", "https://localhost./",
    "https://a..b/", "https://" + "a" * 64 + ".example/", "https://public.example/" + "a" * 2048,
    "https://[fe80::1%25eth0]/", "https://[v1.a]/", "https://unknown.example/",
]  # fmt: skip


@pytest.mark.parametrize("url", WRONG)
async def test_addresses_with_tricks_are_refused(url: str) -> None:
    local = [["127.0.0.1"]]
    names = Names(
        {"public.example": [[PUBLIC]], "localhost": local, "localhost.": local, "a..b": local}
    )

    async def resolve(host: str, port: int) -> Sequence[str]:
        try:
            return await names(host, port)
        except KeyError:
            raise OSError("no such name") from None

    with pytest.raises(InputError) as refused:
        await Reach(resolve=resolve).target(url, field="image")
    assert refused.value.field == "image"
    assert "127.0.0.1" not in refused.value.message


async def test_one_bad_address_among_good_ones_is_enough() -> None:
    names = Names({"mixed.example": [[PUBLIC, "10.0.0.1"]]})
    with pytest.raises(InputError, match="leads to a place"):
        await Reach(resolve=names).target("https://mixed.example/", field="image")


async def test_a_name_is_looked_up_once_and_that_is_dialled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that changes its address between check and use changes nothing."""
    names = Names({"rebound.example": [[PUBLIC], ["127.0.0.1"]]})
    dialled: list[str] = []

    async def dial(host: str, port: int, **options: object) -> None:
        dialled.append(host)
        raise OSError("unreachable")

    monkeypatch.setattr(asyncio, "open_connection", dial)
    fetcher = Fetcher(FetchSettings(enabled=True), Reach(resolve=names))
    with pytest.raises(InputError, match="cannot be fetched"):
        await fetcher.fetch("https://rebound.example/", field="image")
    assert names.asked == ["rebound.example"]
    assert dialled == [PUBLIC]


async def test_fetching_is_off_unless_it_is_switched_on() -> None:
    with pytest.raises(InputError, match="not fetched from addresses here"):
        await Fetcher(FetchSettings()).fetch("https://public.example/", field="image")


# --------------------------------------------------------------------------------- over the wire


@dataclass
class Site:
    """A server on loopback that answers each path with some bytes."""

    answers: dict[str, bytes]
    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    pause: float = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        self.requests.append(request)
        path = request.split()[1].decode()
        try:
            for start in range(0, len(self.answers[path]), 65536):
                writer.write(self.answers[path][start : start + 65536])
                await writer.drain()
                await asyncio.sleep(self.pause)
        except ConnectionError:
            return
        finally:
            writer.close()


@asynccontextmanager
async def site(pause: float = 0.0, **answers: bytes) -> AsyncIterator[tuple[Site, Reach]]:
    one = Site({f"/{name}": answer for name, answer in answers.items()}, pause=pause)
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]

    def allows(address: Address) -> bool:
        return str(address) == "127.0.0.1"

    async with server:
        yield one, Reach(schemes=("http",), ports=(one.port,), allows=allows)


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def moved(to: str, status: str = "302 Found") -> bytes:
    return answer(b"", f"Location: {to}", "Content-Length: 0", status=status)


async def get(one: Site, reach: Reach, path: str, **limits: float) -> bytes:
    settings = FetchSettings(enabled=True, **limits)  # type: ignore[arg-type]
    return await Fetcher(settings, reach).fetch(f"http://127.0.0.1:{one.port}/{path}", field="i")


async def test_a_picture_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    chunked = answer(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "Transfer-Encoding: chunked")
    async with site(a=answer(b"data", "Content-Length: 4"), b=chunked) as (one, reach):
        assert await get(one, reach, "a") == b"data"
        assert await get(one, reach, "b") == b"abcde"
        request = one.requests[0].decode()
        assert f"host: 127.0.0.1:{one.port}" in request.lower()
        assert "authorization" not in request.lower()
        assert "cookie" not in request.lower()


async def test_redirects_are_followed_three_times_and_checked_each_time() -> None:
    answers = {
        "a": moved("/b"), "b": moved("c", "307 Temporary Redirect"), "c": moved("/d"),
        "d": answer(b"here", "Content-Length: 4"), "z": moved("/a"),
        "inside": moved("http://169.254.169.254/latest/meta-data/"),
        "file": moved("file:///etc/passwd"), "port": moved("http://127.0.0.1:1/"),
        "user": moved("http://a@127.0.0.1/"),
    }  # fmt: skip
    async with site(**answers) as (one, reach):
        assert await get(one, reach, "a") == b"here"
        with pytest.raises(InputError, match="leads on more than 3 times"):
            await get(one, reach, "z")
        for path in ("inside", "file", "port", "user"):
            with pytest.raises(InputError):
                await get(one, reach, path)


async def test_answers_are_bounded_in_length_and_time() -> None:
    long = answer(b"x" * 5000, "Content-Length: 5000")
    unsaid = answer(b"x" * 300_000, "Connection: close")
    slow = answer(b"x" * 500_000, "Content-Length: 500000")
    async with site(a=long, b=unsaid, c=slow, pause=0.2) as (one, reach):
        for path in ("a", "b"):
            with pytest.raises(TooLargeError, match="or more"):
                await get(one, reach, path, file_bytes=1000)
        with pytest.raises(InputError, match="cannot be fetched"):
            await get(one, reach, "c", seconds=0.5)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        answer(b"x", "Content-Encoding: gzip", "Content-Length: 1"),
        answer(b"x", "Content-Length: 1", status="404 Not Found"),
        answer(b"x", "Content-Length: 1", status="302 Found"),
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 100_000,
    ],
)  # fmt: skip
async def test_bad_answers_are_refused(raw: bytes) -> None:
    async with site(a=raw) as (one, reach):
        with pytest.raises(InputError):
            await get(one, reach, "a")
