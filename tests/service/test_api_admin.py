"""What those who look after the service see and do, and that nobody else can."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fake import FakeEngine
from serving_rig import Rig, client, enveloped, running

from glm_image.serving.accounts import KeyLimits, Scope
from glm_image.serving.settings import Settings

PATHS = (
    ("GET", "/api/admin/queue"),
    ("GET", "/api/admin/workers"),
    ("GET", "/api/admin/keys"),
    ("POST", "/api/admin/pause"),
    ("POST", "/api/admin/resume"),
    ("POST", "/api/admin/keys/none/rotate"),
    ("DELETE", "/api/admin/keys/none"),
    ("DELETE", "/api/admin/jobs/none"),
)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with running(tmp_path, engine=FakeEngine(seconds=0.2)) as one:
        yield one


@pytest.fixture
def admin(rig: Rig) -> Iterator[httpx2.Client]:
    with client(rig, Scope.ADMIN) as one:
        yield one


def ok(answer: httpx2.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def ask(http: httpx2.Client, prompt: str = "a red circle", **body: Any) -> str:
    body = {"prompt": prompt, "size": "64x64", **body}
    return str(ok(http.post("/api/jobs", json=body), 201)["id"])


def state(http: httpx2.Client, job_id: str) -> str:
    return str(ok(http.get(f"/api/jobs/{job_id}"))["state"])


def wait_for(http: httpx2.Client, job_id: str, *wanted: str) -> None:
    end = time.monotonic() + 60
    while state(http, job_id) not in wanted:
        assert time.monotonic() < end, state(http, job_id)
        time.sleep(0.02)


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_only_administrators_are_let_in(rig: Rig, method: str, path: str) -> None:
    with client(rig, Scope.GENERATE, Scope.READ) as http:
        enveloped(http.request(method, path), 403)
    enveloped(httpx2.request(method, f"{rig.url}{path}", timeout=60), 401)


def test_a_service_without_keys_is_looked_after_by_its_machine(tmp_path: Path) -> None:
    with running(tmp_path, keys=False) as rig:
        queue = ok(httpx2.get(f"{rig.url}/api/admin/queue", timeout=60))
        account = ok(httpx2.get(f"{rig.url}/api/account", timeout=60))
    assert (queue["paused"], queue["jobs"]) == (False, [])
    assert (account["key_id"], account["needs_key"]) == ("local", False)


def test_a_pause_lets_nothing_begin_until_it_is_over(rig: Rig, admin: httpx2.Client) -> None:
    assert ok(admin.post("/api/admin/pause")) == {"paused": True}
    job = ask(admin)
    time.sleep(1.5)
    assert state(admin, job) == "queued"
    queue = ok(admin.get("/api/admin/queue"))
    assert (queue["paused"], queue["queued"], queue["running"]) == (True, 1, 0)
    assert ok(admin.post("/api/admin/resume")) == {"paused": False}
    wait_for(admin, job, "succeeded")


def test_a_pause_outlives_the_service(tmp_path: Path) -> None:
    with running(tmp_path, keys=False) as rig:
        ok(httpx2.post(f"{rig.url}/api/admin/pause", timeout=60))
    with running(tmp_path, keys=False) as rig, httpx2.Client(base_url=rig.url, timeout=60) as http:
        job = ask(http)
        time.sleep(1.5)
        assert state(http, job) == "queued"
        ok(http.post("/api/admin/resume"))
        wait_for(http, job, "succeeded")


def test_the_queue_shows_everybody_but_not_their_words(rig: Rig, admin: httpx2.Client) -> None:
    ok(admin.post("/api/admin/pause"))
    with client(rig, Scope.GENERATE, Scope.READ) as other:
        theirs = ask(other, "my secret plan", n=2)
        mine = ask(admin, "a circle")
        answer = admin.get("/api/admin/queue")
        assert "secret plan" not in answer.text
        first, second = ok(answer)["jobs"]
        assert {first["id"], second["id"]} == {theirs, mine}
        assert [first["position"], second["position"]] == [0, 1]
        shown = first if first["id"] == theirs else second
        assert (shown["images"], shown["width"], shown["key_name"]) == (2, 64, "one")
        left = ok(admin.delete(f"/api/admin/jobs/{theirs}"))
        assert [job["id"] for job in left["jobs"]] == [mine]
        assert state(other, theirs) == "cancelled"
    enveloped(admin.delete("/api/admin/jobs/job_0"), 404)


def test_a_running_job_is_cancelled(tmp_path: Path) -> None:
    with (
        running(tmp_path, engine=FakeEngine(seconds=60), keys=False) as rig,
        httpx2.Client(base_url=rig.url, timeout=60) as http,
    ):
        job = ask(http)
        wait_for(http, job, "running")
        ok(http.delete(f"/api/admin/jobs/{job}"))
        assert state(http, job) == "cancelled"
        end = time.monotonic() + 30
        while rig.app.state.service.dispatcher.running:
            assert time.monotonic() < end
            time.sleep(0.02)


def test_keys_are_made_shown_once_and_taken_back(rig: Rig, admin: httpx2.Client) -> None:
    body = {"name": "alice <b>", "scopes": ["generate", "read"], "per_day": 3, "expires_in": 3600}
    made = ok(admin.post("/api/admin/keys", json=body), 201)
    key, token = made["key"], made["token"]
    assert token.startswith(f"gi_{key['id']}.")
    assert key["limits"] == {"concurrent": None, "per_minute": None, "per_day": 3}
    assert 3500 < key["expires"] - time.time() <= 3600
    headers = {"Authorization": f"Bearer {token}"}
    with httpx2.Client(base_url=rig.url, headers=headers, timeout=60) as alice:
        job = ask(alice, n=2)
        wait_for(alice, job, "succeeded")
        account = ok(alice.get("/api/account"))
        assert account["scopes"] == ["generate", "read"]
        assert (account["limits"]["per_day"], account["use"]["pictures_of_day"]) == (3, 2)
        assert alice.post("/api/jobs", json={"prompt": "x", "n": 2}).status_code == 429
        answer = admin.get("/api/admin/keys")
        assert token.split(".")[1] not in answer.text
        listed = {one["id"]: one for one in ok(answer)["data"]}[key["id"]]
        assert listed["use"] == {"open_jobs": 0, "jobs_of_minute": 1, "pictures_of_day": 2}
        assert listed["used"] is not None
        again = ok(admin.post(f"/api/admin/keys/{key['id']}/rotate"))
        assert again["token"] != token
        enveloped(alice.get("/api/account"), 401)
        alice.headers["Authorization"] = f"Bearer {again['token']}"
        ok(alice.get("/api/account"))
        assert ok(admin.delete(f"/api/admin/keys/{key['id']}"))["revoked"] is not None
        assert enveloped(alice.get("/api/account"), 429)["code"] == "api_key_disabled"
    enveloped(admin.post(f"/api/admin/keys/{key['id']}/rotate"), 400)
    enveloped(admin.delete("/api/admin/keys/nobody"), 404)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "", "scopes": ["read"]},
        {"name": " ", "scopes": ["read"]},
        {"name": "a\nb", "scopes": ["read"]},
        {"name": "a", "scopes": []},
        {"name": "a", "scopes": ["root"]},
        {"name": "a", "scopes": ["read"], "per_day": 0},
        {"name": "a", "scopes": ["read"], "expires_in": 1},
        {"name": "a", "scopes": ["read"], "colour": "red"},
    ],
)
def test_keys_that_cannot_be_made(admin: httpx2.Client, body: dict[str, Any]) -> None:
    enveloped(admin.post("/api/admin/keys", json=body), 400)


def test_what_a_key_may_by_default_is_told(rig: Rig, admin: httpx2.Client) -> None:
    listed = ok(admin.get("/api/admin/keys"))
    usual = rig.settings.key
    assert listed["defaults"]["concurrent"] == usual.in_flight
    assert listed["needed"] is True
    with client(rig, Scope.READ, limits=KeyLimits(per_minute=7)) as http:
        account = ok(http.get("/api/account"))
    assert (account["limits"]["per_minute"], account["scopes"]) == (7, ["read"])


def test_workers_and_the_service_show_their_figures(admin: httpx2.Client) -> None:
    found = ok(admin.get("/api/admin/workers"))
    assert (found["ready"], found["models"], found["workers"]) == (True, ["glm-image"], [])
    service = found["service"]
    assert service["memory_bytes"] > 10_000_000
    assert service["free_bytes"] > 0 and service["uptime_seconds"] >= 0
    assert (service["reader_installed"], service["reader_running"]) == (True, False)


def test_a_full_queue_is_seen(tmp_path: Path) -> None:
    limits = replace(Settings().limits, queue=1)
    with (
        running(tmp_path, keys=False, limits=limits) as rig,
        httpx2.Client(base_url=rig.url, timeout=60) as http,
    ):
        ok(http.post("/api/admin/pause"))
        assert ok(http.get("/api/admin/queue"))["depth"] == 1
