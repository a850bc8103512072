"""Times one request, stage by stage, and sets each stage beside what the machine can do."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from glm_image.errors import InputError
from glm_image.evaluation.speed import counting, machine
from glm_image.evaluation.speed.counting import Work
from glm_image.evaluation.speed.machine import Ceilings
from glm_image.execution.plan import ExecutionPlan
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.pipeline.params import is_whole
from glm_image.tokenizer.glyph import byt5_batch, quoted_texts
from glm_image.types import Size

PROMPT = 'a poster with a blue background, a yellow star in the center, the text "HELLO" at the top'
"""What is drawn: words with a text, so that every network has work."""

SEED = 1


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is drawn, and how often.

    Args:
        size: Of the picture; None is the model's own.
        steps: Denoising steps.
        guidance: Weight of the prompt in the decoder; above 1 it runs twice per step.
        rounds: Timed requests, after one that warms up.

    Raises:
        InputError: There is no round. The pipeline checks the rest.
    """

    size: Size | None = None
    steps: int = 50
    guidance: float = 1.5
    rounds: int = 3

    def __post_init__(self) -> None:
        if not is_whole(self.rounds) or self.rounds < 1:
            raise InputError(f"got {self.rounds!r}", field="rounds", hint="a whole number from 1")

    @property
    def passes(self) -> int:
        """Passes of the decoder over one picture."""
        return self.steps * (2 if self.guidance > 1 else 1)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage of a request.

    Args:
        name: As in the timings of a result.
        seconds: One per round.
        units: How many times its unit of work was done.
        unit: What is counted, such as ``"token"``; empty where nothing is.
        work: Work of one unit, if it is counted.
    """

    name: str
    seconds: tuple[float, ...]
    units: int = 1
    unit: str = ""
    work: Work | None = None

    @property
    def median(self) -> float:
        """Seconds of the middle round."""
        return statistics.median(self.seconds)

    @property
    def flops(self) -> float | None:
        """Floating-point operations per second, if they are counted."""
        return None if self.work is None else self.work.flops * self.units / self.median

    @property
    def bytes(self) -> float | None:
        """Bytes of weights per second, if they are counted."""
        return None if self.work is None else self.work.bytes * self.units / self.median

    def share(self, ceilings: Ceilings) -> float | None:
        """Least time that the machine allows over the time taken, in [0, 1]."""
        if self.work is None:
            return None
        least = max(self.work.flops / ceilings.flops, self.work.bytes / ceilings.bytes)
        return least * self.units / self.median

    def is_bound_by_reading(self, ceilings: Ceilings) -> bool:
        """Whether reading the weights alone takes longer than the arithmetic alone."""
        work = self.work
        if work is None:
            return False
        return work.bytes / ceilings.bytes > work.flops / ceilings.flops


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was measured.

    Args:
        model: Name of the model.
        size: Of the picture.
        setting: What was drawn, and how often.
        plan: How the networks ran.
        machine: Facts about the machine.
        ceilings: What the machine can do.
        stages: In order; the last one is the whole request.
        peak_bytes: Most memory held.
    """

    model: str
    size: Size
    setting: Setting
    plan: ExecutionPlan
    machine: Mapping[str, object]
    ceilings: Ceilings
    stages: tuple[Stage, ...]
    peak_bytes: int

    def to_mapping(self) -> dict[str, object]:
        """Everything, in values that JSON can hold."""
        return {
            "model": self.model,
            "height": self.size.height,
            "width": self.size.width,
            "num_inference_steps": self.setting.steps,
            "guidance_scale": self.setting.guidance,
            "plan": asdict(self.plan),
            "machine": dict(self.machine),
            "ceilings": asdict(self.ceilings),
            "peak_bytes": self.peak_bytes,
            "stages": {stage.name: self._stage(stage) for stage in self.stages},
        }

    def _stage(self, stage: Stage) -> dict[str, object]:
        facts: dict[str, object] = {"median_seconds": stage.median, "seconds": list(stage.seconds)}
        if stage.work is not None:
            facts |= {
                "unit": stage.unit,
                "units": stage.units,
                "flops_per_unit": stage.work.flops,
                "bytes_per_unit": stage.work.bytes,
                "share_of_ceiling": stage.share(self.ceilings),
            }
        return facts


def measure(pipeline: GlmImagePipeline, setting: Setting, on_round: Callable[[], None]) -> Report:
    """Draw the same picture several times and report how long each stage took.

    Args:
        pipeline: The loaded model.
        setting: What is drawn, and how often.
        on_round: Called after each request, the first of which only warms up.

    Raises:
        InputError: The picture cannot be drawn as asked.
    """
    device = pipeline.system.device
    ceilings = machine.ceilings(device)
    size = setting.size or pipeline.system.default_size
    device.reset_peak_memory()
    rounds: list[dict[str, float]] = []
    tokens = 0
    for _ in range(1 + setting.rounds):
        result = pipeline(
            PROMPT,
            height=size.height,
            width=size.width,
            num_inference_steps=setting.steps,
            guidance_scale=setting.guidance,
            seed=SEED,
        )
        rounds.append(result.timings)
        tokens = sum(health.tokens for health in result.health if health is not None)
        on_round()
    return Report(
        model=pipeline.system.name,
        size=size,
        setting=setting,
        plan=pipeline.plan,
        machine=machine.describe(device),
        ceilings=ceilings,
        stages=_stages(pipeline, setting, size, rounds[1:], tokens),
        peak_bytes=machine.peak_bytes(device),
    )


def _stages(
    pipeline: GlmImagePipeline,
    setting: Setting,
    size: Size,
    rounds: Sequence[Mapping[str, float]],
    tokens: int,
) -> tuple[Stage, ...]:
    system = pipeline.system
    itemsize = system.device.dtype.itemsize
    glyphs = int(byt5_batch(quoted_texts(PROMPT, "smart"))[1].sum())
    # Half of the codes are in the cache of the middle one.
    token = counting.of_token(system.generator.config, tokens // 2, itemsize)
    step = counting.of_pass(system.dit.config, size, glyphs, itemsize)
    picture = counting.of_picture(system.vae.config, size, itemsize)
    counted = {
        "generator": (tokens, "token", token),
        "decoder": (setting.passes, "pass", step),
        "image": (1, "picture", picture),
    }
    stages = []
    for name in rounds[0]:
        units, unit, work = counted.get(name, (1, "", None))
        seconds = tuple(timings[name] for timings in rounds)
        stages.append(Stage(name=name, seconds=seconds, units=units, unit=unit, work=work))
    return tuple(stages)
