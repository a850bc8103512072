"""Many drawings at once: lists, tables, grids, and going on after a reload."""

import zipfile
from pathlib import Path

import httpx2
import pytest
from browsing import ALL_LOOKS, LOOKS, Look, Visits, axe, has_no_sideways_scroll, settle
from fake import FakeEngine
from playwright.sync_api import Locator, Page, Route, expect
from serving_rig import Rig, running, until

from glm_image.serving.settings import KeyDefaults

TABLE = """prompt,size,seed,colour
a red star,96x64,7,x
"two ""HELLO"" lines
of words",100x100,1,x
a green ring,,18446744073709551615,x
"""

WORDS = {
    "en": ("One prompt a line, or a table", "Draw 2 pictures", "2 of 2 done", "Draw many at once"),
    "zh": ("每行一个提示词，或一张表", "画 2 张", "已完成 2 / 2", "一次画很多张"),
}


def drawings(rig: Rig) -> list[dict[str, object]]:
    """What was asked for, the first one first."""
    found = httpx2.get(f"{rig.url}/api/jobs?limit=200", timeout=30).json()["data"]
    return [dict(one["drawing"]) for one in reversed(found)]


def results(page: Page) -> Locator:
    return page.get_by_role("region", name="Results")


@pytest.mark.parametrize("look", ALL_LOOKS, ids=str)
def test_without_a_batch_it_says_what_there_is(visits: Visits, rig: Rig, look: Look) -> None:
    page = visits.open(rig.url, "#/batch", look)
    expect(page.get_by_role("heading", name=WORDS[look.language][3])).to_be_visible()
    settle(page)
    axe(page)
    assert has_no_sideways_scroll(page)


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_lines_are_drawn(visits: Visits, rig: Rig, look: Look) -> None:
    label, button, done, _ = WORDS[look.language]
    page = visits.open(rig.url, "#/batch", look)
    page.get_by_label(label).fill("a red star\n\n<b>bold</b>\n")
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("status").filter(has_text=done)).to_be_visible()
    expect(page.get_by_role("cell", name="<b>bold</b>").first).to_be_visible()
    assert [one["prompt"] for one in drawings(rig)] == ["a red star", "<b>bold</b>"]
    settle(page)
    axe(page)
    assert has_no_sideways_scroll(page)


def test_a_table_is_checked_before_it_is_drawn(visits: Visits, rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(TABLE, encoding="utf-8")
    page = visits.open(rig.url, "#/batch")
    with page.expect_file_chooser() as choice:
        page.get_by_role("button", name="Open a CSV or text file").click()
    choice.value.set_files(tmp_path / "table.csv")
    expect(page.get_by_text("These columns are not used: colour")).to_be_visible()
    expect(page.get_by_text("line 3: the model does not draw 100x100")).to_be_visible()
    expect(page.get_by_text("the nearest size is 96x96")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Draw 2 pictures").click()
    expect(page.get_by_role("status").filter(has_text="2 of 2 done")).to_be_visible()
    first, second = drawings(rig)
    assert (first["width"], first["height"], first["seeds"]) == (96, 64, [7])
    assert (second["prompt"], second["seeds"]) == ("a green ring", [2**64 - 1])
    with page.expect_download() as packed:
        page.get_by_role("button", name="Download all").click()
    with zipfile.ZipFile(packed.value.path()) as archive:
        assert len(archive.namelist()) == 2
    with page.expect_download() as listed:
        page.get_by_role("button", name="Results as CSV").click()
    lines = Path(listed.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("prompt,size,seed,")
    assert lines[1].startswith("a red star,96x64,7,")


def test_a_grid_varies_two_things(visits: Visits, rig: Rig) -> None:
    page = visits.open(rig.url, "#/batch")
    page.get_by_text("Parameter grid").click()
    page.get_by_label("Prompt").fill("a {colour} star")
    page.get_by_label("Across: what varies").select_option(label="colour")
    page.get_by_label("Across: values").fill("red, blue")
    page.get_by_label("Down: what varies").select_option(label="guidance")
    page.get_by_label("Down: values").fill("1..3/1")
    page.get_by_label("Seed", exact=True).fill("5")
    page.get_by_role("button", name="Draw 6 pictures").click()
    expect(page.get_by_role("status").filter(has_text="6 of 6 done")).to_be_visible()
    expect(results(page).get_by_role("img")).to_have_count(6)
    asked = [(one["prompt"], one["guidance"], one["seeds"]) for one in drawings(rig)]
    assert asked == [
        (f"a {colour} star", guidance, [5])
        for guidance in (1.0, 2.0, 3.0)
        for colour in ("red", "blue")
    ]
    expect(results(page).get_by_role("columnheader", name="blue")).to_be_visible()
    expect(results(page).get_by_role("rowheader", name="3")).to_be_visible()
    settle(page)
    axe(page)


def test_a_grid_says_what_is_wrong(visits: Visits, rig: Rig) -> None:
    page = visits.open(rig.url, "#/batch")
    page.get_by_text("Parameter grid").click()
    page.get_by_label("Prompt").fill("a star")
    page.get_by_label("Across: what varies").select_option(label="steps")
    page.get_by_label("Across: values").fill("10, many")
    expect(page.get_by_text("“many” is no steps")).to_be_visible()
    expect(page.get_by_role("button", name="Draw one picture")).to_be_disabled()
    page.get_by_label("Across: values").fill("1..20")
    expect(page.get_by_text("steps has more than 12 values.")).to_be_visible()


def test_a_batch_waits_for_room_and_goes_on_after_a_reload(visits: Visits, tmp_path: Path) -> None:
    visits.expect("status of 429")
    engine = FakeEngine(seconds=0.3)
    narrow = KeyDefaults(in_flight=2)
    with running(tmp_path / "service", engine=engine, keys=False, key=narrow) as rig:
        engine.seconds = 60.0
        page = visits.open(rig.url, "#/batch")
        page.get_by_label(WORDS["en"][0]).fill("one\ntwo\nthree\nfour")
        page.get_by_role("button", name="Draw 4 pictures").click()
        waits = page.get_by_role("status").filter(has_text="waits for room in the queue")
        expect(waits).to_contain_text("2 not handed in yet")
        engine.seconds = 0.3
        for job in httpx2.get(f"{rig.url}/api/jobs", timeout=30).json()["data"]:
            httpx2.delete(f"{rig.url}/api/jobs/{job['id']}", timeout=30)
        page.reload()
        status = page.get_by_role("status").filter(has_text="2 of 4 done")
        expect(status).to_contain_text("2 failed")
        assert [one["prompt"] for one in drawings(rig)] == ["one", "two", "three", "four"]
        page.close()


def test_a_batch_is_stopped_and_goes_on(visits: Visits, tmp_path: Path) -> None:
    visits.expect("status of 429")
    engine = FakeEngine(seconds=60)
    narrow = KeyDefaults(in_flight=1)
    with running(tmp_path / "service", engine=engine, keys=False, key=narrow) as rig:
        page = visits.open(rig.url, "#/batch")
        page.get_by_label(WORDS["en"][0]).fill("one\ntwo")
        page.get_by_role("button", name="Draw 2 pictures").click()
        expect(page.get_by_role("status").filter(has_text="one not handed in yet")).to_be_visible()
        page.get_by_role("button", name="Stop", exact=True).click()
        expect(page.get_by_role("status").filter(has_text="one left out")).to_be_visible()
        engine.seconds = 0.2
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_role("status").filter(has_text="1 of 2 done")).to_be_visible()
        page.get_by_role("button", name="Take off the list").click()
        page.get_by_role("dialog").get_by_role("button", name="Take off the list").click()
        expect(page.get_by_role("heading", name=WORDS["en"][3])).to_be_visible()
        page.close()


def test_a_file_is_taken_although_the_model_comes_late(
    visits: Visits, rig: Rig, tmp_path: Path
) -> None:
    (tmp_path / "lines.txt").write_text("a red star\na blue ring", encoding="utf-8")
    context = visits.enter(rig.url)
    held: list[Route] = []
    context.route("**/v1/models", lambda route: held.append(route))
    page = visits.open(rig.url, "#/batch", context=context)
    with page.expect_file_chooser() as choice:
        page.get_by_role("button", name="Open a CSV or text file").click()
    until(lambda: len(held) == 1)
    lines = page.get_by_label(WORDS["en"][0])
    lines.fill("a blue")
    held[0].continue_()
    expect(page.get_by_role("combobox", name="Size")).to_contain_text("64 × 64")
    expect(lines).to_be_focused()
    choice.value.set_files(tmp_path / "lines.txt")
    expect(page.get_by_role("button", name="Draw 2 pictures")).to_be_visible()
