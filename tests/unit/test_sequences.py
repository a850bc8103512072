"""Training sequences of the generator."""

import random

import pytest
import torch

from glm_image.data import text_vocabulary
from glm_image.data.edits import Edit, sample_edit
from glm_image.data.english import ENGLISH
from glm_image.data.grids import full_grid, preview_grid, starts
from glm_image.data.layout import sample_scene
from glm_image.data.mix import SceneMix, Words
from glm_image.data.sequences import (
    PreviewRule,
    Sequence,
    assemble,
    codes_of,
    collate,
    edit_sequence,
    raster_of,
    scene_sequence,
    sequence_of_edit,
    text_sequence,
)
from glm_image.data.vocabulary import meanings
from glm_image.image import size
from glm_image.models.positions import prompt_positions, raster_positions
from glm_image.tokenizer import chat
from glm_image.tokenizer.text import TextTokenizer
from glm_image.types import SourceSpan

PROMPT = 'a star and "HELLO"'
SCENE = sample_scene(random.Random(4), SceneMix())


def edit_with(sources: int) -> Edit:
    """An edit with one or two source pictures."""
    rng = random.Random(4)
    while True:
        edit = sample_edit(rng, SceneMix(), ENGLISH)
        if len(edit.sources) == sources:
            return edit


EDIT = edit_with(1)
COMBINED = edit_with(2)


@pytest.fixture(scope="module")
def tokenizer() -> TextTokenizer:
    return text_vocabulary.build()


def learned(sequence: Sequence) -> list[int]:
    targets: list[int] = sequence.targets[sequence.targets >= 0].tolist()
    return targets


def test_raster_alone(tokenizer: TextTokenizer) -> None:
    sequence = scene_sequence(tokenizer, SCENE, PROMPT, None)
    codes = full_grid(SCENE).flatten().tolist()
    assert learned(sequence) == [*codes, tokenizer.end_id]
    assert sequence.weights[sequence.targets >= 0].tolist() == [1.0] * 65
    assert sequence.weights.sum() == 65


def test_preview_comes_first(tokenizer: TextTokenizer) -> None:
    sequence = scene_sequence(tokenizer, SCENE, PROMPT, size.preview_grid)
    preview = preview_grid(SCENE, 16, 16).flatten().tolist()
    codes = full_grid(SCENE).flatten().tolist()
    assert learned(sequence) == [*preview, *codes, tokenizer.end_id]
    assert sequence.weights.sum() == 256 + 65


@pytest.mark.parametrize("rule", [None, size.preview_grid])
def test_inputs_are_prompt_and_codes(tokenizer: TextTokenizer, rule: PreviewRule | None) -> None:
    sequence = scene_sequence(tokenizer, SCENE, PROMPT, rule)
    preview = None if rule is None else rule((8, 8))
    request = chat.text_to_image(tokenizer, PROMPT, target=(8, 8), preview=preview)
    length = len(request.ids_l)
    assert torch.equal(sequence.ids[:length], request.ids_l)
    # What is predicted at one position is the input of the next.
    assert torch.equal(sequence.targets[length - 1 : -1], sequence.ids[length:])
    assert (sequence.targets[: length - 1] < 0).all()
    assert not sequence.weights[: length - 1].any()
    prompt, counter = prompt_positions(length)
    rasters = raster_positions(counter, request.rasters)
    expected = torch.cat([prompt, rasters], dim=1)[:, :-1]
    assert torch.equal(sequence.positions, expected)


def test_edits_carry_their_source(tokenizer: TextTokenizer) -> None:
    sequence = sequence_of_edit(random.Random(0), tokenizer, EDIT, 0.0)
    after, before = codes_of(EDIT.after), codes_of(EDIT.before)
    assert learned(sequence) == [*after.tolist(), tokenizer.end_id]
    assert sequence.ids[0] == tokenizer.start_id
    assert torch.equal(sequence.ids[1:65], before)
    assert sequence.ids[65] == tokenizer.end_id
    assert not (sequence.ids == tokenizer.image_id).any()
    length = len(sequence.ids) - 64
    span = SourceSpan(start_index=1, height=8, width=8)
    prompt, counter = prompt_positions(length, (span,))
    rasters = raster_positions(counter, ((8, 8),))
    assert torch.equal(sequence.positions, torch.cat([prompt, rasters], dim=1)[:, :-1])


def test_two_sources_come_in_order(tokenizer: TextTokenizer) -> None:
    sequence = sequence_of_edit(random.Random(0), tokenizer, COMBINED, 0.0)
    first, second = (codes_of(drawn) for drawn in COMBINED.sources)
    assert torch.equal(sequence.ids[1:65], first)
    assert torch.equal(sequence.ids[67:131], second)
    assert sequence.ids[66] == tokenizer.start_id
    assert learned(sequence) == [*codes_of(COMBINED.after).tolist(), tokenizer.end_id]
    spans = tuple(SourceSpan(start_index=index, height=8, width=8) for index in (1, 67))
    prompt, counter = prompt_positions(len(sequence.ids) - 64, spans)
    rasters = raster_positions(counter, ((8, 8),))
    assert torch.equal(sequence.positions, torch.cat([prompt, rasters], dim=1)[:, :-1])


def test_noise_makes_codes_of_the_source_wrong(tokenizer: TextTokenizer) -> None:
    clean = sequence_of_edit(random.Random(0), tokenizer, EDIT, 0.0)
    noisy = sequence_of_edit(random.Random(0), tokenizer, EDIT, 0.5)
    wrong = (clean.ids != noisy.ids).nonzero().flatten()
    assert 15 < len(wrong) < 50
    assert wrong.min() >= 1
    assert wrong.max() < 65
    assert torch.equal(clean.targets, noisy.targets)


def test_the_plan_tells_every_code_its_place_and_the_next_beginning() -> None:
    for height, width in ((8, 8), (16, 16)):
        raster = raster_of(SCENE, height, width)
        grid = raster.codes.view(height, width)
        plan = raster.plan.view(5, height, width)
        assert plan[0, :, 0].tolist() == [row * 16 // height for row in range(height)]
        assert plan[1, 0].tolist() == [column * 16 // width for column in range(width)]
        first = next(
            (row, column)
            for row in range(height)
            for column in range(width)
            if meanings()[grid[row, column]].thing != "background"
        )
        where = [first[0] * 16 // height, first[1] * 16 // width]
        assert plan[2:, 0, 0].tolist() == [*where, grid[first]]
        assert plan[2:, -1, -1].tolist() == [16, 16, -100]
        begins = (plan[:2] == plan[2:4]).all(dim=0).nonzero().tolist()
        assert [row * width + column for row, column in begins] == starts(SCENE, height, width)
        assert len(begins) == len(SCENE.boxes()) + 1, "the text in two lines begins twice"


def test_plans_stand_where_codes_are_learned(tokenizer: TextTokenizer) -> None:
    for sequence in (
        scene_sequence(tokenizer, SCENE, PROMPT, size.preview_grid),
        sequence_of_edit(random.Random(0), tokenizer, EDIT, 0.0),
    ):
        learned = sequence.targets >= 0
        assert torch.equal((sequence.plans[:4] >= 0).all(dim=0)[:-1], learned[:-1])
        assert (sequence.plans[:, -1] == -100).all()


def test_every_source_needs_codes(tokenizer: TextTokenizer) -> None:
    request = chat.image_to_image(tokenizer, "x", target=(8, 8), sources=[(8, 8)])
    with pytest.raises(ValueError, match="zip"):
        assemble(request, [], [raster_of(SCENE, 8, 8)], tokenizer.end_id)


def test_collate_pads_on_the_right(tokenizer: TextTokenizer) -> None:
    short = scene_sequence(tokenizer, SCENE, "a", None)
    long = scene_sequence(tokenizer, SCENE, PROMPT, None)
    batch = collate([short, long])
    length, most = len(short.ids), len(long.ids)
    assert length < most
    assert batch.ids_bt.shape == batch.targets_bt.shape == batch.weights_bt.shape == (2, most)
    assert batch.positions_3bt.shape == (3, 2, most)
    assert torch.equal(batch.ids_bt[0, :length], short.ids)
    assert torch.equal(batch.positions_3bt[:, 0, :length], short.positions)
    assert torch.equal(batch.positions_3bt[:, 1], long.positions)
    assert (batch.targets_bt[0, length:] == -100).all()
    assert not batch.weights_bt[0, length:].any()


def test_random_sequences_repeat_with_the_seed(tokenizer: TextTokenizer) -> None:
    def draw(seed: int) -> list[Sequence]:
        rng = random.Random(seed)
        return [
            text_sequence(rng, tokenizer, SceneMix(), Words(), size.preview_grid),
            edit_sequence(rng, tokenizer, SceneMix(), Words(), 0.02),
        ]

    for first, second in zip(draw(1), draw(1), strict=True):
        for name, value in vars(first).items():
            assert torch.equal(value, vars(second)[name])
    assert any(not torch.equal(a.ids, b.ids) for a, b in zip(draw(1), draw(2), strict=True))


def test_words_come_from_their_sources(tokenizer: TextTokenizer) -> None:
    words = Words(latin=lambda rng, longest: "QXQ", han=lambda rng, longest: "国国")
    rng = random.Random(0)
    mix = SceneMix(designs=(1, 0, 0, 0, 0), texts=(0, 1, 0, 0), mixed=0.0)
    texts = [
        tokenizer.decode(sequence.ids[sequence.ids > text_vocabulary.VISION_VOCAB].tolist())
        for sequence in (text_sequence(rng, tokenizer, mix, words, None) for _ in range(100))
    ]
    assert all("QXQ" in text or "国国" in text for text in texts)
