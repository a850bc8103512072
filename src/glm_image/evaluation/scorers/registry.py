"""Finds the scorer of a benchmark."""

from collections.abc import Callable, Mapping
from importlib import import_module

from glm_image.config import nearest
from glm_image.errors import ConfigError
from glm_image.evaluation.benchmark import Benchmark
from glm_image.evaluation.scorers.base import Scorer

_CLASSES: Mapping[str, str] = {
    "cvtg": "CvtgScorer",
    "geneval": "GenevalScorer",
    "longtext": "LongtextScorer",
    "oneig": "OneigScorer",
    "posters": "PostersScorer",
    "questions": "QuestionsScorer",
    "tiif": "TiifScorer",
}


def scorer_of(benchmark: Benchmark) -> Scorer:
    """The scorer that a benchmark names.

    Raises:
        ConfigError: There is none of this name.
    """
    name = benchmark.scorer
    if name not in _CLASSES:
        raise ConfigError(
            f"unknown scorer {name!r}", field=benchmark.name, hint=nearest(name, _CLASSES)
        )
    module = import_module(f"{__package__}.{name}")
    make: Callable[[], Scorer] = getattr(module, _CLASSES[name])
    return make()
