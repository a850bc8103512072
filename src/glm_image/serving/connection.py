"""Connections whose peers have to say what they want, shortly and within some seconds."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_BYTES = 64 * 1024
"""Longest first line and headers of a request; the parser itself knows no bound."""

_REFUSAL = b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_TOO_SLOW = _REFUSAL % b"408 Request Timeout"
_TOO_LONG = _REFUSAL % b"431 Request Header Fields Too Large"


class PatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 with a deadline and a bound for the headers of each request.

    Without them, whoever sends a byte a minute holds a connection for ever, and whoever sends one
    endless header fills the memory. Bodies have bounds of their own, which the application keeps.
    """

    header_seconds = 15.0
    """Longest time from the first byte of a request, or the connection, to its last header."""

    _deadline: asyncio.TimerHandle | None = None
    _header_bytes = 0

    @classmethod
    def with_deadline(cls, seconds: float) -> "type[PatientProtocol]":
        """The same protocol with another deadline."""
        return type(cls.__name__, (cls,), {"header_seconds": seconds})

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes in, unless the headers that they belong to are too long already."""
        if self._deadline is not None:
            self._header_bytes += len(data)
        super().data_received(data)
        if self._deadline is not None and self._header_bytes > HEADER_BYTES:
            self._refuse(_TOO_LONG)

    def on_message_begin(self) -> None:
        """Begin to wait for the headers of a request."""
        super().on_message_begin()
        self._expect()

    def on_headers_complete(self) -> None:
        """Stop waiting."""
        self._forget()
        super().on_headers_complete()

    def _expect(self) -> None:
        if self._deadline is None:
            self._header_bytes = 0
            self._deadline = self.loop.call_later(self.header_seconds, self._refuse, _TOO_SLOW)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, answer: bytes) -> None:
        self._forget()
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()
