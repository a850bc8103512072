"""``glm-image doctor``: what is installed, where it runs and what the model can make."""

import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

import typer

from glm_image.cli.flags import ModelFlags
from glm_image.cli.output import print_json
from glm_image.errors import GlmImageError

if TYPE_CHECKING:
    from glm_image.device import Device

GIGABYTE = 10**9


def doctor(flags: ModelFlags) -> None:
    """Show the device, the model and what it can make. No weights are loaded."""
    from glm_image.device import resolve

    device = resolve(flags.device, flags.dtype)
    record: dict[str, object] = {"software": _software(), "device": _device(device)}
    failed = False
    try:
        record["model"] = _model(flags.model, device)
    except GlmImageError as error:
        record["model"] = {"problem": error.message, "fix": error.hint}
        failed = True
    if flags.json:
        print_json(record)
    else:
        _print(record, "")
    if failed:
        raise typer.Exit(1)


def _software() -> dict[str, object]:
    return {
        "glm-image": version("glm-image"),
        "torch": version("torch"),
        "python": platform.python_version(),
    }


def _device(device: "Device") -> dict[str, object]:
    from glm_image.device import available
    from glm_image.pipeline.system import dtype_name

    facts: dict[str, object] = {
        "name": device.name,
        "kind": device.kind.value,
        "dtype": dtype_name(device.dtype),
        "available": [kind.value for kind in available()],
    }
    memory = device.memory()
    if memory is not None:
        facts["free gigabytes"] = round(memory.free / GIGABYTE, 1)
        facts["total gigabytes"] = round(memory.total / GIGABYTE, 1)
    return facts


def _model(model: str | None, device: "Device") -> dict[str, object]:
    from glm_image.pipeline.system import BUNDLED, System, find, parameter_count, read_about

    folder = find(model)
    system = System.outline(folder, model, device)
    low, high = system.sides
    counts = {name: parameter_count(network) for name, network in system.networks.items()}
    facts: dict[str, object] = {
        "name": model or f"{BUNDLED} (bundled)",
        "folder": str(folder),
        "parameters": {**counts, "all": sum(counts.values())},
        "gigabytes of weights": round(sum(counts.values()) * device.dtype.itemsize / GIGABYTE, 3),
        "default size": str(system.default_size),
        "sides in pixels": f"{low} to {high}",
        "codes": system.num_codes,
        "tokens of context": system.max_tokens,
        "temperature": system.sampling.temperature,
        "top_p": system.sampling.top_p,
    }
    about = read_about(folder)
    if about is not None:
        facts["about"] = {
            "summary": about.summary,
            "draws": list(about.draws),
            "examples": list(about.examples),
        }
    return facts


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
