"""The held-out cases: prompts and instructions that training cannot have seen, and what they mean.

Texts are real words (training spells random characters), sentences come from their own templates,
scenes from their own seeds. The cases are the same on every machine.
"""

import random
from dataclasses import dataclass, replace
from functools import cache, partial

from glm_image.data import edits as training_edits
from glm_image.data.book import Phrasebook
from glm_image.data.desk import Desk
from glm_image.data.edit_book import EditBook
from glm_image.data.edits import Edit, chinese_word, edit_at, english_word
from glm_image.data.layout import draw_text, sample_scene
from glm_image.data.mix import SceneMix, Words
from glm_image.data.scene import DESIGNS, Scene
from glm_image.errors import InputError
from glm_image.evaluation.posters import words
from glm_image.evaluation.posters.asking import TOLD, Asked, Teller, asked_by, describe
from glm_image.evaluation.posters.chinese_edits import CHINESE_EDITS
from glm_image.evaluation.posters.chinese_phrases import CHINESE
from glm_image.evaluation.posters.english_edits import ENGLISH_EDITS
from glm_image.evaluation.posters.english_phrases import ENGLISH

DRAWINGS = 200
"""Number of text-to-image cases."""

EDITS = 80
"""Number of edit cases, the kinds in turn."""

OPEN = "open"
"""Kind of a drawing whose layout is left to the model."""

OTHER_SIZE = "other size"
"""Kind of a poster that is not 256 x 256 pixels."""

DRAWING_KINDS: tuple[str, ...] = (*DESIGNS, OTHER_SIZE, OPEN)
EDIT_KINDS: tuple[str, ...] = training_edits.KINDS

_SEED = 20_260
# The kinds of twenty drawings in a row; the first ten have all but the rarest.
_IN_TURN = (
    "poster", "title", "poster", "halves", "poster", "steps", "poster", "open", "quarters",
    "poster", "poster", "poster", "title", "halves", "poster", "steps", "other size", "open",
    "poster", "poster",
)  # fmt: skip
_CHINESE_OF_FIVE = (1, 3)
# Share of Chinese texts in English and in Chinese prompts; about the training's share over all.
_CHINESE_TEXTS = {False: 0.15, True: 0.7}
_WORDS = Words(latin=words.latin, han=words.han)
_BILINGUAL = Words(latin=english_word, han=chinese_word)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One held-out picture.

    Attributes:
        name: Unique, such as ``draw-007`` or ``edit-012``.
        kind: One of ``DRAWING_KINDS``, or of ``EDIT_KINDS``.
        chinese: Whether the prompt is in Chinese.
        prompt: What the model is asked.
        expected: What the picture should show.
        asked: What the prompt says of it.
        sources: What the source pictures of an edit show; none of a drawing.
        seed: Seed that the picture is sampled with.
    """

    name: str
    kind: str
    chinese: bool
    prompt: str
    expected: Scene
    asked: Asked
    sources: tuple[Scene, ...]
    seed: int

    @property
    def task(self) -> str:
        """``draw`` or ``edit``."""
        return "edit" if self.sources else "draw"


@cache
def drawings(count: int = DRAWINGS) -> tuple[Case, ...]:
    """The first text-to-image cases, the kinds in turn; 60 % have English prompts.

    Raises:
        InputError: There are not so many.
    """
    _check_count(count, DRAWINGS, "count")
    return tuple(_drawing(index) for index in range(count))


@cache
def edits(count: int = EDITS) -> tuple[Case, ...]:
    """The first edit cases, the kinds in turn; 60 % have English instructions.

    Raises:
        InputError: There are not so many.
    """
    _check_count(count, EDITS, "edits")
    return tuple(_edit(index) for index in range(count))


@cache
def subset(count: int) -> tuple[Case, ...]:
    """So many cases with as many drawings for every edit as there are in all.

    Raises:
        InputError: There are not so many.
    """
    _check_count(count, DRAWINGS + EDITS, "cases")
    changes = round(count * EDITS / (DRAWINGS + EDITS))
    return (*drawings(count - changes), *edits(changes))


def check(count: int, changes: int) -> None:
    """See that there are so many drawings and so many edits.

    Raises:
        InputError: There are not.
    """
    _check_count(count, DRAWINGS, "count")
    _check_count(changes, EDITS, "edits")


def _drawing(index: int) -> Case:
    kind = _IN_TURN[index % len(_IN_TURN)]
    chinese = (index + index // len(_IN_TURN)) % 5 in _CHINESE_OF_FIVE
    rng = random.Random(_SEED + index)
    resized = kind == OTHER_SIZE
    design = DESIGNS.index(kind if kind in DESIGNS else "poster")
    mix = replace(
        _mix(chinese),
        designs=tuple(float(number == design) for number in range(len(DESIGNS))),
        other_sizes=float(resized),
    )
    scene = None
    while scene is None or scene.design != DESIGNS[design] or _resized(scene) != resized:
        scene = sample_scene(rng, mix.sized(rng), latin=words.latin, han=words.han)
    book, _ = _books(chinese)
    prompt, asked = describe(rng, scene, book, places=kind != OPEN)
    return Case(
        name=f"draw-{index:03d}",
        kind=kind,
        chinese=chinese,
        prompt=prompt,
        expected=scene,
        asked=asked,
        sources=(),
        seed=_SEED + index,
    )


def _edit(index: int) -> Case:
    kind = EDIT_KINDS[index % len(EDIT_KINDS)]
    chinese = (index + index // len(EDIT_KINDS)) % 5 in _CHINESE_OF_FIVE
    rng = random.Random(_SEED + DRAWINGS + index)
    edit = None
    while edit is None:
        edit = _some_edit(rng, kind, chinese=chinese)
    return Case(
        name=f"edit-{index:03d}",
        kind=kind,
        chinese=chinese,
        prompt=edit.instruction.replace(TOLD, ""),
        expected=edit.after,
        asked=asked_by(edit),
        sources=edit.sources,
        seed=_SEED + DRAWINGS + index,
    )


def _some_edit(rng: random.Random, kind: str, *, chinese: bool) -> Edit | None:
    """A try at an edit of some kind."""
    mix = _mix(chinese)
    own = _BILINGUAL if kind == "translate" else _WORDS
    book, templates = _books(chinese)
    scene = sample_scene(rng, mix, latin=own.latin, han=own.han)
    other = None
    if kind == "combine":
        other = sample_scene(rng, mix, latin=words.latin, han=words.han)
    desk = Desk(
        pen=Teller(rng, book), book=templates, write=partial(draw_text, mix=mix, words=_WORDS)
    )
    return edit_at(desk, kind, scene, other)


def _books(chinese: bool) -> tuple[Phrasebook, EditBook]:
    return (CHINESE, CHINESE_EDITS) if chinese else (ENGLISH, ENGLISH_EDITS)


def _mix(chinese: bool) -> SceneMix:
    return SceneMix(chinese=_CHINESE_TEXTS[chinese], mixed=0.0, other_sizes=0.0)


def _resized(scene: Scene) -> bool:
    usual = SceneMix()
    return (scene.rows, scene.columns) != (usual.rows, usual.columns)


def _check_count(count: int, most: int, field: str) -> None:
    if not 0 <= count <= most:
        raise InputError(f"got {count}", field=field, hint=f"there are {most} cases")
