"""Words of strangers stay words: in prompts, tags, titles, names of files and keys, in errors."""

import io
import json
from pathlib import Path

import httpx2
import pytest
from browsing import DESK, Visits, drop
from journeys import administrator, draw
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Page, expect
from serving_rig import Rig

from glm_image.serving.accounts import Scope

CORPUS = (
    "<img src=x onerror=\"window.hacked='img'\">",
    "<script>window.hacked='script'</script>",
    '"><svg onload="window.hacked=\'svg\'">',
    "javascript:window.hacked='link'",
    "</textarea><iframe srcdoc=\"<script>parent.hacked='frame'</script>\"></iframe>",
    "{{constructor.constructor('window.hacked=1')()}} ${window.hacked=2}",
    "' style='position:fixed' onmouseover='window.hacked=3",
    "\u202egnp.exe <b>bold</b> &lt;i&gt; &#x3C;u&#x3E;",
)


def unharmed(page: Page) -> None:
    """No word has become code, or an element."""
    assert page.evaluate("() => window.hacked") is None
    foreign = page.evaluate(
        """() => [...document.querySelectorAll('iframe, script:not([src]), [onerror], [onload],'
            + '[onmouseover], img[src="x"], a[href^="javascript:"], b')]
            .map((one) => one.outerHTML)"""
    )
    assert foreign == []


def show(page: Page, place: str) -> None:
    page.evaluate("(place) => { location.hash = place; }", place)
    page.wait_for_timeout(700)
    page.wait_for_timeout(100)
    unharmed(page)


@pytest.fixture
def hostile(rig: Rig) -> Rig:
    """A service that is full of such words."""
    with httpx2.Client(base_url=rig.url, timeout=30) as http:
        for words in CORPUS:
            (picture,) = draw(rig, f'{words} "{words.replace(chr(34), "")}"')["pictures"]
            http.patch(f"/api/images/{picture['id']}", json={"tags": [words[:64]]})
        http.post("/api/conversations", json={"title": CORPUS[0]})
    for words in CORPUS[:3]:
        rig.store.create_key(words, [Scope.READ])
    # With a key around, this machine needs one as well.
    return rig


def test_words_in_every_view(visits: Visits, hostile: Rig) -> None:
    key = administrator(hostile)
    pictures = hostile.store.pictures("local")
    # The pictures are those of the time without keys; they go to the owner of the key.
    with httpx2.Client(
        base_url=hostile.url, headers={"Authorization": f"Bearer {key}"}, timeout=60
    ) as http:
        for words in CORPUS:
            draw(hostile, words, key=key)
        http.post("/api/conversations", json={"title": CORPUS[0]})
        conversation = http.post("/api/conversations", json={"title": CORPUS[2]}).json()
        http.post(f"/api/conversations/{conversation['id']}/turns", json={"text": CORPUS[1]})
        mine = http.get("/api/images").json()["data"]
        http.patch(f"/api/images/{mine[0]['id']}", json={"tags": [CORPUS[0][:64]]})
    assert len(pictures) == len(CORPUS)
    page = visits.open(hostile.url, "", DESK, **{"glm.key": json.dumps(key)})
    expect(page.get_by_role("article").first).to_be_visible()
    for place in (
        "#/",
        "#/gallery",
        f"#/gallery?text={CORPUS[0]}",
        *(f"#/picture/{one['id']}" for one in mine[:4]),
        f"#/compare/{mine[0]['id']},{mine[1]['id']}",
        "#/chat",
        f"#/chat/{conversation['id']}",
        "#/batch",
        "#/admin",
        "#/settings",
        f"#/picture/{CORPUS[0]}",
        f"#/{CORPUS[1]}",
    ):
        visits.expect("status of 404", "status of 400")
        show(page, place)
    page.evaluate("() => { location.hash = '#/gallery'; }")
    expect(page.get_by_text("onerror").first).to_be_attached()


def test_words_in_errors_and_composer(visits: Visits, rig: Rig) -> None:
    visits.expect("status of 4", "status of 500", "status of 418")
    page = visits.open(rig.url)
    box = page.get_by_label("What should the picture show?")
    for words in CORPUS:
        box.fill(f'{words} "{words}"')
        unharmed(page)
    error = {
        "error": {
            "code": CORPUS[1], "message": CORPUS[0], "type": CORPUS[2], "param": CORPUS[3],
        },
        "request_id": CORPUS[1],
    }  # fmt: skip

    def refuse(route: object) -> None:
        route.fulfill(status=400, content_type="application/json", body=json.dumps(error))  # type: ignore[attr-defined]

    page.route("**/api/jobs", refuse)
    page.get_by_role("button", name="Draw", exact=False).last.click()
    expect(page.get_by_text("onerror").first).to_be_visible()
    unharmed(page)
    # What the person typed is still there.
    assert box.input_value().startswith(CORPUS[-1][:5])


def test_words_in_dropped_files(visits: Visits, rig: Rig, tmp_path: Path) -> None:
    visits.expect("status of 4")
    info, buffer = PngInfo(), io.BytesIO()
    parameters = {"prompt": CORPUS[0], "seed": CORPUS[1], "size": CORPUS[2], "steps": "<b>"}
    info.add_itxt("parameters", json.dumps(parameters))
    Image.new("RGB", (64, 64)).save(buffer, format="PNG", pnginfo=info)
    page = visits.open(rig.url)
    expect(page.get_by_label("What should the picture show?")).to_be_visible()
    path = tmp_path / "<img src=x onerror=window.hacked=1>.png"
    for data in (buffer.getvalue(), b"<svg onload=window.hacked=1>", b""):
        path.write_bytes(data)
        drop(page, path)
        page.wait_for_timeout(800)
        unharmed(page)
