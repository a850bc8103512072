"""The worker with a model in it, on the tiny checkpoint: what it says, and what it draws."""

import io
import queue
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asking import PATIENCE, drawing
from fake import masked, plain
from PIL import Image

from glm_image.checkpoint.parts import PAINTING
from glm_image.errors import CheckpointError, ConfigError, GlmImageError, NotFoundError
from glm_image.execution import heap
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.serving.labels import read
from glm_image.serving.records import OutputFormat
from glm_image.serving.worker import easel as easel_module
from glm_image.serving.worker.card import fingerprint
from glm_image.serving.worker.codes import pack, unpack
from glm_image.serving.worker.easel import Easel
from glm_image.serving.worker.protocol import (
    Codes,
    Done,
    Error,
    Frame,
    Load,
    Message,
    Preview,
    Result,
    Step,
    Submit,
    Token,
    Tokens,
)
from glm_image.serving.worker.scribe import Scribe
from glm_image.types import PriorTokens


class Listener:
    """Gathers what is said."""

    def __init__(self) -> None:
        self.frames: queue.Queue[Frame] = queue.Queue()

    def order(self, number: int) -> list[Any]:
        """Everything about one order, to its end."""
        words: list[Any] = []
        while not (words and isinstance(words[-1], Done | Error)):
            frame = self.frames.get(timeout=PATIENCE)
            if frame.order == number:
                words.append(frame.word)
        return words


@pytest.fixture(scope="module")
def said() -> Listener:
    return Listener()


@pytest.fixture(scope="module")
def easel(tiny_checkpoint: Path, said: Listener) -> Iterator[Easel]:
    load = Load(name="tiny", source=str(tiny_checkpoint), device="cpu", producer="me")
    one = Easel(load, said.frames.put)
    yield one
    one.close()


_NUMBERS = iter(range(1, 1000))


def ask(easel: Any, said: Listener, codes: Any = (), **changes: Any) -> list[Any]:
    number = next(_NUMBERS)
    sources = changes.pop("files", ())
    mask = changes.pop("mask_file", None)
    asked = drawing(model="tiny", **{"steps": 2, "visible_label": False, **changes})
    easel.submit(
        number,
        Submit(job_id="job_1", created=0.0, drawing=asked, sources=sources, mask=mask, codes=codes),
    )
    return said.order(number)


def pixels(result: Result) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(result.image))).astype(int)


def results(words: list[Message]) -> list[np.ndarray]:
    found = sorted((w for w in words if isinstance(w, Result)), key=lambda w: w.index)
    return [pixels(word) for word in found]


def tokens(words: list[Message]) -> dict[int, bytes]:
    return {word.index: word.codes for word in words if isinstance(word, Tokens)}


def test_the_card_says_what_the_model_can_do(easel: Easel, tiny_checkpoint: Path) -> None:
    card = easel.card
    assert card.name == "tiny"
    assert card.digest == fingerprint(tiny_checkpoint)
    assert card.min_side % card.multiple == card.max_side % card.multiple == 0
    assert card.min_side <= card.default_width <= card.max_side


def test_an_order_is_told_and_drawn_as_the_pipeline_draws(
    easel: Easel, said: Listener, tiny_pipeline: GlmImagePipeline
) -> None:
    words = ask(easel, said, prompt="a", seeds=(7, 8), previews=1)
    kinds = [type(word) for word in words]
    assert kinds[0] is Token
    assert kinds[-1] is Done
    assert kinds.count(Tokens) == kinds.count(Result) == 2
    assert words[0].done == 0
    (last,) = [word for word in words if isinstance(word, Step)][-1:]
    assert (last.done, last.total) == (4, 4)
    assert sorted(word.index for word in words if isinstance(word, Preview)) == [0, 1]
    alone = tiny_pipeline("a", height=64, width=64, num_inference_steps=2, seed=7, num_images=2)
    for drawn, image in zip(results(words), alone.images, strict=True):
        assert np.abs(drawn - np.asarray(image).astype(int)).max() <= 1
    for index, prior in enumerate(alone.prior_tokens):
        packed = pack(PriorTokens(ids_n=prior.flatten(), grid=(2, 2)))
        assert tokens(words)[index] == packed


def test_codes_are_told_while_they_are_written(
    easel: Easel, said: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glm_image.serving.worker.easel.CODES_SECONDS", 0.0)
    words = ask(easel, said, prompt="a", seeds=(7, 8))
    told: dict[int, dict[int, int]] = {0: {}, 1: {}}
    for word in words:
        if isinstance(word, Codes):
            assert word.start + len(word.codes) <= word.rows * word.columns
            if (word.rows, word.columns) == (2, 2):
                # What is told twice there is a preview of the same size, which comes first.
                places = range(word.start, word.start + len(word.codes))
                told[word.index] |= zip(places, word.codes, strict=True)
    assert sum(isinstance(word, Codes) for word in words) > 2
    for index, packed in tokens(words).items():
        written = unpack(packed, (2, 2), 10**6).tolist()
        assert [told[index][place] for place in range(4)] == written


def test_pictures_and_previews_carry_their_labels(easel: Easel, said: Listener) -> None:
    words = ask(easel, said, previews=1, output_format=OutputFormat.WEBP, seeds=(5,))
    assert isinstance(words[-1], Done)
    for word in words:
        if isinstance(word, Result | Preview):
            label = read(word.image)
            assert label.hidden is not None
            assert label.hidden.producer == "me"
            assert word.mime == "image/webp"


def test_codes_are_reused(easel: Easel, said: Listener) -> None:
    first = ask(easel, said, seeds=(1, 2))
    kept = tokens(first)
    again = ask(easel, said, codes=(kept[0], None), seeds=(1, 2))
    assert list(tokens(again)) == [1]
    for one, other in zip(results(first), results(again), strict=True):
        assert np.abs(one - other).max() <= 1
    other = ask(easel, said, codes=(b"damaged",), seeds=(1,))
    assert isinstance(other[-1], Error)
    assert other[-1].failure.field == "codes"


def test_the_same_layout_with_new_details(easel: Easel, said: Listener) -> None:
    base = ask(easel, said, seeds=(1,))
    same = ask(easel, said, seeds=(2,), layout_seeds=(1,))
    new = ask(easel, said, seeds=(2,))
    assert tokens(same) == tokens(base) != tokens(new)
    assert not np.array_equal(results(same)[0], results(base)[0])
    # The details are those of the other seed's noise: painted from given codes they are equal.
    given = ask(easel, said, codes=(tokens(base)[0],), seeds=(2,))
    assert np.abs(results(same)[0] - results(given)[0]).max() <= 1
    (result,) = [word for word in same if isinstance(word, Result)]
    made = dict(read(result.image).parameters or {})
    assert (made["seed"], made["layout_seed"]) == (2, 1)
    assert "noise" not in made


def test_only_the_transparent_part_of_a_mask_is_edited(easel: Easel, said: Listener) -> None:
    source = plain(64, 64, 255)
    options = {"files": (source,), "sources": ("a",), "seeds": (3,)}
    whole = results(ask(easel, said, **options))[0]
    part = results(ask(easel, said, mask="m", mask_file=masked(64, 64), **options))[0]
    assert (part[:, 40:] == [255, 0, 128]).all()
    assert np.abs(part[:, :24] - whole[:, :24]).max() <= 1
    words = ask(easel, said, mask="m", mask_file=source, **options)
    assert isinstance(words[-1], Error)
    assert words[-1].failure.field == "mask"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"width": 4096}, "height, width"),
        ({"steps": 5000}, "num_inference_steps"),
        ({"guidance": 1000.0}, "guidance_scale"),
        ({"sources": ("a",), "files": (b"no picture",)}, "image"),
    ],
)
def test_what_cannot_be_drawn_is_said(
    easel: Easel, said: Listener, changes: dict[str, Any], field: str
) -> None:
    (word,) = ask(easel, said, **changes)
    assert isinstance(word, Error)
    assert (word.failure.code, word.failure.field, word.failure.retryable) == ("1214", field, False)
    assert easel.orders == 0


def test_a_cancelled_order_stops(easel: Easel, said: Listener) -> None:
    number = next(_NUMBERS)
    asked = drawing(model="tiny", steps=900)
    easel.submit(number, Submit(job_id="job_1", created=0.0, drawing=asked))
    easel.cancel(number)
    words = said.order(number)
    assert isinstance(words[-1], Error)
    assert words[-1].failure.kind == "CancelledError"
    assert not any(isinstance(word, Result) for word in words)
    easel.cancel(number)


def test_numbers_that_are_none_are_an_error_of_the_order(
    easel: Easel, said: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        raise GlmImageError("the picture holds values that are no numbers", field="image")

    monkeypatch.setattr("glm_image.pipeline.stages.decode.to_pixels", broken)
    words = ask(easel, said)
    assert isinstance(words[-1], Error)
    assert words[-1].failure.retryable
    monkeypatch.undo()
    assert isinstance(ask(easel, said)[-1], Done)


def test_a_scribe_writes_the_same_codes_and_paints_nothing(
    tiny_checkpoint: Path, easel: Easel, said: Listener
) -> None:
    own = Listener()
    scribe = Scribe(Load(name="tiny", source=str(tiny_checkpoint), device="cpu"), own.frames.put)
    try:
        written = ask(scribe, own, seeds=(1, 2))
        assert {type(word) for word in written} == {Token, Tokens, Done}
        assert tokens(written) == tokens(ask(easel, said, seeds=(1, 2)))
        nothing = ask(scribe, own, codes=tuple(tokens(written).values()), seeds=(1, 2))
        assert [type(word) for word in nothing] == [Done]
        assert isinstance(ask(scribe, own, width=4096)[-1], Error)
        number = next(_NUMBERS)
        scribe.submit(number, Submit(job_id="j", created=0.0, drawing=drawing(model="tiny")))
        scribe.cancel(number)
        assert isinstance(own.order(number)[-1], Error | Done)
    finally:
        scribe.close()


def test_a_painter_paints_the_same_from_codes_and_writes_none(
    tiny_checkpoint: Path, easel: Easel, said: Listener
) -> None:
    own = Listener()
    load = Load(name="tiny", source=str(tiny_checkpoint), device="cpu", producer="me")
    painter = Easel(load, own.frames.put, PAINTING)
    edit = {"files": (plain(64, 64, 9),), "sources": ("a",), "seeds": (1, 2)}
    try:
        for asked in ({"seeds": (1, 2)}, edit):
            whole = ask(easel, said, **asked)
            codes = tuple(tokens(whole)[index] for index in (0, 1))
            painted = ask(painter, own, codes=codes, **asked)
            for one, other in zip(results(whole), results(painted), strict=True):
                assert np.abs(one - other).max() <= 1
        for missing in ((), (codes[0], None)):
            refused = ask(painter, own, codes=missing, seeds=(1, 2))[-1]
            assert isinstance(refused, Error)
            assert refused.failure.field == "codes"
    finally:
        painter.close()


def test_what_lies_beneath_the_visible_label_is_sent_along(easel: Easel, said: Listener) -> None:
    labelled = ask(easel, said, visible_label=True)
    (unlabelled,) = results(ask(easel, said))
    (result,) = [word for word in labelled if isinstance(word, Result)]
    assert result.bare is not None
    with Image.open(io.BytesIO(result.bare)) as image:
        assert (np.asarray(image).astype(int) == unlabelled).all()
        assert not image.info
    assert (pixels(result) != unlabelled).any()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize(
    "changes",
    [
        {"files": (plain(64, 64, 9),), "sources": ("a",), "seeds": (1, 2), "previews": 2},
        {"visible_label": True, "output_format": OutputFormat.WEBP},
        {"files": (plain(64, 64),), "sources": ("a",), "mask": "b", "mask_file": plain(64, 64)},
        {"steps": 10**6},
    ],
)
def test_nothing_of_an_order_stays(
    easel: Easel, said: Listener, monkeypatch: pytest.MonkeyPatch, changes: Any
) -> None:
    orders: list[weakref.ref[Submit]] = []
    submit = easel.submit

    def noted(number: int, asked: Submit) -> None:
        orders.append(weakref.ref(asked))
        submit(number, asked)

    monkeypatch.setattr(easel, "submit", noted)
    ask(easel, said, **changes)
    end = time.monotonic() + PATIENCE
    # The threads that ended it look once more whether there is something to do.
    while orders[0]() is not None and time.monotonic() < end:
        time.sleep(0.01)
    assert orders[0]() is None


def test_freed_memory_goes_back_now_and_then(
    easel: Easel, said: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    returned: list[None] = []
    monkeypatch.setattr(heap, "give_back", lambda: returned.append(None))
    ask(easel, said)
    ask(easel, said)
    assert not returned
    monkeypatch.setattr(easel_module, "TIDY_SECONDS", 0.0)
    ask(easel, said)
    end = time.monotonic() + PATIENCE
    while not returned and time.monotonic() < end:
        time.sleep(0.01)
    assert len(returned) == 1


def test_codes_as_bytes(easel: Easel) -> None:
    import torch

    codes = PriorTokens(ids_n=torch.arange(6), grid=(2, 3))
    data = pack(codes)
    assert torch.equal(unpack(data, (2, 3), 64), codes.ids_n)
    for wrong, grid, count in ((data[:-1], (2, 3), 64), (data, (3, 2), 64), (data, (2, 3), 5)):
        with pytest.raises(GlmImageError) as refused:
            unpack(wrong, grid, count)
        assert refused.value.field == "codes"


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises((NotFoundError, CheckpointError)):
        Easel(Load(name="x", source=str(tmp_path / "none")), lambda frame: None)


def test_a_certificate_that_cannot_sign_is_found_before_the_first_picture(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    load = Load(
        name="x",
        source=str(tiny_checkpoint),
        device="cpu",
        certificate=str(tmp_path / "a"),
        key="b",
    )
    with pytest.raises(ConfigError, match="cannot be read"):
        Easel(load, lambda frame: None)
