"""Logs without secrets, figures without keys, traces where somebody wants them."""

import json
import logging
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import structlog

from glm_image.errors import ConfigError
from glm_image.serving import logs, metrics, tracing
from glm_image.serving.settings import LogSettings


class Lines:
    """What was written to the log."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture
        self._text = ""

    @property
    def text(self) -> str:
        self._text += self._capture.readouterr().err
        return self._text

    @property
    def records(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """The log, which is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield Lines(capsys)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_line_is_an_object_with_the_name_of_its_request(lines: Lines) -> None:
    logs.configure(LogSettings())
    logs.bind_request(request_id="req_1")
    logs.get("jobs").info("job ended", seconds=1.5, 中="文")
    logs.clear_request()
    logging.getLogger("some.library").warning("it is %s", "late")
    first, second = lines.records
    assert first["event"] == "job ended"
    assert (first["request_id"], first["logger"], first["level"]) == (
        "req_1", "glm_image.jobs", "info",
    )  # fmt: skip
    assert (first["seconds"], first["中"]) == (1.5, "文")
    assert second["event"] == "it is late"
    assert "request_id" not in second
    assert str(first["timestamp"]).endswith("Z")


def test_secrets_and_words_of_users_are_not_written(lines: Lines) -> None:
    logs.configure(LogSettings())
    secret = "gi_abc123.s3cr3t-part_x"
    logs.get("x").warning(
        "refused",
        prompt="a very private wish",
        authorization=f"Bearer {secret}",
        reason=f"key {secret} in 'Authorization: Bearer {secret}'",
        url="http://a/files/ab/c.png?exp=1&sig=abcDEF_123&kid=2",
        nested={"token": "t", "deep": [f"Bearer {secret}"], "prompt": "hidden"},
    )
    try:
        raise ValueError(f"bad key {secret}")
    except ValueError:
        logging.getLogger("library").exception("trouble with %s", secret)
    text = lines.text
    for forbidden in ("s3cr3t", "private wish", "abcDEF", '"t"', "hidden"):
        assert forbidden not in text
    first = lines.records[0]
    assert first["prompt"] == "[19 characters]"
    assert "kid=2" in str(first["url"])


def test_operators_may_log_the_words(lines: Lines) -> None:
    logs.configure(LogSettings(prompts=True, level="warning"))
    logs.get("x").info("quiet")
    logs.get("x").warning("loud", prompt="a wish")
    assert [record["prompt"] for record in lines.records] == ["a wish"]


def test_lines_for_eyes(lines: Lines) -> None:
    logs.configure(LogSettings(json=False))
    logs.get("x").info("model loaded", device="cpu")
    assert "model loaded" in lines.text
    assert not lines.text.startswith("{")


class _Worker:
    name = "w-0"
    up = True
    restarts = 2
    orders = 3
    memory = (1000, 2000)


def test_figures_are_those_of_the_service() -> None:
    metrics.observe_request(method="GET", route="/v1/models", status=200, seconds=0.01)
    metrics.observe_start(model="m", waited=1.0, reused=2)
    metrics.observe_end(model="m", outcome="lost", seconds=3.0)
    metrics.observe_stages(model="m", stages=["decoder=2.5"])
    metrics.observe_picture(model="m", pixels=100)
    metrics.show_queue(queued=4, running=1, oldest=None)
    metrics.show_workers([_Worker()])
    body, mime = metrics.render()
    text = body.decode()
    assert mime.startswith("text/plain")
    for line in (
        'glm_image_request_seconds_count{method="GET",route="/v1/models",status="200"} ',
        'glm_image_stage_seconds_sum{model="m",stage="decoder"} 2.5',
        'glm_image_codes_reused_total{model="m"} 2.0',
        "glm_image_jobs_queued 4.0",
        'glm_image_worker_up{worker="w-0"} 1.0',
        'glm_image_worker_memory_bytes{where="device",worker="w-0"} 2000.0',
    ):
        assert line in text
    assert "gi_" not in text
    assert "python_gc" not in text


class _Collector(BaseHTTPRequestHandler):
    bodies: list[bytes]

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


def test_traces_reach_a_collector_and_name_lines(lines: Lines) -> None:
    _Collector.bodies = []
    server = HTTPServer(("127.0.0.1", 0), _Collector)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings = LogSettings(traces=f"http://127.0.0.1:{server.server_port}")
    logs.configure(settings)
    tracing.configure(settings)
    try:
        assert tracing.current_trace() is None
        with tracing.span("job", {"job.id": "job_1"}):
            trace = tracing.current_trace()
            logs.get("x").info("inside")
    finally:
        tracing.close()
        server.shutdown()
        server.server_close()
        thread.join()
    assert trace is not None
    assert len(trace) == 32
    assert [record["trace_id"] for record in lines.records if record["event"] == "inside"] == [
        trace
    ]
    sent = b"".join(_Collector.bodies)
    assert b"job_1" in sent
    assert bytes.fromhex(trace) in sent


def test_without_traces_a_span_is_nothing() -> None:
    tracing.configure(LogSettings())
    with tracing.span("job"):
        assert tracing.current_trace() is None


def test_missing_packages_of_traces_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigError) as refused:
        tracing.configure(replace(LogSettings(), traces="http://a"))
    assert refused.value.field == "log.traces"
