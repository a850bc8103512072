"""What the page costs before it shows anything, and how it is sent."""

import re
from pathlib import Path
from statistics import median

import httpx2
import pytest
from browsing import Visits
from playwright.sync_api import Page, expect
from serving_rig import Rig, running, until

from glm_image.studio import studio_files

MOST = 100_000
"""Bytes of our own files that the start may load, as they travel."""

POLICY = {
    "default-src": {"'none'"},
    "script-src": {"'self'"},
    "connect-src": {"'self'"},
    "object-src": {"'none'"},
    "base-uri": {"'none'"},
    "form-action": {"'none'"},
    "frame-ancestors": {"'none'"},
}


def test_the_start_is_light(visits: Visits, rig: Rig) -> None:
    page = visits.open(rig.url)
    expect(page.get_by_role("textbox").first).to_be_visible()
    page.wait_for_timeout(700)
    loaded = page.evaluate(
        """() => [...performance.getEntriesByType('navigation'),
                  ...performance.getEntriesByType('resource')]
            .filter(({ name }) => !/\\/(api|v1|files)\\//.test(name))
            .map(({ name, encodedBodySize, decodedBodySize }) =>
                [name, encodedBodySize, decodedBodySize])"""
    )
    sent = sum(encoded for _, encoded, _ in loaded)
    unpacked = sum(decoded for _, _, decoded in loaded)
    moments = [shown(page), *(shown(visits.open(rig.url)) for _ in range(12))]
    print(f"{len(loaded)} files, {sent} bytes sent, {unpacked} unpacked")
    for what, found in zip(("first paint", "composer"), zip(*moments, strict=True), strict=True):
        listed = ", ".join(f"{one:.0f}" for one in found)
        print(f"{what} of each visit: {listed} ms; median {median(found):.0f}")
    assert len(loaded) > 10
    assert 20_000 < sent <= MOST, sorted(loaded, key=lambda one: -one[1])[:10]
    lazy = [name for name, _, _ in loaded if re.search(r"/(gallery|chat|admin)/", name)]
    heavy = [name for name in lazy if not name.endswith(("references.js", "named.js"))]
    assert not [name for name in heavy if "/admin/" in name or "/gallery/view" in name]


def shown(page: Page) -> tuple[float, float]:
    """Milliseconds until a new page showed something, and until its composer was there."""
    expect(page.get_by_role("textbox").first).to_be_visible()
    # The composer asks for the models as soon as it stands in the page.
    models = "performance.getEntriesByType('resource').find((one) => /v1.models$/.test(one.name))"
    until(lambda: page.evaluate(f"{models} !== undefined"))
    found: tuple[float, float] = page.evaluate(
        f"[performance.getEntriesByName('first-contentful-paint')[0].startTime, {models}.startTime]"
    )
    return found


def test_what_protects_the_page(rig: Rig) -> None:
    answer = httpx2.get(f"{rig.url}/", timeout=60)
    policy = {
        name: set(values)
        for name, *values in (
            part.split() for part in answer.headers["content-security-policy"].split(";") if part
        )
    }
    for name, values in POLICY.items():
        assert policy[name] == values, name
    everything = {value for values in policy.values() for value in values}
    assert not everything & {"'unsafe-inline'", "'unsafe-eval'", "*", "https:", "http:"}
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", ["index.html", "scripts/main.js", "styles/base.css"])
def test_files_are_asked_for_once(rig: Rig, name: str) -> None:
    path = "" if name == "index.html" else f"studio/{name}"
    first = httpx2.get(f"{rig.url}/{path}", timeout=60)
    assert first.status_code == 200
    assert first.content == studio_files()[name].content
    tag = first.headers["etag"]
    again = httpx2.get(f"{rig.url}/{path}", timeout=60, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["content-type"] == studio_files()[name].mime


@pytest.mark.parametrize(
    "path",
    ["studio/nothing.js", "studio/../app.py", "studio/%2e%2e/app.py", "studio/__init__.py"],
)
def test_nothing_else_is_sent(rig: Rig, path: str) -> None:
    assert httpx2.get(f"{rig.url}/{path}", timeout=60).status_code == 404


def test_the_page_needs_no_key_but_its_data_do(tmp_path: Path) -> None:
    with running(tmp_path, keys=True) as locked:
        assert httpx2.get(f"{locked.url}/", timeout=60).status_code == 200
        assert httpx2.get(f"{locked.url}/api/images", timeout=60).status_code == 401
