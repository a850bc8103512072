"""A page of pictures with their prompts: chosen by a seed, failures included."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from glm_image.evaluation.posters.grid import Entry, sheet
from glm_image.evaluation.posters.held_out import Case
from glm_image.evaluation.posters.marks import marks_of, missed
from glm_image.evaluation.posters.painter import source_images
from glm_image.evaluation.posters.suite import Painter, see
from glm_image.evaluation.readers.ocr import Reader

_A_SHEET = {"draw": 20, "edit": 12}
_COLUMNS = {"draw": 5, "edit": 3}
_TITLES = {"draw": "Drawings", "edit": "Edits"}
_QUALITY = 85


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One picture of the page.

    Attributes:
        case: What was asked.
        images: The source pictures of an edit, then what was drawn.
        missed: Names of the marks that are not right; none where all that was asked is there.
    """

    case: Case
    images: tuple[Image.Image, ...]
    missed: tuple[str, ...]


def choose(cases: Sequence[Case], count: int, seed: int) -> tuple[Case, ...]:
    """So many of the cases, chosen by a seed alone, in their own order."""
    chosen = random.Random(seed).sample(range(len(cases)), min(count, len(cases)))
    return tuple(cases[index] for index in sorted(chosen))


def show(painter: Painter, reader: Reader, case: Case) -> Shown:
    """Draw a case and mark the picture."""
    pixels = painter.draw(case, None).pixels
    marks = marks_of(case.expected, case.asked, see(pixels, reader))
    return Shown(
        case=case,
        images=(*source_images(case), Image.fromarray(pixels)),
        missed=missed(marks),
    )


def save(shown: Sequence[Shown], seed: int, folder: Path) -> list[Path]:
    """Write ``page.md`` and its pictures into a folder, which is made where it is missing.

    Args:
        shown: Every picture of the page.
        seed: What they were chosen by.
        folder: Where to write.

    Returns:
        All files, the page first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / "page.md"]
    lines = ["# Held-out prompts and what was drawn", ""]
    for task, title in _TITLES.items():
        part = [one for one in shown if one.case.task == task]
        if not part:
            continue
        right = sum(not one.missed for one in part)
        lines += [
            f"## {title}",
            "",
            f"{len(part)} of the held-out cases, chosen by seed {seed} and by nothing else; "
            f"{right} are right in everything that was asked.",
            "",
        ]
        for number, group in enumerate(_groups(part, _A_SHEET[task]), 1):
            paths.append(folder / f"{title.lower()}-{number}.webp")
            entries = [Entry(images=one.images, caption=_caption(one)) for one in group]
            sheet(entries, _COLUMNS[task]).save(paths[-1], quality=_QUALITY)
            lines += [f"![{title} {number}]({paths[-1].name})", "", *_table(group), ""]
    paths[0].write_text("\n".join(lines), encoding="utf-8")
    return paths


def _groups(shown: Sequence[Shown], size: int) -> list[Sequence[Shown]]:
    return [shown[first : first + size] for first in range(0, len(shown), size)]


def _caption(one: Shown) -> str:
    wrong = " (not right)" if one.missed else ""
    return f"{one.case.name}{wrong}: {one.case.prompt}"


def _table(group: Sequence[Shown]) -> list[str]:
    rows = [f"| {one.case.name} | {one.case.prompt} | {', '.join(one.missed)} |" for one in group]
    return ["| case | prompt | not right |", "|---|---|---|", *rows]
