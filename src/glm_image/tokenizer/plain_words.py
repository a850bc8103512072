"""The words of a prompt that describe, without the texts that it quotes."""

import re

from glm_image.tokenizer.quotes import without_quoted

_WORD = re.compile(r"[^\W\d_]+")
_HAN = re.compile(r"[\u3400-\u9fff]")


def plain_words(prompt: str) -> list[str]:
    """Words in lower case and Chinese characters one by one, in their order, outside of quotes."""
    spaced = _HAN.sub(r" \g<0> ", without_quoted(prompt))
    return [word.lower() for word in _WORD.findall(spaced)]


def unknown_words(prompt: str, known: frozenset[str]) -> list[str]:
    """Words of a prompt that are not among those known, each once, in their order.

    Neighbouring Chinese characters are one word. A letter or a Chinese character alone is none:
    too often it is a particle that a reader can do without.
    """
    found: list[str] = []
    joins = False
    for word in plain_words(prompt):
        unknown, han = word not in known, _HAN.match(word) is not None
        if unknown and han and joins:
            found[-1] += word
        elif unknown:
            found.append(word)
        joins = unknown and han
    return list(dict.fromkeys(word for word in found if len(word) > 1))
