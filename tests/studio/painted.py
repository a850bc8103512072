"""A painter of pictures with the quoted words on them, labelled as real ones are."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import BytesIO

from fake import FakeEngine
from PIL import Image, ImageDraw, ImageFont

from glm_image.serving.labels import Aigc, Label, encode
from glm_image.serving.painter import Inputs
from glm_image.serving.records import Claim, OutputFormat
from glm_image.serving.worker.protocol import Message, Result
from glm_image.tokenizer.quotes import smart_quotes


@dataclass(eq=False)
class Lettering(FakeEngine):
    """Writes the quoted words of each prompt, except those that are in ``forgets``."""

    forgets: tuple[str, ...] = ()

    async def submit(self, claim: Claim, inputs: Inputs) -> AsyncIterator[Message]:
        drawing = claim.job.drawing
        async for message in super().submit(claim, inputs):
            if isinstance(message, Result):
                image = self._lettered(message.image, drawing.prompt)
                label = Label(
                    hidden=Aigc(producer="painter", produce_id=f"{claim.job.id}-{message.index}"),
                    parameters={"prompt": drawing.prompt, "seed": drawing.seeds[message.index]},
                )
                message = Result(
                    index=message.index,
                    width=message.width,
                    height=message.height,
                    mime=OutputFormat.PNG.mime,
                    image=encode(image, OutputFormat.PNG, 100, label),
                )
            yield message

    def _lettered(self, data: bytes, prompt: str) -> Image.Image:
        image = Image.open(BytesIO(data)).convert("RGB")
        pen = ImageDraw.Draw(image)
        font = ImageFont.load_default(size=image.height // 6)
        written = [words for words in smart_quotes(prompt) if words not in self.forgets]
        for row, words in enumerate(written):
            pen.text((image.width // 12, image.height * (1 + 3 * row) // 12), words, "white", font)
        return image
