"""What the service and its engine processes say to each other, and how it travels.

A frame is four bytes with the length of its header, the header as JSON, eight bytes with the length
of its payload, and the payload; lengths are big-endian. The header names the kind of the message,
the order that it belongs to, its plain fields, and the length of each run of bytes in the payload.
Codes and pictures travel as bytes and are never written as text. Nothing here imports torch.
"""

import asyncio
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from glm_image.config import from_mapping, to_mapping
from glm_image.errors import GlmImageError
from glm_image.serving.records import Drawing, Failure, ModelCard
from glm_image.serving.worker.parts import lift, lower

VERSION = 2
"""Both ends must speak the same; it grows with every change that the other end would not grasp."""

MAX_HEADER = 1024 * 1024
"""Longest header in bytes: a prompt and the fields around it take a few thousand."""

MAX_PAYLOAD = 2 * 1024**3
"""Longest payload in bytes: sixteen sources of 50 MB and room to spare."""

_HEADER_LENGTH = struct.Struct(">I")
_PAYLOAD_LENGTH = struct.Struct(">Q")


class ProtocolError(GlmImageError):
    """The other end says something that cannot be understood; the connection is of no more use."""


# ------------------------------------------------------------------------ from the service


@dataclass(frozen=True, kw_only=True)
class Load:
    """First of all: which model to load, and how pictures are finished.

    Args:
        version: Of the protocol.
        name: What clients call the model.
        source: Folder or repository; None is the bundled model.
        device: Where it runs; None chooses.
        dtype: None chooses.
        orders: Most orders at once.
        hidden: Whether files carry the hidden label.
        parameters: Whether files carry how they were made.
        producer: Who answers for the pictures, in the hidden label.
        certificate: PEM file that pictures are signed with; None does not sign.
        key: PEM file of its private key.
        log_level: Least level of lines in the log.
        log_json: Whether these lines are JSON.
    """

    version: int = VERSION
    name: str
    source: str | None = None
    device: str | None = None
    dtype: str | None = None
    orders: int = 8
    hidden: bool = True
    parameters: bool = True
    producer: str = "glm-image"
    certificate: str | None = None
    key: str | None = None
    log_level: str = "info"
    log_json: bool = True


@dataclass(frozen=True, kw_only=True)
class Submit:
    """Draw.

    Args:
        job_id: For the log, and for the hidden label.
        created: When it was asked for, in seconds since 1970; files tell it.
        drawing: What is asked.
        sources: Files of the pictures to edit, in the order of the drawing.
        mask: File whose transparent parts are edited.
        codes: What an earlier attempt wrote, one entry per picture; None has to be written.
    """

    job_id: str
    created: float
    drawing: Drawing
    sources: tuple[bytes, ...] = ()
    mask: bytes | None = None
    codes: tuple[bytes | None, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Cancel:
    """Give the order up; an :class:`Error` ends it if it was still on its way."""


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Give everything up and leave."""


# ------------------------------------------------------------------------ from the worker


@dataclass(frozen=True, kw_only=True)
class Hello:
    """The model is loaded.

    Args:
        card: What it can do.
        device: Where it runs, for people.
    """

    card: ModelCard
    device: str


@dataclass(frozen=True, kw_only=True)
class Beat:
    """The worker is alive. Sent every second, also while it loads.

    Args:
        orders: Orders on their way.
        memory: Bytes of this process in memory.
        device_memory: Bytes in use on the accelerator; 0 without one.
    """

    orders: int
    memory: int
    device_memory: int


@dataclass(frozen=True, kw_only=True)
class Token:
    """The generator writes.

    Args:
        done: Codes written, over all pictures of the order.
        total: Codes to write.
    """

    done: int
    total: int


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """One picture is written.

    Args:
        index: Which picture.
        codes: Its raster, see :mod:`glm_image.serving.worker.codes`.
    """

    index: int
    codes: bytes


@dataclass(frozen=True, kw_only=True)
class Codes:
    """What the generator has written of a raster of a picture since it last told.

    The preview comes before the large raster, if there is one, and has a grid of its own.

    Args:
        index: Which picture.
        start: Place of the first code in the raster, row by row.
        rows: Of the raster.
        columns: Of the raster.
        codes: The codes.
    """

    index: int
    start: int
    rows: int
    columns: int
    codes: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Step:
    """The decoder paints.

    Args:
        done: Steps done, over all pictures of the order.
        total: Steps to do.
    """

    done: int
    total: int


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What can be seen of a picture.

    Args:
        index: Which picture.
        number: Which preview of it, from 0.
        mime: Media type.
        image: The file.
    """

    index: int
    number: int
    mime: str
    image: bytes


@dataclass(frozen=True, kw_only=True)
class Result:
    """One picture is finished, labelled and encoded.

    Args:
        index: Which picture.
        width: Pixels.
        height: Pixels.
        mime: Media type.
        image: The file.
        bare: The picture without its visible label, if it has one, as a PNG that says nothing.
    """

    index: int
    width: int
    height: int
    mime: str
    image: bytes
    bare: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Done:
    """All pictures of the order were sent; nothing follows.

    Args:
        seconds: Of each stage, as ``"name=seconds"``.
    """

    seconds: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Error:
    """The order came to nothing; nothing follows.

    Args:
        failure: Why.
    """

    failure: Failure


Command = Load | Submit | Cancel | Stop
"""What the service says."""

Message = Token | Tokens | Codes | Step | Preview | Result | Done | Error
"""What is said about an order; the last one is ``Done`` or ``Error``."""

Word = Command | Message | Hello | Beat
"""Everything that can be said."""

_KINDS: Mapping[str, type[Word]] = {
    "load": Load,
    "submit": Submit,
    "cancel": Cancel,
    "stop": Stop,
    "hello": Hello,
    "beat": Beat,
    "token": Token,
    "tokens": Tokens,
    "codes": Codes,
    "step": Step,
    "preview": Preview,
    "result": Result,
    "done": Done,
    "error": Error,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Something that is said.

    Args:
        order: Number of the order that it is about; 0 is about the process.
        word: What is said.
    """

    order: int = 0
    word: Word


def encode(frame: Frame) -> bytes:
    """A frame as it travels."""
    parts: list[bytes] = []
    header = {
        "kind": _NAMES[type(frame.word)],
        "order": frame.order,
        "fields": lift(to_mapping(frame.word), parts),
        "parts": [len(part) for part in parts],
    }
    head = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    lengths = _HEADER_LENGTH.pack(len(head)), _PAYLOAD_LENGTH.pack(sum(map(len, parts)))
    return b"".join([lengths[0], head, lengths[1], *parts])


def read(stream: BinaryIO) -> Frame | None:
    """The next frame of a pipe; None at its end.

    Raises:
        ProtocolError: It is damaged or ends in the middle.
    """
    start = stream.read(_HEADER_LENGTH.size)
    if not start:
        return None
    head = _exactly(stream, _header_length(_whole(start, _HEADER_LENGTH.size)))
    payload = _exactly(stream, _payload_length(_exactly(stream, _PAYLOAD_LENGTH.size)))
    return _decode(head, payload)


async def receive(stream: asyncio.StreamReader) -> Frame | None:
    """The next frame of a pipe; None at its end, and where it ends in the middle.

    Raises:
        ProtocolError: It is damaged.
    """
    try:
        head = await stream.readexactly(
            _header_length(await stream.readexactly(_HEADER_LENGTH.size))
        )
        length = _payload_length(await stream.readexactly(_PAYLOAD_LENGTH.size))
        payload = await stream.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return _decode(head, payload)


def _header_length(raw: bytes) -> int:
    (length,) = _HEADER_LENGTH.unpack(raw)
    return _bounded(int(length), MAX_HEADER)


def _payload_length(raw: bytes) -> int:
    (length,) = _PAYLOAD_LENGTH.unpack(raw)
    return _bounded(int(length), MAX_PAYLOAD)


def _bounded(length: int, most: int) -> int:
    if length > most:
        raise ProtocolError(
            f"{length} bytes are announced, at most {most} are taken",
            field="frame",
            hint="nothing but frames may be written to the pipe",
        )
    return length


def _exactly(stream: BinaryIO, length: int) -> bytes:
    return _whole(stream.read(length), length)


def _whole(data: bytes, length: int) -> bytes:
    if len(data) < length:
        raise ProtocolError(f"it ends after {len(data)} of {length} bytes", field="frame")
    return data


def _decode(head: bytes, payload: bytes) -> Frame:
    """A frame from its two halves.

    Raises:
        ProtocolError: They do not fit each other, or no message of that kind is known.
    """
    try:
        header = json.loads(head)
        kind, fields = _KINDS[header["kind"]], header["fields"]
        parts = _cut(payload, header["parts"])
        word = from_mapping(kind, lower(fields, parts), source=header["kind"])
        return Frame(order=int(header["order"]), word=word)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ProtocolError(f"it cannot be read: {error}", field="frame") from error


def _cut(payload: bytes, lengths: list[int]) -> list[bytes]:
    parts, start = [], 0
    for length in lengths:
        parts.append(payload[start : start + length])
        start += length
    if start != len(payload):
        raise ProtocolError(f"{len(payload)} bytes, {start} are announced", field="frame")
    return parts
