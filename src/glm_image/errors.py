"""The one exception tree.

GlmImageError
├── InputError        what was asked cannot be done as asked (exit code 2, HTTP 400)
│   └── PlanError     a way of running that does not work here; the hint names one that does
├── ConfigError       a configuration contradicts itself
├── CheckpointError   a checkpoint is damaged or does not fit the model; lists every problem
├── ShapeError        a tensor or record has the wrong shape
├── NotFoundError     a file, model or hub repository is not there
├── ToolError         an outside reader or judge gave no usable answer
├── CapacityError     there is too much to do; later the same may be accepted (HTTP 503)
└── CancelledError    the caller asked to stop

Every error carries the field it is about and a hint that says how to mend it.
"""

from collections.abc import Sequence


class GlmImageError(Exception):
    """Base of all errors that this package raises on purpose.

    Args:
        message: What is wrong, with the offending value.
        field: Name of the argument, file or key the error is about.
        hint: What to do about it.
    """

    def __init__(self, message: str, *, field: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.field}: {self.message}" if self.field else self.message
        return f"{text} ({self.hint})" if self.hint else text


class InputError(GlmImageError, ValueError):
    """The request is not valid."""


class PlanError(InputError):
    """An execution plan does not work on this device or with this much memory."""


class ConfigError(GlmImageError, ValueError):
    """A configuration contradicts itself or names unknown fields."""


class ShapeError(GlmImageError, ValueError):
    """A tensor or record has another shape than its field requires."""


class NotFoundError(GlmImageError, LookupError):
    """A file, a model or a hub repository does not exist."""


class ToolError(GlmImageError):
    """An outside instrument, such as a judge behind a network, gave no usable answer."""


class CapacityError(GlmImageError):
    """There is too much to do at present; the same request may be accepted later."""


class CancelledError(GlmImageError):
    """The caller cancelled the work."""


class CheckpointError(GlmImageError, ValueError):
    """A checkpoint cannot be loaded or saved.

    Args:
        message: Summary.
        problems: Every problem found, one line each.
    """

    def __init__(
        self,
        message: str,
        problems: Sequence[str] = (),
        *,
        field: str | None = None,
        hint: str | None = None,
    ) -> None:
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(message + lines, field=field, hint=hint)
        self.problems = tuple(problems)
