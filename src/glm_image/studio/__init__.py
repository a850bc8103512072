"""The page that people draw with: plain files, and the list of them.

The files are ES modules, style sheets and a few more, sent as they are. They speak the HTTP API of
the service and nothing else; this module reads them and says what type each one has.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

START = "index.html"
"""The page itself."""

TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
"""Media types by the ending of a name; files with other endings are not sent."""

_WORTH_PACKING = 400
"""Bytes from which packing saves anything."""


@dataclass(frozen=True, kw_only=True)
class StudioFile:
    """A file of the page.

    Args:
        name: Path below the package, such as ``"scripts/main.js"``.
        mime: Media type.
        content: Bytes as they are.
        packed: The same in gzip; None where that is no smaller.
        tag: Changes whenever the content does.
    """

    name: str
    mime: str
    content: bytes
    packed: bytes | None
    tag: str


@cache
def studio_files() -> Mapping[str, StudioFile]:
    """Every file of the page by its name."""
    return {name: _read(name, entry) for name, entry in _entries(files(__name__), "")}


def _entries(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            found += _entries(entry, f"{name}/")
        elif _ending(name) in TYPES:
            found.append((name, entry))
    return sorted(found, key=lambda pair: pair[0])


def _read(name: str, entry: Traversable) -> StudioFile:
    content = entry.read_bytes()
    # Without a time in it, the packed file depends on the content alone.
    packed = gzip.compress(content, mtime=0) if len(content) >= _WORTH_PACKING else content
    return StudioFile(
        name=name,
        mime=TYPES[_ending(name)],
        content=content,
        packed=packed if len(packed) < len(content) else None,
        tag=hashlib.sha256(content).hexdigest()[:20],
    )


def _ending(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    return f"{dot}{ending}" if stem else ""
