"""Several requests: one after another, and all at once."""

from collections.abc import Sequence

import numpy as np

from benchmarks import systems
from benchmarks.outcome import OURS, REFERENCE, Outcome, Part, Scale, lines, processor_line
from benchmarks.reference import load
from benchmarks.rounds import TOTAL, Arm, Parts, interleave
from glm_image.device import resolve
from glm_image.evaluation.speed import machine
from glm_image.pipeline.api import GlmImagePipeline

_STEPS = 10
_COLOURS = ("red", "green", "blue", "yellow", "orange", "purple", "pink", "white")
"""What the prompts differ in; their lengths differ too."""


def prompts(count: int) -> list[str]:
    """Prompts of different lengths, every other one with a text."""
    return [
        f"{' and '.join(_COLOURS[: 1 + index % len(_COLOURS)])}"
        + (f', the text "NO {index}"' if index % 2 else "")
        for index in range(count)
    ]


class Requests:
    """All requests of one round, on our side.

    Args:
        pipeline: The loaded model.
        words: One prompt per request.
        steps: Denoising steps.
    """

    def __init__(self, pipeline: GlmImagePipeline, words: Sequence[str], steps: int) -> None:
        self.pictures: dict[str, list[np.ndarray]] = {}
        self._pipeline = pipeline
        self._words = list(words)
        self._steps = steps

    def together(self) -> Parts:
        """One call with all prompts."""
        self.pictures["together"] = self._draw(self._words)
        return {}

    def one_by_one(self) -> Parts:
        """One call per prompt."""
        self.pictures["one by one"] = [self._draw([word])[0] for word in self._words]
        return {}

    def _draw(self, words: list[str]) -> list[np.ndarray]:
        result = self._pipeline(words, num_inference_steps=self._steps, seed=1)
        return [picture.pixels for picture in result.pictures]

    @property
    def difference(self) -> float:
        """Largest difference between the two ways, in 255ths."""
        pairs = zip(self.pictures["together"], self.pictures["one by one"], strict=True)
        return max(float(np.abs(a.astype(np.int16) - b).max()) for a, b in pairs)


def serving(scale: Scale) -> Outcome:
    """Requests for pictures of one size on the mid-size model."""
    folder = systems.checkpoint(scale.presets, scale.work / "midsize")
    steps = scale.steps or _STEPS
    words = prompts(scale.requests)
    pipeline = GlmImagePipeline.from_pretrained(folder, device="cpu", dtype="float32")
    requests = Requests(pipeline, words, steps)
    side = pipeline.system.default_size.height
    arms: dict[str, Arm] = {
        f"{OURS}, at once": requests.together,
        f"{OURS}, one by one": requests.one_by_one,
        f"{REFERENCE}, one by one": _reference(load(folder), words, steps, side),
    }
    times = interleave(arms, scale.rounds)
    part = Part(
        name=TOTAL,
        what="one picture",
        unit="s",
        scale=1 / scale.requests,
        error=requests.difference,
        error_of="at once against one by one, in 255ths",
    )
    return Outcome(
        name="serving",
        title=f"{scale.requests} requests, mid-size random model, {steps} steps, {side}x{side}",
        machine=machine.describe(resolve("cpu", "float32")),
        lines=[*lines(times, [part]), processor_line(times)],
    )


def _reference(pipe: object, words: Sequence[str], steps: int, side: int) -> Arm:
    """The reference draws alone: a batch of unlike texts is padded there and drawn differently."""

    def run() -> Parts:
        for word in words:
            pipe(prompt=word, height=side, width=side, num_inference_steps=steps)  # type: ignore[operator]
        return {}

    return run
