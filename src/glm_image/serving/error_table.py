"""From an error to what a client reads: one table, one envelope for all faces.

``{"error": {"code", "message", "type", "param"}, "contentFilter"?, "request_id"}`` is read well by
the clients of BigModel and of OpenAI. Where ``code`` is a name, ``error.bigmodel_code`` holds the
number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from glm_image.errors import (
    CancelledError,
    CapacityError,
    GlmImageError,
    InputError,
    NotFoundError,
)
from glm_image.serving.errors import (
    AuthError,
    BusyError,
    Code,
    ConflictError,
    DeadlineError,
    Flag,
    PolicyError,
    RequestError,
    Role,
    ServiceError,
    SlowBodyError,
    StoppingError,
    TooLargeError,
    UnavailableError,
)
from glm_image.serving.faces import Face
from glm_image.serving.records import Failure

_BAD_REQUEST = "invalid_request_error"
_AUTH = "authentication_error"
_LIMIT = "rate_limit_error"
_SERVER = "server_error"


@dataclass(frozen=True, kw_only=True)
class Row:
    """What stands behind a number.

    Args:
        status: HTTP status.
        type: ``error.type`` in the convention of OpenAI.
        name: The number as a name.
    """

    status: int
    type: str
    name: str


ROWS: Mapping[Code, Row] = {
    Code.AUTH_FAILED: Row(status=401, type=_AUTH, name="authentication_failed"),
    Code.AUTH_ABSENT: Row(status=401, type=_AUTH, name="missing_api_key"),
    Code.TOKEN_MALFORMED: Row(status=401, type=_AUTH, name="malformed_api_key"),
    Code.TOKEN_EXPIRED: Row(status=401, type=_AUTH, name="expired_api_key"),
    Code.TOKEN_REJECTED: Row(status=401, type=_AUTH, name="invalid_api_key"),
    Code.KEY_DISABLED: Row(status=429, type=_LIMIT, name="api_key_disabled"),
    Code.QUOTA_SPENT: Row(status=429, type=_LIMIT, name="insufficient_quota"),
    Code.CALL_ERROR: Row(status=400, type=_BAD_REQUEST, name="bad_request"),
    Code.MALFORMED: Row(status=400, type=_BAD_REQUEST, name="malformed_request"),
    Code.MODEL_UNKNOWN: Row(status=400, type=_BAD_REQUEST, name="model_not_found"),
    Code.CALL_UNSUPPORTED: Row(status=400, type=_BAD_REQUEST, name="unsupported_call"),
    Code.FIELD_MISSING: Row(status=400, type=_BAD_REQUEST, name="missing_required_parameter"),
    Code.FIELD_INVALID: Row(status=400, type=_BAD_REQUEST, name="invalid_value"),
    Code.FIELDS_EXCLUSIVE: Row(status=400, type=_BAD_REQUEST, name="exclusive_parameters"),
    Code.NO_PERMISSION: Row(status=403, type="permission_error", name="insufficient_permissions"),
    Code.NO_SUCH_API: Row(status=404, type=_BAD_REQUEST, name="unknown_url"),
    Code.PROCESSING: Row(status=500, type=_SERVER, name="processing_error"),
    Code.REQUEST_ID_TAKEN: Row(status=422, type=_BAD_REQUEST, name="idempotency_conflict"),
    Code.INTERNAL: Row(status=500, type=_SERVER, name="internal_error"),
    Code.PROMPT_TOO_LONG: Row(status=400, type=_BAD_REQUEST, name="string_above_max_length"),
    Code.UNSAFE: Row(status=400, type="image_generation_user_error", name="moderation_blocked"),
    Code.CONCURRENCY: Row(status=429, type=_LIMIT, name="concurrency_exceeded"),
    Code.FREQUENCY: Row(status=429, type=_LIMIT, name="rate_limit_exceeded"),
    Code.DAILY_CAP: Row(status=429, type=_LIMIT, name="daily_cap_exceeded"),
    Code.OVERLOADED: Row(status=429, type=_LIMIT, name="overloaded"),
}
"""Every number that the service answers with. Source: BigModel, list of business error codes."""

_NOT_AGAIN = frozenset({Code.DAILY_CAP, Code.QUOTA_SPENT, Code.KEY_DISABLED, Code.PROCESSING})
"""Where another try within a minute is pointless although the status suggests one."""


class JobFailed(GlmImageError):
    """A job that somebody waits for came to nothing.

    Args:
        job_id: Of the job.
        failure: Why.
    """

    def __init__(self, job_id: str, failure: Failure) -> None:
        super().__init__(failure.message, field=failure.field, hint=failure.hint)
        self.job_id = job_id
        self.failure = failure


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is sent about an error.

    Args:
        status: HTTP status.
        body: The envelope.
        headers: Beyond the usual ones.
    """

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


def code_of(error: GlmImageError) -> Code:
    """The number of an error."""
    if isinstance(error, ServiceError | RequestError):
        return error.code
    if isinstance(error, JobFailed):
        return known_code(error.failure.code)
    if isinstance(error, InputError):
        return Code.FIELD_INVALID
    if isinstance(error, NotFoundError):
        return Code.FIELD_INVALID
    return Code.PROCESSING if isinstance(error, CapacityError | CancelledError) else Code.INTERNAL


def known_code(text: str) -> Code:
    """A number that came as text; what is no number of the table is an internal error."""
    try:
        return Code(text)
    except ValueError:
        return Code.INTERNAL


def status_of(error: GlmImageError, face: Face) -> int:
    """The HTTP status of an error."""
    for kind, status in (
        (TooLargeError, 413),
        (SlowBodyError, 408),
        (ConflictError, face.conflict_status),
        (DeadlineError, 504),
        (UnavailableError, 503),
        (CapacityError, 503),
        (NotFoundError, 404),
        (CancelledError, 409),
    ):
        if isinstance(error, kind):
            return status
    return ROWS[code_of(error)].status


def envelope(error: GlmImageError, *, face: Face, request_id: str) -> dict[str, Any]:
    """The body of an answer about an error."""
    code = code_of(error)
    row = ROWS[code]
    name = "not_found" if isinstance(error, NotFoundError) else row.name
    inner: dict[str, Any] = {
        "code": code.value if face.numbers_errors else name,
        "message": f"{error.message} ({error.hint})" if error.hint else error.message,
        "type": row.type,
        "param": error.field,
    }
    if not face.numbers_errors:
        inner["bigmodel_code"] = code.value
    body: dict[str, Any] = {"error": inner, "request_id": request_id}
    if (again := retry_of(error)) is not None:
        inner["retry_after"] = again
    if isinstance(error, DeadlineError | JobFailed | StoppingError) and error.job_id is not None:
        body["id"] = error.job_id
    if code is Code.UNSAFE:
        body["contentFilter"] = content_filter(error)
        inner["moderation_details"] = {"moderation_stage": _stage(error), "categories": []}
    return body


def answer(error: GlmImageError, *, face: Face, request_id: str) -> Answer:
    """Everything that is sent about an error."""
    return Answer(
        status=status_of(error, face),
        body=envelope(error, face=face, request_id=request_id),
        headers=_headers(error),
    )


def retry_of(error: GlmImageError) -> float | None:
    """Seconds after which another try makes sense; None where nothing is known of that."""
    return error.retry_after if isinstance(error, BusyError | UnavailableError) else None


def _headers(error: GlmImageError) -> dict[str, str]:
    """Whether and when to try again, and where to look instead."""
    headers: dict[str, str] = {}
    if isinstance(error, AuthError):
        headers["WWW-Authenticate"] = 'Bearer realm="glm-image"'
    if isinstance(error, BusyError | UnavailableError) and error.retry_after is not None:
        again = code_of(error) not in _NOT_AGAIN or isinstance(error, UnavailableError)
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
        headers["x-should-retry"] = "true" if again else "false"
    elif status_of(error, Face.BIGMODEL) in (409, 429, 500, 503, 504):
        headers["x-should-retry"] = "false"
    if isinstance(error, DeadlineError | StoppingError) and error.job_id is not None:
        headers["Location"] = f"/v1/async-result/{error.job_id}"
    return headers


def content_filter(error: GlmImageError) -> list[dict[str, object]]:
    """What moderation found, in BigModel's words; without a finding, whose content it was.

    Source: BigModel, ``content_filter``: role, and level from 0, the worst, to 3.
    """
    flags: Sequence[Flag] = ()
    if isinstance(error, PolicyError):
        flags = error.flags
    elif isinstance(error, JobFailed):
        flags = error.failure.flags
    if not flags:
        role = Role.ASSISTANT if isinstance(error, JobFailed) else Role.USER
        flags = (Flag(role=role, level=1),)
    return [{"role": flag.role, "level": flag.level} for flag in flags]


def _stage(error: GlmImageError) -> str:
    return "output" if isinstance(error, JobFailed) else "input"
