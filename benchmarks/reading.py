"""Reading a checkpoint: how long it takes, and how much more memory than the weights it needs.

Every reading is a fresh process that tells about itself; imports are over before its clock starts.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import systems
from benchmarks.outcome import OURS, REFERENCE, Outcome, Part, Scale, lines
from benchmarks.rounds import Arm, Parts, interleave
from glm_image.device import resolve
from glm_image.evaluation.speed import machine
from glm_image.execution.auto import PLAIN

_STATUS = Path("/proc/self/status")
_MEGA, _KIBI = 1e6, 1024


def reading(scale: Scale) -> Outcome:
    """The mid-size checkpoint, read by both sides."""
    folder = systems.checkpoint(scale.presets, scale.work / "midsize")
    size = sum(file.stat().st_size for file in folder.rglob("*.safetensors"))
    arms = {OURS: _child(OURS, folder), REFERENCE: _child(REFERENCE, folder)}
    times = interleave(arms, scale.rounds)
    notes = [f"{size / _MEGA:,.0f} MB of weights in fp32; files are in the system's cache"]
    for arm, found in times.items():
        speed = size / statistics.median(found.parts["seconds"]) / _MEGA
        notes.append(f"{arm}: {speed:,.0f} MB/s")
    return Outcome(
        name="reading",
        title="reading the mid-size checkpoint",
        machine=machine.describe(resolve("cpu", "float32")),
        lines=lines(
            times,
            [
                Part(name="seconds", what="reading", unit="s"),
                Part(name="processor", what="reading, processor time", unit="s"),
                Part(name="peak", what="peak memory over that before", unit="MB"),
            ],
        ),
        notes=notes,
    )


def _child(name: str, folder: Path) -> Arm:
    def run() -> Parts:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.reading", name, str(folder)],
            check=True,
            capture_output=True,
            text=True,
        )
        parts: dict[str, float] = json.loads(done.stdout)
        return parts

    return run


def _read_ours(folder: Path) -> Callable[[], object]:
    from glm_image.pipeline.api import GlmImagePipeline

    return lambda: GlmImagePipeline.from_pretrained(folder, device="cpu", plan=PLAIN)


def _read_reference(folder: Path) -> Callable[[], object]:
    import torch
    from diffusers import GlmImagePipeline
    from transformers import GlmImageForConditionalGeneration  # noqa: F401 - imported by loading

    from benchmarks.reference import silence

    silence()
    return lambda: GlmImagePipeline.from_pretrained(folder, torch_dtype=torch.float32)


_READERS = {OURS: _read_ours, REFERENCE: _read_reference}


def _report(name: str, folder: Path) -> None:
    read = _READERS[name](folder)
    before = _resident("VmRSS")
    start, processor = time.perf_counter(), time.process_time()
    model = read()
    record = {
        "seconds": time.perf_counter() - start,
        "processor": time.process_time() - processor,
        "peak": (_resident("VmHWM") - before) / _MEGA,
    }
    del model
    print(json.dumps(record))


def _resident(field: str) -> int:
    """Bytes of this process that are in memory, now or at most, as the kernel counts them."""
    for line in _STATUS.read_text(encoding="utf-8").splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * _KIBI
    raise KeyError(field)


if __name__ == "__main__":
    _report(sys.argv[1], Path(sys.argv[2]))
