"""Errors as records, so that they can leave the process in which they happened."""

import re
from dataclasses import replace

from glm_image.errors import (
    CancelledError,
    CapacityError,
    ConfigError,
    GlmImageError,
    InputError,
    NotFoundError,
    ShapeError,
)
from glm_image.serving.errors import Code, PolicyError, RequestError, ServiceError
from glm_image.serving.records import Failure

EXIT_UNFIT = 3
"""Exit code of a worker whose model cannot be loaded as asked; trying again would not help."""

_FOLDERS = re.compile(r"(?<![\w.:/])(?:/[^\s/:,;'\"]+)*/(?=[^\s/])")
"""Folders before the name of a file."""

LOST = "WorkerLostError"
"""Kind of a failure whose worker died or fell silent."""

_FINAL = (InputError, ConfigError, NotFoundError, ShapeError, CancelledError, PolicyError)
"""Errors that another attempt would meet again."""


def failure_of(error: BaseException) -> Failure:
    """What an error says, and whether another attempt may do better.

    Errors of libraries are named, not quoted: their text may hold paths and words of the prompt.
    """
    if not isinstance(error, GlmImageError):
        return Failure(
            code=Code.PROCESSING,
            kind=type(error).__name__,
            message=f"drawing failed with {type(error).__name__}",
            hint="try again; if it fails again, the log of the service says more",
            retryable=True,
        )
    return Failure(
        code=_code(error),
        kind=type(error).__name__,
        message=error.message,
        field=error.field,
        hint=error.hint,
        retryable=not isinstance(error, _FINAL),
        flags=error.flags if isinstance(error, PolicyError) else (),
    )


def failure_of_loading(error: MemoryError | OSError | RuntimeError) -> Failure:
    """What ended the loading of a model, if it was no mistake in the model.

    Accelerators say that they lack memory by an error of their library, which is known by its name:
    this module is read where that library is not.
    """
    name = type(error).__name__
    lacks = isinstance(error, MemoryError) or name == "OutOfMemoryError"
    return Failure(
        code=Code.PROCESSING,
        kind=name,
        message="there is too little memory for it" if lacks else f"loading failed with {name}",
        field="device" if lacks else "model",
        hint="use a device with more memory, or serve fewer models and workers"
        if lacks
        else "the log of the service says more",
        retryable=True,
    )


def lost(reason: str) -> Failure:
    """The failure of a job whose worker is gone."""
    return Failure(
        code=Code.PROCESSING,
        kind=LOST,
        message=f"the engine process {reason}",
        field="worker",
        hint="the job starts again by itself",
        retryable=True,
    )


def silent(reason: str) -> Failure:
    """Why a model was not loaded by a process that died over it."""
    return Failure(
        code=Code.PROCESSING,
        kind=LOST,
        message=f"the engine process {reason} while it loaded the model",
        field="model",
        hint="its log says more; a process that signal 9 ends mostly wants more memory",
        retryable=True,
    )


def unloaded(model: str, failure: Failure) -> Failure:
    """What the jobs of a model are told that cannot be loaded, and whoever asks for the reason.

    Files are named without the folders that they lie in: those are nobody's business.
    """
    message = f"{model} cannot be loaded: {_FOLDERS.sub('', failure.message)}"
    place = None if failure.field is None else _FOLDERS.sub("", failure.field)
    return replace(
        failure, code=Code.PROCESSING, message=message, field=place or "model", retryable=False
    )


def _code(error: GlmImageError) -> Code:
    if isinstance(error, RequestError | ServiceError):
        return error.code
    if isinstance(error, CapacityError):
        return Code.OVERLOADED
    return Code.FIELD_INVALID if isinstance(error, InputError) else Code.PROCESSING
