"""What ``quality`` means here: how many steps the decoder takes."""

from collections.abc import Mapping

from glm_image.config import nearest
from glm_image.serving.errors import RequestError
from glm_image.serving.records import ModelCard

SHARES: Mapping[str, float] = {
    "low": 0.3,
    "medium": 0.6,
    "high": 1.0,
    "xhigh": 1.5,
    "max": 2.0,
}
"""Share of a model's usual steps of each quality, at our own choice."""

SYNONYMS: Mapping[str, str] = {"hd": "high", "standard": "medium", "auto": "high"}
"""Names that other conventions have."""


def read_quality(text: str | None) -> str:
    """The effective quality of what a request says; nothing is ``"high"``.

    Raises:
        RequestError: There is no such quality.
    """
    name = (text or "auto").strip().lower()
    name = SYNONYMS.get(name, name)
    if name not in SHARES:
        raise RequestError(
            f"got {name[:40]!r}", field="quality", hint=nearest(name, [*SHARES, *SYNONYMS])
        )
    return name


def steps_of(quality: str, card: ModelCard) -> int:
    """Denoising steps of a quality."""
    return max(1, round(card.steps * SHARES[quality]))
