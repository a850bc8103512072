"""Draws the sample benchmark in a process of its own and stalls in the middle of a picture.

Called with the folder of the run, the checkpoint, and the number of pictures to finish before.
"""

import sys
import time
from pathlib import Path

import torch

import sample_benchmark
from glm_image.evaluation import generating
from glm_image.pipeline.api import GlmImagePipeline

STALLED = "stalled"


def main(folder: Path, checkpoint: Path, finish: int) -> None:
    torch.set_num_threads(1)
    pipeline = GlmImagePipeline.from_pretrained(
        checkpoint, device="cpu", dtype="float32", plan="plain"
    )
    run = sample_benchmark.begin(folder, checkpoint)
    write = generating.write_atomically
    written = []

    def write_some(path: Path, data: bytes) -> None:
        if len(written) == finish:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_name(f".{path.name}.part").write_bytes(data[: len(data) // 2])
            print(STALLED, flush=True)
            time.sleep(600)
        write(path, data)
        written.append(path)

    generating.write_atomically = write_some  # type: ignore[assignment]
    generating.generate(pipeline, sample_benchmark.BENCHMARK, sample_benchmark.items(), run)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
