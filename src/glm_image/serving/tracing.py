"""Traces: which part of a request took how long, for an OpenTelemetry collector.

Off unless an address is set. Then every request and every job is a span; the spans of a job belong
to a trace of their own that names the request, because a job outlives it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from typing import Any

from glm_image.errors import ConfigError
from glm_image.serving.settings import LogSettings

_SERVICE = "glm-image"
_PATH = "/v1/traces"

Value = str | int | float | bool
"""What a span can tell about itself."""


class _Tracer:
    """The one tracer of this process; None until traces are switched on."""

    provider: Any = None


def configure(settings: LogSettings) -> None:
    """Send traces to the collector that is set, if one is.

    Raises:
        ConfigError: The packages for it are missing.
    """
    if settings.traces is None:
        return
    try:
        sdk = import_module("opentelemetry.sdk.trace")
        export = import_module("opentelemetry.sdk.trace.export")
        resources = import_module("opentelemetry.sdk.resources")
        otlp = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    except ImportError as error:
        raise ConfigError(
            f"traces need OpenTelemetry: {error}",
            field="log.traces",
            hint="pip install 'glm-image[traces]'",
        ) from error
    about = resources.Resource.create(
        {"service.name": _SERVICE, "service.version": version(_SERVICE)}
    )
    provider = sdk.TracerProvider(resource=about)
    address = settings.traces.rstrip("/")
    exporter = otlp.OTLPSpanExporter(
        endpoint=address if address.endswith(_PATH) else f"{address}{_PATH}"
    )
    provider.add_span_processor(export.BatchSpanProcessor(exporter))
    _Tracer.provider = provider


def close() -> None:
    """Send what is left."""
    if _Tracer.provider is not None:
        _Tracer.provider.shutdown()
        _Tracer.provider = None


@contextmanager
def span(name: str, attributes: Mapping[str, Value] | None = None) -> Iterator[None]:
    """Trace this block; an exception marks it as failed. Costs nothing where traces are off.

    Args:
        name: What the block does, the same for all its runs.
        attributes: What tells this run from others; no words of users.
    """
    if _Tracer.provider is None:
        yield
        return
    tracer = _Tracer.provider.get_tracer(_SERVICE)
    with tracer.start_as_current_span(name, attributes=dict(attributes or {})):
        yield


def current_trace() -> str | None:
    """Number of the trace that this context belongs to, in hexadecimal digits."""
    if _Tracer.provider is None:
        return None
    api = import_module("opentelemetry.trace")
    context = api.get_current_span().get_span_context()
    return format(context.trace_id, "032x") if context.is_valid else None
