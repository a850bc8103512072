"""What callers of CogView4 give, checked and turned into pictures to be made."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image as PilImage
from torch import Tensor

from glm_image.errors import InputError
from glm_image.image import opening
from glm_image.image.transforms import resize, to_pixels
from glm_image.pipeline.cogview4 import CogView4System, whole
from glm_image.pipeline.params import is_whole
from glm_image.pipeline.picture import Picture
from glm_image.pipeline.request import (
    MAX_PROMPT_CHARACTERS,
    SourceImage,
    check_texts,
    count_of,
    noises_of,
    seeds_of,
)
from glm_image.types import CogView4Prompt, Size


@dataclass(frozen=True, kw_only=True, eq=False)
class CogView4Request:
    """What a caller asks for, as given.

    Args:
        prompt: Words, or one text per prompt of a batch.
        negative_prompt: Words to lead away from: one text for all prompts, or one per prompt.
        image: A picture to start from.
        control_image: A picture of the size of the picture, for a model that takes one.
        height: Pixels; with ``width``, or neither.
        width: Pixels.
        any_size: Whether sizes that the model was not trained for are accepted.
        original_size: Height and width that the picture is to seem to have been scaled from.
        crop: Top and left of the crop that it is to seem to be.
        seeds: As of :class:`~glm_image.pipeline.request.Request`.
        num_images: Pictures per prompt.
        latents: Noise per picture, to be used instead of drawn noise.
    """

    prompt: str | Sequence[str]
    negative_prompt: str | Sequence[str] | None = None
    image: SourceImage | None = None
    control_image: SourceImage | None = None
    height: int | None = None
    width: int | None = None
    any_size: bool = False
    original_size: tuple[int, int] | None = None
    crop: tuple[int, int] = (0, 0)
    seeds: int | Sequence[int] | None = None
    num_images: int = 1
    latents: Tensor | None = None


def read(system: CogView4System, request: CogView4Request) -> tuple[list[Picture], list[str]]:
    """Check a request and prepare its pictures.

    Returns:
        The pictures, those of the first prompt first, and notes on what was adapted.

    Raises:
        InputError: Something cannot be done as asked.
    """
    texts = check_texts(request.prompt)
    negatives = _negatives(request.negative_prompt, len(texts))
    count = count_of(request.num_images)
    seeds = seeds_of(system, request.seeds, len(texts), count)
    notes: list[str] = []
    for text in dict.fromkeys([*texts, *negatives]):
        dropped = system.tokenizer.padded(text).dropped
        if dropped:
            notes.append(f"a prompt is too long, its last {dropped} tokens were left out")
    control = _control(system, request.control_image)
    start = None if request.image is None else opening.load(request.image)
    size = _size(system, request, control or start)
    if control is not None and Size(control.height, control.width) != size:
        raise InputError(
            f"it is {Size(control.height, control.width)}, the picture is {size}",
            field="control_image",
            hint=f"scale it to {size}, or leave height and width out",
        )
    if start is not None and Size(start.height, start.width) != size:
        notes.append(f"the image of {Size(start.height, start.width)} was scaled to {size}")
    prompts = [
        CogView4Prompt(
            text=text,
            negative=negative,
            size=size,
            original_size=size if request.original_size is None else Size(*request.original_size),
            crop=request.crop,
            control_chw=None if control is None else to_pixels(control),
            start_chw=None if start is None else to_pixels(resize(start, size)),
        )
        for text, negative in zip(texts, negatives, strict=True)
    ]
    wanted = [prompt for prompt in prompts for _ in range(count)]
    noises = noises_of(system, request.latents, wanted)
    pictures = [
        Picture(prompt=prompt, output=whole(size), seed=seed, noise_chw=noise_chw)
        for prompt, seed, noise_chw in zip(wanted, seeds, noises, strict=True)
    ]
    return pictures, notes


USUAL_STRENGTH = 0.6
"""Of an edit whose strength nobody names."""


def strength_of(given: float | None, *, from_picture: bool) -> float:
    """Share of the steps that are run: what is given, else what is usual for a start from there."""
    if given is not None:
        return given
    return USUAL_STRENGTH if from_picture else 1.0


def _negatives(negative: str | Sequence[str] | None, prompts: int) -> list[str]:
    """One text per prompt; it may be empty."""
    texts = (
        [negative or ""] * prompts if negative is None or isinstance(negative, str) else negative
    )
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise InputError(
            f"got {type(negative).__name__}",
            field="negative_prompt",
            hint="give a text or a list of texts",
        )
    if len(texts) != prompts:
        raise InputError(
            f"{len(texts)} texts for {prompts} prompts",
            field="negative_prompt",
            hint="give one text, or one per prompt",
        )
    if any(len(text) > MAX_PROMPT_CHARACTERS for text in texts):
        raise InputError(
            "a text is too long",
            field="negative_prompt",
            hint=f"shorten it to {MAX_PROMPT_CHARACTERS} characters",
        )
    return list(texts)


def _control(system: CogView4System, image: SourceImage | None) -> PilImage.Image | None:
    """The control picture that the model wants, or none."""
    if system.takes_control and image is None:
        raise InputError(
            "it is missing", field="control_image", hint="this model draws after a control picture"
        )
    if image is not None and not system.takes_control:
        raise InputError(
            "this model takes none", field="control_image", hint="load a control checkpoint"
        )
    return None if image is None else opening.load(image)


def _size(system: CogView4System, request: CogView4Request, given: PilImage.Image | None) -> Size:
    """Size of the pictures: what is asked for, else that of a given picture, else the model's."""
    height, width = request.height, request.width
    if height is None and width is None:
        size = system.default_size if given is None else Size(given.height, given.width)
    elif height is None or width is None:
        missing = "height" if height is None else "width"
        raise InputError("it is missing", field=missing, hint="give height and width, or neither")
    elif not is_whole(height) or not is_whole(width):
        raise InputError(
            f"got {height!r} and {width!r}", field="height, width", hint="whole numbers of pixels"
        )
    else:
        size = Size(int(height), int(width))
    system.rule.check(size, any_size=request.any_size)
    return size
