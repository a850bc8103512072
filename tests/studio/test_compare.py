"""Two pictures against each other."""

import json
import re
from pathlib import Path

import httpx2
import pytest
from browsing import LOOKS, Look, Visits, axe, has_no_sideways_scroll, settle
from journeys import draw
from playwright.sync_api import Page, expect
from serving_rig import Rig, until


def pair(rig: Rig) -> tuple[str, str]:
    """Two pictures that differ in nothing but their seed."""
    left, right = draw(rig, "a circle", n=2, seed=5, size="128x128")["pictures"]
    return left["id"], right["id"]


def votes(rig: Rig) -> list[dict[str, object]]:
    return list(httpx2.get(f"{rig.url}/api/votes").json()["data"])


def mode(page: Page, name: str) -> None:
    page.get_by_role("radiogroup", name="How to compare").get_by_text(name).click()


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_line_parts_two_pictures(visits: Visits, rig: Rig, look: Look) -> None:
    left, right = pair(rig)
    page = visits.open(rig.url, f"#/compare/{left},{right}", look)
    line = page.get_by_role("slider")
    expect(line).to_have_value("50")
    line.focus()
    page.keyboard.press("Home")
    expect(line).to_have_value("0")
    expect(page.get_by_role("cell", name="5", exact=True).first).to_be_visible()
    settle(page)
    axe(page)
    assert has_no_sideways_scroll(page)


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_side_by_side_and_their_difference(visits: Visits, rig: Rig, look: Look) -> None:
    left, right = pair(rig)
    page = visits.open(rig.url, f"#/compare/{left},{right}", look)
    modes = page.get_by_role("main").get_by_role("radio")
    modes.nth(1).check(force=True)
    zooms = page.get_by_role("button", name={"en": "Closer", "zh": "放大"}[look.language])
    zooms.first.click()
    percents = page.get_by_text("%")
    expect(percents).to_have_count(2)
    expect(percents.first).to_have_text(percents.last.inner_text())
    axe(page)
    modes.nth(2).check(force=True)
    # Seeds 5 and 6 differ by one in red: too little to be seen.
    none = {"en": "No point differs visibly.", "zh": "没有可见差异。"}[look.language]
    expect(page.get_by_text(none)).to_be_visible()
    settle(page)
    axe(page)
    assert has_no_sideways_scroll(page)


def test_how_much_differs_is_counted(visits: Visits, rig: Rig) -> None:
    left = draw(rig, "one", seed=0, size="64x64")["pictures"][0]["id"]
    right = draw(rig, "two", seed=255, size="64x64")["pictures"][0]["id"]
    page = visits.open(rig.url, f"#/compare/{left},{right}")
    mode(page, "Difference")
    expect(
        page.get_by_text(re.compile(r"100% of the points differ visibly; by 3\d\.\d%"))
    ).to_be_visible()
    expect(page.get_by_role("row", name="Prompt one two")).to_be_visible()


def test_votes_are_kept_taken_back_and_exported(visits: Visits, rig: Rig, tmp_path: Path) -> None:
    left, right = pair(rig)
    page = visits.open(rig.url, f"#/compare/{left},{right}")
    better = page.get_by_role("button", name="B is better")
    better.click()
    expect(better).to_have_attribute("aria-pressed", "true")
    assert [one["winner"] for one in votes(rig)] == [right]
    page.reload()
    expect(better).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Swap").click()
    better = page.get_by_role("button", name="A is better")
    expect(better).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("e")
    expect(page.get_by_role("button", name="Equal")).to_have_attribute("aria-pressed", "true")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export all votes").click()
    download.value.save_as(tmp_path / "votes.jsonl")
    (line,) = (tmp_path / "votes.jsonl").read_text().splitlines()
    vote = json.loads(line)
    assert vote["winner"] is None
    assert {vote["left"]["prompt"], vote["right"]["prompt"]} == {"a circle"}
    page.get_by_role("button", name="Take the vote back").click()
    until(lambda: votes(rig) == [])


def test_one_votes_blindly_through_all_pairs(visits: Visits, rig: Rig) -> None:
    left, right = pair(rig)
    draw(rig, "a square", n=2)
    page = visits.open(rig.url, f"#/compare/{left},{right}")
    expect(page.get_by_role("heading", name="What differs")).to_be_visible()
    page.get_by_role("button", name="Blind").click()
    expect(page.get_by_role("heading", name="What differs")).to_have_count(0)
    page.keyboard.press("a")
    expect(page.get_by_role("heading", name="What differs")).to_be_visible()
    page.get_by_role("button", name="Next pair").click()
    expect(page.get_by_role("img", name="A: a square")).to_be_visible()
    expect(page.get_by_role("heading", name="What differs")).to_have_count(0)
    page.keyboard.press("b")
    expect(page.get_by_role("button", name="Next pair")).to_have_count(0)
    assert len(votes(rig)) == 2


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_other_picture_is_chosen(visits: Visits, rig: Rig, look: Look) -> None:
    left, right = pair(rig)
    page = visits.open(rig.url, f"#/compare/{left}", look)
    offered = page.get_by_role("main").get_by_role("listitem").get_by_role("link")
    expect(offered).to_have_count(1)
    axe(page)
    offered.click()
    expect(page).to_have_url(f"{rig.url}/#/compare/{left},{right}")
    expect(page.get_by_role("slider")).to_be_visible()
