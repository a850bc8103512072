"""What each process does in the tests of drawing together; started by torchrun.

Usage: drawing_worker.py CHECKPOINT FOLDER GUIDANCE SEQUENCE TENSOR. Every process leaves what it
drew in FOLDER/rank-N.pt.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from drawing import SOURCE, inputs, reference
from glm_image.execution.plan import (
    DecoderPlan,
    ExecutionPlan,
    GeneratorPlan,
    LinearBackend,
    ParallelPlan,
)
from glm_image.execution.ranks import Ranks
from glm_image.execution.velocity import Branch, Guidance, Level, choose
from glm_image.models.dit import DiT, ReferenceCache
from glm_image.pipeline.api import GlmImagePipeline

LEVELS = [Level(timestep=900.0), Level(timestep=500.0, guided=False), Level(timestep=20.0)]
DECODERS = {
    "plain": DecoderPlan(),
    "packed": DecoderPlan(hoisted=True, packed=True, fused=True, linear=LinearBackend.ONEDNN),
    "cached": DecoderPlan(hoisted=True, packed=True, step_cache=0.5),
}


def everything(checkpoint: Path, parallel: ParallelPlan) -> dict[str, Tensor]:
    """Velocities of every kind of plan, codes and pixels of the fastest."""
    found: dict[str, Tensor] = {}
    for name, decoder in DECODERS.items():
        fast = name == "packed"
        plan = ExecutionPlan(
            generator=GeneratorPlan(
                fused=fast, linear=LinearBackend.ONEDNN if fast else LinearBackend.TORCH
            ),
            decoder=decoder,
            parallel=parallel,
        )
        pipeline = GlmImagePipeline.from_pretrained(
            checkpoint, device="cpu", dtype="float32", plan=plan
        )
        options = {"temperature": 0.0, "num_inference_steps": 3, "seed": 7}
        if fast:
            drawn = pipeline('a "word"', **options)  # type: ignore[arg-type]
            edited = pipeline('"abc"', image=[SOURCE, SOURCE], **options)  # type: ignore[arg-type]
            for what, result in (("words", drawn), ("edit", edited)):
                for index, picture in enumerate(result.pictures):
                    found[f"{name} {what} {index} codes"] = result.prior_tokens[index]
                    found[f"{name} {what} {index} pixels"] = torch.from_numpy(picture.pixels).int()
        found |= {f"{name} {k}": v for k, v in velocities(pipeline, decoder).items()}
    unseeded = pipeline("a", num_inference_steps=1, image=SOURCE)
    found["seed of nobody"] = torch.tensor(unseeded.seeds)
    return found


@torch.inference_mode()
def velocities(pipeline: GlmImagePipeline, plan: DecoderPlan) -> dict[str, Tensor]:
    """Of a batch with unlike glyphs and references, step by step."""
    system = pipeline.system
    latents, branch, guidance = ragged(system.dit)
    velocity = choose(system.dit, branch, guidance, LEVELS, plan, system.team)
    unguided = choose(system.dit, branch, None, LEVELS, plan, system.team)
    found = {"unguided": unguided(latents, 0)}
    for step in range(len(LEVELS)):
        found[f"step {step}"] = velocity(latents, step)
        latents = latents - 0.1 * found[f"step {step}"]
    return found


def ragged(dit: DiT) -> tuple[Tensor, Branch, Guidance]:
    """Three pictures with 5, 0 and 2 glyph tokens, and with one, no and two references."""
    latents, told = inputs(batch=3)
    mask = torch.arange(5)[None] < torch.tensor([[5], [0], [2]])
    one, two = encode(dit, 1), ReferenceCache.concatenate([encode(dit, 2), encode(dit, 3)])
    untold = replace(
        told,
        glyph_bsd=told.glyph_bsd[:, :1] * 0.5,
        prior_drop_bn=torch.ones_like(told.prior_ids_bn, dtype=torch.bool),
    )
    branch = Branch(
        inputs=replace(told, glyph_mask_bs=mask),
        references=ReferenceCache.stack([one, None, two]),
    )
    return latents, branch, Guidance(scale=1.5, unconditional=Branch(inputs=untold))


def encode(dit: DiT, seed: int) -> ReferenceCache:
    source = reference(seed)
    size = torch.tensor([source.size]).float()
    return dit.encode_reference(source.latents_chw[None], source.prior_ids_n[None], size)


def held(checkpoint: Path, parallel: ParallelPlan) -> dict[str, Tensor]:
    """Values of the generator's stack that one process holds, and of its keys per token."""
    pipeline = GlmImagePipeline.from_pretrained(
        checkpoint, device="cpu", plan=ExecutionPlan(parallel=parallel)
    )
    generator = pipeline.system.generator
    layers = sum(value.numel() for value in generator.language_model.layers.parameters())
    text = generator.config.text
    return {
        "layers": torch.tensor(layers),
        "key heads": torch.tensor(text.num_key_value_heads),
        "head": torch.tensor(sum(value.numel() for value in generator.lm_head.parameters())),
    }


def main(checkpoint: Path, folder: Path, degrees: list[int]) -> None:
    torch.set_num_threads(1)
    guidance, sequence, tensor = degrees
    parallel = ParallelPlan(guidance=guidance, sequence=sequence, tensor=tensor)
    ranks = Ranks.from_environment()
    found = everything(checkpoint, parallel) | held(checkpoint, parallel)
    torch.save(found, folder / f"rank-{ranks.rank}.pt")
    ranks.leave()
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of the collective library may abort an interpreter that shuts down.
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [int(degree) for degree in sys.argv[3:]])
