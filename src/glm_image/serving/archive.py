"""Several pictures as one ZIP file, made while it is sent."""

import io
import time
import zipfile
from collections.abc import Iterator, Sequence

from glm_image.serving.answering import file_name
from glm_image.serving.blobs import Blobs
from glm_image.serving.records import Picture


def zip_parts(blobs: Blobs, pictures: Sequence[Picture]) -> Iterator[bytes]:
    """The parts of a file, one or two per picture; blocks.

    Pictures are compressed already, so they are stored as they are.

    Args:
        blobs: Where the files lie.
        pictures: What it holds, in this order.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, mode="w", compression=zipfile.ZIP_STORED) as archive:
        for picture in pictures:
            moment = time.gmtime(max(picture.created, 315532800))[:6]
            entry = zipfile.ZipInfo(file_name(picture), date_time=moment)
            archive.writestr(entry, blobs.get(picture.key))
            yield sink.take()
    yield sink.take()


class _Sink(io.RawIOBase):
    """Keeps what is written until it is taken; cannot go back, so the file is written in order."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(memoryview(data))  # type: ignore[arg-type]
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        """Everything that was written since the last time."""
        whole = b"".join(self._parts)
        self._parts.clear()
        return whole
