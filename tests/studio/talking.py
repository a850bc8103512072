"""What tests of the chat do: say something, wait for pictures, look at what was asked for."""

import re

import httpx2
from playwright.sync_api import Locator, Page, expect
from serving_rig import Rig

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
