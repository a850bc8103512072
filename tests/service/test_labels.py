"""Every file says that a machine made it, and how."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asking import drawing
from fake import CARD, masked, plain
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from glm_image.errors import InputError
from glm_image.image.codec import PARAMETERS_KEY, read_parameters
from glm_image.serving import visible_label
from glm_image.serving.labels import XMP_KEY, Aigc, Label, encode, read
from glm_image.serving.records import OutputFormat
from glm_image.serving.worker.finish import Finisher
from glm_image.serving.worker.protocol import Load, Submit

HIDDEN = Aigc(producer="我们 & <co>", produce_id="job_1-0")
MADE = {"prompt": 'a "sign" & <b>\n你好 \x00 \x07 \x85 \ufffe \ud800 😀', "seed": 2**64 - 1}
EVERY = list(OutputFormat)


def picture(side: int = 64) -> Image.Image:
    return Image.effect_noise((side, side), 60).convert("RGB")


@pytest.mark.parametrize("kind", EVERY)
def test_labels_are_read_back(kind: OutputFormat) -> None:
    label = Label(hidden=HIDDEN, parameters=MADE)
    assert read(encode(picture(), kind, 90, label)) == label
    assert read(encode(picture(), kind, 90, Label(hidden=HIDDEN))) == Label(hidden=HIDDEN)
    assert read(encode(picture(), kind, 90, Label())) == Label()


@pytest.mark.parametrize("kind", EVERY)
@settings(max_examples=30, deadline=None)
@given(words=st.text(max_size=200))
def test_all_words_survive_every_kind_of_file(kind: OutputFormat, words: str) -> None:
    label = Label(hidden=HIDDEN, parameters={"prompt": words})
    assert read(encode(Image.new("RGB", (8, 8)), kind, 50, label)) == label


def test_the_hidden_label_stands_where_the_standard_wants_it() -> None:
    data = encode(picture(), OutputFormat.PNG, 90, Label(hidden=HIDDEN))
    with Image.open(io.BytesIO(data)) as image:
        packet = image.info[XMP_KEY]
    assert 'xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"' in packet
    assert list(json.loads(HIDDEN.to_json())) == [
        "Label", "ContentProducer", "ProduceID", "ReservedCode1",
        "ContentPropagator", "PropagateID", "ReservedCode2",
    ]  # fmt: skip


def test_png_parameters_are_those_of_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encode(picture(), OutputFormat.PNG, 90, Label(parameters={"seed": 7})))
    assert read_parameters(path) == {"seed": 7}
    with Image.open(path) as image:
        assert PARAMETERS_KEY in image.info


def test_pixels_of_a_png_are_untouched() -> None:
    image = picture()
    data = encode(image, OutputFormat.PNG, 0, Label(hidden=HIDDEN, parameters=MADE))
    with Image.open(io.BytesIO(data)) as found:
        assert np.array_equal(np.asarray(found), np.asarray(image))


def test_quality_matters() -> None:
    for kind in (OutputFormat.JPEG, OutputFormat.WEBP):
        sizes = [len(encode(picture(), kind, quality, Label())) for quality in (10, 50, 95)]
        assert sizes == sorted(sizes)


def test_a_label_too_long_for_a_jpeg_is_refused() -> None:
    label = Label(parameters={"prompt": "x" * 70_000})
    with pytest.raises(InputError, match="a JPEG holds"):
        encode(picture(), OutputFormat.JPEG, 90, label)
    assert read(encode(picture(), OutputFormat.PNG, 90, label)) == label


@pytest.mark.parametrize("data", [b"", b"no picture", plain(8, 8)[:40]])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match=r"no picture|damaged"):
        read(data)


@pytest.mark.parametrize(
    "packet",
    [
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        "<not closed",
        "\ud7ff" * 3,
    ],
)
def test_foreign_packets_do_no_harm(packet: str) -> None:
    buffer = io.BytesIO()
    picture().save(buffer, format="JPEG", xmp=packet.encode())
    with pytest.raises(InputError, match="damaged"):
        read(buffer.getvalue())


# --------------------------------------------------------------------------------- visible


@pytest.mark.parametrize(("width", "height"), [(192, 192), (512, 768), (1728, 960), (2048, 512)])
def test_the_visible_label_is_large_enough_and_in_the_corner(width: int, height: int) -> None:
    grey = Image.new("RGB", (width, height), (128, 128, 128))
    labelled = np.asarray(visible_label.draw(grey)).astype(int)
    assert labelled.shape == (height, width, 3)
    rows, columns = np.nonzero((labelled != 128).any(-1))
    assert rows.min() > height / 2
    assert columns.min() > width / 4
    # The words are white on the plate; the lowest letters are "AI", its first third.
    words = labelled.min(-1) > 200
    lit = np.nonzero(words[:, columns.min() : columns.min() + (columns.max() - columns.min()) // 3])
    assert lit[0].max() - lit[0].min() + 1 >= 0.05 * min(width, height)


@pytest.mark.parametrize("colour", ["white", "black", (128, 128, 128)])
def test_the_visible_label_can_be_read_on_every_ground(colour: Any) -> None:
    image = visible_label.draw(Image.new("RGB", (512, 512), colour))
    grey = np.asarray(image.convert("L")).astype(int)
    corner = grey[-80:, -150:]
    assert corner.max() - corner.min() > 100


# --------------------------------------------------------------------------------- finished files


def finished(label: bool = False, load: Load | None = None, **changes: Any) -> Any:
    usual = {"name": "glm-image", "producer": "me"}
    order = Submit(
        job_id="job_1",
        created=0.0,
        drawing=drawing(visible_label=label, **{"seeds": (3, 4), **changes}),
        sources=(plain(32, 32, 255),),
        mask=masked(32, 32) if changes.get("mask") else None,
    )
    finisher = Finisher(load=load or Load(**usual), card=CARD)
    provenance = {"prompt": "a", "seed": 1, "codes": "given", "noise": "given", "height": 64}
    return finisher.result(order, 1, Image.new("RGB", (64, 64), "blue"), provenance)


@pytest.mark.parametrize("kind", EVERY)
def test_finished_files_carry_everything(kind: OutputFormat) -> None:
    result = finished(output_format=kind, layout_seeds=(9, 9), parents=("img_1",), sources=("a",))
    label = read(result.image)
    assert label.hidden == Aigc(producer="me", produce_id="job_1-1")
    assert label.parameters is not None
    made = dict(label.parameters)
    assert made.pop("software").startswith("glm-image/")
    assert made == {
        "prompt": "a",
        "height": 64,
        "model": "glm-image",
        "model_digest": CARD.digest,
        "job": "job_1",
        "created": "1970-01-01T00:00:00+00:00",
        "index": 1,
        "seed": 4,
        "layout_seed": 9,
        "temperature": 0.9,
        "top_p": 0.75,
        "parents": ["img_1"],
    }
    assert result.mime == kind.mime


def test_the_prompt_can_be_left_out() -> None:
    label = read(finished(strip_prompt=True).image)
    assert label.parameters is not None
    assert "prompt" not in label.parameters
    assert label.hidden is not None


def test_operators_can_leave_labels_out() -> None:
    load = Load(name="glm-image", hidden=False, parameters=False)
    assert read(finished(load=load).image) == Label()


def test_the_visible_label_is_drawn_if_asked_for() -> None:
    with Image.open(io.BytesIO(finished(label=True).image)) as image:
        assert len(image.getcolors() or []) > 3
    with Image.open(io.BytesIO(finished(label=False).image)) as image:
        assert image.getcolors() == [(64 * 64, (0, 0, 255))]


def test_only_the_transparent_part_of_a_mask_changes() -> None:
    result = finished(mask="m", sources=("a",))
    with Image.open(io.BytesIO(result.image)) as image:
        assert image.getpixel((2, 32)) == (0, 0, 255)
        assert image.getpixel((61, 32)) == (255, 0, 128)
