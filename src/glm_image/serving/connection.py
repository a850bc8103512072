"""Connections whose peers have to say what they want within some seconds."""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class PatientProtocol(H11Protocol):
    """HTTP/1.1 with a deadline for the headers of each request.

    Without one, whoever sends a byte a minute holds a connection for ever. Bodies have deadlines of
    their own, which the application keeps.
    """

    header_seconds = 15.0
    """Longest time from the first byte of a request, or the connection, to its last header."""

    _deadline: asyncio.TimerHandle | None = None

    @classmethod
    def with_deadline(cls, seconds: float) -> "type[PatientProtocol]":
        """The same protocol with another deadline."""
        return type(cls.__name__, (cls,), {"header_seconds": seconds})

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Take bytes in, and see whether they end the wait or begin one."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._expect()
        elif self.conn.their_state is not h11.IDLE:
            self._forget()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._forget()
        super().connection_lost(exc)

    def _expect(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.header_seconds, self._give_up)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self.transport.is_closing() or self.conn.their_state is not h11.IDLE:
            return
        self.transport.write(
            b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        )
        self.transport.close()
