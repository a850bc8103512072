"""A benchmark of a few prompts that the tiny checkpoint draws in moments, and a run of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from glm_image.evaluation.benchmark import Benchmark, Item
from glm_image.evaluation.run_folder import BenchmarkRecord, RunFolder
from glm_image.evaluation.run_settings import RunSettings

BENCHMARK = Benchmark(
    name="sample",
    title="Sample",
    version=1,
    language="en",
    licence="none",
    homepage="",
    folder="sample",
    loader="cvtg",
    scorer="cvtg",
    samples=2,
    prompts=5,
    layout="{kind}/{id}_{sample}.png",
    reader="nobody",
)
RECORD = BenchmarkRecord(version=1, data_sha256="0" * 64, subset=None)
SETTINGS = RunSettings(
    model="",
    weights_sha256="0" * 64,
    commit="",
    quotes="smart",
    width=64,
    height=64,
    steps=1,
    guidance=1.5,
    temperature=0.9,
    top_p=0.75,
    dtype="float32",
    device="cpu",
    base_seed=3,
    versions={"python": "3"},
)


def items() -> tuple[Item, ...]:
    """Four drawings, one of a size of its own, and an edit."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    drawings = tuple(
        Item(id=f"a/{index}", prompt=f'number {index} says "N{index}"', tags={"kind": "draw"})
        for index in range(4)
    )
    wide = replace(drawings[3], size=(96, 64))
    edit = Item(
        id="b", prompt="make it blue", tags={"kind": "edit"}, sources=(Image.fromarray(noise),)
    )
    return (*drawings[:3], wide, edit)


def begin(folder: Path, checkpoint: Path) -> RunFolder:
    """A run of the benchmark with the model of a folder, new or taken up again."""
    run = RunFolder.create(folder, replace(SETTINGS, model=str(checkpoint)))
    run.add(BENCHMARK, RECORD)
    return run


def digests(run: RunFolder) -> dict[tuple[str, int], str]:
    """Digests of a run's pictures, each compared with the file."""
    lines = run.lines(BENCHMARK.name)
    assert all(run.check(line).is_file() for line in lines.values())
    return {key: line.sha256 for key, line in lines.items()}
