"""Drawing and changing by talking: branches, failures, lost connections, two tabs."""

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
from fake import FakeEngine
from playwright.sync_api import expect
from serving_rig import Rig, running
from talking import WORDS, drawn, field, jobs, said, say

from glm_image.serving.records import Failure

MARKUP = "<img src=x onerror=alert(1)>"


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
        said_here = page.get_by_role("list", name="What was said")
        expect(said_here.get_by_text(f"It was not drawn: the canvas tore {MARKUP}")).to_be_visible()
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
