"""What callers give, checked and turned into pictures to be made.

Every rule about what a request may contain is here, and every refusal names the argument and what
to do about it.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from PIL import Image as PilImage
from torch import Tensor

from glm_image.errors import InputError
from glm_image.image import opening
from glm_image.image.size import OutputPlan, plan_output, source_size, token_grid
from glm_image.image.transforms import prepare_source
from glm_image.pipeline.loaded import Loaded
from glm_image.pipeline.params import is_whole
from glm_image.pipeline.picture import Picture
from glm_image.pipeline.sampling import MAX_SEED
from glm_image.pipeline.system import System
from glm_image.tokenizer.plain_words import unknown_words
from glm_image.types import Prompt, Size, Source

SourceImage = PilImage.Image | Path | str | bytes
"""A picture, a file or the content of one."""

SourceImages = SourceImage | Sequence[SourceImage] | Sequence[Sequence[SourceImage]]
"""One source, the sources of the one prompt, or a list of sources for every prompt."""

MAX_PROMPT_CHARACTERS = 8192
"""Longest prompt in characters. The context of the model may allow less, never much more."""

MAX_IMAGES = 64
"""Most pictures of one prompt."""

MAX_SOURCES = 16
"""Most source pictures of one prompt."""

_MOST_WORDS = 8
"""Most words that a note names."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Request:
    """What a caller asks for, as given.

    Args:
        prompt: Words, or one text per prompt of a batch.
        image: One source, the sources of the one prompt, or one list of sources per prompt.
        height: Pixels; with ``width``, or neither.
        width: Pixels.
        seeds: None draws one; a number seeds the first picture of each prompt and the next ones
            count up; a list holds one number per prompt or one per picture.
        num_images: Pictures per prompt.
        prior_tokens: Codes per picture, to be painted instead of written ones.
        latents: Noise per picture, to be used instead of drawn noise.
    """

    prompt: str | Sequence[str]
    image: SourceImages | None = None
    height: int | None = None
    width: int | None = None
    seeds: int | Sequence[int] | None = None
    num_images: int = 1
    prior_tokens: Tensor | Sequence[Tensor] | None = None
    latents: Tensor | None = None


def read(system: System, request: Request) -> tuple[list[Picture], list[str]]:
    """Check a request and prepare its pictures.

    Args:
        system: The model, for its sizes and source limits.
        request: As given.

    Returns:
        The pictures, those of the first prompt first, and notes on what was adapted.

    Raises:
        InputError: Something cannot be done as asked.
    """
    texts = check_texts(request.prompt)
    images = _sources_per_prompt(request.image, len(texts))
    count = count_of(request.num_images)
    seeds = seeds_of(system, request.seeds, len(texts), count)
    notes = _strange_words(system, texts)
    # A picture that several prompts share is read and scaled once.
    opened = {id(image): opening.load(image) for own in images for image in own}
    scaled = {key: _scale(system, picture, notes) for key, picture in opened.items()}
    prompts: list[tuple[Prompt, OutputPlan]] = []
    for text, own in zip(texts, images, strict=True):
        first = opened[id(own[0])] if own else None
        output = _output(system, request, first, notes)
        sources = tuple(scaled[id(image)] for image in own)
        prompts.append((Prompt(text=text, size=output.generated, sources=sources), output))
    wanted = [pair for pair in prompts for _ in range(count)]
    codes = _codes(system, request.prior_tokens, [prompt for prompt, _ in wanted])
    noises = noises_of(system, request.latents, [prompt for prompt, _ in wanted])
    pictures = [
        Picture(prompt=prompt, output=output, seed=seed, codes_n=codes_n, noise_chw=noise_chw)
        for (prompt, output), seed, codes_n, noise_chw in zip(
            wanted, seeds, codes, noises, strict=True
        )
    ]
    return pictures, list(dict.fromkeys(notes))


def _strange_words(system: System, texts: Sequence[str]) -> list[str]:
    """Says which words mean nothing to a model that has read few, and what it draws instead."""
    about = system.about
    if about is None or about.words == "":
        return []
    known = frozenset(about.words.split())
    found = dict.fromkeys(word for text in texts for word in unknown_words(text, known))
    if not found:
        return []
    words = ", ".join(list(found)[:_MOST_WORDS])
    return [
        f"the model has never read: {words}. What it draws: {about.summary} "
        "`glm-image doctor` tells it in full"
    ]


def check_texts(prompt: str | Sequence[str]) -> list[str]:
    """The prompts of a request as a list.

    Raises:
        InputError: There is none, or one is blank, too long or no text.
    """
    texts = [prompt] if isinstance(prompt, str) else prompt
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise InputError(
            f"got {type(prompt).__name__}", field="prompt", hint="give a text or a list of texts"
        )
    if not texts:
        raise InputError("the list is empty", field="prompt", hint="give at least one text")
    for text in texts:
        if not text.strip():
            raise InputError("it is blank", field="prompt", hint="say what the picture shows")
        if len(text) > MAX_PROMPT_CHARACTERS:
            raise InputError(
                f"it has {len(text)} characters",
                field="prompt",
                hint=f"shorten it to {MAX_PROMPT_CHARACTERS}",
            )
    return list(texts)


def _sources_per_prompt(image: SourceImages | None, prompts: int) -> list[list[SourceImage]]:
    """The sources of each prompt; a single picture is the source of every prompt."""
    if image is None:
        return [[] for _ in range(prompts)]
    if isinstance(image, SourceImage):
        return [[image] for _ in range(prompts)]
    if not isinstance(image, list | tuple):
        raise _not_a_source(image)
    if not image:
        raise InputError(
            "the list is empty", field="image", hint="leave image out to draw from words alone"
        )
    nested = [entry for entry in image if isinstance(entry, list | tuple)]
    if not nested and prompts == 1:
        return [_checked_sources(image)]
    if len(nested) != len(image) or len(image) != prompts:
        raise InputError(
            f"{len(image)} entries for {prompts} prompts",
            field="image",
            hint="give one list of pictures per prompt",
        )
    return [_checked_sources(entry) for entry in nested]


def _checked_sources(images: Sequence[object]) -> list[SourceImage]:
    if not 1 <= len(images) <= MAX_SOURCES:
        raise InputError(
            f"{len(images)} source pictures", field="image", hint=f"give 1 to {MAX_SOURCES}"
        )
    sources = [image for image in images if isinstance(image, SourceImage)]
    for image in images:
        if not isinstance(image, SourceImage):
            raise _not_a_source(image)
    return sources


def _not_a_source(image: object) -> InputError:
    return InputError(
        f"got {type(image).__name__}",
        field="image",
        hint="give a Pillow image, a path or the bytes of a file, or a list of these",
    )


def _scale(system: System, picture: PilImage.Image, notes: list[str]) -> Source:
    """Scale a source for both encoders, and note it."""
    source = prepare_source(picture, system.source_limits)
    size = Size(picture.height, picture.width)
    if source.size != size:
        notes.append(f"a source of {size} was scaled to {source.size}")
    return source


def count_of(num_images: int) -> int:
    """Number of pictures per prompt.

    Raises:
        InputError: It is out of range.
    """
    if not is_whole(num_images) or not 1 <= num_images <= MAX_IMAGES:
        raise InputError(
            f"got {num_images!r}", field="num_images", hint=f"a whole number from 1 to {MAX_IMAGES}"
        )
    return int(num_images)


def seeds_of(
    system: Loaded, seeds: int | Sequence[int] | None, prompts: int, count: int
) -> list[int]:
    """One seed per picture; processes that draw together agree on those that nobody gave.

    Raises:
        InputError: They are no seeds, or of another number.
    """
    if seeds is None:
        given: Sequence[int] = [system.team.agree(secrets.randbits(32)) for _ in range(prompts)]
    else:
        given = [seeds] * prompts if is_whole(seeds) else cast(Sequence[int], seeds)
    whole = isinstance(given, list | tuple) and all(is_whole(seed) for seed in given)
    if not whole or not all(0 <= seed <= MAX_SEED for seed in given):
        raise InputError(f"got {seeds!r}", field="seed", hint=f"whole numbers from 0 to {MAX_SEED}")
    if len(given) == prompts:
        return [(int(seed) + k) % (MAX_SEED + 1) for seed in given for k in range(count)]
    if len(given) == prompts * count:
        return [int(seed) for seed in given]
    raise InputError(
        f"{len(given)} seeds for {prompts} prompts with {count} pictures each",
        field="seed",
        hint="give one number, one per prompt or one per picture",
    )


def _output(
    system: System, request: Request, first: PilImage.Image | None, notes: list[str]
) -> OutputPlan:
    """Requested and generated size of the pictures of one prompt."""
    height, width = request.height, request.width
    if height is None and width is None:
        size = system.default_size if first is None else _size_of(system, first, notes)
    elif height is None or width is None:
        missing = "height" if height is None else "width"
        raise InputError("it is missing", field=missing, hint="give height and width, or neither")
    elif not is_whole(height) or not is_whole(width):
        raise InputError(
            f"got {height!r} and {width!r}", field="height, width", hint="whole numbers of pixels"
        )
    else:
        size = Size(int(height), int(width))
        system.check_size(size, "height, width")
    output = plan_output(*size)
    if output.generated != output.requested:
        notes.append(f"{output.requested} is generated as {output.generated} and cropped")
    return output


def _size_of(system: System, picture: PilImage.Image, notes: list[str]) -> Size:
    """Size of an edit whose size nobody names: that of its first source, within the limits."""
    size = Size(picture.height, picture.width)
    low, high = system.sides
    if low <= min(size) <= max(size) <= high:
        return size
    scaled = source_size(size, system.source_limits)
    fitted = Size(*(min(max(side, low), high) for side in scaled))
    notes.append(f"the first source is {size}, the edit is {fitted}")
    return fitted


def _codes(
    system: System, given: Tensor | Sequence[Tensor] | None, prompts: Sequence[Prompt]
) -> list[Tensor | None]:
    """Codes of each picture as ``[th*tw]``; given as ``[th, tw]`` or flat, one per picture."""
    if given is None:
        return [None] * len(prompts)
    if isinstance(given, Tensor) and len(prompts) == 1 and given.numel() == _cells(prompts[0]):
        given = [given]
    rasters = list(given) if isinstance(given, Tensor | list | tuple) else []
    if len(rasters) != len(prompts) or not all(isinstance(r, Tensor) for r in rasters):
        raise InputError(
            f"got {type(given).__name__}, {len(rasters)} rasters for {len(prompts)} pictures",
            field="prior_tokens",
            hint="give one tensor of codes per picture",
        )
    return [_raster(system, r, prompt) for r, prompt in zip(rasters, prompts, strict=True)]


def _raster(system: System, raster: Tensor, prompt: Prompt) -> Tensor:
    grid = token_grid(prompt.size)
    if tuple(raster.shape) not in (grid, (_cells(prompt),)):
        raise InputError(
            f"got {tuple(raster.shape)}",
            field="prior_tokens",
            hint=f"a picture of {prompt.size} has {grid[0]}x{grid[1]} codes",
        )
    if raster.is_floating_point() or raster.dtype == torch.bool:
        raise InputError(f"got {raster.dtype}", field="prior_tokens", hint="codes are integers")
    low, high = int(raster.min()), int(raster.max())
    if low < 0 or high >= system.num_codes:
        raise InputError(
            f"codes from {low} to {high}", field="prior_tokens", hint=f"0 to {system.num_codes - 1}"
        )
    return raster.to(torch.int64).flatten()


def _cells(prompt: Prompt) -> int:
    return prompt.grid[0] * prompt.grid[1]


def noises_of(
    system: Loaded, latents: Tensor | None, prompts: Sequence[Prompt]
) -> list[Tensor | None]:
    """Given noise of each picture; None where it is to be drawn.

    Raises:
        InputError: Its shape is not that of the pictures, or it holds no numbers.
    """
    if latents is None:
        return [None] * len(prompts)
    expected = [(len(prompts), *system.latent_shape(prompt.size)) for prompt in prompts]
    if not isinstance(latents, Tensor) or any(tuple(latents.shape) != s for s in expected):
        got = tuple(latents.shape) if isinstance(latents, Tensor) else type(latents).__name__
        raise InputError(f"got {got}", field="latents", hint=f"a tensor of shape {expected[0]}")
    if not bool(latents.isfinite().all()):
        raise InputError("it holds values that are no numbers", field="latents")
    return list(latents.to("cpu", torch.float32))
