"""Templates with alternatives, and the tidying of what they give.

``(a|b|)`` in a template is one of its alternatives, which may hold alternatives themselves;
``{name}`` is a part that is filled in. A part that is left out is empty, and the spaces and commas
around it are tidied up. Texts to be drawn stand in for themselves as single private characters
until the wording is done, so that nothing tidies them.
"""

import random
import re
from collections.abc import Mapping, Sequence
from functools import cache

Phrases = tuple[str, ...]

OPEN_END = "~"
"""Ends a clause that the next one continues."""

_ALTERNATIVES = re.compile(r"\(([^()]*)\)")
_FIRST_TEXT = 0xE000
_SPACES = re.compile(r" {2,}")
_BEFORE_MARK = re.compile(r" +([,.;:!?])")
_COMMAS = re.compile(r"[,，、](?:\s*[,，、])+")
_COMMA_BEFORE_STOP = re.compile(r"[,，;；:：]\s*([.。!?;；])")
_COMMA_AT_END = re.compile(r"[,，;；:：\s]+$")
_COMMA_AT_START = re.compile(r"^[,，;；:：\s]+")
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeiou])")
_SENTENCE = re.compile(r"(^|[.!?] )([a-z])")
_HAN_GAP = re.compile(r"(?<=[\u4e00-\u9fff，。；：、]) +| +(?=[\u4e00-\u9fff，。；：、])")


def expand(rng: random.Random, template: str) -> str:
    """Choose one of every group of alternatives, the innermost first."""
    while "(" in template:
        template = _ALTERNATIVES.sub(lambda m: rng.choice(_split(m[1])), template)
    return template


@cache
def _split(group: str) -> list[str]:
    return group.split("|")


def fill(rng: random.Random, templates: Sequence[str], parts: Mapping[str, str]) -> str:
    """Choose a template and one of each of its alternatives; put the parts in."""
    return expand(rng, rng.choice(templates)).format(**parts)


class Quotes:
    """Texts of one prompt, which stand as one private character each until the end.

    Args:
        rng: Source of all choices.
        marks: Pairs of quotation marks to choose from; a prompt mostly keeps to one.
    """

    def __init__(self, rng: random.Random, marks: Phrases) -> None:
        self._rng, self._marks = rng, marks
        self._usual = rng.choice(marks)
        self._texts: list[str] = []

    def add(self, text: str) -> str:
        """A sign that stands for a text in quotation marks."""
        marks = self._usual if self._rng.random() < 0.9 else self._rng.choice(self._marks)
        self._texts.append(f"{marks[0]}{text}{marks[1]}")
        return chr(_FIRST_TEXT + len(self._texts) - 1)

    def put_in(self, prompt: str) -> str:
        """The prompt with the texts themselves."""
        for index, text in enumerate(self._texts):
            prompt = prompt.replace(chr(_FIRST_TEXT + index), text)
        return prompt


def tidy(text: str) -> str:
    """Remove the spaces and commas that left-out parts leave behind, and mend articles."""
    text = _SPACES.sub(" ", text)
    text = _BEFORE_MARK.sub(r"\1", text)
    text = _COMMAS.sub(lambda m: m[0][0], text)
    text = _COMMA_BEFORE_STOP.sub(r"\1", text)
    text = _COMMA_AT_START.sub("", _COMMA_AT_END.sub("", text))
    return _ARTICLE.sub(r"\1n ", text)


def sentences(text: str) -> str:
    """Begin every sentence with a capital."""
    return _SENTENCE.sub(lambda m: m[1] + m[2].upper(), text)


def close_up(text: str) -> str:
    """Remove the spaces beside Chinese characters; texts to be drawn are not touched."""
    return _HAN_GAP.sub("", text)
