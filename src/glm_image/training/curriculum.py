"""A training in stages, each of which begins at a step of its own."""

from collections.abc import Sequence
from typing import Protocol, TypeVar


class Stage(Protocol):
    """What a training is made of from some step on."""

    @property
    def start(self) -> int:
        """First step of the stage."""


AnyStage = TypeVar("AnyStage", bound=Stage)


def stage_at(curriculum: Sequence[AnyStage], step: int) -> AnyStage:
    """The stage that a step belongs to.

    Args:
        curriculum: Stages in order; the first starts at step 0.
        step: Step about to be taken, from 0.
    """
    return [stage for stage in curriculum if stage.start <= step][-1]
