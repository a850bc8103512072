"""Drawing and changing by talking: branches, numbered pictures, areas, failures, two tabs."""

import io
import re
from pathlib import Path

import httpx2
import pytest
from browsing import (
    ALL_LOOKS,
    DESK,
    LOOKS,
    Look,
    Visits,
    axe,
    has_no_sideways_scroll,
    offline,
    settle,
)
from fake import FakeEngine, plain
from journeys import draw, until
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from serving_rig import Rig, running

from glm_image.serving.records import Failure

MARKUP = "<img src=x onerror=alert(1)>"

WORDS = {
    "en": {
        "field": "What to draw, or what to change",
        "send": "Send",
        "use": "Change this",
        "change": "Say it differently",
        "before": "Previous way",
        "branch": "2 of 2",
        "first": "1 of 2",
        "start": "Say what to draw",
    },
    "zh": {
        "field": "画什么，或改什么",
        "send": "发送",
        "use": "修改这张",
        "change": "换个说法",
        "before": "上一种做法",
        "branch": "2 / 2",
        "first": "1 / 2",
        "start": "先说画什么",
    },
}


def field(page: Page, language: str = "en") -> Locator:
    return page.get_by_role("textbox", name=WORDS[language]["field"])


def said(page: Page) -> Locator:
    """Turns of the person."""
    return (
        page.get_by_role("main")
        .get_by_role("listitem")
        .filter(has=page.get_by_role("heading", name=re.compile("^(You|你)$")))
    )


def say(page: Page, text: str, language: str = "en") -> None:
    """Say something, and wait until it stands in the conversation."""
    count = said(page).count()
    field(page, language).fill(text)
    page.get_by_role("button", name=WORDS[language]["send"], exact=True).click()
    expect(field(page, language)).to_have_value("")
    expect(said(page).last).to_contain_text(text)
    assert said(page).count() >= count


def drawn(page: Page, count: int, language: str = "en") -> Locator:
    """Wait until so many answers show their pictures; gives the last one's button."""
    buttons = page.get_by_role("button", name=WORDS[language]["use"])
    expect(buttons).to_have_count(count)
    return buttons.last


def jobs(rig: Rig) -> list[dict[str, object]]:
    """What the service was asked to draw, the latest first."""
    found = httpx2.get(f"{rig.url}/api/jobs", timeout=30).json()["data"]
    return [dict(one["drawing"]) for one in found]


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_picture_is_drawn_changed_and_tried_another_way(
    visits: Visits, rig: Rig, look: Look
) -> None:
    page = visits.open(rig.url, "#/chat", look)
    words = WORDS[look.language]
    say(page, 'a card, "HELLO" at the top', look.language)
    expect(page.locator("mark")).to_have_text("HELLO")
    drawn(page, 1, look.language)
    say(page, "make it blue", look.language)
    drawn(page, 2, look.language)
    latest, first = jobs(rig)
    assert (latest["prompt"], latest["sources"], len(latest["parents"])) == ("make it blue", 1, 1)  # type: ignore[arg-type]
    assert first["sources"] == 0
    settle(page)
    axe(page)
    assert has_no_sideways_scroll(page)
    said(page).last.get_by_role("button", name=words["change"]).click()
    expect(field(page, look.language)).to_have_value("make it blue")
    say(page, "make it red", look.language)
    drawn(page, 2, look.language)
    expect(said(page).last).to_contain_text(words["branch"])
    assert jobs(rig)[0]["parents"] == latest["parents"]
    said(page).last.get_by_role("button", name=words["before"]).click()
    expect(said(page).last).to_contain_text("make it blue")
    page.reload()
    expect(said(page).last).to_contain_text("make it blue")
    expect(said(page).last).to_contain_text(words["first"])
    drawn(page, 2, look.language)


def test_the_first_words_can_be_said_differently(visits: Visits, rig: Rig) -> None:
    page = visits.open(rig.url, "#/chat")
    say(page, "a cat")
    drawn(page, 1)
    field(page).press("ArrowUp")
    expect(field(page)).to_have_value("a cat")
    field(page).press("Escape")
    expect(field(page)).to_have_value("")
    field(page).press("ArrowUp")
    field(page).fill("a dog")
    field(page).press("Enter")
    expect(said(page)).to_have_count(1)
    expect(said(page)).to_contain_text("a dog")
    expect(said(page)).to_contain_text("2 of 2")
    drawn(page, 1)
    assert [one["sources"] for one in jobs(rig)] == [0, 0]
    assert [one["prompt"] for one in jobs(rig)] == ["a dog", "a cat"]


def test_a_picture_that_is_done_before_the_answers_come(visits: Visits, rig: Rig) -> None:
    context = visits.enter(rig.url)
    context.add_init_script(
        """const real = window.fetch;
        window.fetch = async (...given) => {
            const answer = await real(...given);
            if (/\\/turns$|\\/api\\/jobs\\/job_/.test(String(given[0]))) {
                await new Promise((resolve) => setTimeout(resolve, 1500));
            }
            return answer;
        };"""
    )
    page = visits.open(rig.url, "#/chat", context=context)
    say(page, "a cat")
    drawn(page, 1)


@pytest.mark.parametrize("look", ALL_LOOKS, ids=str)
def test_an_empty_conversation_says_what_to_do(visits: Visits, rig: Rig, look: Look) -> None:
    page = visits.open(rig.url, "#/chat", look)
    expect(page.get_by_role("heading", name=WORDS[look.language]["start"])).to_be_visible()
    settle(page)
    axe(page)
    assert has_no_sideways_scroll(page)


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


def test_words_are_kept_without_a_connection(visits: Visits, rig: Rig) -> None:
    visits.expect("Failed to load resource", "ERR_INTERNET_DISCONNECTED")
    page = visits.open(rig.url, "#/chat")
    expect(field(page)).to_be_visible()
    with offline(page):
        field(page).fill("a cat")
        field(page).press("Enter")
        alert = page.get_by_role("form").get_by_role("alert")
        expect(alert.filter(has_text="cannot be reached")).to_be_visible()
        expect(field(page)).to_have_value("a cat")
    page.reload()
    expect(field(page)).to_have_value("a cat")
    field(page).press("Enter")
    drawn(page, 1)


def test_too_many_words_are_not_sent(visits: Visits, rig: Rig) -> None:
    page = visits.open(rig.url, "#/chat")
    field(page).fill("x" * 1003)
    field(page).press("Enter")
    expect(page.get_by_role("alert").filter(has_text="3 characters too long")).to_be_visible()
    assert not jobs(rig)


def test_what_fails_says_why_and_is_tried_again(visits: Visits, tmp_path: Path) -> None:
    torn = Failure(code="1234", kind="GlmImageError", message=f"the canvas tore {MARKUP}")
    engine = FakeEngine(seconds=0.2, failures={MARKUP: torn})
    with running(tmp_path / "service", engine=engine, keys=False) as rig:
        page = visits.open(rig.url, "#/chat")
        say(page, MARKUP)
        expect(page.get_by_text(f"It was not drawn: the canvas tore {MARKUP}")).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_have_text(MARKUP)
        engine.failures.clear()
        page.get_by_role("button", name="Draw it again").click()
        drawn(page, 1)
        expect(said(page)).to_contain_text("2 of 2")
        settle(page)
        axe(page)
        page.close()


def test_a_drawing_is_stopped(visits: Visits, tmp_path: Path) -> None:
    engine = FakeEngine(seconds=60)
    with running(tmp_path / "service", engine=engine, keys=False) as rig:
        page = visits.open(rig.url, "#/chat")
        say(page, "a cat")
        page.get_by_role("button", name="Stop", exact=True).click()
        expect(page.get_by_text("It was stopped.")).to_be_visible()
        page.close()


def test_conversations_are_renamed_and_deleted(visits: Visits, rig: Rig) -> None:
    page = visits.open(rig.url, "#/chat")
    say(page, "a cat")
    drawn(page, 1)
    aside = page.get_by_role("complementary", name="Conversations")
    aside.get_by_role("link", name=re.compile("^a cat")).hover()
    aside.get_by_role("button", name="Rename “a cat”").click()
    page.get_by_role("textbox", name="Title").fill("Pets")
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pets")
    aside.get_by_role("link", name=re.compile("^Pets")).hover()
    aside.get_by_role("button", name="Delete “Pets”").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("heading", name=WORDS["en"]["start"])).to_be_visible()
    expect(aside.get_by_role("link", name=re.compile("^Pets"))).to_have_count(0)
    assert httpx2.get(f"{rig.url}/api/images", timeout=30).json()["data"]


def test_two_tabs_show_the_same_conversation(visits: Visits, rig: Rig) -> None:
    page = visits.open(rig.url, "#/chat")
    say(page, "a cat")
    drawn(page, 1)
    other = visits.open(rig.url, f"#{page.url.partition('#')[2]}", DESK, context=page.context)
    drawn(other, 1)
    say(page, "make it blue")
    expect(said(other)).to_have_count(2)
    drawn(other, 2)


def test_a_conversation_that_is_gone(visits: Visits, rig: Rig) -> None:
    visits.expect("status of 404")
    page = visits.open(rig.url, "#/chat/conv_nobody")
    expect(page.get_by_role("heading", name="This conversation is gone")).to_be_visible()
    settle(page)
    axe(page)


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
    assert wide["parents"] == larger["parents"]
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
    text = field(page, look.language).input_value()
    assert {"en": "\"TEA 'TIME'\"", "zh": "“TEA TIME”"}[look.language] in text
    assert has_no_sideways_scroll(page)
