"""Who gets in, how much may be sent, and what never gets out."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from fake import FakeEngine, plain
from serving_rig import Rig, client, enveloped, running

from glm_image.serving.accounts import KeyLimits, Scope
from glm_image.serving.records import new_id
from glm_image.serving.settings import RequestLimits

LIMITS = replace(
    RequestLimits(), body_bytes=400_000, json_bytes=100_000, file_bytes=150_000, files=3
)
PATIENCE = 20.0


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("guards")
    with running(folder, engine=FakeEngine(), limits=LIMITS) as one:
        yield one


# ------------------------------------------------------------------------ keys


@pytest.mark.parametrize(
    ("header", "number"),
    [
        (None, "1001"),
        ("", "1001"),
        ("Basic YTpi", "1002"),
        ("Bearer", "1002"),
        ("Bearer sk-123", "1002"),
        ("Bearer gi_0123456789abcdef.secret", None),
    ],
)
def test_without_a_good_key_nothing_is_done(
    rig: Rig, header: str | None, number: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = httpx2.get(f"{rig.url}/paas/v4/models", headers=headers)
    found = enveloped(answer, 401)
    assert number is None or found["code"] == number
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "secret" not in answer.text


def test_a_revoked_key_is_told_so(rig: Rig) -> None:
    key, token = rig.store.create_key("gone", (Scope.READ,))
    rig.store.revoke(key.id)
    answer = httpx2.get(f"{rig.url}/paas/v4/models", headers={"Authorization": f"Bearer {token}"})
    assert enveloped(answer, 429)["code"] == "1112"
    assert answer.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        (Scope.READ, "POST", "/v1/images/generations"),
        (Scope.READ, "POST", "/api/jobs"),
        (Scope.READ, "DELETE", "/api/jobs"),
        (Scope.GENERATE, "GET", "/api/jobs"),
        (Scope.GENERATE, "GET", "/metrics"),
        (Scope.READ, "GET", "/metrics"),
    ],
)
def test_a_key_may_do_what_its_scopes_say(rig: Rig, scope: Scope, method: str, path: str) -> None:
    with client(rig, scope) as http:
        body = {"prompt": "a cat"} if method == "POST" else None
        assert enveloped(http.request(method, path, json=body), 403)["bigmodel_code"] == "1220"


def test_an_admin_may_read_the_figures(rig: Rig) -> None:
    with client(rig, Scope.ADMIN) as http:
        http.get("/api/jobs/job_of_nobody")
        text = http.get("/metrics").text
    assert 'route="/api/jobs/{job_id}"' in text
    assert "job_of_nobody" not in text


def test_health_needs_no_key(rig: Rig) -> None:
    assert httpx2.get(f"{rig.url}/healthz").json() == {"status": "ok"}
    assert httpx2.get(f"{rig.url}/readyz").json()["models"] == ["glm-image"]


def test_a_service_of_this_machine_alone_needs_no_keys(tmp_path: Any) -> None:
    with running(tmp_path, keys=False) as rig:
        assert httpx2.get(f"{rig.url}/v1/models").status_code == 200
        made_up = {"Authorization": "Bearer sk-anything"}
        assert httpx2.get(f"{rig.url}/v1/models", headers=made_up).status_code == 200
        rig.key()
        assert httpx2.get(f"{rig.url}/v1/models", headers=made_up).status_code == 401


@pytest.mark.parametrize(
    ("limits", "number"),
    [
        (KeyLimits(concurrent=1), "1302"),
        (KeyLimits(per_minute=1), "1303"),
        (KeyLimits(per_day=1), "1304"),
    ],
)
def test_limits_of_a_key(rig: Rig, limits: KeyLimits, number: str) -> None:
    rig.engine.seconds = 5.0
    with client(rig, limits=limits) as http:
        assert http.post("/api/jobs", json={"prompt": "a cat"}).status_code == 201
        answer = http.post("/paas/v4/images/generations", json={"prompt": "a dog"})
        assert enveloped(answer, 429)["code"] == number
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.headers["x-should-retry"] == ("false" if number == "1304" else "true")
        http.delete("/api/jobs")
    rig.engine.seconds = 0.0


# ------------------------------------------------------------------------ owners


def test_what_one_key_has_made_no_other_key_sees(rig: Rig) -> None:
    with client(rig) as mine, client(rig) as other:
        upload = mine.post("/api/uploads", files={"file": ("a.png", plain(64, 64))}).json()["id"]
        done = mine.post("/v1/images/generations", json={"prompt": "a cat"}).json()
        job, picture = done["id"], done["data"][0]["id"]
        talk = mine.post("/api/conversations", json={}).json()["id"]
        asked = [
            ("GET", f"/api/jobs/{job}", None),
            ("DELETE", f"/api/jobs/{job}", None),
            ("POST", f"/api/jobs/{job}/retry", None),
            ("GET", f"/api/jobs/{job}/events", None),
            ("GET", f"/v1/async-result/{job}", None),
            ("GET", f"/api/paas/v4/async-result/{job}", None),
            ("GET", f"/api/images/{picture}", None),
            ("PATCH", f"/api/images/{picture}", {"favourite": True}),
            ("DELETE", f"/api/images/{picture}", None),
            ("POST", f"/api/images/{picture}/restore", None),
            ("POST", "/api/images/zip", {"ids": [picture]}),
            ("GET", f"/api/uploads/{upload}", None),
            ("DELETE", f"/api/uploads/{upload}", None),
            ("GET", f"/v1/files/{upload}", None),
            ("GET", f"/v1/files/{upload}/content", None),
            ("DELETE", f"/v1/files/{upload}", None),
            ("GET", f"/api/conversations/{talk}", None),
            ("PATCH", f"/api/conversations/{talk}", {"title": "x"}),
            ("DELETE", f"/api/conversations/{talk}", None),
            ("POST", f"/api/conversations/{talk}/turns", {"text": "x"}),
            ("POST", "/v1/images/generations", {"prompt": "x", "image": picture}),
            ("POST", "/v1/images/generations", {"prompt": "x", "image": upload}),
            ("POST", "/api/jobs", {"prompt": "x", "images": [picture]}),
        ]
        for method, path, body in asked:
            answer = other.request(method, path, json=body)
            found = enveloped(answer, 404)
            unknown = path.replace(job, new_id("job")).replace(picture, new_id("img"))
            same = other.request(method, unknown, json=body)
            assert same.status_code == 404, path
            assert found["type"] == same.json()["error"]["type"]
        for path in ("/api/jobs", "/api/images", "/api/uploads", "/api/conversations", "/v1/files"):
            assert other.get(path).json()["data"] == [], path
            assert len(mine.get(path).json()["data"]) == 1, path


def test_a_stream_of_one_key_tells_nothing_of_another(rig: Rig) -> None:
    with client(rig) as mine, client(rig) as other, other.stream("GET", "/api/events") as stream:
        lines = stream.iter_lines()
        next(lines)
        mine.post("/v1/images/generations", json={"prompt": "a cat"})
        own = other.post("/v1/images/generations", json={"prompt": "a dog"}).json()["id"]
        seen = set()
        for line in lines:
            if line.startswith("data:"):
                event = json.loads(line[5:])
                seen.add(event["job_id"])
                if event["data"].get("state") == "succeeded":
                    break
    assert seen == {own}


# ------------------------------------------------------------------------ sizes


def raw(rig: Rig, head: str, *parts: bytes) -> tuple[int, dict[str, Any]]:
    """Send bytes as they are; status and error of the answer."""
    place = urlsplit(rig.url)
    text = head.format(host=place.netloc, key=rig.key()).replace("\n", "\r\n")
    address = (place.hostname or "", place.port or 0)
    with socket.create_connection(address, timeout=PATIENCE) as line:
        with suppress(ConnectionError):
            for part in (text.encode() + b"\r\n\r\n", *parts):
                line.sendall(part)
        with http.client.HTTPResponse(line) as answer:
            answer.begin()
            return answer.status, json.loads(answer.read())["error"]


HEAD = """POST /v1/images/generations HTTP/1.1
Host: {host}
Authorization: Bearer {key}
Content-Type: application/json
"""


def test_a_body_that_says_it_is_too_long(rig: Rig) -> None:
    status, error = raw(rig, HEAD + "Content-Length: 100001", b"{")
    assert (status, error["param"]) == (413, "body")


def test_a_body_in_chunks_that_is_too_long(rig: Rig) -> None:
    chunk = b"ffff\r\n" + b" " * 0xFFFF + b"\r\n"
    status, error = raw(rig, HEAD + "Transfer-Encoding: chunked", *[chunk] * 4)
    assert status == 413
    assert "100000" in error["message"]


def test_a_body_that_does_not_come(tmp_path: Any) -> None:
    limits = replace(LIMITS, body_pause_seconds=0.3)
    with running(tmp_path, limits=limits) as rig:
        start = time.monotonic()
        status, error = raw(rig, HEAD + "Content-Length: 20", b'{"prompt"')
        assert (status, error["param"]) == (408, "body")
        assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("files", "data", "status"),
    [
        ([("image", ("a.png", b"x" * 150_001))], {}, 413),
        ([("image[]", ("a.png", plain(8, 8)))] * 4, {}, 400),
        ([("image", ("a.png", plain(64, 64)))], {f"f{n}": "1" for n in range(201)}, 400),
        ([("image", ("a.png", b"x" * 500_000))], {}, 413),
    ],
    ids=["file", "files", "fields", "body"],
)
def test_forms_beyond_a_limit(
    rig: Rig, files: list[Any], data: dict[str, str], status: int
) -> None:
    with client(rig) as http:
        answer = http.post("/v1/images/edits", files=files, data={"prompt": "x", **data})
        enveloped(answer, status)


def test_more_pixels_than_one_request_may_ask_for(tmp_path: Any) -> None:
    with running(tmp_path, limits=replace(LIMITS, megapixels=1.0)) as rig, client(rig) as http:
        body = {"prompt": "x", "n": 4, "size": "512x512"}
        found = enveloped(http.post("/v1/images/generations", json=body), 400)
        assert found["param"] == "n, size"


# ------------------------------------------------------------------------ files


def address(rig: Rig) -> str:
    with client(rig) as http:
        body = {"prompt": "a cat", "response_format": "url"}
        return str(http.post("/v1/images/generations", json=body).json()["data"][0]["url"])


def test_a_file_is_sent_so_that_no_browser_runs_it(rig: Rig) -> None:
    answer = httpx2.get(address(rig))
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["content-disposition"].startswith('inline; filename="img_')
    again = httpx2.get(address(rig), headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code in (200, 304)
    assert httpx2.head(address(rig)).content == b""


@pytest.mark.parametrize("part", ["exp", "kid", "name", "sig", "path"])
def test_a_changed_address_is_refused(rig: Rig, part: str) -> None:
    parts = urlsplit(address(rig))
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    path = parts.path
    if part == "path":
        path = path[:-5] + ("0" if path[-5] != "0" else "1") + path[-4:]
    elif part == "exp":
        query["exp"] = str(int(query["exp"]) + 1)
    else:
        query[part] = query[part][:-2] + ("AA" if query[part][-2:] != "AA" else "BB")
    answer = httpx2.get(f"{rig.url}{path}", params=query)
    enveloped(answer, 403)


@pytest.mark.parametrize(
    "path", ["../pepper", "..%2fpepper", "%2e%2e/service.sqlite3", "ab/..%00", "/etc/passwd", "x"]
)
def test_no_path_leads_out_of_the_files(rig: Rig, path: str) -> None:
    place = urlsplit(rig.url)
    line = http.client.HTTPConnection(place.netloc, timeout=PATIENCE)
    line.request("GET", f"/files/{path}?exp=9999999999&kid=a&sig=b")
    answer = line.getresponse()
    text = answer.read().decode()
    assert answer.status in (403, 404)
    assert str(rig.settings.data) not in text
    line.close()


def test_an_expired_address_is_refused(rig: Rig) -> None:
    signer = rig.app.state.service.signer
    key = rig.blobs.put(plain(8, 8), "image/png")
    query = signer.sign(key, expires=time.time() - 1)
    enveloped(httpx2.get(f"{rig.url}/files/{key}?{query}"), 403)
