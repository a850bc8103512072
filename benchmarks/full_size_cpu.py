"""The published size on a CPU with less memory than the weights have.

    python -m benchmarks.full_size_cpu FOLDER

writes a checkpoint of 35 GB with random weights into a new folder, draws one picture from it in a
process of its own, with a generator of four bits and a decoder of eight, prints minutes per stage
and the peak of memory, and removes the folder. The rest of the weights stays on disk. Random
weights say what drawing costs, not what quantisation does to pictures.
"""

import argparse
import dataclasses
import json
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks import systems
from glm_image import GlmImagePipeline
from glm_image.checkpoint import published
from glm_image.execution.plan import (
    AutoencoderPlan,
    DecoderPlan,
    ExecutionPlan,
    GeneratorPlan,
    Offload,
    WeightFormat,
)
from glm_image.models.presets import Presets
from glm_image.pipeline.system import parameter_count

LIMIT = 16 * 10**9
"""Bytes that the drawing process may hold at its peak."""

PLAN = ExecutionPlan(
    generator=GeneratorPlan(weights=WeightFormat.INT4, fused=True),
    decoder=DecoderPlan(weights=WeightFormat.INT8_DYNAMIC, fused=True, hoisted=True, packed=True),
    autoencoder=AutoencoderPlan(channels_last=True),
    offload=Offload.DISK,
)
PROMPT = 'A red fox in the snow, with a sign that says "hello"'

_BYTES_PER_WEIGHT = 2
_DRAWN = 2**24
_STEP, _STARTS = 64, 1024
_KIBI = 1024


class Pool:
    """Random numbers that all weights of one spread are pieces of, so that they fit in memory."""

    def __init__(self) -> None:
        self._source = torch.Generator().manual_seed(0)
        self._numbers: dict[float, Tensor] = {}
        self._pieces = 0

    def piece(self, shape: torch.Size, spread: float) -> Tensor:
        """Numbers N(0, spread²) in bf16; each piece begins elsewhere."""
        self._pieces = (self._pieces + 1) % _STARTS
        start = self._pieces * _STEP
        stop = start + shape.numel()
        known = self._numbers.get(spread)
        if known is None or len(known) < stop:
            needed = shape.numel() + _STARTS * _STEP
            drawn = torch.randn(min(needed, _DRAWN), generator=self._source).mul_(spread)
            known = drawn.bfloat16().repeat(-(-needed // len(drawn)))
            self._numbers[spread] = known
        return known[start:stop].view(shape)


def write(sizes: Presets, folder: Path) -> None:
    """Write a checkpoint in bf16 whose weights were never in memory together."""
    made = systems.outline(sizes)
    pool = Pool()
    for network in (made.generator, made.dit, made.vae, made.glyph_encoder):
        for module in network.modules():
            for name, parameter in list(module.named_parameters(recurse=False)):
                scale = parameter.ndim == 1 and name == "weight"
                spread = parameter[0].numel() ** -0.5 if parameter.ndim > 1 else 0.02
                weight = pool.piece(
                    parameter.shape, 0.7 if isinstance(module, nn.Embedding) else spread
                )
                setattr(
                    module, name, nn.Parameter(1 + weight if scale else weight, requires_grad=False)
                )
    published.save(made, folder)


def draw(folder: Path, side: int, steps: int) -> dict[str, object]:
    """Load and draw in this process; seconds per stage and the peak of memory in bytes."""
    start = time.perf_counter()
    pipe = GlmImagePipeline.from_pretrained(folder, device="cpu", dtype="bfloat16", plan=PLAN)
    loaded = time.perf_counter() - start
    result = pipe(PROMPT, height=side, width=side, num_inference_steps=steps, seed=0)
    return {
        "side": side,
        "steps": steps,
        "threads": torch.get_num_threads(),
        "plan": dataclasses.asdict(PLAN),
        "seconds": {"loading": loaded, **result.timings},
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIBI,
    }


def main(arguments: list[str]) -> int:
    """Run both parts, or one of them.

    Returns:
        0 if the picture was drawn within the limit.
    """
    parser = argparse.ArgumentParser(
        prog="full_size_cpu", description="The published size, on a CPU."
    )
    parser.add_argument("folder", type=Path, help="new folder, on a disk with 36 GB of room")
    parser.add_argument("--size", type=int, default=512, help="side in pixels, 512")
    parser.add_argument("--steps", type=int, default=4, help="denoising steps, 4")
    parser.add_argument("--only", choices=["write", "draw"], help="one part; the folder stays")
    parser.add_argument("--tiny", action="store_true", help="smallest networks: try the script")
    options = parser.parse_args(arguments)
    sizes = systems.tiny() if options.tiny else systems.full()
    if options.only == "draw":
        print(json.dumps(draw(options.folder, options.size, options.steps), indent=2))
        return 0
    networks = systems.outline(sizes).networks.values()
    needed = _BYTES_PER_WEIGHT * sum(map(parameter_count, networks))
    options.folder.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(options.folder.parent).free
    if free < needed:
        parser.error(f"{options.folder} needs {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free")
    start = time.perf_counter()
    write(sizes, options.folder)
    print(f"written in {time.perf_counter() - start:.0f} s: {needed / 1e9:.2f} GB", file=sys.stderr)
    if options.only == "write":
        return 0
    try:
        command = [sys.executable, "-m", "benchmarks.full_size_cpu", str(options.folder)]
        command += ["--only", "draw", "--size", str(options.size), "--steps", str(options.steps)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    finally:
        shutil.rmtree(options.folder)
    print(output)
    return 0 if json.loads(output)["peak_bytes"] < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
