"""Take pictures of the studio's key states, with the bundled model.

``python scripts/studio_screenshots.py`` starts a service of its own on a folder that is thrown
away, has it draw a few posters, and leaves WebP files in docs/images/studio. It needs the dev extra
and Debian's chromium. ``--url`` takes a service that runs already; its pictures are then shown.
"""

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

OUTPUT = Path(__file__).resolve().parents[1] / "docs" / "images" / "studio"
MOST_BYTES = 200_000
PATIENCE = 900.0
SIZE = "256x256"

POSTERS = (
    ('a plain blue background, a big yellow star in the center, "HELLO" at the top in white', 1),
    (
        'a red gradient background, a big white heart in the center, "LOVE" at the top in white',
        2,
    ),
    ("一张绿色背景的海报，中间有一个大的橙色圆形，上方写着“春天”，白色字", 3),
    ('a striped purple background, two small cyan diamonds, "JAZZ 9" in the center in white', 4),
    ("a dotted orange background, a big black hexagon in the center", 5),
)
EDITS = ("make the star red", "make the background green")


@dataclass(frozen=True, kw_only=True)
class Look:
    """How the page is looked at."""

    language: str = "en-GB"
    theme: str = "light"
    width: int = 1440
    height: int = 900


DESK, DARK = Look(), Look(theme="dark")
PHONE = Look(language="zh-CN", theme="dark", width=390, height=844)


def main() -> int:
    """Take all pictures; gives the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--url", help="a service that runs already")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--only", nargs="*", help="names of files, without .webp")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    with service(arguments.url) as url, httpx2.Client(base_url=url, timeout=60) as http:
        wait(lambda: http.get("/readyz").status_code == 200)
        pictures = prepared(http)
        with browser() as opened:
            studio = Studio(opened, url, http, arguments.output, arguments.only)
            studio.take(pictures)
    return 0


# ------------------------------------------------------------------------ the service


@contextmanager
def service(url: str | None) -> Iterator[str]:
    """The address of a service, which is started unless there is one."""
    if url is not None:
        yield url.rstrip("/")
        return
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        command = (sys.executable, "-m", "glm_image.cli.main", "serve", "--port", "0")
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [*command, "--data", folder], stdout=stream, stderr=subprocess.STDOUT
            )
        try:
            yield wait(lambda: address(log, process))
        finally:
            process.terminate()
            process.wait(60)


def address(log: Path, process: subprocess.Popen[bytes]) -> str:
    """What the log says where it serves; empty as long as it says nothing."""
    if process.poll() is not None:
        raise RuntimeError(log.read_text())
    for line in log.read_text().splitlines():
        with suppress(ValueError):
            record = json.loads(line)
            if record.get("event") == "serving":
                return str(record["url"])
    return ""


def wait(condition: Any) -> Any:
    """What a condition gives, once that is something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(httpx2.TransportError):
            if found := condition():
                return found
        time.sleep(0.2)
    raise TimeoutError("the service takes too long")


def ask(http: httpx2.Client, prompt: str, **body: Any) -> str:
    """Hand a job in; gives its id."""
    answer = http.post("/api/jobs", json={"prompt": prompt, "size": SIZE, **body})
    answer.raise_for_status()
    return str(answer.json()["id"])


def finished(http: httpx2.Client, job_id: str) -> list[dict[str, Any]]:
    """The pictures of a job."""
    job = wait(
        lambda: (found := http.get(f"/api/jobs/{job_id}").json())["state"] == "succeeded" and found
    )
    return list(job["pictures"])


def prepared(http: httpx2.Client) -> list[dict[str, Any]]:
    """Pictures to show, the first one with edits and variants; drawn unless they are there."""
    found = http.get("/api/images", params={"limit": 200}).json()["data"]
    if len(found) < len(POSTERS) + len(EDITS):
        for prompt, seed in POSTERS:
            finished(http, ask(http, prompt, seed=seed, n=2 if seed == 1 else 1))
        first = http.get("/api/images", params={"text": "HELLO"}).json()["data"][-1]
        for words in EDITS:
            (first,) = finished(http, ask(http, words, seed=7, images=[first["id"]]))
        found = http.get("/api/images", params={"limit": 200}).json()["data"]
        http.patch(f"/api/images/{found[0]['id']}", json={"favourite": True, "tags": ["posters"]})
        talk(http)
    return list(reversed(found))


def talk(http: httpx2.Client) -> None:
    """A conversation with a change."""
    chat = http.post("/api/conversations", json={"title": "A star"}).json()["id"]
    for words in (POSTERS[0][0], EDITS[0]):
        turn = http.post(
            f"/api/conversations/{chat}/turns", json={"text": words, "size": SIZE, "seed": 1}
        )
        turn.raise_for_status()
        finished(http, turn.json()["job"]["id"])


# ------------------------------------------------------------------------ the browser


@contextmanager
def browser() -> Iterator[Browser]:
    """Debian's chromium, or the one that CHROMIUM names."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if found is None:
        raise FileNotFoundError("no chromium: install the package, or set CHROMIUM to its path")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        opened = playwright.chromium.launch(executable_path=found, args=arguments)
        yield opened
        opened.close()


class Studio:
    """Shows states of the page and keeps what they look like."""

    def __init__(
        self,
        browser: Browser,
        url: str,
        http: httpx2.Client,
        output: Path,
        only: list[str] | None,
    ) -> None:
        self._browser, self._url, self._http = browser, url, http
        self._output, self._only = output, only

    def take(self, pictures: list[dict[str, Any]]) -> None:
        """Take the pictures that are wanted."""
        lettered = next(one for one in pictures if "HELLO" in one["prompt"])
        edited = next((one for one in reversed(pictures) if one["parents"]), pictures[-1])
        chats = self._http.get("/api/conversations").json()["data"]
        self.under_way("draw")
        self.still("draw-phone", "#/", PHONE)
        self.still("gallery", "#/gallery", DARK)
        self.still("picture", f"#/picture/{lettered['id']}", DESK, read=True)
        self.still("family", f"#/picture/{edited['id']}", DARK)
        self.still("compare", f"#/compare/{lettered['id']},{edited['id']}", DESK)
        self.still("chat", f"#/chat/{chats[0]['id']}" if chats else "#/chat", DESK)
        self.still("chat-phone", f"#/chat/{chats[0]['id']}" if chats else "#/chat", PHONE)
        self.still("batch", "#/batch", DESK)
        self.still("admin", "#/admin", DESK)
        self.still("settings-phone", "#/settings", PHONE)

    def still(self, name: str, place: str, look: Look, *, read: bool = False) -> None:
        """A view at rest."""
        if not self._wanted(name):
            return
        page = self._open(place, look)
        if read:
            button = page.get_by_role("button", name="Read the picture")
            if button.count():
                button.first.click()
                expect(page.get_by_text("HELLO").first).to_be_visible()
                page.wait_for_timeout(20_000)
        self._keep(name, page)

    def under_way(self, name: str) -> None:
        """Writing words, with one picture laid out and others finished."""
        if not self._wanted(name):
            return
        page = self._open("#/", DESK)
        words = 'a plain yellow background, a big blue circle, "SUN" at the top in black'
        page.get_by_role("textbox").first.fill(words)
        job = ask(self._http, words, seed=11, previews=6)
        path = f"/api/jobs/{job}"
        wait(lambda: self._http.get(path).json()["stage"] == "write")
        wait(
            lambda: (
                (found := self._http.get(path).json())["state"] != "running"
                or found["stage"] != "write"
                or found["done"] * 2 > found["total"]
            )
        )
        page.wait_for_timeout(700)
        self._keep(name, page)
        finished(self._http, job)

    def _wanted(self, name: str) -> bool:
        return not self._only or name in self._only

    def _open(self, place: str, look: Look) -> Page:
        context = self._browser.new_context(
            locale=look.language,
            color_scheme="dark" if look.theme == "dark" else "light",
            viewport={"width": look.width, "height": look.height},
            has_touch=look.width < 500,
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE * 100)
        page.goto(f"{self._url}/{place}")
        expect(page.locator("main :is(h1, h2, [role=textbox], textarea)").first).to_be_attached(
            timeout=60_000
        )
        page.wait_for_timeout(3000)
        return page

    def _keep(self, name: str, page: Page) -> None:
        image = Image.open(io.BytesIO(page.screenshot()))
        page.context.close()
        for quality in (86, 76, 60):
            buffer = io.BytesIO()
            image.save(buffer, format="WEBP", quality=quality, method=6)
            if buffer.tell() <= MOST_BYTES:
                break
        path = self._output / f"{name}.webp"
        path.write_bytes(buffer.getvalue())
        print(f"{path}: {buffer.tell()} bytes")


if __name__ == "__main__":
    sys.exit(main())
