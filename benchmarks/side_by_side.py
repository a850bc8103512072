"""Words to picture on the CPU, here and in the reference pipeline, from one checkpoint."""

from functools import partial
from pathlib import Path

from benchmarks import reference, systems
from benchmarks.drawing import Ours, Request, to_lines
from benchmarks.outcome import OURS, REFERENCE, Outcome, Scale
from benchmarks.reference import Theirs
from benchmarks.rounds import interleave
from glm_image.device import resolve
from glm_image.evaluation.speed import machine
from glm_image.execution.auto import PLAIN, Wish
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.pipeline.system import find

PROMPT = 'a poster with a blue background, a yellow star in the center, the text "HELLO" at the top'

_MIDSIZE_STEPS, _BUNDLED_STEPS = 10, 20


def midsize(scale: Scale) -> Outcome:
    """Networks with random weights, large enough that arithmetic counts."""
    folder = systems.checkpoint(scale.presets, scale.work / "midsize")
    steps = scale.steps or _MIDSIZE_STEPS
    title = f"mid-size random model, {steps} steps"
    # How often a guess is right depends on what a model has learned.
    return _outcome("midsize", title, folder, steps, scale, Wish(window=1))


def bundled(scale: Scale) -> Outcome:
    """The bundled model, where what is around the arithmetic counts."""
    steps = scale.steps or _BUNDLED_STEPS
    title = f"bundled model, {steps} steps"
    return _outcome("bundled", title, find(scale.model), steps, scale, Wish())


def _outcome(name: str, title: str, folder: Path, steps: int, scale: Scale, wish: Wish) -> Outcome:
    device = resolve("cpu", "float32")
    fast = GlmImagePipeline.from_pretrained(folder, device="cpu", dtype="float32", plan=wish)
    plain = GlmImagePipeline.from_pretrained(folder, device="cpu", dtype="float32", plan=PLAIN)
    size = fast.system.default_size
    request = Request(prompt=PROMPT, height=size.height, width=size.width, steps=steps)
    tuned = reference.tune(reference.load(folder), device)
    ours = Ours(fast)
    sides: dict[str, Ours | Theirs] = {
        OURS: ours,
        f"{OURS}, plain": Ours(plain),
        REFERENCE: Theirs(reference.load(folder), device),
        f"{REFERENCE}, tuned": Theirs(tuned, device),
    }
    arms = {arm: partial(side.draw, request) for arm, side in sides.items()}
    times = interleave(arms, scale.rounds)
    drawings = [side.drawing for side in sides.values()]
    return Outcome(
        name=name,
        title=f"{title}, {size.width}x{size.height}, guidance {request.guidance:g}",
        machine=machine.describe(device),
        lines=to_lines(times, request, ours.tokens, drawings),
        notes=[
            f"{ours.tokens} codes written, {request.passes} passes of the decoder, "
            f"{scale.rounds} rounds in turns",
            "both sides take the likeliest code, so that codes and pictures can be compared",
            "tuned: channels innermost in the autoencoder, and this package's packed layers",
        ],
    )
