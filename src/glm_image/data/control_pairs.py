"""Pictures with their control pictures and words, as a folder holds them.

The folder has a file ``pairs.jsonl``; each line is an object with ``picture`` and ``control``,
paths from the folder, and ``prompt``.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glm_image.errors import InputError, NotFoundError
from glm_image.image import opening
from glm_image.image.size_rule import SizeRule
from glm_image.types import Size

PAIRS_FILE = "pairs.jsonl"

_FIELDS = ("picture", "control", "prompt")
_SHOWN = 10
"""Most problems that one error tells."""


@dataclass(frozen=True, kw_only=True)
class ControlPair:
    """One picture to learn from.

    Args:
        picture: What is to be drawn.
        control: What it is drawn after, of the same size.
        prompt: Words.
        size: Of both pictures.
    """

    picture: Path
    control: Path
    prompt: str
    size: Size


def read_pairs(folder: Path, rule: SizeRule) -> list[ControlPair]:
    """Read all pairs of a folder, and open every picture once.

    Args:
        folder: Holds ``pairs.jsonl``.
        rule: Sizes that the model draws.

    Raises:
        NotFoundError: There is no such file.
        InputError: Names every line that cannot be used.
    """
    path = folder / PAIRS_FILE
    if not path.is_file():
        raise NotFoundError(
            f"{folder} has no {PAIRS_FILE}",
            field="pairs",
            hint="one line per pair: picture, control and prompt",
        )
    pairs: list[ControlPair] = []
    problems: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            try:
                pairs.append(_pair(folder, _fields(line), rule))
            except (InputError, NotFoundError) as error:
                problems.append(f"line {number}: {error.message}")
    if not pairs and not problems:
        problems.append("it holds no pair")
    if problems:
        more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        raise InputError(
            f"{path} cannot be used: " + "; ".join([*problems[:_SHOWN], *more]),
            field="pairs",
            hint="mend or remove these lines",
        )
    return pairs


def by_size(pairs: Sequence[ControlPair]) -> dict[Size, list[ControlPair]]:
    """Pairs in groups of one size, which can be learned from together."""
    groups: dict[Size, list[ControlPair]] = {}
    for pair in pairs:
        groups.setdefault(pair.size, []).append(pair)
    return groups


def _fields(line: str) -> dict[str, str]:
    try:
        values: Any = json.loads(line)
    except ValueError as error:
        raise InputError(f"no JSON: {error}") from error
    if not isinstance(values, dict) or not all(isinstance(one, str) for one in values.values()):
        raise InputError("no object of texts")
    odd = sorted(values.keys() ^ set(_FIELDS))
    if odd:
        raise InputError(f"{', '.join(odd)} missing or unknown")
    return values


def _pair(folder: Path, fields: dict[str, str], rule: SizeRule) -> ControlPair:
    sizes = []
    for name in ("picture", "control"):
        image = opening.load(folder / fields[name])
        sizes.append(Size(image.height, image.width))
    if sizes[0] != sizes[1]:
        raise InputError(f"the picture is {sizes[0]}, its control picture {sizes[1]}")
    if not rule.allows(sizes[0]):
        raise InputError(f"{sizes[0]} is not drawn, the nearest size is {rule.nearest(sizes[0])}")
    return ControlPair(
        picture=folder / fields["picture"],
        control=folder / fields["control"],
        prompt=fields["prompt"],
        size=sizes[0],
    )
