"""Pictures from addresses that clients name, without becoming their way into our network.

Off unless the operator switches it on. A name is looked up once and every address of it is checked;
what was checked is dialled. Redirects are checked in the same way. Nothing of the environment
counts: no proxies, no cookies, no passwords.

Source: OWASP, server-side request forgery prevention cheat sheet.
"""

import asyncio
import ssl
from contextlib import suppress
from urllib.parse import urljoin

import h11

from glm_image.serving.errors import RequestError, TooLargeError
from glm_image.serving.intake.addresses import Reach, Target, refused, unreachable
from glm_image.serving.settings import FetchSettings

_REDIRECTS = (301, 302, 303, 307, 308)
_OK = 200
_CHUNK = 2**16


class Fetcher:
    """Fetches pictures.

    Args:
        settings: Whether at all, and how much.
        reach: Where from.
    """

    def __init__(self, settings: FetchSettings, reach: Reach | None = None) -> None:
        self._settings = settings
        self._reach = reach or Reach()
        self._context = ssl.create_default_context()

    async def fetch(self, url: str, *, field: str) -> bytes:
        """The content of an address.

        Args:
            url: A public https address.
            field: Where it came from, for messages.

        Raises:
            RequestError: Fetching is off, the address is not allowed, or it gives no picture.
            TooLargeError: There is more than what is fetched.
        """
        if not self._settings.enabled:
            raise RequestError(
                "pictures are not fetched from addresses here",
                field=field,
                hint="send the picture as base64 or upload it; operators can set fetch.enabled",
            )
        try:
            async with asyncio.timeout(self._settings.seconds):
                return await self._follow(url, field)
        except (TimeoutError, OSError, h11.ProtocolError) as error:
            raise unreachable(field) from error

    async def _follow(self, url: str, field: str) -> bytes:
        for _ in range(self._settings.hops + 1):
            target = await self._reach.target(url, field=field)
            response, data = await self._get(target, field)
            if response.status_code == _OK:
                return data
            location = dict(response.headers).get(b"location")
            if response.status_code not in _REDIRECTS or location is None:
                raise RequestError(
                    f"the address answers {response.status_code}",
                    field=field,
                    hint="send the picture itself",
                )
            url = urljoin(url, location.decode("latin-1"))
        raise refused(f"it leads on more than {self._settings.hops} times", field)

    async def _get(self, target: Target, field: str) -> tuple[h11.Response, bytes]:
        reader, writer = await self._dial(target)
        try:
            connection = h11.Connection(h11.CLIENT)
            asked = h11.Request(
                method="GET",
                target=target.path,
                headers=[
                    ("Host", _host(target)),
                    ("Accept", "image/png, image/jpeg, image/webp"),
                    ("Accept-Encoding", "identity"),
                    ("User-Agent", "glm-image"),
                    ("Connection", "close"),
                ],
            )
            writer.write(connection.send(asked) or b"")
            writer.write(connection.send(h11.EndOfMessage()) or b"")
            await writer.drain()
            return await self._answer(connection, reader, field)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _answer(
        self, connection: h11.Connection, reader: asyncio.StreamReader, field: str
    ) -> tuple[h11.Response, bytes]:
        response: h11.Response | None = None
        data = bytearray()
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(_CHUNK))
            elif isinstance(event, h11.Response):
                response = event
                if response.status_code != _OK:
                    return response, b""
                self._check_headers(response, field)
            elif isinstance(event, h11.Data):
                data += event.data
                self._check_length(len(data), field)
            elif response is not None and isinstance(event, h11.EndOfMessage):
                return response, bytes(data)
            elif not isinstance(event, h11.InformationalResponse):
                raise unreachable(field)

    async def _dial(self, target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the first of the checked addresses that answers."""
        last: OSError = OSError("no address")
        for address in target.addresses:
            try:
                return await asyncio.open_connection(
                    address,
                    target.port,
                    ssl=self._context if target.secure else None,
                    server_hostname=target.host.rstrip(".") if target.secure else None,
                )
            except OSError as error:
                last = error
        raise last

    def _check_headers(self, response: h11.Response, field: str) -> None:
        headers = dict(response.headers)
        length = headers.get(b"content-length", b"0")
        if length.isdigit():
            self._check_length(int(length), field)
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise unreachable(field)

    def _check_length(self, length: int, field: str) -> None:
        if length > self._settings.file_bytes:
            raise TooLargeError(
                f"the address gives {length} bytes or more",
                field=field,
                hint=f"at most {self._settings.file_bytes} bytes",
            )


def _host(target: Target) -> str:
    """The name as the header writes it."""
    name = f"[{target.host}]" if ":" in target.host else target.host
    return name if target.port == (443 if target.secure else 80) else f"{name}:{target.port}"
