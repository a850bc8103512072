"""Records and texts: what they refuse, and that they become JSON and back."""

import json

import pytest
from storing import BAD, drawing

from glm_image.config import from_mapping, to_mapping
from glm_image.errors import ConfigError, InputError
from glm_image.serving.records import (
    Drawing,
    Event,
    EventKind,
    Failure,
    OutputFormat,
    is_id,
    new_id,
)
from glm_image.serving.text import checked, checked_line


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"prompt": " "}, "prompt"),
        ({"width": 0}, "width"),
        ({"height": -1}, "height"),
        ({"steps": 0}, "steps"),
        ({"seeds": ()}, "seed"),
        ({"seeds": (2**64,)}, "seed"),
        ({"seeds": (-1,)}, "seed"),
        ({"layout_seeds": (1, 2)}, "layout_seed"),
        ({"layout_seeds": (2**64,)}, "layout_seed"),
        ({"compression": 101}, "output_compression"),
        ({"mask": "ab/mask"}, "mask"),
    ],
)
def test_drawings_that_cannot_be(changes: dict[str, object], field: str) -> None:
    with pytest.raises(InputError) as caught:
        drawing(**changes)
    assert caught.value.field == field
    assert caught.value.hint


def test_a_drawing_names_all_its_files_once() -> None:
    assert drawing(sources=("a", "b", "a"), mask="c").blobs == ("a", "b", "c")
    assert drawing(sources=("a",), mask="a").blobs == ("a",)
    assert drawing().blobs == ()


@pytest.mark.parametrize(
    "record",
    [
        drawing(seeds=(0, 2**64 - 1), output_format=OutputFormat.WEBP, prompt="“x” 好"),
        BAD,
        Event(
            job_id="job_1",
            key_id="one",
            kind=EventKind.PROGRESS,
            data={"stage": "write", "nested": {"list": [1, None]}},
            at=1.5,
        ),
    ],
)
def test_records_survive_json(record: Drawing | Failure | Event) -> None:
    text = json.dumps(to_mapping(record))
    assert from_mapping(type(record), json.loads(text), source="text") == record


def test_unknown_names_are_answered_with_the_nearest() -> None:
    mapping = {**to_mapping(drawing()), "output_format": "jpg"}
    with pytest.raises(ConfigError, match="did you mean 'jpeg'"):
        from_mapping(Drawing, mapping, source="text")


def test_names_are_new_and_in_order() -> None:
    names = [new_id("job", now) for now in (1.0, 2.0, 1e9, 2e9, 2e11)]
    assert names == sorted(names)
    assert len({new_id("job", 1.0) for _ in range(1000)}) == 1000
    assert all(is_id(name) and len(name) == 30 for name in names)
    for text in ("", "job_", "job", "Job_1", "job_1\n", "job_é", "_1", "job_" + "x" * 41):
        assert not is_id(text)


def test_texts_are_checked() -> None:
    assert checked("a\n\tb 好 🎨", field="x", most=20) == "a\n\tb 好 🎨"
    for text in ("\x00", "\x1b[31m", "\x7f", "\udfff"):
        with pytest.raises(InputError, match="control character U\\+"):
            checked(text, field="x", most=20)
    with pytest.raises(InputError, match="shorten it to 2"):
        checked("abc", field="x", most=2)
    for text in ("a\nb", "a\r", "\n", "a\u2028b"):
        with pytest.raises(InputError, match="several lines"):
            checked_line(text, field="x", most=20)
    assert checked_line("", field="x", most=20) == ""
