"""Fixtures of the studio's tests: a browser, a service with a painter of plain pictures, pages."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import Visits
from fake import FakeEngine
from playwright.sync_api import Browser, Page, sync_playwright
from serving_rig import Rig, running


def chromium() -> str:
    """The browser of this machine; tests fail without one, they are not skipped."""
    named = os.environ.get("CHROMIUM")
    found = named or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        raise FileNotFoundError("no chromium: install the package, or set CHROMIUM to its path")
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a file; each test has contexts of its own.

    Its driver keeps an event loop running in this thread, so tests that come later and have one of
    their own must not find it.
    """
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=chromium(),
            # Containers have neither the sandbox's privileges nor much shared memory.
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        yield opened
        opened.close()


@pytest.fixture
def visits(browser: Browser) -> Iterator[Visits]:
    """Opens pages; at the end the test fails on what went wrong unseen."""
    opened = Visits(browser)
    yield opened
    left = opened.unexpected()
    opened.close()
    assert not left, "\n".join(left)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A service that needs no key; each picture takes a moment."""
    with running(tmp_path / "service", engine=FakeEngine(seconds=0.4), keys=False) as one:
        yield one


@pytest.fixture
def page(visits: Visits, rig: Rig) -> Page:
    """The studio in English, light, on a desk."""
    return visits.open(rig.url)
