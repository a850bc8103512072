"""One picture: what is known of it, and what it can become."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from browsing import DESK, LOOKS, Look, Visits, axe, has_no_sideways_scroll, settle
from journeys import draw
from painted import Lettering
from playwright.sync_api import Page, expect
from serving_rig import Rig, running, until

from glm_image.serving import labels

PROMPT = 'a sign that says "HELLO" and "GONE"'
MARKUP = "<b onmouseover=alert(1)>x</b>"


@pytest.fixture
def lettering(tmp_path: Path) -> Iterator[Rig]:
    """A service whose pictures have words on them."""
    engine = Lettering(forgets=("GONE",))
    with running(tmp_path / "lettering", engine=engine, keys=False) as one:
        yield one


def opened(
    visits: Visits, rig: Rig, look: Look = DESK, **body: Any
) -> tuple[Page, dict[str, Any], dict[str, Any]]:
    """A picture that was drawn and is looked at, with its job."""
    job = draw(rig, **{"prompt": PROMPT, "size": "256x256", **body})
    page = visits.open(rig.url, f"#/picture/{job['pictures'][0]['id']}", look)
    expect(page.get_by_role("heading", level=1)).to_have_text(job["drawing"]["prompt"])
    return page, job["pictures"][0], job


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_everything_is_known(visits: Visits, rig: Rig, look: Look) -> None:
    page, picture, job = opened(visits, rig, look, prompt=f'{MARKUP} "{MARKUP}"', seed=4711, n=2)
    expect(page.get_by_role("term").filter(has_text={"en": "Steps", "zh": "步数"}[look.language]))
    expect(page.get_by_role("button", name="4711")).to_be_visible()
    expect(page.get_by_role("definition").filter(has_text=job["drawing"]["model"])).to_be_visible()
    expect(page.get_by_role("main").locator("mark")).to_have_text(MARKUP)
    expect(page.get_by_role("main").get_by_role("img", name=MARKUP).first).to_be_visible()
    settle(page)
    axe(page)
    assert has_no_sideways_scroll(page)
    assert picture["seed"] == 4711


def test_the_arrows_lead_through_the_gallery(visits: Visits, rig: Rig) -> None:
    for prompt in ("first", "second", "third"):
        draw(rig, prompt)
    page, _, _ = opened(visits, rig, prompt="fourth")
    expect(page.get_by_role("button", name="Picture before")).to_be_disabled()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", level=1)).to_have_text("third")
    page.get_by_role("button", name="Next picture").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("second")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("heading", level=1)).to_have_text("third")
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", level=1)).to_have_text("Gallery")


def test_it_is_looked_at_closely(visits: Visits, rig: Rig) -> None:
    page, _, _ = opened(visits, rig)
    stage = page.get_by_role("group", name="Picture; zoom")
    percent = page.get_by_role("group", name="Zoom", exact=True)
    before = percent.inner_text()
    stage.focus()
    page.keyboard.press("+")
    expect(percent).not_to_have_text(before)
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("heading", level=1)).to_have_text(PROMPT)
    page.keyboard.press("0")
    expect(percent).to_have_text(before)
    page.get_by_role("button", name="Actual size").click()
    expect(percent).to_have_text("100%")


def test_it_is_saved_as_another_kind_of_file(
    visits: Visits, lettering: Rig, tmp_path: Path
) -> None:
    page, _, _ = opened(visits, lettering)
    page.keyboard.press("d")
    dialog = page.get_by_role("dialog", name="Download")
    dialog.get_by_text("WEBP").click()
    dialog.get_by_role("checkbox", name="Leave the prompt out").check()
    axe(page)
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "a.webp")
    data = (tmp_path / "a.webp").read_bytes()
    assert data[8:12] == b"WEBP"
    found = labels.read(data)
    assert found.hidden is not None
    assert "prompt" not in (found.parameters or {})


def test_a_link_needs_no_key_and_ends(visits: Visits, tmp_path: Path) -> None:
    with running(tmp_path / "keyed") as rig:
        key = rig.key("someone")
        job = draw(rig, "a secret", key=key)
        place = f"#/picture/{job['pictures'][0]['id']}"
        page = visits.open(rig.url, place, **{"glm.key": json.dumps(key)})
        page.get_by_role("button", name="Share a link").click()
        dialog = page.get_by_role("dialog", name="Share a link")
        dialog.get_by_text("1 hour").click()
        dialog.get_by_role("button", name="Make a link").click()
        link = dialog.get_by_role("textbox", name="Good until").input_value()
        axe(page)
        answer = httpx2.get(link)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/png"
        page.close()


def test_marks_and_tags_are_kept(visits: Visits, rig: Rig) -> None:
    page, picture, _ = opened(visits, rig)
    page.keyboard.press("f")
    expect(page.get_by_role("button", name="Favourite")).to_have_attribute("aria-pressed", "true")
    field = page.get_by_role("combobox", name="Add a tag")
    field.fill(MARKUP)
    field.press("Enter")
    field.fill("posters")
    field.press("Enter")
    page.get_by_role("button", name="Remove the tag posters").click()
    address = f"{rig.url}/api/images/{picture['id']}"
    until(lambda: httpx2.get(address).json()["tags"] == [MARKUP])
    assert httpx2.get(address).json()["favourite"]
    page.reload()
    expect(page.get_by_role("listitem").filter(has_text=MARKUP)).to_be_visible()


@pytest.mark.parametrize(
    ("name", "kept", "changed"),
    [
        ("New details", "layout_seeds", "seeds"),
        ("New layout", "seeds", "layout_seeds"),
    ],
)
def test_one_seed_changes(visits: Visits, rig: Rig, name: str, kept: str, changed: str) -> None:
    page, _, _ = opened(visits, rig, seed=17, layout_seed=19)
    page.get_by_role("button", name=name, exact=True).click()
    variants = page.get_by_role("navigation", name="Variants").get_by_role("link")
    expect(variants).to_have_count(2)
    newest = httpx2.get(f"{rig.url}/api/jobs").json()["data"][0]["drawing"]
    before = {"seeds": [17], "layout_seeds": [19]}
    assert newest[kept] == before[kept]
    assert newest[changed] not in (None, before[changed])
    variants.last.click()
    expect(variants.last).to_have_attribute("aria-current", "page")


def test_the_family_leads_to_parents_and_children(visits: Visits, rig: Rig) -> None:
    parent = draw(rig, "the mother")["pictures"][0]
    child = draw(rig, "the child", images=[parent["id"]])["pictures"][0]
    draw(rig, "the grandchild", images=[child["id"]])
    page = visits.open(rig.url, f"#/picture/{child['id']}")
    family = page.get_by_role("group", name="Family of the picture").get_by_role("link")
    expect(family).to_have_count(3)
    expect(family.nth(1)).to_have_attribute("aria-current", "page")
    family.first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("the mother")


def test_the_words_on_it_are_checked(visits: Visits, lettering: Rig) -> None:
    page, _, _ = opened(visits, lettering, size="512x512")
    page.get_by_role("button", name="Read the picture").click()
    good = page.get_by_role("listitem").filter(has_text="HELLO")
    expect(good).to_contain_text("reads as asked", timeout=120_000)
    bad = page.get_by_role("listitem").filter(has_text="GONE")
    expect(bad).to_contain_text("is not on the picture")
    expect(page.get_by_text("1 of 2 quoted texts can be read.").first).to_be_visible()
    settle(page)
    axe(page)


def test_a_file_says_where_it_comes_from(visits: Visits, lettering: Rig, tmp_path: Path) -> None:
    page, picture, _ = opened(visits, lettering)
    page.get_by_role("heading", name="Provenance").click()
    expect(page.get_by_text("The file says that a machine made it.")).to_be_visible()
    page.get_by_role("button", name="Check another file").click()
    dialog = page.get_by_role("dialog", name="Check another file")
    file = tmp_path / f"{MARKUP.replace('/', '')}.png"
    file.write_bytes(httpx2.get(picture["url"]).content)
    dialog.get_by_label("PNG, JPEG or WebP").set_input_files(file)
    expect(dialog.get_by_text("painter")).to_be_visible()
    expect(dialog.get_by_role("heading", name=file.name)).to_be_visible()
    axe(page)
    visits.expect("status of 4")
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    dialog.get_by_label("PNG, JPEG or WebP").set_input_files(broken)
    expect(dialog.get_by_role("alert")).to_be_visible()


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_picture_that_is_gone(visits: Visits, rig: Rig, look: Look) -> None:
    visits.expect("status of 404")
    page = visits.open(rig.url, "#/picture/img_00000000000000000000000000", look)
    words = {"en": "This picture is gone", "zh": "这张图片不在了"}[look.language]
    expect(page.get_by_role("heading", name=words)).to_be_visible()
    settle(page)
    axe(page)


def test_deleting_it_goes_to_the_next_one(visits: Visits, rig: Rig) -> None:
    draw(rig, "older")
    page, _, _ = opened(visits, rig, prompt="newer")
    expect(page.get_by_role("button", name="Next picture")).to_be_enabled()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("older")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Picture before")).to_be_enabled()


def test_the_code_draws_it_again(visits: Visits, rig: Rig, tmp_path: Path) -> None:
    words = 'it\'s a "sign" for $HOME, `id` and \\n 文字'
    page, _, job = opened(visits, rig, prompt=words, seed=2**63 + 1)
    page.get_by_role("button", name="Copy as code").click()
    dialog = page.get_by_role("dialog", name="Copy as code")
    code = dialog.locator("code")
    axe(page)
    command = code.inner_text()
    dialog.get_by_text("Python", exact=True).click()
    expect(code).to_contain_text("import json")
    program = code.inner_text()

    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, timeout=120)
    assert [path.suffix for path in tmp_path.iterdir() if path.name.startswith("img_")] == [".png"]
    # What a shell makes of the command is seen by a program of curl's name.
    (tmp_path / "bin").mkdir()
    curl = tmp_path / "bin" / "curl"
    curl.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    curl.chmod(0o755)
    path = {**os.environ, "PATH": f"{curl.parent}:{os.environ['PATH']}"}
    heard = subprocess.run(["sh", "-c", command], check=True, capture_output=True, env=path)
    body = json.loads(json.loads(heard.stdout)[-1])
    assert (body["prompt"], body["seed"]) == (words, 2**63 + 1)
    newest = httpx2.get(f"{rig.url}/api/jobs").json()["data"][0]
    assert newest["id"] != job["id"]
    assert newest["drawing"]["prompt"] == words
    assert newest["drawing"]["seeds"] == [2**63 + 1]
