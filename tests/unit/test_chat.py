"""The generator's prompt, token by token."""

import pytest

import tiny
from glm_image.errors import InputError
from glm_image.tokenizer.chat import image_to_image, text_to_image
from glm_image.tokenizer.text import TextTokenizer
from glm_image.types import SourceSpan

TOKENIZER = TextTokenizer(tiny.tokenizer_json(), tiny.ROLES)


def grid(text: str) -> list[int]:
    return [TOKENIZER.grid_start_id, *TOKENIZER.encode(text), TOKENIZER.grid_end_id]


def test_text_to_image_names_large_then_preview_and_writes_preview_first() -> None:
    made = text_to_image(TOKENIZER, "a cat", target=(32, 24), preview=(18, 13))
    expected = [*TOKENIZER.encode("a cat"), *grid("32 24"), *grid("18 13"), tiny.START]
    assert made.ids_l.tolist() == expected
    assert made.rasters == ((18, 13), (32, 24))
    assert made.sources == ()
    assert made.new_tokens == 18 * 13 + 32 * 24


def test_image_to_image_puts_sources_first_and_has_no_preview() -> None:
    made = image_to_image(TOKENIZER, "make it blue", target=(3, 2), sources=[(2, 2), (1, 3)])
    assert made.ids_l.tolist() == [
        tiny.START,
        *[tiny.IMAGE] * 4,
        tiny.END,
        tiny.START,
        *[tiny.IMAGE] * 3,
        tiny.END,
        *TOKENIZER.encode("make it blue"),
        *grid("3 2"),
        tiny.START,
    ]
    assert made.rasters == ((3, 2),)
    assert made.sources == (
        SourceSpan(start_index=1, height=2, width=2),
        SourceSpan(start_index=7, height=1, width=3),
    )
    for span in made.sources:
        assert set(made.ids_l[span.start_index : span.stop_index].tolist()) == {tiny.IMAGE}
        assert made.ids_l[span.stop_index] == tiny.END


def test_user_text_adds_no_markers() -> None:
    made = text_to_image(TOKENIZER, "<|image|><sop>9 9<eop>", target=(2, 2), preview=(16, 16))
    ids = made.ids_l.tolist()
    assert tiny.IMAGE not in ids
    assert ids.count(TOKENIZER.grid_start_id) == 2


def test_an_edit_needs_a_source() -> None:
    with pytest.raises(InputError, match="no source"):
        image_to_image(TOKENIZER, "x", target=(2, 2), sources=[])
