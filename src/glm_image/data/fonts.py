"""Fonts that the pictures are drawn with, found on the machine at run time."""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

from glm_image.errors import NotFoundError

_ROOTS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path("/Library/Fonts"),
    Path("C:/Windows/Fonts"),
    Path.home() / ".fonts",
    Path.home() / ".local/share/fonts",
)


@dataclass(frozen=True, kw_only=True)
class Face:
    """One face of a font file.

    Attributes:
        file: File name.
        index: Face in a collection. Face 0 of Noto Sans CJK is Japanese, face 2 simplified
            Chinese.
    """

    file: str
    index: int = 0


SANS: tuple[Face, ...] = (
    Face(file="DejaVuSans-Bold.ttf"),
    Face(file="DejaVuSansCondensed-Bold.ttf"),
)
SERIF: tuple[Face, ...] = (
    Face(file="DejaVuSerif-Bold.ttf"),
    Face(file="DejaVuSerifCondensed-Bold.ttf"),
)
CHINESE: tuple[Face, ...] = (
    Face(file="NotoSansCJK-Bold.ttc", index=2),
    Face(file="NotoSansCJK-Regular.ttc", index=2),
    Face(file="DroidSansFallbackFull.ttf"),
)
CHINESE_SERIF: tuple[Face, ...] = (
    Face(file="NotoSerifCJK-Bold.ttc", index=2),
    Face(file="NotoSerifCJK-Regular.ttc", index=2),
    *CHINESE,
)


@cache
def _installed() -> dict[str, Path]:
    # The machine's own fonts come last and so replace bundled ones of the same name.
    roots = [root for root in (*_bundled(), *_ROOTS) if root.is_dir()]
    files = (path for root in roots for path in root.rglob("*") if path.suffix in (".ttf", ".ttc"))
    return {path.name: path for path in files}


def _bundled() -> list[Path]:
    """Folders of fonts inside Python packages: matplotlib brings DejaVu along."""
    found = find_spec("matplotlib")
    places = (found.submodule_search_locations or []) if found is not None else []
    return [Path(place) / "mpl-data" / "fonts" / "ttf" for place in places]


def available(faces: tuple[Face, ...]) -> bool:
    """Whether at least one of the faces is installed."""
    return any(face.file in _installed() for face in faces)


@cache
def load(faces: tuple[Face, ...], size: int) -> ImageFont.FreeTypeFont:
    """Load the first installed face.

    Args:
        faces: Candidates in order of preference.
        size: Height of the em square in pixels.

    Raises:
        NotFoundError: None of the faces is installed.
    """
    for face in faces:
        path = _installed().get(face.file)
        if path is not None:
            return ImageFont.truetype(str(path), size, index=face.index)
    raise NotFoundError(
        f"none of the fonts {', '.join(face.file for face in faces)} is installed",
        field="fonts",
        hint="install fonts-dejavu, fonts-noto-cjk and fonts-droid-fallback, or for Latin "
        "letters alone the Python package matplotlib",
    )
