"""The page: its files, their headers, and nothing beyond them."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from serving_rig import Rig, enveloped, running

from glm_image import studio
from glm_image.serving.routes.studio import POLICY
from glm_image.studio import TYPES, studio_files

FOLDER = Path(studio.__file__).parent


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running(tmp_path_factory.mktemp("page")) as one:
        yield one


@pytest.fixture(scope="module")
def http(rig: Rig) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=rig.url, timeout=60) as one:
        yield one


def test_the_page_needs_no_key(http: httpx2.Client) -> None:
    answer = http.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.content == (FOLDER / "index.html").read_bytes()
    assert http.get("/api/jobs").status_code == 401


def test_nothing_inline_may_run(http: httpx2.Client) -> None:
    answer = http.get("/")
    assert answer.headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY and "default-src 'none'" in POLICY
    text = answer.text
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|javascript:", text)
    for address in re.findall(r'(?:src|href)="([^"]+)"', text):
        assert not address.startswith(("/", "http")), "relative, so that a proxy may put it below"
        assert http.get(f"/{address}").status_code == 200, address


@pytest.mark.parametrize("path", ["/", "/studio/scripts/main.js", "/manifest.webmanifest"])
def test_a_file_is_sent_once(http: httpx2.Client, path: str) -> None:
    first = http.get(path)
    assert first.headers["cache-control"] == "no-cache"
    assert first.headers["x-content-type-options"] == "nosniff"
    again = http.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304 and again.content == b""
    other = http.get(path, headers={"If-None-Match": '"something else"'})
    assert other.status_code == 200


def test_files_are_packed_where_that_is_wanted(http: httpx2.Client) -> None:
    path = "/studio/scripts/core/dom.js"
    plain = (FOLDER / "scripts/core/dom.js").read_bytes()
    with http.stream("GET", path, headers={"Accept-Encoding": "br, gzip"}) as packed:
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.headers["vary"] == "Accept-Encoding"
        assert gzip.decompress(b"".join(packed.iter_raw())) == plain
    for header in ("identity", "gzip;q=0", "br"):
        answer = http.get(path, headers={"Accept-Encoding": header})
        assert "content-encoding" not in answer.headers and answer.content == plain
        assert answer.headers["etag"] != packed.headers["etag"]


def test_head_says_what_get_sends(http: httpx2.Client) -> None:
    headers = {"Accept-Encoding": "identity"}
    sent, described = http.get("/sw.js", headers=headers), http.head("/sw.js", headers=headers)
    assert described.content == b""
    for name in ("content-type", "content-length", "etag"):
        assert described.headers[name] == sent.headers[name]


@pytest.mark.parametrize(
    "path",
    [
        "nothing.js",
        "__init__.py",
        "../serving/app.py",
        "%2e%2e/serving/app.py",
        "scripts",
        "",
        "%00",
    ],
)
def test_nothing_else_is_sent(http: httpx2.Client, path: str) -> None:
    answer = http.get(f"/studio/{path}")
    assert enveloped(answer, 404)["code"] in ("not_found", "unknown_url")


def test_every_file_of_the_package_is_listed() -> None:
    names = {
        path.relative_to(FOLDER).as_posix()
        for path in FOLDER.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    assert names == set(studio_files())
    assert {Path(name).suffix for name in names} <= set(TYPES)
    assert all(one.packed is None or len(one.packed) < len(one.content)
               for one in studio_files().values())  # fmt: skip


def test_modules_name_files_that_exist() -> None:
    files = studio_files()
    for name, one in files.items():
        if not name.endswith(".js"):
            continue
        text = one.content.decode()
        for found in re.findall(r"""(?:from|import)\s*\(?\s*['"](\.[^'"`$]+)['"]""", text):
            path = (FOLDER / name).parent.joinpath(found).resolve()
            assert path.relative_to(FOLDER).as_posix() in files, f"{name}: {found}"


def test_markup_never_comes_from_text() -> None:
    """Data become text nodes; what parses markup is used nowhere."""
    ways = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    )
    for name, one in studio_files().items():
        if name.endswith((".js", ".html")):
            assert not ways.search(one.content.decode()), name
