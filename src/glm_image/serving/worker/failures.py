"""Errors as records, so that they can leave the process in which they happened."""

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


def _code(error: GlmImageError) -> Code:
    if isinstance(error, RequestError | ServiceError):
        return error.code
    if isinstance(error, CapacityError):
        return Code.OVERLOADED
    return Code.FIELD_INVALID if isinstance(error, InputError) else Code.PROCESSING
