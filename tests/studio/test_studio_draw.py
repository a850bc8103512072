"""From words to pictures: the composer, the jobs under way, and the wall."""

import re
from pathlib import Path

import httpx2
import pytest
from browsing import ALL_LOOKS, PHONE, Look, Visits, axe, drop, has_no_sideways_scroll, settle
from fake import FakeEngine
from journeys import draw
from playwright.sync_api import Locator, Page, Route, expect
from serving_rig import Rig, running, until

from glm_image.serving.records import Failure

WORDS = {
    "en": {
        "prompt": "What should the picture show?", "draw": "Draw", "more": "More",
        "details": "Same layout, new details", "favourite": "Favourite", "label": "New picture",
    },
    "zh": {
        "prompt": "画什么？", "draw": "开始绘图", "more": "更多",
        "details": "构图不变，换细节", "favourite": "收藏", "label": "新图片",
    },
}  # fmt: skip


def prompt_of(page: Page, language: str = "en") -> Locator:
    return page.get_by_role("textbox", name=WORDS[language]["prompt"])


def submit(page: Page, text: str, language: str = "en") -> None:
    prompt_of(page, language).fill(text)
    form = page.get_by_role("form", name=WORDS[language]["label"])
    form.get_by_role("button", name=WORDS[language]["draw"], exact=True).click()


def jobs(rig: Rig) -> list[dict]:
    return httpx2.get(f"{rig.url}/api/jobs", timeout=30).json()["data"]


@pytest.mark.parametrize("look", ALL_LOOKS, ids=str)
def test_a_picture_is_drawn(visits: Visits, rig: Rig, look: Look) -> None:
    words = WORDS[look.language]
    page = visits.open(rig.url, look=look)
    expect(page.get_by_role("heading", level=2).first).to_be_visible()
    settle(page)
    axe(page)
    submit(page, 'a poster, "HELLO" at the top', look.language)
    picture = page.get_by_role("img", name='a poster, "HELLO" at the top')
    expect(picture).to_have_count(1)
    expect(picture).to_be_visible()
    page.get_by_role("button", name=words["favourite"]).focus()
    settle(page)
    axe(page)
    assert has_no_sideways_scroll(page)
    assert prompt_of(page, look.language).input_value() == 'a poster, "HELLO" at the top'


def test_what_is_under_way_shows(visits: Visits, tmp_path: Path) -> None:
    with running(tmp_path / "slow", engine=FakeEngine(seconds=6, steps=8), keys=False) as rig:
        page = visits.open(rig.url)
        prompt_of(page).fill("a red circle")
        page.get_by_role("radio", name="2", exact=True).check()
        prompt_of(page).press("Control+Enter")
        bar = page.get_by_role("progressbar", name="Progress")
        expect(bar).to_be_visible()
        expect(bar).to_have_attribute("aria-valuetext", re.compile(r"Layout \d+ %"))
        settle(page)
        axe(page)
        expect(bar).to_have_attribute("aria-valuetext", re.compile(r"Details \d+ %"))
        page.reload()
        expect(page.get_by_role("progressbar", name="Progress")).to_be_visible()
        expect(page.get_by_role("img", name="a red circle")).to_have_count(2)
        assert len(jobs(rig)) == 1


def test_a_job_is_cancelled_and_a_failed_one_tried_again(visits: Visits, tmp_path: Path) -> None:
    failure = Failure(code="1230", kind="CapacityError", message="no memory", hint="draw less")
    engine = FakeEngine(seconds=4, failures={"too much": failure})
    with running(tmp_path / "failing", engine=engine, keys=False) as rig:
        page = visits.open(rig.url)
        submit(page, "a slow one")
        page.get_by_role("button", name="Cancel: a slow one").click()
        card = page.get_by_role("article", name="Job: a slow one")
        expect(card).to_contain_text("Cancelled")
        submit(page, "too much")
        card = page.get_by_role("article", name="Job: too much")
        expect(card).to_contain_text("The service ran out of memory")
        expect(card).to_contain_text("Ask for a smaller picture")
        settle(page)
        axe(page)
        engine.failures.clear()
        card.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("img", name="too much")).to_be_visible()
        expect(page.get_by_role("article", name="Job: too much")).to_have_count(1)


def test_the_same_layout_gets_new_details(page: Page, rig: Rig) -> None:
    first = draw(rig, "a star", seed=7)
    page.get_by_role("img", name="a star").hover()
    page.get_by_role("button", name="Same layout, new details").first.click()
    until(lambda: len(jobs(rig)) == 2)
    latest = jobs(rig)[0]["drawing"]
    assert latest["layout_seeds"] == [7] and latest["seeds"] != [7]
    assert latest["prompt"] == "a star" and latest["steps"] == first["drawing"]["steps"]


def test_seeds_are_held_and_let_go(page: Page, rig: Rig) -> None:
    page.get_by_role("textbox", name="Layout").fill("18446744073709551615")
    page.get_by_role("textbox", name="Layout").blur()
    expect(page.get_by_role("button", name="Hold the layout")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.get_by_role("radio", name="3", exact=True).check()
    submit(page, "a ring")
    until(lambda: len(jobs(rig)) == 1)
    drawing = jobs(rig)[0]["drawing"]
    # Exact, although JavaScript has no such number.
    assert drawing["layout_seeds"] == [2**64 - 1] * 3
    assert len(set(drawing["seeds"])) == 3
    page.get_by_role("textbox", name="Details").fill("not a number")
    submit(page, "a ring")
    wrong = page.get_by_role("alert").filter(has_text="A seed is a whole number")
    expect(wrong.first).to_be_visible()
    assert len(jobs(rig)) == 1


def test_settings_come_back(page: Page, rig: Rig) -> None:
    body = {"seed": 2**63 + 1, "layout_seed": 5, "size": "96x64", "steps": 4, "guidance": 3.5}
    draw(rig, 'a box, "日本"', **body)
    card = page.get_by_role("article", name='Job: a box, "日本"')
    card.get_by_role("button", name="Reuse settings").first.click()
    expect(prompt_of(page)).to_have_value('a box, "日本"')
    expect(page.get_by_role("textbox", name="Details")).to_have_value(str(2**63 + 1))
    prompt_of(page).press("Control+Enter")
    until(lambda: len(jobs(rig)) == 2)
    first, second = (one["drawing"] for one in jobs(rig))
    assert first == {**second, "previews": first["previews"]}


def test_words_survive_what_happens(visits: Visits, rig: Rig) -> None:
    page = visits.open(rig.url)
    prompt_of(page).fill("half of a thought")
    page.wait_for_timeout(500)
    page.reload()
    expect(prompt_of(page)).to_have_value("half of a thought")
    other = visits.open(rig.url, context=page.context)
    expect(prompt_of(other)).to_have_value("half of a thought")
    submit(other, "a whole thought")
    expect(page.get_by_role("img", name="a whole thought")).to_be_visible()
    page.get_by_role("button", name="中文").click()
    expect(prompt_of(page, "zh")).to_have_value(re.compile("thought"))


def test_without_a_connection_requests_wait(visits: Visits, rig: Rig) -> None:
    visits.expect("ERR_INTERNET_DISCONNECTED", "ERR_NETWORK", "ERR_CONNECTION")
    page = visits.open(rig.url)
    expect(page.get_by_text("Nothing drawn yet")).to_be_visible()
    page.context.set_offline(True)
    submit(page, "a lighthouse")
    expect(page.get_by_text("Waits for the connection:")).to_be_visible()
    settle(page)
    axe(page)
    page.context.set_offline(False)
    expect(page.get_by_role("img", name="a lighthouse")).to_be_visible()
    expect(page.get_by_text("Waits for the connection:")).to_be_hidden()
    assert len(jobs(rig)) == 1


def test_refusals_say_what_to_do(visits: Visits, tmp_path: Path) -> None:
    visits.expect("status of 4")
    with running(tmp_path / "strict", engine=FakeEngine(), keys=True) as rig:
        key = rig.key("somebody")
        page = visits.open(rig.url)
        page.get_by_role("button", name="Enter a key").click()
        page.get_by_label("Key", exact=True).fill("gi_wrong.key")
        page.get_by_role("button", name="Use this key").click()
        expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("does not take")
        settle(page)
        axe(page)
        page.get_by_label("Key", exact=True).fill(key)
        page.get_by_role("button", name="Use this key").click()
        expect(page.get_by_text("Nothing drawn yet")).to_be_visible()
        submit(page, "")
        expect(page.get_by_text("Say what the picture should show.")).to_be_visible()
        submit(page, "x" * 1001)
        expect(page.get_by_text("Too long: shorten it to 1,000 characters.")).to_be_visible()
        assert len(prompt_of(page).input_value()) == 1001
        rig.store.revoke(key.removeprefix("gi_").split(".")[0])
        submit(page, "a key that is gone")
        expect(page.get_by_text("The key was revoked").or_(
            page.get_by_text("does not take the key"))).not_to_have_count(0)  # fmt: skip
        expect(prompt_of(page)).to_have_value("a key that is gone")


def test_markup_stays_text(page: Page, rig: Rig) -> None:
    attack = '<img src=x onerror="window.hit=1">"<script>window.hit=1</script>"'
    submit(page, attack)
    expect(page.get_by_role("img", name=attack)).to_be_visible()
    expect(page.get_by_role("list", name="Will be written")).to_contain_text("<script>")
    assert page.evaluate("window.hit") is None


def test_keys_do_what_the_help_says(page: Page, rig: Rig) -> None:
    draw(rig, "a moon", n=2)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_contain_text("Same layout, new details")
    settle(page)
    axe(page)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    link = page.get_by_role("article").get_by_role("link")
    link.first.focus()
    page.keyboard.press("ArrowRight")
    expect(link.nth(1)).to_be_focused()
    page.keyboard.press("f")
    expect(page.get_by_role("button", name="Favourite").nth(1)).to_have_attribute(
        "aria-pressed", "true"
    )
    page.keyboard.press("Delete")
    expect(page.get_by_role("article").get_by_role("link")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("article").get_by_role("link")).to_have_count(2)
    page.keyboard.press("/")
    expect(prompt_of(page)).to_be_focused()


def test_a_deletion_does_not_overtake_a_mark(page: Page, rig: Rig) -> None:
    held: list[Route] = []
    sent: list[str] = []

    def pass_on(route: Route) -> None:
        sent.append(route.request.method)
        if sent[-1] == "PATCH":
            held.append(route)
        else:
            route.continue_()

    draw(rig, "a moon")
    link = page.get_by_role("article").get_by_role("link")
    expect(link).to_have_count(1)
    page.route("**/api/images/*", pass_on)
    link.focus()
    page.keyboard.press("f")
    page.keyboard.press("Delete")
    expect(link).to_have_count(0)
    page.wait_for_timeout(200)
    assert sent == ["PATCH"]
    held[0].continue_()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert sent == ["PATCH", "DELETE"]


def test_a_small_file_brings_its_settings_along(page: Page, rig: Rig) -> None:
    """What the service writes into a PNG is read here, without the service."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_itxt(
        "parameters",
        '{"prompt": "aus Größe <b>", "seed": 18446744073709551615, "width": 96, "height": 64,'
        ' "num_inference_steps": 7, "guidance_scale": 2.5, "layout_seed": 3}',
        zip=True,
    )
    path = rig.settings.data / "ours.png"
    Image.new("RGB", (96, 64)).save(path, pnginfo=info)
    expect(prompt_of(page)).to_be_visible()
    drop(page, path)
    page.get_by_role("button", name="Bring back its settings").click()
    expect(prompt_of(page)).to_have_value("aus Größe <b>")
    expect(page.get_by_role("textbox", name="Details")).to_have_value("18446744073709551615")
    expect(page.get_by_role("textbox", name="Layout")).to_have_value("3")
    (rig.settings.data / "notes.png").write_text("no picture")
    prompt_of(page).press("Control+Enter")
    until(lambda: len(jobs(rig)) == 1)
    drawing = jobs(rig)[0]["drawing"]
    assert (drawing["width"], drawing["height"], drawing["steps"]) == (96, 64, 7)
    assert (drawing["seeds"], drawing["layout_seeds"]) == ([2**64 - 1], [3])


def test_a_dropped_picture_is_a_reference(page: Page, rig: Rig) -> None:
    from PIL import Image

    path = rig.settings.data / "plain.png"
    Image.new("RGB", (80, 64), "red").save(path)
    expect(prompt_of(page)).to_be_visible()
    drop(page, path)
    expect(page.get_by_role("button", name=re.compile("①")).first).to_be_visible()
    # The upload has arrived once a part of it can be chosen.
    expect(page.get_by_role("button", name="Change only a part")).to_be_visible()
    submit(page, "make it blue")
    until(lambda: len(jobs(rig)) == 1 and jobs(rig)[0]["state"] == "succeeded")
    assert jobs(rig)[0]["drawing"]["sources"] == 1


def test_a_phone_keeps_the_words_at_hand(visits: Visits, rig: Rig) -> None:
    draw(rig, "a tall one", n=4, size="64x128")
    page = visits.open(rig.url, look=PHONE)
    prompt_of(page, "zh").fill("一座灯塔")
    expect(page.get_by_role("article").first).to_be_visible()
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    line = page.get_by_role("button", name="一座灯塔")
    expect(line).to_be_visible()
    settle(page)
    axe(page)
    line.click()
    expect(prompt_of(page, "zh")).to_be_focused()
