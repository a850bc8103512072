"""From what a client writes to what is drawn."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from glm_image.serving.auth import Caller
from glm_image.serving.errors import Code, RequestError
from glm_image.serving.qualities import read_quality
from glm_image.serving.records import Drawing, Submitted
from glm_image.serving.request_fields import (
    body_hash,
    check_area,
    check_prompt,
    either,
    named_images,
    notes_on,
    read_format,
    read_seeds,
    read_steps,
    read_strength,
    refuse_others,
    refuse_strangers,
    request_key,
)
from glm_image.serving.schemas.images import AnyPicture, ImageRequest
from glm_image.serving.service import Service
from glm_image.serving.settings import SOURCES
from glm_image.serving.sizes import read_size
from glm_image.serving.sources import Source, Sources

USUAL_COMPRESSION = 100
"""Best JPEG and WebP, smallest PNG."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """A request that was read.

    Args:
        drawing: What is drawn.
        quality: The effective quality.
        request_key: What the client calls the request.
        body_hash: Of everything that was asked.
        notes: Fields that have no effect.
    """

    drawing: Drawing
    quality: str
    request_key: str | None
    body_hash: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Attached:
    """Files of a form.

    Args:
        images: Pictures to edit.
        mask: Transparent where the picture changes.
    """

    images: Sequence[bytes] = ()
    mask: bytes | None = None

    def digests(self) -> list[str]:
        """One per file, the mask last."""
        files = [*self.images, *([] if self.mask is None else [self.mask])]
        return [hashlib.sha256(data).hexdigest() for data in files]


@dataclass(frozen=True, kw_only=True)
class _Pictures:
    """The pictures of a request."""

    sources: list[Source] = field(default_factory=list)
    mask: Source | None = None


async def read_order(
    service: Service,
    caller: Caller,
    body: ImageRequest,
    *,
    attached: Attached,
    idempotency_key: str | None,
) -> Order:
    """Check a request and prepare what is drawn.

    Raises:
        RequestError: Something is missing, wrong, or excludes another thing.
        PolicyError: The words or pictures are not allowed.
    """
    limits = service.settings.limits
    card = service.card(body.model)
    prompt = check_prompt(body.prompt, limits)
    quality = read_quality(body.quality)
    refuse_others(body)
    refuse_strangers(body, card, has_mask=attached.mask is not None)
    count = body.n or 1
    named = named_images(body)
    most = min(card.max_sources, SOURCES)
    if len(named) + len(attached.images) > most:
        raise RequestError(
            f"{len(named) + len(attached.images)} pictures", field="image", hint=f"at most {most}"
        )
    if (body.mask is not None or attached.mask is not None) and not (named or attached.images):
        raise RequestError("there is no image", field="mask", hint="give the image it belongs to")
    await service.moderator.check_prompt(prompt)
    pictures = await _read_pictures(Sources(service, caller), named, body.mask, attached)
    first = pictures.sources[0].size if pictures.sources else None
    size = read_size(body.size, card, source=first)
    check_area(size, count, limits)
    guidance = either(body.guidance, body.guidance_scale, "guidance, guidance_scale")
    drawing = Drawing(
        model=card.name,
        prompt=prompt,
        width=size.width,
        height=size.height,
        seeds=read_seeds(body.seed, count, field="seed"),
        layout_seeds=None
        if body.layout_seed is None
        else read_seeds(body.layout_seed, count, field="layout_seed"),
        steps=read_steps(body, quality, card, limits),
        guidance=card.guidance if guidance is None else guidance,
        temperature=body.temperature,
        top_p=body.top_p,
        top_k=body.top_k,
        strength=read_strength(body.strength, len(pictures.sources)),
        sources=tuple(source.key for source in pictures.sources),
        mask=None if pictures.mask is None else pictures.mask.key,
        output_format=read_format(body.output_format),
        compression=USUAL_COMPRESSION
        if body.output_compression is None
        else body.output_compression,
        visible_label=service.settings.labels.visible
        if body.watermark_enabled is None
        else body.watermark_enabled,
        parents=tuple(dict.fromkeys(one.parent for one in pictures.sources if one.parent)),
        strip_prompt=bool(body.strip_prompt),
    )
    order = Order(
        drawing=drawing,
        quality=quality,
        request_key=request_key(idempotency_key, body.request_id),
        body_hash=body_hash(body.model_dump(mode="json", exclude_none=True), attached.digests()),
        notes=notes_on(body),
    )
    return with_previews(service, order, body.partial_images, field="partial_images")


def with_previews(service: Service, order: Order, wanted: int | None, *, field: str) -> Order:
    """An order with so many previews of each picture.

    Where somebody looks at pictures before they are given out there are none: what is not yet
    finished cannot be judged.
    """
    shown = 0 if service.moderator.looks else wanted or 0
    notes = order.notes
    if wanted and not shown:
        notes = (*notes, f"{field}: pictures are looked at before they are shown")
    return replace(order, drawing=replace(order.drawing, previews=shown), notes=notes)


async def submit(
    service: Service,
    caller: Caller,
    order: Order,
    *,
    waits: bool,
    conversation_id: str | None = None,
) -> Submitted:
    """Hand an order in, if there is room for what it will become.

    Raises:
        ConflictError: Its key belongs to another request.
        BusyError: A limit is reached.
        UnavailableError: The disk is full.
    """

    def work() -> Submitted:
        service.blobs.check_room()
        return service.store.submit(
            order.drawing,
            key_id=caller.key_id,
            request_key=order.request_key,
            body_hash=order.body_hash,
            waits=waits,
            conversation_id=conversation_id,
            limits=caller.limits,
        )

    return await service.call(work)


async def _read_pictures(
    sources: Sources, named: Sequence[AnyPicture], mask: AnyPicture | None, attached: Attached
) -> _Pictures:
    """All pictures of a request, files before names.

    Raises:
        RequestError: There are two masks, or the mask has another size than the first picture.
    """
    found = [await sources.file(data, field="image") for data in attached.images]
    found += await sources.read_all(named, field="image")
    if mask is not None and attached.mask is not None:
        raise RequestError(
            "there are two", code=Code.FIELDS_EXCLUSIVE, field="mask", hint="send one"
        )
    area = None
    if attached.mask is not None:
        area = await sources.file(attached.mask, field="mask")
    elif mask is not None:
        area = await sources.read(mask, field="mask")
    if area is not None and not area.transparent:
        raise RequestError(
            "it has no transparency", field="mask", hint="make transparent what may change"
        )
    if area is not None and area.size != found[0].size:
        raise RequestError(
            f"it is {area.size}, the first image {found[0].size}",
            field="mask",
            hint="give it the size of the first image",
        )
    return _Pictures(sources=found, mask=area)
