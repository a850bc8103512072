"""GLM-Image: draw pictures from words and edit pictures by words.

``from glm_image import GlmImagePipeline`` is all that most programs need. Importing the package is
quick; torch is loaded with the first name that needs it.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glm_image.pipeline.api import GlmImagePipeline
    from glm_image.pipeline.api import GlmImagePipeline as GLMImagePipeline
    from glm_image.pipeline.cogview4_api import CogView4Pipeline
    from glm_image.pipeline.load import load
    from glm_image.pipeline.result import Result

__all__ = ["CogView4Pipeline", "GLMImagePipeline", "GlmImagePipeline", "Result", "load"]

_HOMES = {
    "CogView4Pipeline": ("glm_image.pipeline.cogview4_api", "CogView4Pipeline"),
    "load": ("glm_image.pipeline.load", "load"),
    "GlmImagePipeline": ("glm_image.pipeline.api", "GlmImagePipeline"),
    "GLMImagePipeline": ("glm_image.pipeline.api", "GlmImagePipeline"),
    "Result": ("glm_image.pipeline.result", "Result"),
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    """Public names, loaded or not."""
    return sorted({*globals(), *__all__})
