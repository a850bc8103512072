"""What a drawing starts from: numbered pictures, painted areas, larger canvases, templates."""

import io
import re
from pathlib import Path

import pytest
from browsing import LOOKS, Look, Visits, axe, has_no_sideways_scroll, settle
from fake import plain
from journeys import draw
from PIL import Image
from playwright.sync_api import expect
from serving_rig import Rig, until
from talking import drawn, field, jobs, said, say

MARKUP = "<img src=x onerror=alert(1)>"


def test_pictures_have_numbers_that_the_words_can_use(
    visits: Visits, rig: Rig, tmp_path: Path
) -> None:
    names = []
    for seed, name in enumerate(("a.png", f"{MARKUP}.png")):
        (tmp_path / name.replace("/", "")).write_bytes(plain(64, 64, seed))
        names.append(str(tmp_path / name))
    page = visits.open(rig.url, "#/chat")
    page.get_by_role("button", name="Add pictures").click()
    with page.expect_file_chooser() as choice:
        page.get_by_role("button", name="Choose a file").click()
    choice.value.set_files(names)
    chips = page.get_by_role("list", name="Pictures to start from").get_by_role("listitem")
    expect(chips).to_have_count(2)
    expect(page.get_by_text("Makes one picture of 2")).to_be_visible()
    field(page).fill("put the star of ③ into ")
    field(page).press("Enter")
    expect(page.get_by_role("alert").filter(has_text="There is no picture ③")).to_be_visible()
    expect(field(page)).to_have_value("put the star of ③ into ")
    field(page).fill("put the star of ② into ")
    chips.first.get_by_role("button", name=re.compile("^Write ①")).click()
    expect(field(page)).to_have_value("put the star of ② into ①")
    settle(page)
    axe(page)
    page.get_by_role("button", name="Send", exact=True).click()
    drawn(page, 1)
    (asked,) = jobs(rig)
    assert asked["prompt"] == "put the star of the second picture into the first picture"
    assert asked["sources"] == 2
    expect(said(page).get_by_role("img")).to_have_count(2)


def test_a_picture_that_goes_takes_its_number_along(visits: Visits, rig: Rig) -> None:
    for prompt in ("one", "two"):
        draw(rig, prompt)
    page = visits.open(rig.url, "#/chat")
    page.get_by_role("button", name="Add pictures").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="one", exact=True).click()
    dialog.get_by_role("button", name="two", exact=True).click()
    dialog.get_by_role("button", name="Use 2 pictures").click()
    field(page).fill("① beside ②")
    page.get_by_role("button", name="Remove ①, one").click()
    expect(field(page)).to_have_value(" beside ①")
    expect(page.get_by_role("button", name="Remove ①, two")).to_be_visible()
    page.reload()
    expect(field(page)).to_have_value(" beside ①")
    expect(page.get_by_role("button", name="Remove ①, two")).to_be_visible()


def test_only_the_painted_area_changes(visits: Visits, rig: Rig) -> None:
    picture = draw(rig, "a cat", size="128x96")["pictures"][0]
    page = visits.open(rig.url, f"#/chat?picture={picture['id']}")
    expect(page.get_by_text("Changes the picture above.")).to_be_visible()
    page.get_by_role("button", name="Paint the area that may change").click()
    stage = page.get_by_role("application", name="Area that may change")
    page.get_by_role("button", name="Use this area").click()
    expect(page.get_by_text("Paint over the part that may change first.")).to_be_visible()
    box = stage.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.5, steps=4)
    page.mouse.up()
    expect(page.get_by_text(re.compile(r"^\d+ % of the picture may change\.$"))).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Nothing is painted yet.")).to_be_visible()
    page.get_by_role("button", name="Redo").click()
    settle(page)
    axe(page)
    page.get_by_role("button", name="Use this area").click()
    expect(page.get_by_text("Changes only the painted area.")).to_be_visible()
    say(page, "add a hat")
    drawn(page, 1)
    assert jobs(rig)[0]["masked"] is True
    assert rig.engine.inputs[-1].mask is not None
    mask = Image.open(io.BytesIO(rig.engine.inputs[-1].mask))
    assert mask.size == (128, 96)
    alpha = mask.getchannel("A")
    assert alpha.getpixel((25, 48)) == 0
    assert alpha.getpixel((115, 48)) == 255


def test_an_area_is_painted_with_keys_alone(visits: Visits, rig: Rig) -> None:
    picture = draw(rig, "a cat", size="128x128")["pictures"][0]
    page = visits.open(rig.url, f"#/chat?picture={picture['id']}")
    page.get_by_role("button", name="Paint the area that may change").click()
    stage = page.get_by_role("application", name="Area that may change")
    expect(stage).to_be_focused()
    page.keyboard.press("]")
    page.keyboard.press("Enter")
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("^[1-9].* % of the picture may change"))).to_be_visible()
    page.keyboard.press("i")
    expect(page.get_by_text(re.compile("^9. % of the picture may change"))).to_be_visible()
    page.keyboard.press("z")
    page.keyboard.press("z")
    expect(page.get_by_text("Nothing is painted yet.")).to_be_visible()


def test_a_picture_grows_and_is_extended(visits: Visits, rig: Rig) -> None:
    page = visits.open(rig.url, "#/chat")
    say(page, "a cat")
    drawn(page, 1)
    page.get_by_role("button", name="Draw it larger").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name=re.compile("^2×")).check()
    settle(page)
    axe(page)
    dialog.get_by_role("button", name="Draw", exact=True).click()
    expect(dialog).to_have_count(0)
    larger = jobs(rig)[0]
    assert (larger["width"], larger["height"], larger["prompt"]) == (128, 128, "a cat")
    assert larger["strength"] == 0.35
    page.get_by_role("button", name="Extend the picture").click()
    dialog.get_by_role("slider", name="Width").fill("160")
    dialog.get_by_role("button", name="Right", exact=True).click()
    settle(page)
    axe(page)
    dialog.get_by_role("button", name="Draw", exact=True).click()
    expect(dialog).to_have_count(0)
    wide = jobs(rig)[0]
    assert (wide["width"], wide["height"], wide["masked"]) == (160, 96, True)
    assert (wide["parents"], wide["strength"]) == (larger["parents"], 0.7)
    until(lambda: rig.engine.inputs[-1].mask is not None)
    mask = Image.open(io.BytesIO(rig.engine.inputs[-1].mask or b"")).getchannel("A")
    assert mask.size == (160, 96)
    assert mask.getpixel((10, 48)) == 0
    assert mask.getpixel((150, 48)) == 255


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_template_is_filled_in(visits: Visits, rig: Rig, look: Look) -> None:
    page = visits.open(rig.url, "#/chat", look)
    words = {
        "en": ("Templates", "Infographic", "Title", "Use these words"),
        "zh": ("模板", "信息图", "标题", "使用这段文字"),
    }[look.language]
    page.get_by_role("button", name=words[0]).click()
    dialog = page.get_by_role("dialog")
    settle(page)
    axe(page)
    dialog.get_by_role("button", name=words[1]).click()
    dialog.get_by_role("textbox", name=words[2]).fill('TEA "TIME"')
    settle(page)
    axe(page)
    dialog.get_by_role("button", name=words[3]).click()
    title = {"en": "\"TEA 'TIME'\"", "zh": "“TEA TIME”"}[look.language]
    expect(field(page, look.language)).to_have_value(re.compile(re.escape(title)))
    assert has_no_sideways_scroll(page)
