"""From drawn pixels to a labelled file: the last stage of an order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

from PIL import Image as PilImage
from PIL import ImageFilter
from PIL.Image import Resampling

from glm_image.errors import InputError
from glm_image.serving import visible_label
from glm_image.serving.c2pa import Signer
from glm_image.serving.labels import Aigc, Label, encode
from glm_image.serving.records import ModelCard
from glm_image.serving.worker.protocol import Load, Result, Submit

PREVIEW_COMPRESSION = 80
"""Quality of previews, and effort where the format loses nothing."""

_BARE_EFFORT = 1
"""Compression of pictures that stay inside: quick."""

_FEATHER = 1 / 256
"""Softness of a mask's edge as a share of the shorter side."""

_UNKNOWN_TO_CALLERS = ("codes", "noise")
"""What the pipeline notes about how seeds and codes reached it, which is no matter of users."""


@dataclass(frozen=True, kw_only=True)
class Finisher:
    """How the files of a worker are made.

    Args:
        load: What the worker was told.
        card: Its model.
    """

    load: Load
    card: ModelCard

    @cached_property
    def signer(self) -> Signer | None:
        """Signs the files, if there is a certificate.

        Raises:
            ConfigError: It cannot be used.
        """
        if self.load.certificate is None or self.load.key is None:
            return None
        return Signer(Path(self.load.certificate), Path(self.load.key), self.software)

    @cached_property
    def software(self) -> str:
        """Name and version of this program."""
        return f"glm-image/{version('glm-image')}"

    def result(
        self,
        order: Submit,
        index: int,
        image: PilImage.Image,
        provenance: Mapping[str, object],
    ) -> Result:
        """A finished picture as it is sent.

        Args:
            order: What was asked.
            index: Which picture.
            image: RGB, as it was drawn.
            provenance: How the pipeline says it was made.

        Raises:
            InputError: The labels do not fit the kind of file.
            GlmImageError: It cannot be signed.
        """
        drawing = order.drawing
        kept = _composed(order, image)
        seen = visible_label.draw(kept) if drawing.visible_label else kept
        label = Label(
            hidden=self._hidden(order, index),
            parameters=self._parameters(order, index, provenance) if self.load.parameters else None,
        )
        data = encode(seen, drawing.output_format, drawing.compression, label)
        if self.signer is not None:
            title = f"{order.job_id}-{index}"
            data = self.signer.sign(data, drawing.output_format, title, order.sources)
        return Result(
            index=index,
            width=seen.width,
            height=seen.height,
            mime=drawing.output_format.mime,
            image=data,
            bare=_plain(kept) if drawing.visible_label else None,
        )

    def preview(self, order: Submit, index: int, image: PilImage.Image) -> bytes:
        """What can be seen of a picture, labelled like the picture itself."""
        drawing = order.drawing
        kept = _composed(order, image)
        seen = visible_label.draw(kept) if drawing.visible_label else kept
        label = Label(hidden=self._hidden(order, index))
        return encode(seen, drawing.output_format, PREVIEW_COMPRESSION, label)

    def _hidden(self, order: Submit, index: int) -> Aigc | None:
        if not self.load.hidden:
            return None
        return Aigc(producer=self.load.producer, produce_id=f"{order.job_id}-{index}")

    def _parameters(
        self, order: Submit, index: int, provenance: Mapping[str, object]
    ) -> dict[str, object]:
        """How to make the picture again, in the names of the Python call."""
        drawing, card = order.drawing, self.card
        known = {name: provenance[name] for name in provenance.keys() - {*_UNKNOWN_TO_CALLERS}}
        record: dict[str, object] = {
            **dict(sorted(known.items())),
            "software": self.software,
            "model": drawing.model,
            "model_digest": card.digest,
            "job": order.job_id,
            "created": datetime.fromtimestamp(order.created, UTC).isoformat(timespec="seconds"),
            "index": index,
            "seed": drawing.seeds[index],
        }
        if card.temperature is not None:
            given = drawing.temperature
            record["temperature"] = card.temperature if given is None else given
        if card.top_p is not None:
            record["top_p"] = card.top_p if drawing.top_p is None else drawing.top_p
        if drawing.layout_seeds is not None:
            record["layout_seed"] = drawing.layout_seeds[index]
        if drawing.parents:
            record["parents"] = list(drawing.parents)
        if drawing.strip_prompt:
            del record["prompt"]
        return record


def _plain(image: PilImage.Image) -> bytes:
    """A file without any label or word about itself, for further edits."""
    file = BytesIO()
    image.save(file, format="PNG", compress_level=_BARE_EFFORT)
    return file.getvalue()


def _composed(order: Submit, drawn: PilImage.Image) -> PilImage.Image:
    """The drawn picture where the mask is transparent, the first source everywhere else.

    Raises:
        InputError: The mask has no transparency.
    """
    if order.mask is None:
        return drawn
    with (
        PilImage.open(BytesIO(order.mask)) as mask,
        PilImage.open(BytesIO(order.sources[0])) as old,
    ):
        if "A" not in mask.getbands():
            raise InputError(
                "it has no transparent parts",
                field="mask",
                hint="send a png that is transparent where the picture is to change",
            )
        keep = mask.getchannel("A").resize(drawn.size, Resampling.BILINEAR)
        source = old.convert("RGB").resize(drawn.size, Resampling.LANCZOS)
    soft = keep.filter(ImageFilter.GaussianBlur(min(drawn.size) * _FEATHER))
    return PilImage.composite(source, drawn, soft)
