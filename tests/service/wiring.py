"""What goes over the wire: taken down at the border of the application, and kept as files.

What differs from run to run is replaced by marks, in the order of their first appearance: ids,
times, seeds that nobody asked for, addresses with signatures, keys, pictures in answers. Marks of
answers stand in later requests again, so that a conversation can be held anew.
"""

import base64
import binascii
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Any

from fake import FakeEngine
from PIL import Image, UnidentifiedImageError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from glm_image.serving.errors import Flag
from glm_image.serving.records import Failure

FOLDER = Path(__file__).with_name("wire")
BOUNDARY = "the-next-part"

_ASKED = (
    "accept",
    "accept-language",
    "authorization",
    "content-type",
    "idempotency-key",
    "prefer",
    "source_type",
    "x-request-sdk",
    "x-source-channel",
    "zai-sdk-ver",
    "x-stainless-lang",
    "x-stainless-retry-count",
)
_ANSWERED = (
    "cache-control",
    "content-disposition",
    "content-type",
    "location",
    "retry-after",
    "www-authenticate",
    "x-content-type-options",
    "x-request-id",
    "x-should-retry",
)
_ID = re.compile(r"\b(job|img|file|req)_[0-9a-z]{20,}\b")
_ADDRESS = re.compile(r"/files/[0-9a-f]{2}/[^\s\"')]+")
_MARK = re.compile(r"<[a-z]+-\d+>|<key>|<service>")
_EARLIEST, _LATEST = 1_600_000_000, 2_200_000_000
_LARGEST_SEED = 1000
"""Larger seeds were drawn by the service."""


@dataclass
class Exchange:
    """A request and its answer, as bytes."""

    method: str
    target: str
    asked: dict[str, str]
    sent: bytes = b""
    status: int = 0
    answered: dict[str, str] = field(default_factory=dict)
    received: bytes = b""
    over: bool = False

    @property
    def is_early(self) -> bool:
        """Whether a task was asked for that is still drawn; how often that happens is chance."""
        return "/async-result/" in self.target and b'"PROCESSING"' in self.received


def painter() -> FakeEngine:
    """A painter slow enough for every preview to be seen, and with two words that fail."""
    return FakeEngine(
        seconds=0.6,
        failures={
            "broken": Failure(code="1234", kind="GlmImageError", message="the canvas tore"),
            "unsafe": Failure(
                code="1301",
                kind="PolicyError",
                message="the picture is not allowed here",
                flags=(Flag(role="assistant", level=2),),
            ),
        },
    )


class Tape:
    """Takes down what passes an application."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application with the tape before it."""

        async def passed(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            query = scope["query_string"].decode()
            exchange = Exchange(
                method=scope["method"],
                target=scope["path"] + (f"?{query}" if query else ""),
                asked=_headers(scope["headers"]),
            )
            self.exchanges.append(exchange)

            async def hear() -> Message:
                message = await receive()
                exchange.sent += message.get("body", b"")
                return message

            async def say(message: Message) -> None:
                if message["type"] == "http.response.start":
                    exchange.status = message["status"]
                    exchange.answered = _headers(message["headers"])
                elif message["type"] == "http.response.body":
                    exchange.received += message.get("body", b"")
                    exchange.over = not message.get("more_body", False)
                await send(message)

            await app(scope, hear, say)

        return passed


class Marks:
    """Replaces what differs from run to run, and puts it back.

    Args:
        url: Of the service.
        key: Of the client.
    """

    def __init__(self, url: str, key: str) -> None:
        self._meant: dict[str, str] = {"<service>": url, "<key>": key}

    def exchange(self, one: Exchange) -> dict[str, Any]:
        """An exchange as it is kept."""
        asked = {name: one.asked[name] for name in _ASKED if name in one.asked}
        answered = {name: one.answered[name] for name in _ANSWERED if name in one.answered}
        request = {
            "method": one.method,
            "target": self.text(one.target),
            "headers": self.value(asked),
            "body": self._sent(one.asked.get("content-type", ""), one.sent),
        }
        answer = {
            "status": one.status,
            "headers": self.value(answered),
            "body": self._received(one.answered.get("content-type", ""), one.received),
        }
        if "zai-sdk-ver" in asked:
            request["headers"]["zai-sdk-ver"] = "<version>"
        if asked.get("content-type", "").startswith("multipart/form-data"):
            request["headers"]["content-type"] = f"multipart/form-data; boundary={BOUNDARY}"
        return {"request": request, "answer": answer}

    def meant(self, text: str) -> str:
        """A text with what its marks stand for."""
        return _MARK.sub(lambda found: self._meant.get(found[0], found[0]), text)

    def text(self, text: str) -> str:
        """A text with marks."""
        for mark in ("<key>", "<service>"):
            text = text.replace(self._meant[mark], mark)
        text = _ADDRESS.sub(lambda found: self._mark("address", found[0]), text)
        return _ID.sub(lambda found: self._mark(found[1], found[0]), text)

    def value(self, value: Any, name: str = "") -> Any:
        """A value of JSON with marks."""
        if isinstance(value, dict):
            return {key: self.value(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner, name) for inner in value]
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        if name == "seed":
            return value if value < _LARGEST_SEED else "<seed>"
        return "<time>" if _EARLIEST < value < _LATEST else value

    def _mark(self, kind: str, text: str) -> str:
        for mark, known in self._meant.items():
            if known == text:
                return mark
        number = sum(mark.startswith(f"<{kind}-") for mark in self._meant) + 1
        self._meant[f"<{kind}-{number}>"] = text
        return f"<{kind}-{number}>"

    def _sent(self, kind: str, body: bytes) -> Any:
        if not body:
            return None
        if kind.startswith("multipart/form-data"):
            return {"form": [self._part(one) for one in _parts(kind, body)]}
        return {"json": self.value(json.loads(body))}

    def _part(self, part: tuple[str, str | None, str, bytes]) -> dict[str, Any]:
        name, file, kind, data = part
        if file is None:
            return {"name": name, "text": self.text(data.decode())}
        return {
            "name": name,
            "file": file,
            "type": kind,
            "base64": base64.b64encode(data).decode(),
        }

    def _received(self, kind: str, body: bytes) -> Any:
        if kind.startswith("image/"):
            return _picture(body)
        if kind.startswith("text/event-stream"):
            return [self._event(block) for block in body.decode().split("\n\n") if _says(block)]
        return self.value(_without_pictures(json.loads(body))) if body else None

    def _event(self, block: str) -> dict[str, Any]:
        said: dict[str, Any] = {}
        for line in block.split("\n"):
            name, _, text = line.partition(": ")
            if name == "data" and text.startswith("{"):
                said["data"] = self.value(_without_pictures(json.loads(text)))
            elif name:
                said[name] = text
        return said


RECORDED = sorted(path.stem for path in FOLDER.glob("*.json"))


def kept(name: str) -> dict[str, Any]:
    """What was recorded."""
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return content


def multipart(form: list[dict[str, str]], marks: Marks) -> bytes:
    """The body of a form that was kept."""
    lines = bytearray()
    for part in form:
        head = f'Content-Disposition: form-data; name="{part["name"]}"'
        content = marks.meant(part["text"]).encode() if "text" in part else b""
        if "file" in part:
            head += f'; filename="{part["file"]}"\r\nContent-Type: {part["type"]}'
            content = base64.b64decode(part["base64"])
        lines += f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n"
    return bytes(lines) + f"--{BOUNDARY}--\r\n".encode()


def _headers(raw: Any) -> dict[str, str]:
    return {name.decode("latin-1").lower(): text.decode("latin-1") for name, text in raw}


def _says(block: str) -> bool:
    return any(line and not line.startswith(":") for line in block.split("\n"))


def _parts(kind: str, body: bytes) -> list[tuple[str, str | None, str, bytes]]:
    whole = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    found = []
    for part in whole.get_payload():
        name = str(part.get_param("name", header="content-disposition"))
        data = part.get_payload(decode=True)
        found.append((name, part.get_filename(), part.get_content_type(), data))
    return found


def _picture(data: bytes) -> str:
    with Image.open(io.BytesIO(data)) as image:
        return f"<{image.format} {image.width}x{image.height}>"


def _without_pictures(value: Any) -> Any:
    """The same value with kind and size of the pictures that it holds in base64."""
    if isinstance(value, Mapping):
        return {key: _without_pictures(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_pictures(inner) for inner in value]
    if not isinstance(value, str) or len(value) < 64:
        return value
    head, _, text = value.rpartition(",") if value.startswith("data:") else ("", "", value)
    try:
        return f"{head}{_picture(base64.b64decode(text, validate=True))}"
    except (binascii.Error, UnidentifiedImageError):
        return value
