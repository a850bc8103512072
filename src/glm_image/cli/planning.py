"""From the flags about execution to what is asked of the planner, and its answer in words."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from glm_image.cli.flags import DrawFlags, PlanFlags
from glm_image.config import nearest, to_mapping
from glm_image.errors import PlanError

if TYPE_CHECKING:
    from glm_image.execution.auto import Choice, Wish

ChoiceT = TypeVar("ChoiceT", bound=StrEnum)


def wish(flags: PlanFlags) -> "Wish":
    """What the flags ask for.

    Raises:
        PlanError: A name is unknown; the hint has the nearest.
    """
    from glm_image.execution.auto import AUTO, Wish
    from glm_image.execution.plan import Offload, WeightFormat

    return Wish(
        name=flags.plan or AUTO,
        weights=_named(WeightFormat, flags.weights or WeightFormat.STORED, "weights"),
        offload=None if flags.offload is None else _named(Offload, flags.offload, "offload"),
    )


def shared_wish(flags: DrawFlags, world: int) -> "Wish":
    """What the flags ask for where processes draw together.

    What they do not say of the division is left to the model.

    Args:
        flags: Of the command.
        world: Processes that torchrun started.

    Raises:
        PlanError: A name is unknown; the hint has the nearest.
    """
    from dataclasses import replace

    from glm_image.execution.parallel import Division

    asked = wish(flags)
    division = Division(
        guidance=flags.cfg_parallel_size,
        sequence=flags.ulysses_degree,
        tensor=flags.tensor_parallel_size,
    )
    return asked if world == 1 and division == Division() else replace(asked, division=division)


def in_words(choice: "Choice") -> dict[str, str]:
    """Every field of a plan that is not plain or has a reason, by dotted name."""
    from glm_image.execution.plan import ExecutionPlan

    plain = _flat(to_mapping(ExecutionPlan()), "")
    facts = {}
    for name, value in _flat(to_mapping(choice.plan), "").items():
        if value != plain[name] or name in choice.reasons:
            text = "on" if value is True else str(value)
            reason = choice.reasons.get(name, "as asked for")
            facts[name] = f"{text} ({reason})"
    return facts


def _flat(mapping: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in mapping.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _named(kind: type[ChoiceT], name: str, field: str) -> ChoiceT:
    known = [one.value for one in kind]
    if name not in known:
        raise PlanError(f"got {name!r}", field=field, hint=nearest(name, known))
    return kind(name)
