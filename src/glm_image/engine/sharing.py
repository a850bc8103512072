"""How the two halves of an engine share a device."""

from enum import StrEnum

from glm_image.execution.plan import Offload
from glm_image.pipeline.loaded import Loaded


class Sharing(StrEnum):
    """Who works when.

    ``turns``: one thread; the half that has had less time works next. ``threads``: each half in a
    thread and, on an accelerator, on a stream of its own, so that the generator, which waits for
    memory, runs beside the decoder, which waits for arithmetic. ``spells``: one thread; a half
    works until it has nothing to do, so that weights which wait elsewhere move rarely.
    """

    TURNS = "turns"
    THREADS = "threads"
    SPELLS = "spells"

    @classmethod
    def best(cls, system: Loaded) -> "Sharing":
        """The fastest way for a system."""
        if system.plan.offload is Offload.STAGE:
            return cls.SPELLS
        # Layers that come and go are brought for one thread.
        together = system.device.is_accelerator and system.plan.offload is Offload.NONE
        return cls.THREADS if together else cls.TURNS
