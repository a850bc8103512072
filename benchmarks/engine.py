"""Requests that an engine draws at once, beside the same requests one after another."""

import statistics
from functools import partial

import numpy as np

from benchmarks.outcome import OURS, Line, Outcome, Part, Scale, lines, processor_line
from benchmarks.rounds import TOTAL, Parts, Ratio, interleave
from benchmarks.serving import prompts
from glm_image.device import resolve
from glm_image.engine.engine import Engine
from glm_image.engine.job import Order
from glm_image.evaluation.speed import machine
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.pipeline.params import SamplingParams
from glm_image.pipeline.request import Request, read
from glm_image.pipeline.system import find

_STEPS = 20
_TOGETHER = f"{OURS}, at once in the engine"
_ALONE = f"{OURS}, one by one"
_GOAL = 2.0
"""How many times as long one by one should take."""


class Requests:
    """One request per prompt, drawn in two ways.

    Args:
        pipeline: The loaded model.
        count: Requests.
        steps: Denoising steps.

    Attributes:
        drawn: Pictures of each way, from its last round.
    """

    def __init__(self, pipeline: GlmImagePipeline, count: int, steps: int) -> None:
        self.drawn: dict[str, list[np.ndarray]] = {}
        self._pipeline = pipeline
        self._words = prompts(count)
        self._steps = steps

    def together(self) -> Parts:
        """Hand all of them in at once and wait for the last."""
        system = self._pipeline.system
        sampling = system.sampling
        params = SamplingParams(
            steps=self._steps,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=sampling.top_k,
        )
        with Engine(system) as engine:
            tickets = []
            for seed, words in enumerate(self._words):
                pictures, notes = read(system, Request(prompt=words, seeds=seed))
                tickets.append(engine.submit(Order(pictures=pictures, params=params, notes=notes)))
            results = [ticket.result() for ticket in tickets]
        self.drawn[_TOGETHER] = [result.pictures[0].pixels for result in results]
        return {"first": min(result.timings["total"] for result in results)}

    def one_by_one(self) -> Parts:
        """One call after another."""
        results = [
            self._pipeline(words, num_inference_steps=self._steps, seed=seed)
            for seed, words in enumerate(self._words)
        ]
        self.drawn[_ALONE] = [result.pictures[0].pixels for result in results]
        return {"first": results[0].timings["total"]}

    @property
    def difference(self) -> float:
        """Largest difference between the two ways, in 255ths."""
        pairs = zip(self.drawn[_TOGETHER], self.drawn[_ALONE], strict=True)
        return max(float(np.abs(a.astype(np.int16) - b).max()) for a, b in pairs)


def engine(scale: Scale) -> Outcome:
    """Requests for pictures of one size, all there at the beginning, on the bundled model."""
    steps = scale.steps or _STEPS
    pipeline = GlmImagePipeline.from_pretrained(find(scale.model), device="cpu", dtype="float32")
    requests = Requests(pipeline, scale.requests, steps)
    arms = {_TOGETHER: partial(requests.together), _ALONE: partial(requests.one_by_one)}
    times = interleave(arms, scale.rounds)
    whole = Part(
        name=TOTAL,
        what="one picture",
        scale=1 / scale.requests,
        error=requests.difference,
        error_of="at once against one by one, in 255ths",
    )
    found = [
        *lines(times, [whole, Part(name="first", what="until the first picture")]),
        processor_line(times),
    ]
    return Outcome(
        name="engine",
        title=f"{scale.requests} requests, bundled model, {steps} steps",
        machine=machine.describe(resolve("cpu", "float32")),
        lines=found,
        notes=[f"one by one takes {_times(found[0])} times as long, the goal is {_GOAL:g}"],
    )


def _times(line: Line) -> str:
    ratio = Ratio.of(line.values[_ALONE], line.values[_TOGETHER])
    spent = statistics.median(line.values[_TOGETHER])
    return f"{ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f}, {spent:.2f} s a picture)"
