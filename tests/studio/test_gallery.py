"""The gallery: found again, chosen, taken along, thrown away and brought back."""

import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from browsing import ALL_LOOKS, LOOKS, Look, Visits, axe, has_no_sideways_scroll, offline, settle
from fake import FakeEngine
from journeys import draw
from playwright.sync_api import Locator, Page, expect
from serving_rig import Rig, running, until

MARKUP = "<img src=x onerror=alert(1)>"


def shown(page: Page) -> Locator:
    """The pictures of the list."""
    return page.get_by_role("main").get_by_role("list").last.get_by_role("img")


def picture(page: Page, prompt: str) -> Locator:
    """One picture of the list, with what can be done to it."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("img", name=prompt))


def shelf(page: Page, name: str) -> Locator:
    return page.get_by_role("main").get_by_role("navigation").get_by_role("link", name=name)


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_pictures_are_found_by_their_words(visits: Visits, rig: Rig, look: Look) -> None:
    for prompt in ("a red circle", "a blue circle", f'{MARKUP} "words"'):
        draw(rig, prompt)
    page = visits.open(rig.url, "#/gallery", look)
    expect(shown(page)).to_have_count(3)
    field = page.get_by_role("searchbox")
    field.fill("circle blue")
    expect(shown(page)).to_have_count(1)
    expect(shown(page)).to_have_attribute("alt", "a blue circle")
    field.fill("onerror")
    expect(shown(page)).to_have_attribute("alt", f'{MARKUP} "words"')
    settle(page)
    axe(page)
    assert has_no_sideways_scroll(page)
    page.reload()
    expect(field).to_have_value("onerror")
    expect(shown(page)).to_have_count(1)


@pytest.mark.parametrize("look", ALL_LOOKS, ids=str)
def test_an_empty_gallery_says_what_to_do(visits: Visits, rig: Rig, look: Look) -> None:
    page = visits.open(rig.url, "#/gallery", look)
    words = {"en": "No pictures yet", "zh": "还没有图片"}[look.language]
    expect(page.get_by_role("heading", name=words)).to_be_visible()
    settle(page)
    axe(page)
    assert has_no_sideways_scroll(page)


def test_what_is_drawn_elsewhere_appears(visits: Visits, rig: Rig) -> None:
    draw(rig, "the first")
    page = visits.open(rig.url, "#/gallery")
    expect(shown(page)).to_have_count(1)
    draw(rig, "the second", n=2)
    expect(shown(page)).to_have_count(3)
    expect(shown(page).last).to_have_attribute("alt", "the first")


def test_marks_hold_in_every_tab(visits: Visits, rig: Rig) -> None:
    draw(rig, "one")
    draw(rig, "two")
    page = visits.open(rig.url, "#/gallery")
    picture(page, "one").hover()
    heart = picture(page, "one").get_by_role("button", name="Favourite")
    heart.click()
    expect(heart).to_have_attribute("aria-pressed", "true")
    other = visits.open(rig.url, "#/gallery?favourite=1", context=page.context)
    expect(shown(other)).to_have_count(1)
    expect(shown(other)).to_have_attribute("alt", "one")


def test_chosen_pictures_are_taken_along_tagged_and_deleted(
    visits: Visits, rig: Rig, tmp_path: Path
) -> None:
    ids = [one["id"] for one in draw(rig, "several", n=3)["pictures"]]
    draw(rig, "another")
    page = visits.open(rig.url, "#/gallery")
    expect(shown(page)).to_have_count(4)
    page.get_by_role("button", name="Choose several").click()
    choices = page.get_by_role("checkbox", name="Choose: several")
    choices.first.click()
    choices.last.click(modifiers=["Shift"])
    tools = page.get_by_role("toolbar", name="Chosen pictures")
    expect(tools.get_by_role("status")).to_have_text("3 chosen")
    settle(page)
    axe(page)

    with page.expect_download() as download:
        tools.get_by_role("button", name="Save as ZIP").click()
    download.value.save_as(tmp_path / "a.zip")
    names = zipfile.ZipFile(tmp_path / "a.zip").namelist()
    assert sorted(names) == sorted(f"{one}.png" for one in ids)

    tools.get_by_role("button", name="Tag", exact=True).click()
    dialog = page.get_by_role("dialog", name="Tag 3 pictures")
    dialog.get_by_role("combobox", name="Add a tag").fill("posters, 海报")
    dialog.get_by_role("button", name="Add the tags").click()
    expect(page.get_by_role("status").filter(has_text="3 pictures tagged")).to_be_attached()

    tools.get_by_role("button", name="Delete").click()
    expect(shown(page)).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(shown(page)).to_have_count(4)
    page.goto(f"{rig.url}/#/gallery?tag=海报")
    expect(shown(page)).to_have_count(3)


def test_a_board_is_a_tag_that_stays(visits: Visits, rig: Rig) -> None:
    draw(rig, "one")
    page = visits.open(rig.url, "#/gallery")
    page.get_by_role("button", name="New board").click()
    page.get_by_role("dialog").get_by_role("textbox", name="Name").fill("drafts")
    page.get_by_role("dialog").get_by_role("button", name="Make the board").click()
    expect(shelf(page, "drafts")).to_be_visible()
    picture(page, "one").drag_to(shelf(page, "drafts"))
    expect(shelf(page, "drafts 1")).to_be_visible()
    shelf(page, "drafts").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("drafts")
    expect(shown(page)).to_have_count(1)
    page.reload()
    expect(shelf(page, "drafts 1")).to_be_visible()


def test_what_was_deleted_comes_back_from_the_bin(visits: Visits, rig: Rig) -> None:
    draw(rig, "one")
    page = visits.open(rig.url, "#/gallery")
    shown(page).first.wait_for()
    page.get_by_role("searchbox").press("ArrowDown")
    page.keyboard.press("Delete")
    expect(page.get_by_role("heading", name="No pictures yet")).to_be_visible()
    shelf(page, "Bin").click()
    expect(shown(page)).to_have_count(1)
    page.get_by_role("button", name="Bring back").click()
    expect(page.get_by_role("heading", name="The bin is empty")).to_be_visible()
    shelf(page, "All pictures").click()
    expect(shown(page)).to_have_count(1)


def at_the_first_of_many(visits: Visits, rig: Rig, prompts: int) -> Page:
    """The gallery with ten pictures of every prompt, the newest one focused."""
    for number in range(prompts):
        draw(rig, f"picture {number}", n=10)
    page = visits.open(rig.url, "#/gallery")
    shown(page).first.wait_for()
    page.get_by_role("searchbox").press("ArrowDown")
    return page


def test_the_keys_go_through_many_pictures(visits: Visits, rig: Rig) -> None:
    page = at_the_first_of_many(visits, rig, 13)
    focused = page.locator(":focus")
    expect(focused.get_by_role("img")).to_have_attribute("alt", "picture 12")
    page.keyboard.press("f")
    until(lambda: len(favourites(page)) == 1)
    # Further pages come while one goes to the end, and what is far away leaves the page.

    def is_at_the_end() -> bool:
        page.keyboard.press("End")
        page.wait_for_timeout(300)
        return page.get_by_role("img", name="picture 0").count() > 0

    until(is_at_the_end)
    assert shown(page).count() < 130
    expect(page.get_by_role("img", name="picture 12")).to_have_count(0)
    page.keyboard.press("Home")
    expect(focused.get_by_role("img")).to_have_attribute("alt", "picture 12")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("picture 12")
    page.keyboard.press("Escape")
    # The page of the picture has the focus, too, until the gallery is there.
    expect(page.get_by_role("heading", level=1)).to_have_text("Gallery")
    expect(focused.get_by_role("img")).to_have_attribute("alt", "picture 12")


def test_who_comes_back_finds_the_picture_again(visits: Visits, rig: Rig) -> None:
    page = at_the_first_of_many(visits, rig, 6)
    page.keyboard.press("End")
    focused = page.locator(":focus")
    expect(focused.get_by_role("img")).to_have_attribute("alt", "picture 0")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("picture 0")
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", level=1)).to_have_text("Gallery")
    expect(focused.get_by_role("img")).to_have_attribute("alt", "picture 0")
    expect(focused).to_be_in_viewport()


SCROLL = """async () => {
    const frame = () => new Promise(requestAnimationFrame);
    const page = document.scrollingElement;
    const gaps = [];
    let [tiles, waited, seen] = [0, 0, performance.now()];
    while (waited < 300) {
        const before = page.scrollTop;
        page.scrollBy({ top: 160, behavior: 'instant' });
        await frame();
        waited = page.scrollTop > before ? 0 : waited + 1;
        gaps.push(performance.now() - seen);
        seen = performance.now();
        tiles = Math.max(tiles, document.querySelectorAll('.shot').length);
    }
    gaps.sort((one, other) => one - other);
    return { tiles, frames: gaps.length, height: page.scrollHeight,
             median: gaps[gaps.length >> 1], slow: gaps[Math.floor(gaps.length * 0.99)] };
}"""
"""Scrolls to where nothing more comes, 160 pixels a frame; what was in the page at most."""


def test_two_thousand_pictures_are_scrolled_through(visits: Visits, tmp_path: Path) -> None:
    with running(tmp_path, engine=FakeEngine(), keys=False) as rig:
        with ThreadPoolExecutor(8) as callers:
            list(callers.map(lambda number: draw(rig, f"picture {number}", n=10), range(200)))
        page = visits.open(rig.url, "#/gallery")
        shown(page).first.wait_for()
        gone = page.evaluate(SCROLL)
        print(f"scrolled: {gone}")
        assert gone["tiles"] < 200 < gone["height"] / 100
        # The first ones drawn are the last ones shown, and the page did not lose any.
        last = page.locator(".shot").last
        expect(last).to_have_attribute("aria-posinset", "2000")
        expect(last).to_have_attribute("aria-setsize", "2000")
        page.wait_for_function(
            """() => [...document.images]
                .filter((one) => one.getBoundingClientRect().top < innerHeight)
                .every((one) => one.complete && one.naturalWidth > 0)"""
        )


def favourites(page: Page) -> list[object]:
    """What the service says is marked."""
    answer = page.request.get(f"{page.url.split('#')[0]}api/images?favourite=true")
    return list(answer.json()["data"])


def test_without_a_connection_it_says_so_and_goes_on(visits: Visits, rig: Rig) -> None:
    visits.expect("ERR_INTERNET_DISCONNECTED", "ERR_NETWORK_CHANGED")
    draw(rig, "one")
    page = visits.open(rig.url, "#/gallery")
    expect(shown(page)).to_have_count(1)
    with offline(page):
        page.get_by_role("searchbox").fill("two")
        again = page.get_by_role("alert").filter(has_text="cannot be reached").get_by_role("button")
        expect(again).to_be_visible()
    page.get_by_role("searchbox").fill("one")
    expect(shown(page)).to_have_count(1)
