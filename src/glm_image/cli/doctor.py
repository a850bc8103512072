"""``glm-image doctor``: what is installed, where it runs and what the model can make."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated

import typer

from glm_image.cli.flags import ModelFlags, PlanFlags, flag, parse_bytes, parse_size
from glm_image.cli.output import print_json
from glm_image.cli.planning import in_words, wish
from glm_image.errors import GlmImageError

if TYPE_CHECKING:
    from glm_image.device import Device
    from glm_image.execution.auto import Wish
    from glm_image.pipeline.cogview4 import CogView4System
    from glm_image.pipeline.system import System

GIGABYTE = 10**9


@dataclass(frozen=True, kw_only=True)
class DoctorFlags(PlanFlags, ModelFlags):
    """What is looked into."""

    size: Annotated[
        str | None,
        flag(
            "Count memory for pictures of this size. Default: the model's.",
            "--size",
            "-s",
            metavar="WxH",
        ),
    ] = None
    batch: Annotated[int, flag("Count memory for pictures at once. Default: 1.", metavar="N")] = 1
    memory: Annotated[
        str | None,
        flag("Find a plan for so much memory, such as 24GB.", metavar="SIZE"),
    ] = None


def doctor(flags: DoctorFlags) -> None:
    """Show the device, the model, what it can make and how it runs. No weights are loaded."""
    asked = wish(flags)
    from glm_image.device import resolve

    device = resolve(flags.device, flags.dtype)
    record: dict[str, object] = {"software": _software(), "device": _device(device)}
    system = None
    try:
        system, record["model"] = _model(flags.model, device)
    except GlmImageError as error:
        record["model"] = {"problem": error.message, "fix": error.hint}
    if system is not None:
        record["plan"] = _plan(system, asked, flags)
    if flags.json:
        print_json(record)
    else:
        _print(record, "")
    if system is None:
        raise typer.Exit(1)


def _software() -> dict[str, object]:
    return {
        "glm-image": version("glm-image"),
        "torch": version("torch"),
        "python": platform.python_version(),
    }


def _device(device: "Device") -> dict[str, object]:
    from glm_image.device import available, multiplies_bf16
    from glm_image.pipeline.system import dtype_name

    facts: dict[str, object] = {
        "name": device.name,
        "kind": device.kind.value,
        "dtype": dtype_name(device.dtype),
        "available": [kind.value for kind in available()],
    }
    if not multiplies_bf16(device.torch_device):
        facts["bf16"] = "slower than fp32, often many times: this CPU has no instructions for it"
    memory = device.memory()
    if memory is not None:
        facts["free gigabytes"] = round(memory.free / GIGABYTE, 1)
        facts["total gigabytes"] = round(memory.total / GIGABYTE, 1)
    return facts


def _plan(
    system: "System | CogView4System", asked: "Wish", flags: DoctorFlags
) -> dict[str, object]:
    """The plan that the model would run by, with reasons and the memory it takes."""
    from glm_image.execution import auto, memory
    from glm_image.types import Size

    device = system.device
    choice = auto.choose(asked, system, device)
    height, width = parse_size(flags.size)
    size = system.default_size if height is None or width is None else Size(height, width)
    system.check_size(size, "height, width")
    work = memory.Work(size=size, batch=flags.batch)
    if flags.memory is not None:
        fitting = memory.fit(
            system,
            choice.plan,
            work,
            device.dtype,
            accelerator=device.is_accelerator,
            memory=parse_bytes(flags.memory, "memory"),
        )
        choice = replace(choice, plan=fitting)
    taken = memory.account(
        system, choice.plan, work, device.dtype, accelerator=device.is_accelerator
    )
    return {
        **in_words(choice),
        f"gigabytes for {work.batch} of {size}": {
            **{f"weights of {name}": _gigabytes(count) for name, count in taken.weights.items()},
            **{f"work of {name}": _gigabytes(count) for name, count in taken.work.items()},
            "peak": _gigabytes(taken.peak),
        },
    }


def _gigabytes(count: int) -> float:
    return round(count / GIGABYTE, 3)


def _model(
    model: str | None, device: "Device"
) -> "tuple[System | CogView4System, dict[str, object]]":
    from glm_image.checkpoint import cogview4
    from glm_image.pipeline.cogview4 import CogView4System
    from glm_image.pipeline.families import is_cogview4
    from glm_image.pipeline.system import BUNDLED, System, find, parameter_count, read_about

    folder = find(model)
    system: System | CogView4System
    if is_cogview4(folder):
        system = CogView4System.of(cogview4.outline(folder), str(model), device)
    else:
        system = System.outline(folder, model, device)
    low, high = system.sides
    counts = {name: parameter_count(network) for name, network in system.networks.items()}
    facts: dict[str, object] = {
        "name": model or f"{BUNDLED} (bundled)",
        "folder": str(folder),
        "parameters": {**counts, "all": sum(counts.values())},
        "gigabytes of weights": _gigabytes(sum(counts.values()) * device.dtype.itemsize),
        "default size": str(system.default_size),
        "sides in pixels": f"{low} to {high}",
    }
    if isinstance(system, System):
        facts |= {
            "codes": system.num_codes,
            "tokens of context": system.max_tokens,
            "temperature": system.sampling.temperature,
            "top_p": system.sampling.top_p,
        }
    else:
        facts |= {
            "most pixels": system.rule.pixels,
            "control picture": "wanted" if system.takes_control else "none",
        }
    about = read_about(folder)
    if about is not None:
        facts["about"] = {
            "summary": about.summary,
            "draws": list(about.draws),
            "examples": list(about.examples),
        }
    return system, facts


def _print(value: Mapping[str, object], indent: str) -> None:
    """Print facts as an indented list."""
    for name, fact in value.items():
        if isinstance(fact, Mapping):
            typer.echo(f"{indent}{name}")
            _print(fact, indent + "  ")
        elif isinstance(fact, list) and any(" " in str(item) for item in fact):
            typer.echo(f"{indent}{name}")
            for item in fact:
                typer.echo(f"{indent}  - {item}")
        else:
            text = ", ".join(map(str, fact)) if isinstance(fact, list) else _number(fact)
            typer.echo(f"{indent}{name}: {text}")


def _number(fact: object) -> str:
    return f"{fact:,}" if isinstance(fact, int) else str(fact)
