"""What a page in a browser may do with the service, and what every answer tells the browser."""

from collections.abc import Iterator

import httpx2
import pytest
from fake import FakeEngine
from serving_rig import Rig, client, enveloped, running


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running(tmp_path_factory.mktemp("browsers"), engine=FakeEngine()) as one:
        yield one


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:9", 200),
        ("[::1]:80", 200),
        ("LOCALHOST.", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("127.0.0.1:80@evil.example", 400),
        ("a b", 400),
    ],
)
def test_only_known_names_are_answered(rig: Rig, host: str, status: int) -> None:
    answer = httpx2.get(f"{rig.url}/healthz", headers={"Host": host})
    assert answer.status_code == status
    if status != 200:
        enveloped(answer, status)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_no_foreign_page_changes_anything(rig: Rig, headers: dict[str, str], status: int) -> None:
    with client(rig) as http:
        answer = http.post("/v1/images/generations", json={"prompt": "a cat"}, headers=headers)
        assert answer.status_code == status
        own = {"Origin": rig.url}
        assert http.delete("/api/jobs", headers=own).status_code == 200


def test_no_page_is_let_in_from_another_origin(rig: Rig) -> None:
    headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    answer = httpx2.request("OPTIONS", f"{rig.url}/v1/images/generations", headers=headers)
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_every_answer_has_safe_headers(rig: Rig) -> None:
    for path in ("/healthz", "/nothing", "/openapi.json", "/v1/models"):
        answer = httpx2.get(f"{rig.url}{path}")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-request-id"]


def test_no_slash_is_redirected(rig: Rig) -> None:
    with client(rig) as http:
        assert http.get("/v1/models/").status_code in (200, 404)
        assert http.post("/v1/images/generations/", json={}).status_code == 404


def test_a_name_of_the_client_is_kept_if_it_is_one(rig: Rig) -> None:
    answer = httpx2.get(f"{rig.url}/healthz", headers={"X-Request-Id": "trace-0123456789"})
    assert answer.headers["x-request-id"] == "trace-0123456789"
    answer = httpx2.get(f"{rig.url}/healthz", headers={"X-Request-Id": "a b\tc"})
    assert answer.headers["x-request-id"].startswith("req_")


def test_what_goes_wrong_inside_stays_inside(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("/secret/path")

    monkeypatch.setattr(rig.store, "jobs", fail)
    with client(rig) as http:
        answer = http.get("/api/jobs")
    assert enveloped(answer, 500)["bigmodel_code"] == "1234"
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
