"""Mistakes in previews, and training sequences in which the full grid puts them right."""

import random
from dataclasses import replace

import pytest
import torch

from glm_image.data import text_vocabulary
from glm_image.data.characters import is_han
from glm_image.data.grids import full_grid, preview_grid
from glm_image.data.layout import sample_scene
from glm_image.data.mix import BANDS, SceneMix, Words
from glm_image.data.scene import Scene, TextLine
from glm_image.data.sequences import scene_sequence, text_sequence
from glm_image.data.slips import with_slips
from glm_image.image import size
from glm_image.tokenizer.text import TextTokenizer

PROMPT = 'a star and "HELLO"'
MIX = SceneMix(other_sizes=0.4, designs=(0.4, 0.2, 0.1, 0.1, 0.2))


def scenes(count: int) -> list[Scene]:
    rng = random.Random(5)
    mixes = [MIX.sized(rng) if rng.random() < 0.5 else rng.choice(BANDS) for _ in range(count)]
    return [sample_scene(rng, mix) for mix in mixes]


@pytest.fixture(scope="module")
def tokenizer() -> TextTokenizer:
    return text_vocabulary.build()


def lines(text: TextLine) -> tuple[str, ...]:
    return text.lines or (text.text,)


def test_slips_are_few_and_of_every_kind() -> None:
    rng = random.Random(0)
    counts = dict.fromkeys(("letters", "colours", "texts", "shapes", "none"), 0)
    drawn = scenes(1000)
    for scene in drawn:
        slipped = with_slips(rng, scene)
        assert slipped.background == scene.background
        assert slipped.arrows == scene.arrows
        missing = len(scene.texts) - len(slipped.texts)
        counts["texts"] += missing
        shapes = [sum(len(group.boxes) for group in one.shapes) for one in (scene, slipped)]
        counts["shapes"] += shapes[0] - shapes[1]
        counts["none"] += slipped == scene
        if missing:
            continue
        pairs = list(zip(scene.texts, slipped.texts, strict=True))
        wrong = [(one, other) for one, other in pairs if lines(one) != lines(other)]
        assert len(wrong) <= 3
        counts["letters"] += len(wrong)
        counts["colours"] += sum(one.colour != other.colour for one, other in pairs)
        for one, other in wrong:
            assert abs(len("".join(lines(one))) - len("".join(lines(other)))) <= 3
            assert (other.box.row, other.box.column) == (one.box.row, one.box.column)
    assert counts["none"] < 0.15 * len(drawn)
    assert all(counts[kind] > 20 for kind in ("letters", "colours", "texts", "shapes"))


def test_wrong_letters_keep_their_script() -> None:
    rng = random.Random(1)
    for scene in scenes(300):
        slipped = with_slips(rng, scene)
        for text in slipped.texts:
            true = [one for one in scene.texts if one.place == text.place and one.box == text.box]
            for one in true:
                for line, other in zip(lines(one), lines(text), strict=True):
                    if len(other.rstrip()) == len(line):
                        scripts = [[is_han(x) for x in y.replace(" ", "")] for y in (line, other)]
                        assert sorted(scripts[0]) == sorted(scripts[1])


def test_the_same_seed_makes_the_same_slips() -> None:
    for scene in scenes(50):
        assert with_slips(random.Random(2), scene) == with_slips(random.Random(2), scene)


def test_a_slip_is_read_but_not_learned_and_the_full_grid_is_right(
    tokenizer: TextTokenizer,
) -> None:
    scene = next(one for one in scenes(100) if one.texts and one.rows == one.columns == 8)
    text = scene.texts[0]
    wrong = "".join("A" if letter != "A" else "B" for letter in text.text)
    slipped = replace(scene, texts=(replace(text, text=wrong, lines=()), *scene.texts[1:]))
    sequence = scene_sequence(tokenizer, scene, PROMPT, size.preview_grid, slipped)
    plain = scene_sequence(tokenizer, scene, PROMPT, size.preview_grid)
    first = len(sequence.ids) - 256 - 64
    shown = torch.from_numpy(preview_grid(slipped, 16, 16)).flatten()
    true = torch.from_numpy(preview_grid(scene, 16, 16)).flatten()
    assert torch.equal(sequence.ids[first : first + 256], shown)
    targets = sequence.targets[first - 1 : first + 255]
    assert torch.equal(targets >= 0, shown == true)
    assert torch.equal(targets[targets >= 0], true[shown == true])
    assert bool((targets < 0).any())
    full = torch.from_numpy(full_grid(scene)).flatten()
    assert torch.equal(sequence.targets[first + 255 : -1], full)
    assert sequence.targets[-1] == tokenizer.end_id
    assert bool((sequence.plans[:, first - 1 : first + 255] == -100).all())
    assert torch.equal(sequence.plans[:, first + 255 :], plain.plans[:, first + 255 :])
    assert torch.equal(sequence.positions, plain.positions)


@pytest.mark.parametrize(("slips", "least", "most"), [(0.0, 0, 0), (0.4, 20, 60), (1.0, 80, 100)])
def test_as_many_previews_slip_as_asked(
    tokenizer: TextTokenizer, slips: float, least: int, most: int
) -> None:
    rng = random.Random(3)
    slipped = 0
    for _ in range(100):
        mix = replace(MIX, texts=(0, 1, 1, 1))
        sequence = text_sequence(rng, tokenizer, mix, Words(), size.preview_grid, slips)
        answer = sequence.weights > 0
        slipped += bool((sequence.targets[answer] < 0).any())
    assert least <= slipped <= most
