"""The rig itself: what it is to notice, it notices."""

import pytest
from browsing import PHONE, Visits, findings, has_no_sideways_scroll
from serving_rig import Rig

BARE = "() => { document.documentElement.lang = 'en'; document.title = 'A'; %s }"
UNSEEN = ("lost", "thrown away", "style", "elsewhere.example")


def test_trouble_is_noticed(visits: Visits, rig: Rig) -> None:
    page = visits.open(rig.url)
    assert not visits.unexpected()
    page.evaluate("() => console.error('lost')")
    page.evaluate("() => { setTimeout(() => { throw new Error('thrown away'); }); }")
    page.evaluate("() => { document.body.innerHTML = '<p style=\"color: red\">a</p>'; }")
    page.evaluate("() => fetch('http://elsewhere.example/').catch(() => undefined)")
    page.wait_for_timeout(200)
    trouble = "\n".join(visits.unexpected())
    for part in UNSEEN:
        assert part in trouble
    visits.expect(*UNSEEN)
    assert not visits.unexpected()


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("document.body.replaceChildren(document.createElement('button'));", "button-name"),
        ("document.body.replaceChildren(document.createElement('img'));", "image-alt"),
        ("document.body.textContent = 'words';", None),
    ],
)
def test_axe_finds_what_is_wrong(
    visits: Visits, rig: Rig, script: str, expected: str | None
) -> None:
    page = visits.open(rig.url)
    page.evaluate(BARE % script)
    assert [one["id"] for one in findings(page)] == ([expected] if expected else [])


def test_a_look_is_what_the_page_sees(visits: Visits, rig: Rig) -> None:
    page = visits.open(rig.url, "", PHONE, kept={"a": 1})
    assert page.evaluate("() => navigator.language") == "zh-CN"
    assert page.evaluate("() => matchMedia('(prefers-color-scheme: dark)').matches")
    assert page.evaluate("() => matchMedia('(prefers-reduced-motion: reduce)').matches")
    assert page.evaluate("() => localStorage.getItem('kept')") == '{"a": 1}'
    assert has_no_sideways_scroll(page)
    page.evaluate("() => { document.body.style.width = '500px'; }")
    assert not has_no_sideways_scroll(page)
