"""The whole of it once, with the bundled model: from words to a picture that is read and found."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from browsing import DESK, Visits, drop
from PIL import Image, ImageStat
from playwright.sync_api import Locator, Page, expect
from serving_rig import until
from talking import WORDS as CHAT
from talking import say

pytestmark = pytest.mark.slow

SECONDS = 500.0
WORDS = 'a plain blue background, a big yellow star in the center, "HELLO" at the top in white'


def is_ready(url: str) -> bool:
    """Whether the service can draw; its address is told a little before it listens."""
    with suppress(httpx2.ConnectError):
        return httpx2.get(f"{url}/readyz", timeout=60).status_code == 200
    return False


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of ``glm-image serve``, able to draw."""
    log = tmp_path / "log"
    command = (sys.executable, "-m", "glm_image.cli.main", "serve", "--port", "0")
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*command, "--data", str(tmp_path)], stdout=stream, stderr=subprocess.STDOUT
        )

    def address() -> str:
        assert process.poll() is None, log.read_text()
        for line in log.read_text().splitlines():
            with suppress(ValueError):
                record = json.loads(line)
                if record.get("event") == "serving":
                    return str(record["url"])
        return ""

    try:
        until(lambda: address() != "", SECONDS)
        url = address()
        until(lambda: is_ready(url), SECONDS)
        yield url
    finally:
        process.terminate()
        process.wait(120)


def test_the_bundled_model_in_the_browser(visits: Visits, served: str, tmp_path: Path) -> None:
    page = visits.open(served, "", DESK)
    prompt = page.get_by_label("What should the picture show?")
    prompt.fill(WORDS)
    page.keyboard.press("Control+Enter")
    picture = page.get_by_role("img", name="big yellow star").first
    expect(picture).to_be_visible(timeout=SECONDS * 1000)
    (made,) = pictures(served)
    assert made["prompt"] == WORDS
    width = picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)")
    assert width == made["width"]
    page.evaluate("(id) => { location.hash = `#/picture/${id}`; }", made["id"])
    page.get_by_role("button", name="Read the picture").click()
    answer = httpx2.post(f"{served}/api/images/{made['id']}/reading", timeout=SECONDS).json()
    (quote,) = answer["quotes"]
    assert quote["text"] == "HELLO"
    page.evaluate("() => { location.hash = '#/gallery?text=star'; }")
    expect(page.get_by_role("img", name="big yellow star").first).to_be_visible()

    # What the file says of itself is enough to draw the same picture again.
    path = tmp_path / "star.png"
    path.write_bytes(httpx2.get(made["url"]).content)
    page.evaluate("() => { location.hash = '#/'; }")
    prompt.fill("something else")
    drop(page, path)
    page.get_by_role("button", name="Bring back its settings").click()
    expect(prompt).to_have_value(WORDS)
    prompt.press("Control+Enter")
    until(lambda: len(pictures(served)) == 2, SECONDS)
    again = pictures(served)[0]
    assert (again["seed"], again["layout_seed"]) == (made["seed"], made["layout_seed"])
    assert pixels(again) == pixels(made)

    # By saying so, a picture is changed.
    page.evaluate("() => { location.hash = '#/chat'; }")
    say(page, "a plain blue background")
    expect(changeable(page)).to_have_count(1, timeout=SECONDS * 1000)
    say(page, "make the background red")
    expect(changeable(page)).to_have_count(2, timeout=SECONDS * 1000)
    changed, first = pictures(served)[:2]
    assert changed["parents"] == [first["id"]]
    assert channels(first)[2] > channels(first)[0]
    assert channels(changed)[0] > channels(changed)[2]
    # Nothing waits for the page when the service stops.
    page.close()


def pictures(url: str) -> list[dict[str, Any]]:
    """What was drawn, the latest first."""
    return list(httpx2.get(f"{url}/api/images", timeout=60).json()["data"])


def pixels(picture: dict[str, Any]) -> bytes:
    return Image.open(io.BytesIO(httpx2.get(picture["url"]).content)).tobytes()


def channels(picture: dict[str, Any]) -> list[float]:
    """The mean of red, green and blue."""
    image = Image.open(io.BytesIO(httpx2.get(picture["url"]).content)).convert("RGB")
    return list(ImageStat.Stat(image).mean)


def changeable(page: Page) -> Locator:
    """The button of each picture that can be changed further."""
    return page.get_by_role("button", name=CHAT["en"]["use"])
