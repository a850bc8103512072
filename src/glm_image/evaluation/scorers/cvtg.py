"""CVTG-2K: word accuracy, normalised edit distance and CLIP score.

Source: Du et al. 2025, TextCrafter (arXiv 2503.23461); reference behaviour:
NJU-PCALab/TextCrafter, evaluation.
"""

from collections.abc import Sequence

from PIL import Image

from glm_image.evaluation.benchmark import Benchmark, Item
from glm_image.evaluation.scorers.base import Marks
from glm_image.evaluation.scorers.text import EXTRA_METRICS, extras
from glm_image.evaluation.scores import Metric, Scorecard, Value
from glm_image.evaluation.text_metrics import cvtg_words, nearest_similarity, words_found
from glm_image.evaluation.tools import Tools

_OFFICIAL_READER = ("paddleocr", "2.10.0")
_REGIONS = ("2", "3", "4", "5")
_CLIP_FACTOR = 2.5


class CvtgScorer:
    """Looks for every wanted word anywhere in the picture; means over words."""

    def scorecard(self, benchmark: Benchmark) -> Scorecard:
        """Words found and their nearest matches, for all and by number of texts."""
        return Scorecard(
            metrics=(
                Metric(
                    name="word_accuracy",
                    title="Word accuracy",
                    value="word_accuracy",
                    headline=True,
                    published="word_accuracy",
                ),
                Metric(name="ned", title="NED", value="ned", headline=True, published="ned"),
                Metric(
                    name="clip_score",
                    title="CLIP score",
                    value="clip_score",
                    headline=True,
                    published="clipscore",
                ),
                *(
                    Metric(
                        name=f"word_accuracy_{regions}",
                        title=f"Word accuracy, {regions} texts",
                        value="word_accuracy",
                        within={"regions": regions},
                        published=f"wa_{regions}",
                    )
                    for regions in _REGIONS
                ),
                *EXTRA_METRICS,
            ),
            axes=("subset", "regions"),
        )

    def score(self, benchmark: Benchmark, item: Item, image: Image.Image, tools: Tools) -> Marks:
        """Mark an RGB picture with reader and CLIP, each if it is there.

        Raises:
            ToolError: The reader failed.
        """
        values: dict[str, Value] = {}
        lines: list[str] = []
        if tools.reader is not None:
            lines = tools.reader.read(image)
            values |= _text_values(item, lines) | extras(item.texts, lines)
        if tools.clip is not None:
            cosine = tools.clip.cosine(image, f"A photo depicts {item.prompt}")
            values["clip_score"] = Value(value=_CLIP_FACTOR * max(cosine, 0.0))
        return _marks(item, values, lines)

    def nothing(self, benchmark: Benchmark, item: Item, tools: Tools) -> Marks:
        """Every value is 0."""
        values: dict[str, Value] = {}
        if tools.reader is not None:
            words = len(cvtg_words(item.texts))
            values = {name: Value(value=0.0, weight=words) for name in ("word_accuracy", "ned")}
            values |= extras(item.texts, [])
        if tools.clip is not None:
            values["clip_score"] = Value(value=0.0)
        return _marks(item, values, [])

    def official(self, benchmark: Benchmark, tools: Tools) -> tuple[bool, bool]:
        """The authors read with PaddleOCR 2.10.0 and ask no judge."""
        reader = tools.reader
        return reader is not None and (reader.name, reader.version) == _OFFICIAL_READER, False

    def proxies(self, benchmark: Benchmark) -> tuple[str, ...]:
        """None."""
        return ()


def _text_values(item: Item, lines: Sequence[str]) -> dict[str, Value]:
    wanted, read = cvtg_words(item.texts), cvtg_words(lines)
    if not wanted:
        return {}
    nearest = sum(nearest_similarity(word, read) for word in wanted)
    return {
        "word_accuracy": Value(value=words_found(wanted, read) / len(wanted), weight=len(wanted)),
        "ned": Value(value=nearest / len(wanted), weight=len(wanted)),
    }


def _marks(item: Item, values: dict[str, Value], lines: Sequence[str]) -> Marks:
    read = set(cvtg_words(lines))
    hits = [all(word in read for word in cvtg_words([text])) for text in item.texts]
    return Marks(values=values, expected=item.texts, read=tuple(lines), detail={"hits": hits})
