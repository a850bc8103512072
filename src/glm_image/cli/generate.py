"""``glm-image generate``: a picture from words."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glm_image.cli import output
from glm_image.cli.flags import DrawFlags, parse_size
from glm_image.cli.planning import shared_wish
from glm_image.cli.processes import leaving
from glm_image.cli.progress import Bars
from glm_image.errors import InputError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

    from glm_image.pipeline.load import Pipeline
    from glm_image.pipeline.result import Result


def generate(
    prompt: Annotated[
        str,
        typer.Argument(
            metavar="PROMPT", help="What the picture shows. Quoted text is written in it."
        ),
    ],
    flags: DrawFlags,
) -> None:
    """Draw pictures from words."""
    draw(prompt, [], None, flags)


def draw(prompt: str, images: list[Path], strength: float | None, flags: DrawFlags) -> None:
    """Load the model, make pictures and write them.

    Args:
        prompt: Words.
        images: Sources of an edit, or none.
        strength: Of an edit.
        flags: Everything else.
    """
    parse_size(flags.size)  # Refused before anything is loaded.
    loras = [_lora(text) for text in flags.lora or []]
    output.check_target(flags.output)
    from glm_image.execution.ranks import Ranks

    with leaving(Ranks.from_environment()) as ranks:
        asked = shared_wish(flags, ranks.world)
        with Bars(quiet=flags.quiet or not ranks.writes) as bars:
            with bars.waiting("loading the model"):
                from glm_image.image.opening import load as load_image
                from glm_image.pipeline.families import is_cogview4
                from glm_image.pipeline.load import load
                from glm_image.pipeline.request import check_texts
                from glm_image.pipeline.system import find

                # What is wrong with the request is said before minutes of loading, not after.
                check_texts(prompt)
                _check_numbers(flags, strength)
                sources = [load_image(path) for path in images]
                control = None if flags.control is None else load_image(flags.control)
                folder = find(flags.model)
                for_cogview4 = is_cogview4(folder)
                _refuse_strangers(flags, len(images), for_cogview4=for_cogview4)
                if for_cogview4:
                    _check_pictures(folder, prompt, sources, control, flags)
                _check_loras(folder, loras)
                device = flags.device if ranks.world == 1 else str(ranks.device(flags.device))
                pipeline = load(flags.model, device=device, dtype=flags.dtype, plan=asked)
                for path, scale in loras:
                    pipeline.loras.load(path, scale=scale)
            result = _ask(pipeline, prompt, sources, control, strength, flags, bars)
        if ranks.writes:
            output.report(result, output.save(result, flags.output), flags)


def _ask(
    pipeline: "Pipeline",
    prompt: str,
    sources: list["Picture"],
    control: "Picture | None",
    strength: float | None,
    flags: DrawFlags,
    bars: Bars,
) -> "Result":
    """Have either pipeline draw what the flags say."""
    height, width = parse_size(flags.size)
    from glm_image.pipeline.cogview4_api import CogView4Pipeline

    if isinstance(pipeline, CogView4Pipeline):
        return pipeline(
            prompt,
            negative_prompt=flags.negative,
            image=sources[0] if sources else None,
            strength=strength,
            control_image=control,
            height=height,
            width=width,
            any_size=flags.any_size,
            num_inference_steps=flags.steps,
            guidance_scale=flags.guidance,
            seed=flags.seed,
            num_images=flags.num_images,
            compat=flags.compat,
            on_progress=bars,
        )
    return pipeline(
        prompt,
        image=sources or None,
        height=height,
        width=width,
        num_inference_steps=flags.steps,
        guidance_scale=flags.guidance,
        temperature=flags.temperature,
        top_p=flags.top_p,
        strength=strength,
        seed=flags.seed,
        num_images=flags.num_images,
        quotes=flags.quotes,
        on_progress=bars,
    )


def _refuse_strangers(flags: DrawFlags, images: int, *, for_cogview4: bool) -> None:
    """Refuse what is asked for and means nothing to the model.

    Raises:
        InputError: Names every such flag.
    """
    given: dict[str, object] = (
        {"temperature": flags.temperature, "top_p": flags.top_p, "quotes": flags.quotes}
        if for_cogview4
        else {
            "negative_prompt": flags.negative,
            "control_image": flags.control,
            "any_size": flags.any_size or None,
            "compat": flags.compat or None,
        }
    )
    strangers = [name for name, value in given.items() if value is not None]
    mine, other = ("CogView4", "GLM-Image") if for_cogview4 else ("GLM-Image", "CogView4")
    if strangers:
        raise InputError(
            f"{mine} has nothing of the kind",
            field=", ".join(strangers),
            hint=f"leave it out, or draw with {other}",
        )
    if for_cogview4 and images > 1:
        raise InputError(
            f"{images} pictures, CogView4 takes no references",
            field="image",
            hint="give one picture to start from, or edit with GLM-Image",
        )


def _check_pictures(
    folder: Path,
    prompt: str,
    sources: list["Picture"],
    control: "Picture | None",
    flags: DrawFlags,
) -> None:
    """Refuse what CogView4 cannot draw, by its settings alone.

    Raises:
        InputError: A size or a picture is wrong.
        CheckpointError: The settings are; every problem is listed.
    """
    from glm_image.checkpoint import cogview4
    from glm_image.device import resolve
    from glm_image.pipeline.cogview4 import CogView4System
    from glm_image.pipeline.cogview4_request import CogView4Request, read

    height, width = parse_size(flags.size)
    system = CogView4System.of(cogview4.outline(folder), str(folder), resolve("cpu"))
    request = CogView4Request(
        prompt=prompt,
        negative_prompt=flags.negative,
        image=sources[0] if sources else None,
        control_image=control,
        height=height,
        width=width,
        any_size=flags.any_size,
        seeds=flags.seed or 0,
        num_images=flags.num_images,
    )
    read(system, request)


def _check_loras(folder: Path, loras: list[tuple[str, float]]) -> None:
    """See whether the files fit the model before its weights are read."""
    if not loras:
        return
    from glm_image.execution.lora import Loras
    from glm_image.pipeline.families import decoder_outline

    changes = Loras(dit=decoder_outline(folder))
    for path, _ in loras:
        changes.check(path)


def _lora(text: str) -> tuple[str, float]:
    """Path and scale of ``PATH`` or ``PATH=SCALE``.

    Raises:
        InputError: The scale is no number.
    """
    path, mark, scale = text.rpartition("=")
    if not mark:
        return text, 1.0
    try:
        return path, float(scale)
    except ValueError as error:
        raise InputError(f"got {text!r}", field="lora", hint="write PATH=0.8") from error


def _check_numbers(flags: DrawFlags, strength: float | None) -> None:
    from glm_image.pipeline.params import SamplingParams

    given: dict[str, Any] = {
        "steps": flags.steps,
        "guidance": flags.guidance,
        "temperature": flags.temperature,
        "top_p": flags.top_p,
        "strength": strength,
        "quotes": flags.quotes,
    }
    SamplingParams(**{name: value for name, value in given.items() if value is not None})
