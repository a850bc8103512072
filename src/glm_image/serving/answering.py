"""Finished jobs as the image calls answer them."""

import base64
import math
import time
from dataclasses import dataclass

from fastapi import Request

from glm_image.serving.faces import Face
from glm_image.serving.records import BlobKey, Job, OutputFormat, Picture
from glm_image.serving.schemas.images import ImageData, ImagesResponse, TokenDetails, Usage
from glm_image.serving.service import Service
from glm_image.serving.sources import FILES_PATH

PIXELS_PER_TOKEN = 32
"""Side in pixels of the square that one semantic token describes."""

_SPANS = 24
"""An address stays the same for this part of the time that it lasts, and lasts as much longer."""

_ENDINGS = {form.mime: form.value for form in OutputFormat}


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Makes the addresses of files, which need no key.

    Args:
        service: The service.
        base: What stands before the path, such as ``http://127.0.0.1:8000``.
        expires: When they end, in seconds since 1970; None after the usual time.
    """

    service: Service
    base: str
    expires: float | None = None

    @classmethod
    def of(cls, service: Service, request: Request) -> "Addresses":
        """Addresses that the client of a request can reach."""
        base = service.settings.public_url or str(request.base_url)
        return cls(service=service, base=base.rstrip("/"))

    def picture(self, picture: Picture) -> str:
        """The address of a picture."""
        return self.blob(picture.key, file_name(picture))

    def blob(self, key: BlobKey, name: str) -> str:
        """The address of a file, and the name that it is saved under."""
        expires = self.expires
        if expires is None:
            # The same for a while, so that what a browser has once fetched it need not fetch again.
            lasting = self.service.settings.times.url_seconds
            span = max(1, lasting / _SPANS)
            expires = math.ceil((time.time() + lasting) / span) * span
        query = self.service.signer.sign(key, expires=expires, name=name)
        return f"{self.base}{FILES_PATH}{key}?{query}"


def file_name(picture: Picture) -> str:
    """The name that a picture is saved under."""
    return f"{picture.id}.{_ENDINGS.get(picture.mime, 'bin')}"


@dataclass(frozen=True, kw_only=True)
class Wording:
    """How an answer is worded.

    Args:
        addresses: Of files.
        as_address: Whether pictures are sent as addresses, not as base64.
        quality: The effective quality.
        request_id: What the client calls its request.
        notes: Fields that had no effect.
    """

    addresses: Addresses
    as_address: bool
    quality: str
    request_id: str
    notes: tuple[str, ...] = ()


def sends_addresses(face: Face, response_format: str | None) -> bool:
    """Whether an answer holds addresses: as asked, else as the face has it."""
    return face.sends_addresses if response_format is None else response_format == "url"


def usage_of(job: Job) -> Usage:
    """What a job took: characters of words, and semantic tokens of sources and pictures."""
    drawing = job.drawing
    grid = (drawing.width // PIXELS_PER_TOKEN) * (drawing.height // PIXELS_PER_TOKEN)
    text, sources, made = len(drawing.prompt), grid * len(drawing.sources), grid * drawing.count
    return Usage(
        input_tokens=text + sources,
        input_tokens_details=TokenDetails(image_tokens=sources, text_tokens=text),
        output_tokens=made,
        output_tokens_details=TokenDetails(image_tokens=made, text_tokens=0),
        total_tokens=text + sources + made,
    )


def base64_of(service: Service, key: BlobKey) -> str:
    """A file in base64; blocks."""
    return base64.b64encode(service.blobs.get(key)).decode("ascii")


def image_data(wording: Wording, picture: Picture) -> ImageData:
    """One picture of an answer; blocks if it is sent as base64."""
    service = wording.addresses.service
    return ImageData(
        id=picture.id,
        url=wording.addresses.picture(picture) if wording.as_address else None,
        b64_json=None if wording.as_address else base64_of(service, picture.key),
        seed=picture.seed,
        layout_seed=picture.layout_seed,
    )


def size_text(job: Job) -> str:
    """Width and height of a job's pictures, as clients write them."""
    return f"{job.drawing.width}x{job.drawing.height}"


def images_json(job: Job, wording: Wording) -> bytes:
    """The answer to an image call, ready to be sent; blocks."""
    body = ImagesResponse(
        id=job.id,
        request_id=wording.request_id,
        created=int(job.created),
        model=job.drawing.model,
        data=[image_data(wording, picture) for picture in job.pictures],
        output_format=job.drawing.output_format.value,
        quality=wording.quality,
        size=size_text(job),
        usage=usage_of(job),
        notes=list(wording.notes),
    )
    return body.model_dump_json(exclude_none=True).encode()
