"""What the service refuses or cannot do, each with its number of the published error table.

GlmImageError
├── InputError
│   └── RequestError      a field of a request is missing, wrong, or excludes another one
├── ServiceError          everything below carries a number of its own
│   ├── AuthError         no key, or one that does not count
│   ├── ForbiddenError    a key without the right for it
│   ├── ConflictError     a request key that belongs to another request
│   ├── TooLargeError     a body, a part or a list beyond its limit
│   ├── SlowBodyError     a body that comes too slowly
│   ├── PolicyError       words or pictures that the operator does not allow
│   ├── BusyError         a limit of the key or of the service is reached
│   ├── DeadlineError     the answer takes longer than a connection is kept for
│   └── UnavailableError  the service starts, stops, or lacks room
│       └── StoppingError it stops while somebody waits; another one goes on
└── CapacityError, NotFoundError, ...   as elsewhere in the package

How a number becomes a status and a body stands in :mod:`glm_image.serving.error_table`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from glm_image.errors import ConfigError, GlmImageError, InputError


class Code(StrEnum):
    """Numbers of the error table that clients know.

    Source: BigModel, list of business error codes.
    """

    AUTH_FAILED = "1000"
    AUTH_ABSENT = "1001"
    TOKEN_MALFORMED = "1002"
    TOKEN_EXPIRED = "1003"
    TOKEN_REJECTED = "1004"
    KEY_DISABLED = "1112"
    QUOTA_SPENT = "1113"
    CALL_ERROR = "1200"
    MALFORMED = "1210"
    MODEL_UNKNOWN = "1211"
    CALL_UNSUPPORTED = "1212"
    FIELD_MISSING = "1213"
    FIELD_INVALID = "1214"
    FIELDS_EXCLUSIVE = "1215"
    NO_PERMISSION = "1220"
    NO_SUCH_API = "1222"
    PROCESSING = "1230"
    REQUEST_ID_TAKEN = "1231"
    INTERNAL = "1234"
    PROMPT_TOO_LONG = "1261"
    UNSAFE = "1301"
    CONCURRENCY = "1302"
    FREQUENCY = "1303"
    DAILY_CAP = "1304"
    OVERLOADED = "1305"


class RequestError(InputError):
    """A request cannot be done as asked.

    Args:
        message: What is wrong, with the offending value.
        code: Its number.
        field: Name of the field as the client spells it.
        hint: What to send instead.
    """

    def __init__(
        self,
        message: str,
        *,
        code: Code = Code.FIELD_INVALID,
        field: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, field=field, hint=hint)
        self.code = code


class ServiceError(GlmImageError):
    """Base of what the service itself refuses or cannot do.

    Args:
        message: What is wrong.
        code: Its number.
        field: What it is about.
        hint: What to do about it.
    """

    def __init__(
        self, message: str, *, code: Code, field: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, field=field, hint=hint)
        self.code = code


class AuthError(ServiceError):
    """The request has no key, or one that does not count."""


class ForbiddenError(ServiceError):
    """The key is good, but not for this."""

    def __init__(self, message: str, *, field: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, code=Code.NO_PERMISSION, field=field, hint=hint)


class ConflictError(ServiceError):
    """The request key was used for a request with another body."""

    def __init__(
        self, message: str, *, field: str | None = "request_id", hint: str | None = None
    ) -> None:
        super().__init__(
            message,
            code=Code.REQUEST_ID_TAKEN,
            field=field,
            hint=hint or "send the same body again, or choose another key",
        )


class TooLargeError(ServiceError):
    """A body, a part of it or a list is beyond its limit."""

    def __init__(self, message: str, *, field: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, code=Code.FIELD_INVALID, field=field, hint=hint)


class SlowBodyError(ServiceError):
    """The body of a request comes too slowly."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=Code.INTERNAL, field="body", hint="send it faster")


class Role(StrEnum):
    """Whose content moderation has looked at. Source: BigModel, ``content_filter``."""

    USER = "user"
    ASSISTANT = "assistant"
    HISTORY = "history"


LEVELS = range(4)
"""Levels of a finding, from the worst to the mildest. Source: BigModel, ``content_filter``."""


@dataclass(frozen=True, kw_only=True)
class Flag:
    """One finding of moderation.

    Args:
        role: Whose content it is, of :class:`Role`; a hook may leave it empty.
        level: 0 is the worst, 3 the mildest.

    Raises:
        ConfigError: There is no such role or level.
    """

    role: str
    level: int

    def __post_init__(self) -> None:
        if self.role not in {"", *Role}:
            raise ConfigError(f"got {self.role!r}", field="role", hint=f"one of {', '.join(Role)}")
        if self.level not in LEVELS:
            raise ConfigError(
                f"got {self.level!r}", field="level", hint="0, the worst, to 3, the mildest"
            )


class PolicyError(ServiceError):
    """Words or pictures that the operator does not allow.

    Args:
        message: What is wrong, without repeating the content.
        flags: What moderation found.
        field: What it is about.
    """

    def __init__(
        self, message: str, *, flags: Sequence[Flag] = (), field: str | None = "prompt"
    ) -> None:
        super().__init__(
            message, code=Code.UNSAFE, field=field, hint="change the words or the pictures"
        )
        self.flags = tuple(flags)


class BusyError(ServiceError):
    """A limit of the key or of the service is reached.

    Args:
        message: Which limit, with its value.
        code: Concurrency, frequency, daily cap or overload.
        retry_after: Seconds after which another try makes sense.
        field: Which limit.
        hint: What to do about it.
    """

    def __init__(
        self,
        message: str,
        *,
        code: Code,
        retry_after: float = 1.0,
        field: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, code=code, field=field, hint=hint or "ask again later")
        self.retry_after = retry_after


class DeadlineError(ServiceError):
    """The answer takes longer than a connection is kept open for; the job goes on.

    Args:
        job_id: Of the job that goes on.
        seconds: How long the connection was kept.
    """

    def __init__(self, job_id: str, seconds: float) -> None:
        super().__init__(
            f"the pictures were not finished within {seconds:g} s; job {job_id} goes on",
            code=Code.PROCESSING,
            field="job",
            hint=f"fetch it from /v1/async-result/{job_id}, or send 'Prefer: respond-async'",
        )
        self.job_id = job_id


class UnavailableError(ServiceError):
    """The service starts, stops, or lacks room or workers.

    Args:
        message: What is the matter.
        retry_after: Seconds after which another try makes sense; None if it makes none.
        field: What is lacking.
        hint: What to do about it.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = 5.0,
        field: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, code=Code.PROCESSING, field=field, hint=hint)
        self.retry_after = retry_after


class StoppingError(UnavailableError):
    """The service stops while somebody waits or listens; the next one goes on with the job.

    Args:
        job_id: Of the job that goes on; None for whoever listens to many.
    """

    def __init__(self, job_id: str | None = None) -> None:
        goes_on = "" if job_id is None else f"; job {job_id} goes on with the next one"
        place = "" if job_id is None else f", or fetch it from /v1/async-result/{job_id}"
        super().__init__(
            f"the service stops{goes_on}", field="service", hint=f"ask again soon{place}"
        )
        self.job_id = job_id
