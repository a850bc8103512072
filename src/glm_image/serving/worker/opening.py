"""Models as workers load them: what requests could not ask of is refused before it is loaded."""

from glm_image.checkpoint.cogview4 import CONTROL_PIPELINE, kind
from glm_image.checkpoint.parts import Part
from glm_image.device import resolve
from glm_image.errors import ConfigError
from glm_image.pipeline import families
from glm_image.pipeline.loaded import Loaded
from glm_image.pipeline.system import System, find
from glm_image.serving.worker.protocol import Load


def open_model(load: Load) -> Loaded:
    """The model that a worker is told to load.

    Raises:
        ConfigError: It draws after a control picture.
        NotFoundError: There is no such model.
        CheckpointError: Configs or weights are wrong; every problem is listed.
    """
    if kind(find(load.source)) == CONTROL_PIPELINE:
        raise ConfigError(
            f"{load.source} draws after a control picture, which no request names",
            field="models",
            hint="serve a checkpoint without one; `glm-image generate --control` draws with it",
        )
    return families.load(load.source, resolve(load.device, load.dtype))


def open_part(load: Load, part: Part) -> System:
    """Some networks of a model whose codes are written apart from its pictures.

    Args:
        load: What the worker is told.
        part: What of the model it needs.

    Raises:
        ConfigError: It writes no codes.
        NotFoundError: There is no such model.
        CheckpointError: Configs or weights are wrong; every problem is listed.
    """
    if families.is_cogview4(find(load.source)):
        raise ConfigError(
            f"{load.source} writes no codes, so its work cannot be shared out",
            field="ray",
            hint="serve it without --ray",
        )
    device = resolve(load.device, load.dtype)
    return System.load(load.source, device, revision=None, part=part)
