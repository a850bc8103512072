"""A vision model that reads, as the authors of LongText-Bench and OneIG-Bench have it."""

from PIL import Image

from glm_image.evaluation.judges.base import Judge, Request

MOST_TOKENS = 1024
"""Longest text that is read, in tokens of the model. OneIG's authors stop at 128 or 256."""

_NO_TEXT = "no text"
_INSTRUCTION = (
    "Read the text in this picture. Reply with the text only, one line for each line, and write "
    f"nothing twice that stands there once. If there is no text, reply: {_NO_TEXT}"
)


class VisionReader:
    """A judge that is asked to read.

    It may mend misspelt words in silence, so its scores can be higher than a strict reader's.
    """

    name = "vision"

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self.version = judge.version

    def read(self, image: Image.Image) -> list[str]:
        """Lines of an RGB picture, in the model's order.

        Raises:
            ToolError: The model has no answer.
        """
        answer = self._judge.answer(image, Request(text=_INSTRUCTION, most_tokens=MOST_TOKENS))
        lines = [line.strip() for line in answer.splitlines()]
        return [line for line in lines if line and line.lower().strip(" .") != _NO_TEXT]
