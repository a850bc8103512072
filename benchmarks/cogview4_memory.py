"""Memory of CogView4: what the planner counts for the published size, and what a small one takes.

`python -m benchmarks.cogview4_memory` prints the table of the guide; with a folder it draws once
from it and prints counted and measured bytes.
"""

import json
import sys
import tempfile
import threading
import time
from pathlib import Path

import torch

from benchmarks import cogview4_checkpoint, systems
from benchmarks.cogview4 import checkpoint
from benchmarks.outcome import Scale
from glm_image.checkpoint.cogview4 import CogView4Components
from glm_image.execution import memory
from glm_image.execution.plan import (
    AutoencoderPlan,
    DecoderPlan,
    ExecutionPlan,
    GeneratorPlan,
    Offload,
    WeightFormat,
)
from glm_image.models import cogview4_presets as presets
from glm_image.models.cogview4_dit import CogView4DiT
from glm_image.models.schedule_config import ScheduleConfig
from glm_image.models.text_encoder import TextEncoder
from glm_image.models.vae import Vae
from glm_image.pipeline.cogview4_api import CogView4Pipeline
from glm_image.tokenizer.padded import PaddedTokenizer
from glm_image.types import Size

SIZES = (Size(512, 512), Size(1024, 1024), Size(1920, 1280))
_TILE = 512 * 512
_STATUS = Path("/proc/self/status")
_INTERVAL = 0.001


def four_bits(offload: Offload, tile: int = 0) -> ExecutionPlan:
    """A plan whose text encoder has four bits."""
    return ExecutionPlan(
        generator=GeneratorPlan(weights=WeightFormat.INT4),
        decoder=DecoderPlan(hoisted=True, packed=True),
        autoencoder=AutoencoderPlan(tile_pixels=tile),
        offload=offload,
    )


PLANS = {
    "everything there": ExecutionPlan(),
    "by stage": ExecutionPlan(offload=Offload.STAGE),
    "by stage, text encoder in four bits": four_bits(Offload.STAGE, _TILE),
    "by layer, text encoder in four bits": four_bits(Offload.LAYER, _TILE),
}


def published() -> CogView4Components:
    """The published size, without memory."""
    tokenizer = PaddedTokenizer(
        cogview4_checkpoint.tokenizer_json(), cogview4_checkpoint.MARKERS[0]
    )
    with torch.device("meta"):
        return CogView4Components(
            text_encoder=TextEncoder(presets.full_text_encoder()),
            dit=CogView4DiT(presets.full_dit()),
            vae=Vae(presets.full_vae()),
            schedule=ScheduleConfig(),
            tokenizer=tokenizer,
            source=Path(),
        )


def gigabytes(components: CogView4Components, plan: ExecutionPlan, work: memory.Work) -> float:
    """What the planner counts on a device with memory of its own, in bf16."""
    taken = memory.account(components, plan, work, torch.bfloat16, accelerator=True)
    return taken.peak / 1e9


def table() -> str:
    """The table of the guide."""
    components = published()
    rows = [
        "| size | batch | " + " | ".join(PLANS) + " |",
        "| --- | ---: |" + " ---: |" * len(PLANS),
    ]
    for batch in (1, 4):
        for size in SIZES:
            work = memory.Work(size=size, batch=batch)
            cells = [f"{gigabytes(components, plan, work):.1f} GB" for plan in PLANS.values()]
            rows.append(f"| {size.width}x{size.height} | {batch} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def measure(folder: Path, offload: Offload) -> dict[str, int]:
    """Bytes that drawing once takes on this machine's CPU, beside what is counted."""
    plan = four_bits(offload)
    # What libraries take once, whatever is drawn, is there before the clock starts.
    with tempfile.TemporaryDirectory() as work:
        scale = Scale(work=Path(work), presets=systems.tiny())
        small = checkpoint(scale, Path(work) / "small")
        one = CogView4Pipeline.from_pretrained(small, device="cpu", dtype="bfloat16", plan=plan)
        one("a fox", seed=1, num_inference_steps=2)
    before, peak, stop = _own_bytes(), [0], threading.Event()

    def watch() -> None:
        while not stop.is_set():
            peak[0] = max(peak[0], _own_bytes())
            time.sleep(_INTERVAL)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        pipe = CogView4Pipeline.from_pretrained(folder, device="cpu", dtype="bfloat16", plan=plan)
        pipe("a fox", seed=1, num_inference_steps=2)
    finally:
        stop.set()
        watcher.join()
    drawn = memory.Work(size=pipe.system.default_size)
    taken = memory.account(pipe.system, plan, drawn, torch.bfloat16, accelerator=False)
    return {"measured": peak[0] - before, "counted": taken.peak}


def _own_bytes() -> int:
    """Memory of this process that no file stands for."""
    for line in _STATUS.read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
    raise OSError("the system does not tell")


if __name__ == "__main__":
    if len(sys.argv) == 1:
        print(table())
    else:
        print(json.dumps(measure(Path(sys.argv[1]), Offload(sys.argv[2]))))
