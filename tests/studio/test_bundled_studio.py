"""The whole of it once, with the bundled model: from words to a picture that is read and found."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
from browsing import DESK, Visits
from journeys import until
from playwright.sync_api import expect

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


def test_the_bundled_model_in_the_browser(visits: Visits, served: str) -> None:
    page = visits.open(served, "", DESK)
    page.get_by_label("What should the picture show?").fill(WORDS)
    page.keyboard.press("Control+Enter")
    picture = page.get_by_role("img", name="big yellow star").first
    expect(picture).to_be_visible(timeout=SECONDS * 1000)
    (made,) = httpx2.get(f"{served}/api/images", timeout=60).json()["data"]
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
    # Nothing waits for the page when the service stops.
    page.close()
