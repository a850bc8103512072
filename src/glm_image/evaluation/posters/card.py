"""What the posters are scored by, in the form that all benchmarks share."""

from collections.abc import Sequence

from glm_image.evaluation.posters.held_out import DRAWING_KINDS, EDIT_KINDS
from glm_image.evaluation.posters.marks import METRICS, Mark, all_right
from glm_image.evaluation.scores import Metric, Scorecard, Value

ALL_RIGHT = "all right"
"""Value of a picture in which everything is right."""

UNTOUCHED = "untouched PSNR"
"""Value of an edit: how much what it is not about is as it was, in dB."""

ELSEWHERE = "seeds differ"
"""Value of a drawing whose layout is open: things that a second seed puts elsewhere, a share."""

_EDIT_TEXTS = ("text loose en", "text loose zh")


def scorecard() -> Scorecard:
    """Single marks of drawings, drawings and edits that are all right, then what is no mark.

    Pictures are tagged with their ``task`` (``draw`` or ``edit``), ``kind`` and ``language``.
    """
    return Scorecard(
        metrics=(
            *(_metric(mark, mark, {"task": "draw"}) for mark in METRICS),
            _metric("all right", ALL_RIGHT, {"task": "draw"}, headline=True),
            _metric("edits", ALL_RIGHT, {"task": "edit"}, headline=True),
            *(
                _metric(f"edit: {kind}", ALL_RIGHT, {"task": "edit", "kind": kind})
                for kind in EDIT_KINDS
            ),
            *(_metric(f"edit {mark}", mark, {"task": "edit"}) for mark in _EDIT_TEXTS),
            *(
                _metric(f"all right: {kind}", ALL_RIGHT, {"task": "draw", "kind": kind})
                for kind in DRAWING_KINDS
            ),
            _metric(UNTOUCHED, UNTOUCHED, {"task": "edit"}),
            _metric(ELSEWHERE, ELSEWHERE, {"task": "draw"}),
        ),
        axes=("task", "language"),
    )


def _metric(name: str, value: str, within: dict[str, str], *, headline: bool = False) -> Metric:
    return Metric(name=name, title=name, value=value, within=within, headline=headline)


def values_of(
    marks: Sequence[Mark], *, untouched: float | None = None, elsewhere: float | None = None
) -> dict[str, Value]:
    """Mean and number of a picture's marks by metric, and whether all is right.

    Args:
        marks: Of one picture.
        untouched: Value of :data:`UNTOUCHED` where there is one.
        elsewhere: Value of :data:`ELSEWHERE` where there is one.
    """
    by_metric: dict[str, list[float]] = {}
    for mark in marks:
        by_metric.setdefault(mark.metric, []).append(mark.value)
    values = {
        metric: Value(value=sum(found) / len(found), weight=len(found))
        for metric, found in by_metric.items()
    }
    values[ALL_RIGHT] = Value(value=float(all_right(marks)))
    further = {UNTOUCHED: untouched, ELSEWHERE: elsewhere}
    return values | {
        name: Value(value=value) for name, value in further.items() if value is not None
    }


def failed(marks: Sequence[Mark]) -> list[str]:
    """Metrics of which something is not right, each once."""
    return list(dict.fromkeys(mark.metric for mark in marks if mark.value < 1))
