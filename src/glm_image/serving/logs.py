"""Lines of the log: one JSON object each, without secrets and without the words of users.

A line written while a request is answered carries the request's name, and the number of its trace
where there is one.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from glm_image.serving.settings import LogSettings

WORDS = ("prompt", "text", "instruction", "query", "content")
"""Fields that hold words of users; their length is written instead."""

_SECRET_FIELDS = ("authorization", "api_key", "token", "secret", "password", "cookie", "pepper")
_SECRET = re.compile(r"\bgi_[A-Za-z0-9]+\.[A-Za-z0-9_-]+|\bBearer\s+\S+", re.IGNORECASE)
_SIGNATURE = re.compile(r"([?&]sig=)[^&\s\"']+")
_HIDDEN = "[redacted]"

_LIBRARIES = {"uvicorn.access": logging.WARNING, "httpx": logging.WARNING, "ray": logging.WARNING}
"""Libraries that say more than is of use: requests are logged by the service itself."""


def configure(settings: LogSettings) -> None:
    """Write all lines of this process to standard error, ours and those of libraries."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
        structlog.processors.format_exc_info,
        _Redact(prompts=settings.prompts),
    ]
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    for name, level in _LIBRARIES.items():
        logging.getLogger(name).setLevel(level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The log of one part of the service."""
    log: structlog.stdlib.BoundLogger = structlog.get_logger(f"glm_image.{name}")
    return log


def bind_request(*, request_id: str) -> None:
    """Name the request in all lines of this context."""
    structlog.contextvars.bind_contextvars(request_id=request_id)


def clear_request() -> None:
    """Forget the request of this context."""
    structlog.contextvars.unbind_contextvars("request_id")


class _Redact:
    """Takes secrets out of a line, and the words of users unless the operator wants them."""

    def __init__(self, *, prompts: bool) -> None:
        self._prompts = prompts

    def __call__(
        self, logger: Any, method: str, line: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Clean one line."""
        for name, value in line.items():
            line[name] = self._clean(name, value)
        return line

    def _clean(self, name: str, value: object) -> object:
        if name.lower() in _SECRET_FIELDS:
            return _HIDDEN
        if name in WORDS and isinstance(value, str) and not self._prompts:
            return f"[{len(value)} characters]"
        if isinstance(value, str):
            return _SIGNATURE.sub(rf"\1{_HIDDEN}", _SECRET.sub(_HIDDEN, value))
        if isinstance(value, dict):
            return {key: self._clean(str(key), inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._clean(name, inner) for inner in value]
        return value


def _add_trace(
    logger: Any, method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Add the number of the trace, if traces are on."""
    from glm_image.serving.tracing import current_trace

    trace = current_trace()
    if trace is not None:
        line["trace_id"] = trace
    return line
