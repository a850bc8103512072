"""Fixtures that several test files share."""

from pathlib import Path

import pytest
import torch

import tiny
from glm_image.checkpoint import published
from glm_image.checkpoint.published import Components
from glm_image.pipeline.api import GlmImagePipeline


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
