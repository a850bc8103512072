"""Models that cannot be loaded: somebody is told why, nobody waits for them, nothing spins."""

import io
import json
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
from asking import PATIENCE, dispatching, drawing, ended, open_store, pool, submit, until, worker
from fake import CARD, FakeEngine
from serving_rig import enveloped, running

from glm_image.errors import NotFoundError
from glm_image.serving.records import Failure, JobState
from glm_image.serving.settings import ServedModel, Settings
from glm_image.serving.worker.failures import failure_of, silent, unloaded
from glm_image.serving.worker.pool import Pool
from glm_image.serving.worker.process import LOADS, Phase

pytestmark = pytest.mark.anyio

GONE = Failure(
    code="1230",
    kind="NotFoundError",
    message="full cannot be loaded: full has no model_index.json",
    field="model",
    hint="give the folder that holds transformer/, vae/ and the others",
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


# ------------------------------------------------------------------------ workers


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("starved", "starved cannot be loaded: there is too little memory for it"),
        ("killed", "was killed by signal 9 while it loaded the model"),
    ],
)
async def test_a_worker_that_dies_over_its_model_is_started_more_and_more_rarely(
    name: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = io.StringIO()
    log = structlog.wrap_logger(
        structlog.PrintLogger(said), processors=[structlog.processors.JSONRenderer()]
    )
    monkeypatch.setattr("glm_image.serving.worker.process._LOG", log)
    one = worker(name=name, rest=0.2, longest_rest=1.0, settled=0.0)
    await one.start()
    try:
        await until(lambda: one.misses == 1)
        assert one.refused is None
        await until(lambda: one.misses >= LOADS)
        assert one.refused is not None
        assert reason in one.refused.message
        assert not one.refused.retryable
        before, start = one.restarts, time.monotonic()
        await until(lambda: one.restarts >= before + 2)
        assert time.monotonic() - start > 1.0
    finally:
        await one.close()
    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    reasons = [line for line in lines if line["event"] == "model not loaded"]
    assert {(line["worker"], line["model"]) for line in reasons} == {(f"{name}-0", name)}
    # Once each: on a busy machine a start may also have been too slow.
    told = [line["reason"] for line in reasons]
    assert len(told) == len(set(told)) < one.misses
    assert {"reason", "field", "hint"} <= reasons[0].keys()


async def test_jobs_of_a_model_that_cannot_be_loaded_fail(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    job = submit(store, drawing(model="unfit"))
    async with dispatching(store, tmp_path, pool(name="unfit")):
        failed = await ended(store, job.id)
    assert failed.state is JobState.FAILED
    assert failed.failure is not None
    assert failed.failure.message == "unfit cannot be loaded: there is no such model"
    assert (failed.failure.field, failed.attempt) == ("model", 1)
    store.close()


async def test_jobs_that_others_may_draw_are_left_to_them(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    job = submit(store, drawing(model="unfit"))
    shared = pool(name="unfit", alone=False)
    async with dispatching(store, tmp_path, shared):
        await until(lambda: bool(shared.refused))
        assert shared.room == {"unfit": 0}
    assert store.job(job.id, None).state is JobState.QUEUED
    store.close()


async def test_one_worker_that_may_yet_load_its_model_is_enough() -> None:
    broken, sound = worker(name="unfit"), worker(0.1)
    both = Pool([broken, sound])
    await both.start()
    try:
        await until(lambda: broken.phase is Phase.UNFIT and sound.up)
        assert list(both.refused) == ["unfit"]
        # The same model, which one of its two workers has loaded.
        broken.load = sound.load
        assert not both.refused
        assert both.ready
    finally:
        await both.close()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("/srv/models/x has no model_index.json", "x has no model_index.json"),
        ("/srv/x/vae: neither /srv/x/vae/a.safetensors nor b", "vae: neither a.safetensors nor b"),
        ("vae/a.safetensors is n/a", "vae/a.safetensors is n/a"),
        ("see https://example.org/a", "see https://example.org/a"),
    ],
)
def test_folders_are_nobodys_business(given: str, told: str) -> None:
    failure = unloaded("m", failure_of(NotFoundError(given, field="/srv/models/x")))
    assert failure.message == f"m cannot be loaded: {told}"
    assert failure.field == "x"
    assert unloaded("m", silent("left with code 1")).field == "model"


# ------------------------------------------------------------------------ answers


def test_a_service_with_a_broken_model_says_which_and_why(tmp_path: Path) -> None:
    models = (ServedModel(name="glm-image"), ServedModel(name="full"), ServedModel(name="late"))
    engine = FakeEngine(models=(CARD,), ready=False, refused={"full": GONE})
    with running(tmp_path, engine=engine, keys=False, models=models) as rig:
        answer = httpx2.get(f"{rig.url}/readyz", timeout=PATIENCE)
        error = enveloped(answer, 503)
        assert (error["message"], error["param"]) == (f"{GONE.message} ({GONE.hint})", "model")
        assert answer.headers["x-should-retry"] == "false"
        assert answer.json()["models"] == [
            {"name": "full", "reason": GONE.message, "field": "model", "hint": GONE.hint}
        ]
        for model, retry in (("full", "false"), ("late", "true")):
            body = {"prompt": "a cat", "model": model}
            refused = httpx2.post(f"{rig.url}/v1/images/generations", json=body, timeout=PATIENCE)
            assert model in enveloped(refused, 503)["message"]
            assert refused.headers["x-should-retry"] == retry
        body = {"prompt": "a cat", "model": "other"}
        unknown = httpx2.post(f"{rig.url}/v1/images/generations", json=body, timeout=PATIENCE)
        assert enveloped(unknown, 400)["code"] == "model_not_found"
        body = {"prompt": "a cat"}
        drawn = httpx2.post(f"{rig.url}/v1/images/generations", json=body, timeout=PATIENCE)
        assert drawn.status_code == 200


def test_folders_that_hold_no_model_or_a_broken_one(tiny_checkpoint: Path, tmp_path: Path) -> None:
    """With the workers as they are: they read the files."""
    empty, torn = tmp_path / "empty", tmp_path / "torn"
    empty.mkdir()
    torn.mkdir()
    for path in tiny_checkpoint.rglob("*"):
        place = torn / path.relative_to(tiny_checkpoint)
        if path.is_dir():
            place.mkdir()
        else:
            data = path.read_bytes()
            whole = path.suffix != ".safetensors" or path.parent.name != "vae"
            place.write_bytes(data if whole else data[: len(data) // 2])
    models = tuple(
        ServedModel(name=folder.name, source=str(folder), device="cpu") for folder in (empty, torn)
    )
    settings = Settings(data=tmp_path / "data", models=models)
    painter: Any = Pool.from_settings(settings)
    with running(settings.data, engine=painter, keys=False, models=models) as rig:
        waiting = [submit(rig.store, drawing(model=model.name)).id for model in models]
        end = time.monotonic() + PATIENCE
        while (
            len(body := httpx2.get(f"{rig.url}/readyz", timeout=PATIENCE).json().get("models", []))
            < 2
        ):
            assert time.monotonic() < end, body
            time.sleep(0.2)
        reasons = {one["name"]: one["reason"] for one in body}
        assert "model_index.json" in reasons["empty"]
        assert "vae" in reasons["torn"]
        assert str(tmp_path) not in json.dumps(body)
        assert all(one["hint"] for one in body)
        for job_id in waiting:
            while not (job := rig.store.job(job_id, None)).state.ended:
                assert time.monotonic() < end
                time.sleep(0.1)
            assert job.state is JobState.FAILED
            assert job.failure is not None
            assert job.failure.message in reasons.values()
        assert [one.restarts for one in painter.workers] == [0, 0]
