"""Threads that OpenMP keeps do not stand in the way of those that draw."""

import subprocess
import sys
from pathlib import Path

import pytest

COUNTING = """
import os, sys
import torch
from glm_image.engine.engine import Engine
from glm_image.engine.job import Order
from glm_image.execution import openmp
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.pipeline.params import SamplingParams
from glm_image.pipeline.request import Request, read

def threads():
    return len(os.listdir("/proc/self/task"))

torch.set_num_threads(2)
counts = []
pipeline = GlmImagePipeline.from_pretrained(sys.argv[1])
counts.append(threads())
(torch.ones(2**20) + 1).sum()
counts.append(threads())
openmp.let_helpers_go()
counts.append(threads())
total = (torch.ones(2**20) + 1).sum()
counts.append(threads())
with Engine(pipeline.system) as engine:
    pictures, _ = read(pipeline.system, Request(prompt="a"))
    order = Order(pictures=pictures, params=SamplingParams(steps=1))
    engine.submit(order).result()
    counts.append(threads())
print(*counts, int(total))
"""
"""Numbers of threads: loaded, after a loop, without helpers, after another, beside an engine."""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="another OpenMP elsewhere")
def test_helpers_end_when_others_are_to_work(tiny_checkpoint: Path) -> None:
    command = [sys.executable, "-c", COUNTING, str(tiny_checkpoint)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    loaded, looped, gone, looped_again, beside, total = map(int, done.stdout.split())
    assert (looped, gone, looped_again) == (loaded + 1, loaded, loaded + 1)
    # The engine's thread and its helper.
    assert beside == loaded + 2
    assert total == 2**21
