"""The views of the service and of the settings."""

import json
import re
from pathlib import Path

import httpx2
import pytest
from browsing import DESK, LOOKS, PHONE, Look, Visits, axe
from fake import FakeEngine
from journeys import administrator, draw
from playwright.sync_api import expect
from serving_rig import Rig, running, until

from glm_image.serving.accounts import Scope

TOKEN = re.compile(r"gi_[0-9a-z]{16}\.[\w-]{43}")
SWITCH = {"en": ("Pause", "Resume"), "zh": ("暂停", "继续")}


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_queue_is_paused_and_resumed(visits: Visits, rig: Rig, look: Look) -> None:
    pause, resume = SWITCH[look.language]
    page = visits.open(rig.url, "#/admin", look)
    page.get_by_role("button", name=pause, exact=True).click()
    expect(page.get_by_role("button", name=resume, exact=True)).to_be_visible()
    assert rig.app.state.service.pause.on
    asked = httpx2.post(f"{rig.url}/api/jobs", timeout=60, json={"prompt": "waits"}).json()
    cancel = page.get_by_role("button", name=asked["id"][-8:])
    expect(cancel).to_be_visible()
    axe(page)
    cancel.click()
    expect(cancel).to_be_hidden()
    assert rig.store.job(asked["id"], None).state.value == "cancelled"
    page.get_by_role("button", name=resume, exact=True).click()
    expect(page.get_by_role("button", name=pause, exact=True)).to_be_visible()
    assert draw(rig)["state"] == "succeeded"


def test_keys_are_made_and_revoked(visits: Visits, tmp_path: Path) -> None:
    with running(tmp_path, engine=FakeEngine()) as rig:
        key = administrator(rig)
        page = visits.open(rig.url, "#/admin", DESK, **{"glm.key": json.dumps(key)})
        page.get_by_role("button", name="New key").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Make the key").click()
        expect(dialog.get_by_role("alert")).to_have_text("Give the key a name.")
        dialog.get_by_label("Name", exact=True).fill("alice <i>")
        dialog.get_by_label("Pictures a day").fill("5")
        dialog.get_by_role("button", name="Make the key").click()
        token = page.get_by_label("Key", exact=True)
        expect(token).to_have_value(TOKEN)
        value = token.input_value()
        headers = {"Authorization": f"Bearer {value}"}
        account = httpx2.get(f"{rig.url}/api/account", timeout=60, headers=headers).json()
        assert (account["limits"]["per_day"], account["scopes"]) == (5, ["generate", "read"])
        page.get_by_role("button", name="Done").click()
        row = page.get_by_role("row").filter(has_text="alice <i>")
        expect(row).to_contain_text("0 of 5")
        row.get_by_role("button", name="Revoke alice <i>").click()
        page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        expect(row).to_contain_text("revoked")
        assert httpx2.get(f"{rig.url}/api/account", timeout=60, headers=headers).status_code == 429


def test_the_first_key_is_kept_by_the_page_that_made_it(visits: Visits, rig: Rig) -> None:
    page = visits.open(rig.url, "#/admin")
    page.get_by_role("button", name="New key").click()
    page.get_by_label("Name", exact=True).fill("me")
    page.get_by_role("button", name="Make the key").click()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("row").filter(has_text="me gi_")).to_be_visible()
    kept = json.loads(page.evaluate("() => localStorage.getItem('glm.key')"))
    assert kept.startswith("gi_")
    assert httpx2.get(f"{rig.url}/api/account", timeout=60).status_code == 401


def test_without_the_right_it_says_what_is_missing(visits: Visits, tmp_path: Path) -> None:
    visits.expect("status of 403")
    with running(tmp_path, engine=FakeEngine()) as rig:
        key = rig.key("reader", Scope.READ)
        page = visits.open(rig.url, "#/admin", DESK, **{"glm.key": json.dumps(key)})
        expect(page.get_by_text("may not look after the service")).to_be_visible()
        axe(page)
        page.evaluate("() => { location.hash = '#/settings'; }")
        expect(page.get_by_text("With this key you may: look.")).to_be_visible()


def test_language_and_colours_are_kept(visits: Visits, rig: Rig) -> None:
    page = visits.open(rig.url, "#/settings")
    page.get_by_role("radio", name="dark").check(force=True)
    assert page.evaluate("() => document.documentElement.dataset.theme") == "dark"
    page.get_by_role("radio", name="中文").check(force=True)
    expect(page.get_by_role("heading", name="设置", exact=True)).to_be_visible()
    assert page.evaluate("() => document.documentElement.lang").startswith("zh")
    page.reload()
    expect(page.get_by_role("heading", name="设置", exact=True)).to_be_visible()
    assert page.evaluate("() => document.documentElement.dataset.theme") == "dark"
    other = visits.open(rig.url, "#/settings", context=page.context)
    expect(other.get_by_role("heading", name="设置", exact=True)).to_be_visible()


def test_keys_of_the_page_can_be_chosen(visits: Visits, rig: Rig) -> None:
    page = visits.open(rig.url, "#/settings")
    button = page.get_by_role("button", name="Go to the gallery: 2")
    button.click()
    page.keyboard.press("Tab")
    expect(page.get_by_text("is needed by the browser").first).to_be_visible()
    page.keyboard.press("g")
    expect(page.get_by_role("button", name="Go to the gallery: G")).to_be_visible()
    page.keyboard.press("g")
    until(lambda: page.evaluate("() => location.hash") == "#/gallery")
    page.evaluate("() => { location.hash = '#/settings'; }")
    page.get_by_role("button", name="Usual keys for “Go to the gallery”").click()
    expect(page.get_by_role("button", name="Go to the gallery: 2")).to_be_visible()


def test_everything_can_be_forgotten(visits: Visits, rig: Rig) -> None:
    page = visits.open(rig.url, "#/settings", PHONE)
    page.get_by_role("radio", name="深色").check(force=True)
    page.get_by_role("button", name="忘记", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="忘记").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    kept = page.evaluate("() => Object.keys(localStorage).filter((one) => one === 'glm.theme')")
    assert kept == []
