"""The two stages of a cluster: with stand-ins, and with Ray itself."""

import asyncio
import io
import json
import subprocess
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from asking import claim, dispatching, drawing, ended, open_store, submit, until
from fake import CARD, plain
from PIL import Image

from glm_image.serving.painter import Inputs
from glm_image.serving.ray_pool import LOCAL, ROWS, Pair, RayPool
from glm_image.serving.records import JobState, ModelCard
from glm_image.serving.settings import ServedModel, Settings
from glm_image.serving.worker.pool import Pool
from glm_image.serving.worker.protocol import (
    Done,
    Error,
    Frame,
    Load,
    Message,
    Result,
    Step,
    Submit,
    Token,
    Tokens,
    encode,
    read,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class FakeStage:
    """A deployment that writes or paints at once."""

    paints: bool
    asked: list[Submit] = field(default_factory=list)
    dies: bool = False
    waits: bool = False
    left: int = 0

    async def card(self) -> ModelCard:
        return CARD

    async def draw(self, order: bytes) -> AsyncGenerator[bytes, None]:
        frame = read(io.BytesIO(order))
        assert frame is not None
        assert isinstance(frame.word, Submit)
        self.asked.append(frame.word)
        try:
            for word in self.words(frame.word):
                if self.waits:
                    await asyncio.sleep(1000)
                if self.dies:
                    raise RuntimeError("the actor died")
                yield encode(Frame(order=7, word=word))
        finally:
            self.left += 1

    def words(self, asked: Submit) -> list[Message]:
        if self.paints:
            image = plain(64, 64)
            results = [
                Result(index=k, width=64, height=64, mime="image/png", image=image)
                for k in range(asked.drawing.count)
            ]
            return [Step(done=1, total=1), *results, Done()]
        missing = [index for index, codes in enumerate(asked.codes) if codes is None]
        codes = [Tokens(index=index, codes=b"%d" % index) for index in missing]
        return [Token(done=1, total=1), *codes, Done()]


@dataclass
class FakeCluster:
    writer: FakeStage = field(default_factory=lambda: FakeStage(paints=False))
    painter: FakeStage = field(default_factory=lambda: FakeStage(paints=True))
    loads: list[Load] = field(default_factory=list)
    broken: bool = False
    closed: bool = False

    def deploy(self, load: Load, most: int) -> Pair:
        if self.broken:
            raise RuntimeError("no cluster")
        self.loads.append(load)
        return Pair(writer=self.writer, painter=self.painter)

    def close(self) -> None:
        self.closed = True


async def opened(cluster: FakeCluster) -> RayPool:
    pool = RayPool(Settings(ray=LOCAL), cluster)
    await pool.start()
    await until(lambda: pool.ready)
    return pool


async def test_codes_are_written_by_one_stage_and_painted_by_the_other() -> None:
    cluster = FakeCluster()
    pool = await opened(cluster)
    asked = claim(drawing(seeds=(1, 2)))
    words = [word async for word in pool.submit(asked, Inputs(codes={1: b"kept"}))]
    assert [type(word) for word in words] == [Token, Tokens, Step, Result, Result, Done]
    assert cluster.writer.asked[0].codes == (None, b"kept")
    assert cluster.painter.asked[0].codes == (b"0", b"kept")
    assert pool.room == {"glm-image": ROWS}
    assert [card.name for card in pool.models] == ["glm-image"]
    await pool.close()
    assert cluster.closed


async def test_codes_that_are_there_need_no_writer() -> None:
    cluster = FakeCluster()
    pool = await opened(cluster)
    words = [word async for word in pool.submit(claim(), Inputs(codes={0: b"kept"}))]
    assert isinstance(words[-1], Done)
    assert not cluster.writer.asked


@pytest.mark.parametrize("stage", ["writer", "painter"])
async def test_a_lost_replica_is_an_error_of_the_job(stage: str) -> None:
    cluster = FakeCluster()
    vars(cluster)[stage].dies = True
    pool = await opened(cluster)
    words = [word async for word in pool.submit(claim(), Inputs())]
    assert isinstance(words[-1], Error)
    assert words[-1].failure.kind == "WorkerLostError"
    assert words[-1].failure.retryable
    assert len(cluster.painter.asked) == (stage == "painter")


@pytest.mark.parametrize("stage", ["writer", "painter"])
async def test_a_cancelled_job_leaves_its_replica(stage: str) -> None:
    cluster = FakeCluster()
    vars(cluster)[stage].waits = True
    pool = await opened(cluster)
    words: list[Message] = []

    async def draw() -> None:
        async for word in pool.submit(claim(job_id="job_9"), Inputs()):
            words.append(word)

    task = asyncio.create_task(draw())
    await until(lambda: bool(vars(cluster)[stage].asked))
    assert pool.room == {"glm-image": ROWS - 1}
    await pool.cancel("job_9")
    await task
    assert isinstance(words[-1], Error)
    assert words[-1].failure.kind == "CancelledError"
    assert vars(cluster)[stage].left == 1
    assert pool.room == {"glm-image": ROWS}


async def test_a_cluster_that_is_not_there_is_not_ready() -> None:
    pool = RayPool(Settings(ray="ray://nowhere:1"), FakeCluster(broken=True))
    await pool.start()
    await until(lambda: bool(pool.refused))
    assert not pool.ready
    # Its jobs begin in order to fail.
    assert pool.room == {"glm-image": ROWS}
    words = [word async for word in pool.submit(claim(), Inputs())]
    assert isinstance(words[-1], Error)
    assert not words[-1].failure.retryable
    await pool.close()


async def test_jobs_of_the_table_are_drawn_by_a_cluster(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    async with dispatching(store, tmp_path, RayPool(Settings(ray=LOCAL), FakeCluster())):
        job = await ended(store, submit(store, drawing(seeds=(1, 2))).id)
    assert job.state is JobState.SUCCEEDED
    assert store.tokens(job.id) == {0: b"0", 1: b"1"}
    store.close()


HALVES = """
import gc, json
from glm_image.config import to_mapping
from glm_image.models import dit, generator, glm, glyph_encoder, vae, vit
from glm_image.serving.worker.protocol import Load
from glm_image.serving.worker.replica import PainterReplica, WriterReplica
import torch

kinds = (dit.DiT, vae.Vae, glyph_encoder.GlyphEncoder, glm.GlmModel, vit.VisionTower)
load = to_mapping(Load(name="nano", device="cpu"))
for replica in (WriterReplica, PainterReplica):
    one = replica(load)
    gc.collect()
    held = {kind.__name__: 0 for kind in kinds}
    for thing in gc.get_objects():
        if isinstance(thing, kinds):
            weights = [*thing.parameters(), *thing.buffers()]
            held[type(thing).__name__] += sum(w.numel() for w in weights)
    print(json.dumps(held))
    one._half.close()
    del one, thing
"""


@pytest.mark.slow
async def test_a_replica_holds_its_half_of_the_bundled_model_alone() -> None:
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", HALVES], capture_output=True, text=True, check=True
    )
    writer, painter = (json.loads(line) for line in done.stdout.splitlines())
    decoder = ("DiT", "Vae", "GlyphEncoder")
    assert [writer[name] for name in decoder] == [0, 0, 0]
    assert min(writer["GlmModel"], writer["VisionTower"]) > 0
    assert "GlmModel" not in painter or painter["GlmModel"] == 0
    assert min(painter[name] for name in (*decoder, "VisionTower")) > 0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
async def test_ray_draws_what_a_worker_of_this_machine_draws(tiny_checkpoint: Path) -> None:
    model = ServedModel(name="tiny", source=str(tiny_checkpoint), device="cpu")
    settings = replace(Settings(ray=LOCAL), models=(model,))
    asked = drawing(model="tiny", seeds=(3, 4), steps=2)
    codes: list[dict[int, bytes]] = []
    pixels: list[np.ndarray] = []
    for painter in (RayPool(settings), Pool.from_settings(settings)):
        await painter.start()
        try:
            await until(lambda one=painter: one.ready, 400)
            first = [word async for word in painter.submit(claim(asked), Inputs())]
            assert isinstance(first[-1], Done), first[-1]
            kept = {word.index: word.codes for word in first if isinstance(word, Tokens)}
            again = [word async for word in painter.submit(claim(asked), Inputs(codes=kept))]
            assert isinstance(again[-1], Done), again[-1]
        finally:
            await painter.close()
        assert not any(isinstance(word, Token | Tokens) for word in again)
        codes.append(kept)
        pixels += [_pixels(first), _pixels(again)]
    assert codes[0] == codes[1]
    assert codes[0].keys() == {0, 1}
    for other in pixels[1:]:
        assert np.abs(pixels[0] - other).max() <= 1


def _pixels(words: list[Message]) -> np.ndarray:
    files = {word.index: word.image for word in words if isinstance(word, Result)}
    return np.stack([np.asarray(Image.open(io.BytesIO(files[k]))).astype(int) for k in (0, 1)])
