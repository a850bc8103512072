"""Flags of the commands: one dataclass per command, from which help and parsing are made.

A field is one flag; :func:`flag` gives its help and its spellings. Nothing here imports torch.
"""

import dataclasses
import functools
import inspect
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from glm_image.errors import InputError

FLAG_OF_FIELD = {
    "any_size": "--any-size",
    "batch": "--batch",
    "compat": "--compat",
    "concurrent": "--concurrent",
    "control_image": "--control",
    "data": "--data",
    "decoder.weights": "--weights",
    "device": "--device",
    "database": "--database",
    "dtype": "--dtype",
    "expires": "--days",
    "generator.weights": "--weights",
    "guidance_scale": "--guidance",
    "height, width": "--size",
    "held_out": "--held-out",
    "host": "--host",
    "image": "IMAGE",
    "limit": "--limit",
    "lora": "--lora",
    "memory": "--memory",
    "model": "--model",
    "negative_prompt": "--negative",
    "num_images": "-n",
    "num_inference_steps": "--steps",
    "offload": "--offload",
    "output": "--output",
    "pairs": "PAIRS",
    "parallel.guidance": "--cfg-parallel-size",
    "parallel.sequence": "--ulysses-degree",
    "parallel.tensor": "--tensor-parallel-size",
    "per_day": "--per-day",
    "per_minute": "--per-minute",
    "plan": "--plan",
    "port": "--port",
    "prompt": "PROMPT",
    "quotes": "--quotes",
    "rate": "--rate",
    "rounds": "--rounds",
    "run": "--run",
    "save_every": "--save-every",
    "scopes": "--scope",
    "seed": "--seed",
    "set": "--set",
    "shard": "--shard",
    "shard_size": "--shard-size",
    "steps": "--steps",
    "strength": "--strength",
    "subset": "--subset",
    "temperature": "--temperature",
    "top_p": "--top-p",
    "weights": "--weights",
}
"""How the commands spell the arguments that errors of the package speak of."""

_UNITS = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}


def flag(text: str, *spellings: str, metavar: str | None = None, panel: str | None = None) -> Any:
    """Describe a flag, to be used in ``Annotated``.

    Args:
        text: One line of help, with the default in words.
        spellings: Such as ``"--steps"``; made from the field's name if there are none.
        metavar: What stands for the value in the help.
        panel: Heading in the help that the flag stands under.
    """
    return typer.Option(
        *spellings, help=text, metavar=metavar, rich_help_panel=panel, show_default=False
    )


Device = Annotated[
    str | None,
    flag("auto, cpu, cuda, cuda:1, npu or mps. Default: auto.", metavar="NAME", panel="Model"),
]
"""Where a model runs."""

Dtype = Annotated[
    str | None,
    flag(
        "bfloat16 or float32. Default: float32 on the CPU, else bfloat16.",
        metavar="NAME",
        panel="Model",
    ),
]
"""Of its weights."""


@dataclass(frozen=True, kw_only=True)
class ReportFlags:
    """What a command prints."""

    json: Annotated[bool, flag("Print one JSON object.", "--json", panel="Output")] = False
    quiet: Annotated[bool, flag("No progress and no notes.", "--quiet", "-q", panel="Output")] = (
        False
    )


@dataclass(frozen=True, kw_only=True)
class ModelFlags(ReportFlags):
    """Which model runs where."""

    model: Annotated[
        str | None,
        flag(
            "Folder, or repository such as zai-org/GLM-Image. Default: the bundled model.",
            "--model",
            "-m",
            metavar="NAME",
            panel="Model",
        ),
    ] = None
    device: Device = None
    dtype: Dtype = None


@dataclass(frozen=True, kw_only=True)
class PlanFlags:
    """How a model runs, which is no matter of what it draws."""

    plan: Annotated[
        str | None,
        flag(
            "auto, the fastest without loss, or plain, nothing but torch. Default: auto.",
            metavar="NAME",
            panel="Execution",
        ),
    ] = None
    weights: Annotated[
        str | None,
        flag(
            "Of the large networks: stored, fp8, int8, int8-dynamic or int4. Default: stored.",
            metavar="NAME",
            panel="Execution",
        ),
    ] = None
    offload: Annotated[
        str | None,
        flag(
            "Where weights wait: none, stage, layer or disk. Default: none.",
            metavar="NAME",
            panel="Execution",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class ParallelFlags:
    """How the processes that torchrun started share one picture."""

    cfg_parallel_size: Annotated[
        int | None,
        flag(
            "Processes for the branches of guidance, 1 or 2. Default under torchrun: 2.",
            metavar="N",
            panel="Several devices",
        ),
    ] = None
    ulysses_degree: Annotated[
        int | None,
        flag(
            "Processes for the tokens of the decoder. Default under torchrun: the others.",
            metavar="N",
            panel="Several devices",
        ),
    ] = None
    tensor_parallel_size: Annotated[
        int | None,
        flag(
            "Processes for the generator's weights. Default under torchrun: as many as divide it.",
            metavar="N",
            panel="Several devices",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class SamplingFlags(ModelFlags):
    """How pictures are made."""

    size: Annotated[
        str | None,
        flag(
            "Width and height in pixels, such as 1280x1024. Default: the model's size, or that of "
            "the first source.",
            "--size",
            "-s",
            metavar="WxH",
        ),
    ] = None
    steps: Annotated[int | None, flag("Denoising steps. Default: 50.", metavar="N")] = None
    guidance: Annotated[
        float | None,
        flag(
            "Weight of the prompt in the decoder; 1 is off. Default: the model's.",
            metavar="X",
        ),
    ] = None
    temperature: Annotated[
        float | None,
        flag("Of the generator; 0 is greedy. Default: the model's.", metavar="X"),
    ] = None
    top_p: Annotated[
        float | None,
        flag("Share that tokens are chosen from. Default: the model's.", metavar="X"),
    ] = None
    quotes: Annotated[
        str | None,
        flag("How quoted texts are found: smart or compat. Default: smart.", metavar="NAME"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class CogView4Flags:
    """What only CogView4 understands."""

    negative: Annotated[
        str | None,
        flag("Words to lead away from. Default: none.", metavar="TEXT", panel="CogView4"),
    ] = None
    control: Annotated[
        str | None,
        flag("Picture for a control checkpoint.", metavar="PATH", panel="CogView4"),
    ] = None
    any_size: Annotated[
        bool,
        flag("Accept sizes that it was not trained for.", "--any-size", panel="CogView4"),
    ] = False
    compat: Annotated[
        bool,
        flag("Round latents as the reference library does.", "--compat", panel="CogView4"),
    ] = False


@dataclass(frozen=True, kw_only=True)
class DrawFlags(CogView4Flags, ParallelFlags, PlanFlags, SamplingFlags):
    """Which pictures are made and where they go."""

    seed: Annotated[
        int | None,
        flag("Seed of the first picture; others count up. Default: drawn.", metavar="N"),
    ] = None
    num_images: Annotated[
        int, flag("Number of pictures. Default: 1.", "-n", "--num-images", metavar="N")
    ] = 1
    lora: Annotated[
        list[str] | None,
        flag(
            "File with low-rank changes of the decoder, and its scale. May be repeated.",
            "--lora",
            metavar="PATH[=X]",
            panel="Model",
        ),
    ] = None
    output: Annotated[
        str | None,
        flag(
            "A .png file, or a folder for files named by seed. Default: this folder.",
            "--output",
            "-o",
            metavar="PATH",
            panel="Output",
        ),
    ] = None


def with_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command one flag per field of its parameter ``flags``, which is a dataclass.

    Other parameters stay as they are.
    """
    signature = inspect.signature(command, eval_str=True)
    flags_type = signature.parameters["flags"].annotation
    own = [parameter for name, parameter in signature.parameters.items() if name != "flags"]
    hints = typing.get_type_hints(flags_type, include_extras=True)
    options = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=hints[field.name],
        )
        for field in dataclasses.fields(flags_type)
    ]

    @functools.wraps(command)
    def call(**values: Any) -> None:
        arguments = {parameter.name: values.pop(parameter.name) for parameter in own}
        command(**arguments, flags=flags_type(**values))

    parameters = [*own, *options]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    # What inspection finds first; the wrapped command would show through otherwise.
    vars(call)["__signature__"] = signature.replace(parameters=parameters)
    return call


def parse_size(text: str | None) -> tuple[int | None, int | None]:
    """Height and width of ``"WIDTHxHEIGHT"``; one number is a square.

    Raises:
        InputError: The text is no size.
    """
    if text is None:
        return None, None
    match = re.fullmatch(r"(\d{1,6})(?:[xX×](\d{1,6}))?", text.strip())
    if match is None:
        raise InputError(
            f"got {text!r}", field="height, width", hint="write width x height, such as 1280x1024"
        )
    width = int(match[1])
    return int(match[2] or width), width


def parse_bytes(text: str, field: str = "shard_size") -> int:
    """Number of bytes of a text such as ``"5GB"`` or ``"500MB"``.

    Args:
        text: A number with a unit.
        field: What the text is given for.

    Raises:
        InputError: The text is no positive number of bytes.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]?b?)", text.strip().lower())
    unit = match[2] if match else "?"
    unit = unit if unit in _UNITS or unit == "?" else f"{unit}b"
    count = int(float(match[1]) * _UNITS[unit]) if match and unit in _UNITS else 0
    if count < 1:
        raise InputError(f"got {text!r}", field=field, hint="write it like 5GB or 500MB")
    return count
