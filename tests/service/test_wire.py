"""The wire stays as it was: what clients once sent is sent again, without the clients."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from serving_rig import Rig, running
from wiring import BOUNDARY, RECORDED, Exchange, Marks, kept, multipart, painter

PATIENCE = 60.0


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running(tmp_path_factory.mktemp("wire"), engine=painter()) as one:
        yield one


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_request_is_answered_as_it_was(rig: Rig, name: str) -> None:
    marks = Marks(rig.url, rig.key())
    with httpx2.Client(timeout=PATIENCE) as http:
        for exchange in kept(name)["exchanges"]:
            request = exchange["request"]
            again = marks.exchange(asked(http, request, marks))
            assert again["answer"] == exchange["answer"], (request["method"], request["target"])


def asked(http: httpx2.Client, request: dict[str, Any], marks: Marks) -> Exchange:
    """Ask what was recorded, and again as long as the task that it asks for is under way."""
    headers = {name: marks.meant(text) for name, text in request["headers"].items()}
    body = request["body"]
    content = b""
    if body is not None and "form" in body:
        content = multipart(body["form"], marks)
        assert BOUNDARY in headers["content-type"]
    elif body is not None:
        content = marks.meant(json.dumps(body["json"])).encode()
    end = time.monotonic() + PATIENCE
    target = marks.meant(request["target"])
    while True:
        answer = http.request(
            request["method"],
            f"{marks.meant('<service>')}{target}",
            headers=headers,
            content=content,
        )
        exchange = Exchange(
            method=request["method"],
            target=target,
            asked=headers,
            sent=content,
            status=answer.status_code,
            answered={name.lower(): text for name, text in answer.headers.items()},
            received=answer.content,
        )
        if not exchange.is_early or time.monotonic() > end:
            return exchange
        time.sleep(0.05)
