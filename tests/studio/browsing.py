"""A browser that looks at the studio, and complains about what a user would not see.

``Visits.open`` gives pages. What a page writes to the console as an error, throws, or asks of
another origin is noted, and the fixture ``visits`` fails the test on it unless the test said before
that it expects it.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

PATIENCE = 60_000
"""Milliseconds after which something that does not show has failed; machines are busy."""

GRAVE = ("serious", "critical")
"""Findings of axe-core that no state may have."""

OWN = "Service Worker registration blocked by Playwright"
"""Said by the driver, because of what these tests ask it."""

AXE: str = Axe().axe_script

expect.set_options(timeout=PATIENCE)


@dataclass(frozen=True, kw_only=True)
class Look:
    """How somebody looks at the page.

    Args:
        language: Of the browser; the studio follows it unless told otherwise.
        theme: ``"light"`` or ``"dark"``, as the system has it.
        width: Of the window in pixels.
        height: Of the window in pixels.
        calm: Whether the system asks for less motion.
    """

    language: str = "en"
    theme: str = "light"
    width: int = 1440
    height: int = 900
    calm: bool = True

    def __str__(self) -> str:
        return f"{self.language}-{self.theme}-{self.width}"


DESK = Look()
PHONE = Look(language="zh", theme="dark", width=360, height=740)
LOOKS = (DESK, PHONE)
"""The two that differ in everything; enough for most tests."""

ALL_LOOKS = tuple(
    Look(language=language, theme=theme, width=width, height=900 if width > 500 else 740)
    for language in ("en", "zh")
    for theme in ("light", "dark")
    for width in (1440, 360)
)


@dataclass(eq=False)
class Visits:
    """Pages of one test.

    Attributes:
        trouble: What went wrong unseen.
        expected: Patterns of what may go wrong.
    """

    browser: Browser
    trouble: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def expect(self, *patterns: str) -> None:
        """Allow trouble that matches: say ``"status of 422"`` where a request is to be refused."""
        self.expected += patterns

    def unexpected(self) -> list[str]:
        """Trouble that the test did not announce."""
        return [one for one in self.trouble if not any(re.search(p, one) for p in self.expected)]

    def open(
        self,
        url: str,
        path: str = "",
        look: Look = DESK,
        *,
        context: BrowserContext | None = None,
        **stored: object,
    ) -> Page:
        """A page of the studio, loaded; in a browser of its own unless a context is given.

        Args:
            url: Of the service.
            path: What follows, such as ``"#/gallery"``.
            look: How it is looked at.
            context: Of another page, to open a second tab beside it.
            stored: Texts that the page finds in its local storage.
        """
        if context is None:
            context = self.enter(url, look, **stored)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.trouble.append(f"thrown: {error}"))
        page.goto(f"{url}/{path}", wait_until="load")
        return page

    def enter(self, url: str, look: Look = DESK, **stored: object) -> BrowserContext:
        """A browser with a storage of its own."""
        context = self.browser.new_context(
            locale={"en": "en-GB", "zh": "zh-CN"}[look.language],
            color_scheme="dark" if look.theme == "dark" else "light",
            viewport={"width": look.width, "height": look.height},
            reduced_motion="reduce" if look.calm else "no-preference",
            has_touch=look.width < 500,
            service_workers="block",
            accept_downloads=True,
        )
        # Not granted: what needs the clipboard is to be tested with permission, on purpose.
        context.on("request", lambda request: self._on_request(url, request))
        for name, value in stored.items():
            text = value if isinstance(value, str) else json.dumps(value)
            context.add_init_script(
                f"localStorage.getItem({json.dumps(name)}) ?? "
                f"localStorage.setItem({json.dumps(name)}, {json.dumps(text)})"
            )
        self.contexts.append(context)
        return context

    def close(self) -> None:
        """Close all pages."""
        for context in self.contexts:
            context.close()

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and OWN not in message.text:
            place = message.location.get("url", "")
            self.trouble.append(f"{message.type}: {message.text} [{place}]")

    def _on_request(self, url: str, request: Request) -> None:
        if not request.url.startswith((f"{url}/", "data:", f"blob:{url}/")):
            self.trouble.append(f"request outside of the origin: {request.url}")


def findings(page: Page, within: str | None = None) -> list[dict[str, Any]]:
    """What axe-core finds on a page, worst only.

    The script comes in through the debugger, so the page's policy stays as it is.
    """
    page.evaluate(f"() => {{ if (!window.axe) {{ {AXE} }} }}")
    found = page.evaluate(
        """async (within) => {
            const result = await axe.run(within ?? document, { resultTypes: ['violations'] });
            return result.violations.map(({ id, impact, help, nodes }) => ({
                id, impact, help,
                nodes: nodes.map(({ html, failureSummary }) => `${html}\\n${failureSummary}`),
            }));
        }""",
        within,
    )
    return [one for one in found if one["impact"] in GRAVE]


def axe(page: Page, within: str | None = None) -> None:
    """Fail if axe-core finds something serious or critical on a page, or in a part of it."""
    found = findings(page, within)
    lines = [f"{one['impact']} {one['id']}: {one['help']}\n  " + "\n  ".join(one["nodes"][:4])
             for one in found]  # fmt: skip
    assert not found, "\n".join(lines)


def settle(page: Page) -> None:
    """Wait until no animation runs, so that colours and places are what they stay."""
    page.evaluate(
        """() => Promise.all(document.getAnimations()
            .filter((one) => one.effect.getComputedTiming().iterations !== Infinity)
            .map((one) => one.finished.catch(() => undefined)))"""
    )


def has_no_sideways_scroll(page: Page) -> bool:
    """Whether the page is as wide as its window."""
    return bool(
        page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth + 1")
    )


def drop(page: Page, path: Path) -> None:
    """Drop a PNG on the page."""
    data = list(path.read_bytes())
    transfer = page.evaluate_handle(
        """([bytes, name]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], name, { type: 'image/png' }));
            return transfer;
        }""",
        [data, path.name],
    )
    for kind in ("dragenter", "dragover", "drop"):
        page.dispatch_event("main", kind, {"dataTransfer": transfer})


@contextmanager
def offline(page: Page) -> Iterator[None]:
    """A time without a network for all tabs of a page's browser."""
    page.context.set_offline(True)
    try:
        yield
    finally:
        page.context.set_offline(False)
