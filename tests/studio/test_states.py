"""Every view, in every look: nothing that axe-core calls serious, nothing wider than the window."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from browsing import ALL_LOOKS, DESK, LOOKS, Look, Visits, axe, has_no_sideways_scroll, settle
from fake import FakeEngine
from journeys import draw
from playwright.sync_api import Page, expect
from serving_rig import Rig, running

from glm_image.serving.records import Failure
from glm_image.serving.settings import Times

FAILS = Failure(
    code="1230",
    kind="CapacityError",
    message="the accelerator ran out of memory",
    hint="ask for a smaller picture",
    retryable=False,
)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A service that has drawn, edited and failed."""
    engine = FakeEngine(failures={"fail": FAILS})
    with running(tmp_path_factory.mktemp("full"), engine=engine, keys=False) as rig:
        first = draw(rig, 'a poster, "HELLO" in white', n=2)["pictures"][0]
        draw(rig, "make it red", images=[first["id"]])
        draw(rig, "fail")
        yield rig


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running(tmp_path_factory.mktemp("empty"), keys=False) as rig:
        yield rig


def places(rig: Rig) -> list[str]:
    """Addresses of every view with something to show."""
    pictures = rig.store.pictures("local")
    one, other = pictures[0].id, pictures[-1].id
    return [
        "#/",
        "#/gallery",
        "#/gallery?text=nothing+has+these+words",
        f"#/picture/{one}",
        f"#/picture/{other}",
        "#/picture/img_0",
        f"#/compare/{one},{other}",
        "#/chat",
        f"#/chat?picture={one}",
        "#/batch",
        "#/admin",
        "#/settings",
        "#/nowhere",
    ]


def go(page: Page, place: str) -> None:
    """Show a view, and wait until it stands still."""
    page.evaluate("(place) => { location.hash = place; }", place)
    expect(page.locator("main :is(h1, h2, [role=textbox], textarea)").first).to_be_attached()
    page.wait_for_timeout(700)
    settle(page)


def look_at(page: Page, place: str) -> None:
    go(page, place)
    assert has_no_sideways_scroll(page), place
    try:
        axe(page)
    except AssertionError as error:
        raise AssertionError(f"{place}: {error}") from None


@pytest.mark.slow
@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_views_with_something_in_them(visits: Visits, full: Rig, look: Look) -> None:
    visits.expect("status of 404")
    page = visits.open(full.url, "#/settings", look)
    for place in places(full):
        look_at(page, place)


@pytest.mark.slow
@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_views_with_nothing_in_them(visits: Visits, empty: Rig, look: Look) -> None:
    page = visits.open(empty.url, "#/settings", look)
    for place in ("#/", "#/gallery", "#/gallery?bin=1", "#/chat", "#/batch", "#/admin"):
        look_at(page, place)


@pytest.mark.soak
@pytest.mark.parametrize("look", ALL_LOOKS, ids=str)
def test_all_views_in_all_looks(visits: Visits, full: Rig, look: Look) -> None:
    visits.expect("status of 404")
    page = visits.open(full.url, "#/settings", look)
    for place in places(full):
        look_at(page, place)


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_job_under_way_and_its_end(visits: Visits, tmp_path: Path, look: Look) -> None:
    engine = FakeEngine(seconds=600, places=1)
    with running(tmp_path, engine=engine, keys=False, times=Times(drain_seconds=0.1)) as rig:
        for words in ("the first", "the second"):
            httpx2.post(
                f"{rig.url}/api/jobs", timeout=60, json={"prompt": words, "n": 2, "previews": 2}
            )
        page = visits.open(rig.url, "", look)
        expect(page.get_by_role("article").first).to_be_visible()
        look_at(page, "#/")
        look_at(page, "#/admin")


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_help_and_other_dialogs(visits: Visits, empty: Rig, look: Look) -> None:
    page = visits.open(empty.url, "#/settings", look)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    settle(page)
    axe(page)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.evaluate("() => { location.hash = '#/admin'; }")
    page.get_by_role("button", name="New key" if look == DESK else "新密钥").click()
    expect(dialog).to_be_visible()
    settle(page)
    axe(page)
    page.keyboard.press("Escape")


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_there_is_a_way_by_keys(visits: Visits, empty: Rig, look: Look) -> None:
    """The first key leads to a link past the navigation; everything that has the focus shows it."""
    page = visits.open(empty.url, "", look)
    expect(page.get_by_role("textbox").first).to_be_visible()
    page.evaluate("() => document.activeElement?.blur()")
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    assert focused.get_attribute("href") == "#content"
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "content"
    seen = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        what = page.evaluate(
            """() => {
                const node = document.activeElement;
                const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(node);
                const near = node.closest('label, [data-focus]') ?? node;
                const ring = getComputedStyle(near);
                const shown = [outlineStyle !== 'none' && parseFloat(outlineWidth) > 0,
                    boxShadow !== 'none', ring.outlineStyle !== 'none',
                    getComputedStyle(node.parentElement ?? node).outlineStyle !== 'none'];
                return [node.tagName + node.className,
                    node === document.body || shown.some(Boolean)];
            }"""
        )
        assert what[1], f"{what[0]} does not show that it has the focus"
        seen.add(what[0])
    assert len(seen) > 5
