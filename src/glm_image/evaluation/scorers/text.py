"""What is measured beside the official rules wherever a picture should show texts.

The official rules of the text benchmarks only look for what is missing.
"""

from collections.abc import Sequence

from glm_image.evaluation.scores import Metric, Value
from glm_image.evaluation.text_metrics import compare

_QWEN = "qwen2.5-vl-7b"

EXTRA_METRICS: tuple[Metric, ...] = (
    Metric(
        name="char_precision", title="Characters asked for", value="char_precision", official=False
    ),
    Metric(name="char_recall", title="Characters there", value="char_recall", official=False),
    Metric(name="char_f1", title="Characters, F1", value="char_f1", official=False),
    Metric(name="matched", title="Words, one to one", value="matched", official=False),
    Metric(name="exact_texts", title="Texts exact", value="exact_texts", official=False),
    Metric(
        name="repeated",
        title="Words repeated",
        value="repeated",
        official=False,
        higher_is_better=False,
    ),
    Metric(
        name="extra_lines",
        title="Extra lines a picture",
        value="extra_lines",
        official=False,
        higher_is_better=False,
    ),
)
"""Ours, each a mean over pictures."""


def extras(wanted: Sequence[str], lines: Sequence[str]) -> dict[str, Value]:
    """Values of :data:`EXTRA_METRICS` of a picture; none where no text is wanted."""
    if not any(map(str.strip, wanted)):
        return {}
    found = compare(wanted, lines)
    return {
        "char_precision": Value(value=found.precision),
        "char_recall": Value(value=found.recall),
        "char_f1": Value(value=found.f1),
        "matched": Value(value=found.matched),
        "exact_texts": Value(value=found.exact),
        "repeated": Value(value=found.repeated),
        "extra_lines": Value(value=float(found.extra)),
    }


def reads_like_authors(reader_name: str, reader_version: str) -> bool:
    """Whether a reader is the Qwen2.5-VL-7B of LongText-Bench and OneIG-Bench."""
    return reader_name == "vision" and _QWEN in reader_version.lower()


def judges_like_authors(judge_version: str) -> bool:
    """Whether a judge is the Qwen2.5-VL-7B of OneIG-Bench."""
    return _QWEN in judge_version.lower()
