"""Words outside of quoted texts, and notes about those that a model has never read."""

import json
import random
import shutil
from pathlib import Path

import pytest

from glm_image.checkpoint.published import ABOUT_FILE
from glm_image.data.describing import describe
from glm_image.data.edits import sample_edit
from glm_image.data.layout import sample_scene
from glm_image.data.mix import SceneMix
from glm_image.data.prompt_words import WORDING
from glm_image.data.wording import book_for
from glm_image.evaluation.posters import held_out
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.tokenizer.plain_words import plain_words, unknown_words


def test_quoted_texts_are_left_out() -> None:
    assert plain_words("A star, \"a\" and 'b' on “红” sky") == ["a", "star", "and", "on", "sky"]
    assert plain_words("don't say 天空") == ["don", "t", "say", "天", "空"]
    assert plain_words('5" wide') == ["wide"]


def test_unknown_words_in_their_order() -> None:
    known = frozenset({"a", "of", "红", "色"})
    assert unknown_words("A castle of castles, a red x", known) == ["castle", "castles", "red"]
    assert unknown_words("红色城堡，红色龙", known) == ["城堡"]
    assert unknown_words('"castle" of a', known) == []


def test_training_uses_the_written_down_words_only() -> None:
    rng, mix = random.Random(5), SceneMix()
    for _ in range(150):
        book = book_for(rng)
        assert unknown_words(describe(rng, sample_scene(rng, mix), book), WORDING) == []
        assert unknown_words(sample_edit(rng, mix, book).instruction, WORDING) == []


def test_no_case_of_the_suite_is_strange() -> None:
    cases = (*held_out.drawings(40), *held_out.edits(24))
    strange = {case.prompt: unknown_words(case.prompt, WORDING) for case in cases}
    assert [found for found in strange.values() if found] == []


@pytest.fixture
def taught(tiny_checkpoint: Path, tmp_path: Path) -> GlmImagePipeline:
    """A pipeline whose checkpoint says which words it has read."""
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "model")
    about = {"summary": "It draws stars.", "draws": [], "examples": [], "words": "a 红 star"}
    (folder / ABOUT_FILE).write_text(json.dumps(about), encoding="utf-8")
    return GlmImagePipeline.from_pretrained(folder, device="cpu", dtype="float32")


def test_a_note_says_what_was_never_read(taught: GlmImagePipeline) -> None:
    result = taught(["a star", "a castle, 红 “龙”"], num_inference_steps=1, seed=1)
    assert len(result.notes) == 1
    assert "never read: castle. What it draws: It draws stars." in result.notes[0]


def test_no_note_without_strange_words(taught: GlmImagePipeline) -> None:
    assert taught('红 star "castle"', num_inference_steps=1, seed=1).notes == []
