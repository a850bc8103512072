"""What every file of the page promises: size, safe ways to show data, words in both languages."""

import re
from pathlib import Path

import pytest
from codebase import PACKAGE

STUDIO = PACKAGE / "studio"
MOST_LINES = 300
LANGUAGES = ("en", "zh")

_UNSAFE = re.compile(
    r"\b(?:inner|outer)HTML\b|\binsertAdjacentHTML\b|\bdocument\.write|\beval\(|\bnew Function\b"
    r"|\bDOMParser\b|\bcreateContextualFragment\b|\bsetHTMLUnsafe\b|\.cssText\b"
)
_ELSEWHERE = re.compile(r"""(?:https?:)?//[a-z0-9-]+(?:\.[a-z0-9-]+)+""")
_ENTRY = re.compile(
    r"""^\s*'([^']+)':\s*(.*?)(?=^\s*'[^']+':|^};)""", flags=re.MULTILINE | re.DOTALL
)
_IMPORT = re.compile(r"""^(?:import|export)\b[^;(]*?'(\.[^']+)'""", flags=re.MULTILINE)
_USE = re.compile(r"""\bt\(\s*'([^']+)'""")
_HOLE = re.compile(r"\{(\w+)\}")
_NAMESPACES = ("http://www.w3.org",)


def scripts() -> list[Path]:
    return sorted(STUDIO.rglob("*.js"))


def sheets() -> list[Path]:
    return sorted(STUDIO.rglob("*.css"))


def too_long(text: str) -> bool:
    return len(text.splitlines()) > MOST_LINES


def unsafe(text: str) -> list[str]:
    """Ways to make HTML or code from a text."""
    return _UNSAFE.findall(text)


def elsewhere(text: str) -> list[str]:
    """Addresses of other hosts, but for names of vocabularies."""
    return [one for one in _ELSEWHERE.findall(text) if not one.startswith(_NAMESPACES)]


def words(language: str) -> dict[str, str]:
    """All words of a language by their keys."""
    found: dict[str, str] = {}
    for path in sorted((STUDIO / "scripts" / "words" / language).glob("*.js")):
        for key, text in _ENTRY.findall(path.read_text(encoding="utf-8")):
            assert key not in found, f"{key} stands twice, the second time in {path.name}"
            found[key] = text
    return found


def plain(key: str) -> str:
    """A key without its number: languages count differently."""
    return re.sub(r"\.(?:zero|one|two|few|many|other)$", "", key)


def test_there_is_a_page() -> None:
    assert len(scripts()) > 20 and len(sheets()) > 5


def test_files_are_short() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in [*scripts(), *sheets()]}
    # Lists of words are as long as there are words.
    counted = {path: text for path, text in texts.items() if "words" not in path.parts}
    assert not [str(path.relative_to(STUDIO)) for path, text in counted.items() if too_long(text)]


def test_data_stays_text() -> None:
    found = {path.name: unsafe(path.read_text(encoding="utf-8")) for path in scripts()}
    assert not {name: hits for name, hits in found.items() if hits}


def test_nothing_comes_from_elsewhere() -> None:
    pages = [*scripts(), *sheets(), *STUDIO.rglob("*.html"), *STUDIO.rglob("*.webmanifest")]
    found = {path.name: elsewhere(path.read_text(encoding="utf-8")) for path in pages}
    assert not {name: hits for name, hits in found.items() if hits}


def test_the_page_has_no_code_or_style_of_its_own() -> None:
    page = (STUDIO / "index.html").read_text(encoding="utf-8")
    assert not re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)


def imported(script: Path) -> list[Path]:
    """Modules that a module cannot run without."""
    text = script.read_text(encoding="utf-8")
    return [(script.parent / name).resolve() for name in _IMPORT.findall(text)]


def test_what_the_start_needs_is_asked_for_at_once() -> None:
    start = [STUDIO / "scripts" / "main.js", STUDIO / "scripts" / "draw" / "view.js"]
    needed, open_ = set[Path](), list(start)
    while open_:
        script = open_.pop()
        if script not in needed:
            needed.add(script)
            open_ += imported(script)
    page = (STUDIO / "index.html").read_text(encoding="utf-8")
    listed = re.findall(r'<link rel="modulepreload" href="studio/([^"]+)">', page)
    assert sorted(listed) == sorted(
        path.relative_to(STUDIO).as_posix() for path in needed - {start[0]}
    )


def test_every_file_says_what_it_is_for() -> None:
    bare = [
        path.name
        for path in [*scripts(), *sheets()]
        if "words" not in path.parts
        and not path.read_text(encoding="utf-8").startswith(("/**", "/*", "//"))
    ]
    assert not bare


def test_both_languages_have_the_same_words() -> None:
    known = {language: {plain(key) for key in words(language)} for language in LANGUAGES}
    assert known["en"] == known["zh"]
    assert all(words(language) for language in LANGUAGES)


def test_words_have_the_same_gaps() -> None:
    english, chinese = words("en"), words("zh")
    for key in english.keys() & chinese.keys():
        gaps = [set(_HOLE.findall(one[key])) - {"n", "count"} for one in (english, chinese)]
        assert gaps[0] == gaps[1], key


def test_every_key_that_is_asked_for_is_there() -> None:
    known = {plain(key) for key in words("en")} | words("en").keys()
    for path in scripts():
        for key in _USE.findall(path.read_text(encoding="utf-8")):
            assert key in known, f"{path.name}: {key}"


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (unsafe, "node.innerHTML = name;"),
        (unsafe, "node.insertAdjacentHTML('beforeend', name);"),
        (unsafe, "eval(name)"),
        (elsewhere, "import 'https://cdn.example.com/x.js';"),
        (elsewhere, "url(//fonts.example.com/a.woff2)"),
        (too_long, "\n" * (MOST_LINES + 1)),
    ],
)
def test_a_breach_is_found(rule: object, text: str) -> None:
    assert rule(text)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (unsafe, "node.textContent = name; // never HTML"),
        (elsewhere, "const SVG = 'http://www.w3.org/2000/svg';"),
        (too_long, "\n" * MOST_LINES),
    ],
)
def test_clean_code_passes(rule: object, text: str) -> None:
    assert not rule(text)  # type: ignore[operator]
