"""What a judge is, and how its words become answers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from glm_image.errors import ToolError

_FIRST_WORD = re.compile(r"[^a-z]*(yes|no)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a judge is asked about a picture.

    Attributes:
        text: The question or instruction.
        system: Role that the judge plays; empty for none.
        most_tokens: Longest answer in tokens of the judge.
    """

    text: str
    system: str = ""
    most_tokens: int = 16


class Judge(Protocol):
    """Anything that looks at a picture and answers in words."""

    @property
    def name(self) -> str:
        """Kind of judge."""

    @property
    def version(self) -> str:
        """Which model answers."""

    def answer(self, image: Image.Image, request: Request) -> str:
        """Answer about an RGB picture.

        Raises:
            ToolError: There is no answer; the picture must not be scored.
        """


def yes_or_no(answer: str) -> bool:
    """Whether an answer begins with yes.

    Raises:
        ToolError: It begins with neither yes nor no.
    """
    found = _FIRST_WORD.match(answer)
    if found is None:
        raise ToolError(
            f"answered {answer[:80]!r}, neither yes nor no",
            field="judge",
            hint="use a judge that follows instructions",
        )
    return found.group(1).lower() == "yes"


def ask_each(judge: Judge, image: Image.Image, questions: Sequence[str]) -> list[bool]:
    """Ask yes/no questions one by one.

    Raises:
        ToolError: One has no usable answer.
    """
    form = "{} Answer with Yes or No only."
    return [yes_or_no(judge.answer(image, Request(text=form.format(text)))) for text in questions]


def ask_together(
    judge: Judge, image: Image.Image, questions: Sequence[str], forms: Sequence[Request]
) -> list[bool]:
    """Ask all questions in one request, whose answer has a line for each.

    Args:
        judge: Who answers.
        image: The picture.
        questions: At least one.
        forms: Wordings with ``{questions}``, tried in turn until there are as many lines as
            questions.

    Raises:
        ToolError: No wording got a usable answer.
    """
    listed = "\n".join(f"{number}. {text}" for number, text in enumerate(questions, 1))
    answer = ""
    for form in forms:
        request = Request(
            text=form.text.replace("{questions}", listed),
            system=form.system,
            most_tokens=form.most_tokens,
        )
        answer = judge.answer(image, request)
        lines = [line for line in answer.splitlines() if line.strip()]
        if len(lines) == len(questions) and all(map(_FIRST_WORD.match, lines)):
            return [yes_or_no(line) for line in lines]
    raise ToolError(
        f"answered {answer[:80]!r} to {len(questions)} questions",
        field="judge",
        hint="use a judge that answers each question on a line of its own",
    )
