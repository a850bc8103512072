"""What happens outside of the page: lost lines, other tabs, restarts, keys, full queues."""

import asyncio
import json
from pathlib import Path

import httpx2
import pytest
from browsing import DESK, PHONE, Look, Visits, axe, offline
from fake import FakeEngine
from journeys import draw
from playwright.sync_api import Page, expect
from serving_rig import Rig, running, until

from glm_image.serving.store import Policy

ASK = {"en": "What should the picture show?", "zh": None}


def write(page: Page, words: str) -> None:
    page.get_by_label("What should the picture show?").fill(words)


def submit(page: Page) -> None:
    page.keyboard.press("Control+Enter")


def jobs(rig: Rig) -> list[str]:
    return [job.state.value for job in rig.store.jobs(None)]


def picture(page: Page, words: str) -> None:
    """Wait for a finished picture of some words."""
    expect(page.get_by_role("img", name=words).first).to_be_visible()


def test_from_words_to_a_picture(visits: Visits, rig: Rig) -> None:
    page = visits.open(rig.url)
    write(page, "a blue circle")
    submit(page)
    picture(page, "a blue circle")
    assert jobs(rig) == ["succeeded"]


def test_a_lost_line_is_told_and_comes_back(visits: Visits, rig: Rig) -> None:
    visits.expect("ERR_INTERNET_DISCONNECTED", "ERR_NETWORK", "ERR_INCOMPLETE")
    page = visits.open(rig.url)
    write(page, "kept while away")
    with offline(page):
        submit(page)
        expect(page.get_by_text("No connection").first).to_be_visible()
        axe(page)
        assert jobs(rig) == []
        drawn = draw(rig, "made elsewhere")
        assert drawn["state"] == "succeeded"
    page.evaluate("() => window.dispatchEvent(new Event('online'))")
    # What was asked for meanwhile is handed in, and what others did is seen.
    picture(page, "kept while away")
    picture(page, "made elsewhere")


def test_a_second_tab_sees_the_same(visits: Visits, rig: Rig) -> None:
    one = visits.open(rig.url)
    other = visits.open(rig.url, context=one.context)
    write(one, "seen from both")
    submit(one)
    picture(one, "seen from both")
    picture(other, "seen from both")
    assert len(jobs(rig)) == 1


def test_a_reload_in_the_middle_loses_nothing(visits: Visits, tmp_path: Path) -> None:
    engine = FakeEngine(seconds=1.0)
    with running(tmp_path, engine=engine, keys=False) as rig:
        hold = asyncio.Event()
        engine.hold = hold
        page = visits.open(rig.url)
        write(page, "a patient picture")
        submit(page)
        until(lambda: jobs(rig) == ["running"])
        write(page, "the next words, half wri")
        page.wait_for_timeout(600)
        page.reload()
        expect(page.get_by_role("article").first).to_be_visible()
        box = page.get_by_label("What should the picture show?")
        assert box.input_value() == "the next words, half wri"
        rig.loop.call_soon_threadsafe(hold.set)
        picture(page, "a patient picture")
        assert jobs(rig) == ["succeeded"]


def test_a_restart_of_the_service_loses_nothing(visits: Visits, tmp_path: Path) -> None:
    visits.expect("ERR_", "status of 50")
    with running(tmp_path, engine=FakeEngine(), keys=False) as rig:
        port = int(rig.url.rsplit(":", 1)[1])
        page = visits.open(rig.url)
        write(page, "before the restart")
        submit(page)
        picture(page, "before the restart")
    expect(page.get_by_text("No connection").first).to_be_visible()
    with running(tmp_path, engine=FakeEngine(), keys=False, port=port) as rig:
        draw(rig, "after the restart")
        page.evaluate("() => window.dispatchEvent(new Event('online'))")
        picture(page, "after the restart")
        picture(page, "before the restart")
        page.close()


@pytest.mark.parametrize("look", [DESK, PHONE], ids=str)
def test_a_service_with_keys_asks_for_one(visits: Visits, tmp_path: Path, look: Look) -> None:
    visits.expect("status of 401", "status of 429")
    with running(tmp_path, engine=FakeEngine()) as rig:
        page = visits.open(rig.url, "", look)
        words = {"en": ("Enter a key", "Use this key"), "zh": ("输入密钥", "使用此密钥")}
        enter, use = words[look.language]
        page.get_by_role("button", name=enter).first.click()
        dialog = page.get_by_role("dialog")
        axe(page)
        dialog.get_by_role("textbox").or_(dialog.locator("input")).first.fill("gi_wrong.secret")
        dialog.get_by_role("button", name=use).or_(dialog.locator("footer .primary")).first.click()
        expect(dialog.get_by_role("alert")).to_be_visible()
        key = rig.key("page")
        dialog.locator("input").fill(key)
        dialog.locator("footer .primary").click()
        expect(dialog).to_be_hidden()
        draw(rig, "with a key", key=key)
        picture(page, "with a key")
        assert key not in page.content()


def test_a_revoked_key_keeps_what_was_typed(visits: Visits, tmp_path: Path) -> None:
    visits.expect("status of 401", "status of 429", "ERR_")
    with running(tmp_path, engine=FakeEngine()) as rig:
        key = rig.key("page")
        page = visits.open(rig.url, "", DESK, **{"glm.key": json.dumps(key)})
        write(page, "typed before the key was gone")
        rig.store.revoke(key.removeprefix("gi_").split(".")[0])
        submit(page)
        expect(page.get_by_text("key was revoked").first).to_be_visible()
        box = page.get_by_label("What should the picture show?")
        assert box.input_value() == "typed before the key was gone"
        axe(page)


def test_a_full_queue_says_so_and_keeps_the_words(visits: Visits, tmp_path: Path) -> None:
    visits.expect("status of 429")
    with running(tmp_path, engine=FakeEngine(), keys=False, policy=Policy(depth=1)) as rig:
        httpx2.post(f"{rig.url}/api/admin/pause", timeout=60)
        httpx2.post(f"{rig.url}/api/jobs", timeout=60, json={"prompt": "the only place"})
        page = visits.open(rig.url)
        write(page, "no room for this")
        submit(page)
        expect(page.get_by_role("alert").filter(has_text="wait").first).to_be_visible()
        box = page.get_by_label("What should the picture show?")
        assert box.input_value() == "no room for this"
        axe(page)
        httpx2.post(f"{rig.url}/api/admin/resume", timeout=60)
        until(lambda: jobs(rig) == ["succeeded"])
        submit(page)
        picture(page, "no room for this")


def test_nothing_is_asked_of_others(visits: Visits, rig: Rig) -> None:
    """The fixture fails on any request that leaves the origin; this walks through the page."""
    draw(rig, "a circle")
    page = visits.open(rig.url)
    for place in ("#/gallery", "#/chat", "#/batch", "#/admin", "#/settings", "#/"):
        page.evaluate("(place) => { location.hash = place; }", place)
        page.wait_for_timeout(700)
    assert page.evaluate("() => document.cookie") == ""
