"""A painter that writes the quoted texts of a prompt into its pictures, and labels the files."""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from fake import FakeEngine
from PIL import Image, ImageDraw, ImageFont

from glm_image.serving.labels import Aigc, Label, encode
from glm_image.serving.painter import Inputs
from glm_image.serving.records import Claim, Drawing
from glm_image.serving.worker.protocol import Message, Result
from glm_image.tokenizer.quotes import smart_quotes

LATIN = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
SIDE = 384


@dataclass(eq=False)
class LetteringEngine(FakeEngine):
    """Writes black on white, one text below the other.

    Attributes:
        written: What is written instead of the quoted texts.
    """

    written: tuple[str, ...] | None = None

    async def submit(self, claim: Claim, inputs: Inputs) -> AsyncIterator[Message]:
        async for message in super().submit(claim, inputs):
            if isinstance(message, Result):
                message = replace(message, image=self._file(claim))
            yield message

    def _file(self, claim: Claim) -> bytes:
        drawing = claim.job.drawing
        texts = smart_quotes(drawing.prompt) if self.written is None else self.written
        image = Image.new("RGB", (drawing.width, drawing.height), "white")
        pen, font = ImageDraw.Draw(image), ImageFont.truetype(LATIN, 40)
        for number, text in enumerate(texts):
            pen.text((24, 24 + 80 * number), text, fill="black", font=font)
        return encode(image, drawing.output_format, drawing.compression, label(claim, drawing))


def label(claim: Claim, drawing: Drawing) -> Label:
    return Label(
        hidden=Aigc(producer="tests", produce_id=f"{claim.job.id}/0"),
        parameters={"prompt": drawing.prompt, "seed": drawing.seeds[0], "steps": drawing.steps},
    )


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))
