"""``glm-image generate``: a picture from words."""

from pathlib import Path
from typing import Annotated, Any

import typer

from glm_image.cli import output
from glm_image.cli.flags import DrawFlags, parse_size
from glm_image.cli.planning import shared_wish
from glm_image.cli.processes import leaving
from glm_image.cli.progress import Bars


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
    height, width = parse_size(flags.size)
    output.check_target(flags.output)
    from glm_image.execution.ranks import Ranks

    with leaving(Ranks.from_environment()) as ranks:
        asked = shared_wish(flags, ranks.world)
        with Bars(quiet=flags.quiet or not ranks.writes) as bars:
            with bars.waiting("loading the model"):
                from glm_image.image.opening import load
                from glm_image.pipeline.api import GlmImagePipeline
                from glm_image.pipeline.request import check_texts

                # What is wrong with the request is said before minutes of loading, not after.
                check_texts(prompt)
                _check_numbers(flags, strength)
                sources = [load(path) for path in images]
                device = flags.device if ranks.world == 1 else str(ranks.device(flags.device))
                pipeline = GlmImagePipeline.from_pretrained(
                    flags.model, device=device, dtype=flags.dtype, plan=asked
                )
            result = pipeline(
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
        if ranks.writes:
            output.report(result, output.save(result, flags.output), flags)


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
