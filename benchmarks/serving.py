"""Several requests: through the engine, in one call, and one after another."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import systems
from benchmarks.outcome import OURS, REFERENCE, Outcome, Part, Scale, lines, processor_line
from benchmarks.reference import load
from benchmarks.rounds import TOTAL, Arm, Parts, interleave
from glm_image.device import resolve
from glm_image.engine.engine import Engine
from glm_image.engine.job import Order
from glm_image.evaluation.speed import machine
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.pipeline.params import SamplingParams
from glm_image.pipeline.request import Request, read

Pixels = NDArray[np.uint8]

_STEPS, _SEED = 10, 1
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
        self._pictures: dict[str, list[Pixels]] = {}
        self._pipeline = pipeline
        self._words = list(words)
        self._steps = steps

    def engine(self) -> Parts:
        """One request per prompt, handed in together."""
        orders = [self._order(word) for word in self._words]
        with Engine(self._pipeline.system) as engine:
            tickets = [engine.submit(order) for order in orders]
            results = [ticket.result() for ticket in tickets]
        self._pictures["engine"] = [result.pictures[0].pixels for result in results]
        return {}

    def one_call(self) -> Parts:
        """One call with all prompts."""
        self._pictures["one call"] = self._draw(self._words)
        return {}

    def one_by_one(self) -> Parts:
        """One call per prompt."""
        self._pictures["one by one"] = [self._draw([word])[0] for word in self._words]
        return {}

    @property
    def difference(self) -> float:
        """Largest difference of any way from one call per prompt, in 255ths."""
        alone = self._pictures["one by one"]
        return max(
            float(np.abs(one.astype(np.int16) - other).max())
            for pictures in self._pictures.values()
            for one, other in zip(pictures, alone, strict=True)
        )

    def _draw(self, words: list[str]) -> list[Pixels]:
        result = self._pipeline(words, num_inference_steps=self._steps, seed=_SEED)
        return [picture.pixels for picture in result.pictures]

    def _order(self, word: str) -> Order:
        system = self._pipeline.system
        pictures, notes = read(system, Request(prompt=word, seeds=_SEED))
        sampling = system.sampling
        params = SamplingParams(
            steps=self._steps,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=sampling.top_k,
        )
        return Order(pictures=pictures, params=params, notes=notes)


def serving(scale: Scale) -> Outcome:
    """Requests for pictures of one size on the mid-size model."""
    folder = systems.checkpoint(scale.presets, scale.work / "midsize")
    steps = scale.steps or _STEPS
    words = prompts(scale.requests)
    pipeline = GlmImagePipeline.from_pretrained(folder, device="cpu", dtype="float32")
    requests = Requests(pipeline, words, steps)
    side = pipeline.system.default_size.height
    arms: dict[str, Arm] = {
        f"{OURS}, engine": requests.engine,
        f"{OURS}, one call": requests.one_call,
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
        error_of="255ths, against one by one",
    )
    return Outcome(
        name="serving",
        title=f"{scale.requests} requests, mid-size random model, {steps} steps, {side}x{side}",
        machine=machine.describe(resolve("cpu", "float32")),
        lines=[*lines(times, [part]), processor_line(times)],
    )


def _reference(pipe: Any, words: Sequence[str], steps: int, side: int) -> Arm:
    """The reference draws alone: a batch of unlike texts is padded there and drawn differently."""

    def run() -> Parts:
        for word in words:
            pipe(prompt=word, height=side, width=side, num_inference_steps=steps)
        return {}

    return run
