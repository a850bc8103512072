"""Fixtures that several test files share."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import tiny
from glm_image.checkpoint import published
from glm_image.checkpoint.published import Components
from glm_image.pipeline.api import GlmImagePipeline


def _share_the_cores() -> None:
    """Where several processes test side by side, let none of them compute on every core.

    Threads of one that wait for work spin, and would take the cores from the others.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        threads = max(1, (os.cpu_count() or 1) // workers)
        torch.set_num_threads(threads)
        # The processes that tests start, as well.
        os.environ["OMP_NUM_THREADS"] = str(threads)


_share_the_cores()


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What is freed in the test is freed because nobody refers to it any more."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the tiny checkpoint; tests must not change it."""
    return tiny.build(tmp_path_factory.mktemp("checkpoints") / "tiny")


@pytest.fixture(scope="session")
def tiny_components(tiny_checkpoint: Path) -> Components:
    """The tiny checkpoint, loaded in fp32 on the CPU; tests must not change it."""
    return published.load(tiny_checkpoint, dtype=torch.float32, device=torch.device("cpu"))


@pytest.fixture(scope="session")
def tiny_pipeline(tiny_checkpoint: Path) -> GlmImagePipeline:
    """The pipeline on the tiny checkpoint, in fp32 on the CPU; tests must not change it."""
    return GlmImagePipeline.from_pretrained(tiny_checkpoint, device="cpu", dtype="float32")
