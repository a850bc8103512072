"""Training tasks with tiny networks: the real vocabulary of codes, all else narrow."""

import random
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import tiny
from glm_image.data import text_vocabulary
from glm_image.data.mix import SceneMix
from glm_image.data.vocabulary import meanings
from glm_image.image.size import SourceLimits
from glm_image.models.dit import DiT, DiTConfig
from glm_image.models.generator import Generator, GeneratorConfig
from glm_image.models.glm import GlmConfig
from glm_image.models.glyph_encoder import GlyphEncoder
from glm_image.models.schedule_config import ScheduleConfig
from glm_image.models.vae import Vae
from glm_image.models.vit import VisionConfig
from glm_image.models.vq import VqConfig
from glm_image.training.decoder import DecoderMix, DecoderObjective, DecoderTask, factorise_prior
from glm_image.training.generator import GeneratorMix, GeneratorTask, factorise_tables
from glm_image.training.loop import Run, RunConfig, Task
from glm_image.training.optim import OptimConfig
from glm_image.training.seeds import seeded
from glm_image.training.tokenizer import TokenizerTask, factorise_codebook
from glm_image.training.vae import VaeTask, initialise

SMALL = SceneMix(rows=4, columns=4, other_sizes=0.0, longest=4)
LIMITS = SourceLimits(
    min_pixels=64**2, max_pixels=512**2, patch_size=16, mean=(0.5,) * 3, std=(0.5,) * 3
)
CURRICULUM = (GeneratorMix(strips=1.0, rasters=1.0, previews=0.0, edits=1.0, scenes=SMALL),)


def generator() -> Generator:
    """One layer each for language and vision."""
    codes = text_vocabulary.CODES
    tokenizer = text_vocabulary.build()
    config = GeneratorConfig(
        text=GlmConfig(
            vocab_size=tokenizer.vocab_size,
            vision_vocab_size=text_vocabulary.VISION_VOCAB,
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=16,
            rms_norm_eps=1e-5,
            attention_bias=True,
            rope_theta=20.0,
            partial_rotary_factor=0.5,
            mrope_section=(2, 1, 1),
            max_position_embeddings=4096,
            eos_token_id=text_vocabulary.END,
            pad_token_id=tokenizer.special("<|endoftext|>"),
        ),
        vision=VisionConfig(
            depth=1,
            hidden_size=32,
            num_heads=2,
            intermediate_size=48,
            image_size=256,
            patch_size=16,
            in_channels=3,
            layer_norm_eps=1e-6,
            attention_bias=True,
        ),
        vq=VqConfig(embed_dim=16, num_embeddings=codes, latent_channels=32),
        image_start_token_id=text_vocabulary.START,
        image_end_token_id=text_vocabulary.END,
        image_token_id=tokenizer.image_id,
    )
    torch.manual_seed(0)
    return Generator(config)


def vae_task() -> VaeTask:
    torch.manual_seed(0)
    vae = Vae(tiny.vae_config()).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    initialise(vae)
    return VaeTask(vae, batch=2, crop=32)


def tokenizer_task() -> TokenizerTask:
    network = generator()
    factorise_codebook(network, 0)
    return TokenizerTask(network, LIMITS, batch=2)


def generator_task(curriculum: tuple[GeneratorMix, ...] = CURRICULUM) -> GeneratorTask:
    network, tokenizer = generator(), text_vocabulary.build()
    factorise_tables(network, tokenizer, 0)
    return GeneratorTask(network, tokenizer, curriculum, batch=2)


def decoder_task(
    *curriculum: DecoderMix, objective: DecoderObjective | None = None, batch: int = 2
) -> DecoderTask:
    torch.manual_seed(0)
    config = DiTConfig(
        patch_size=2,
        in_channels=4,
        out_channels=4,
        num_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        text_embed_dim=32,
        time_embed_dim=16,
        condition_dim=8,
        prior_vq_quantizer_codebook_size=text_vocabulary.CODES,
    )
    dit, glyphs = DiT(config), GlyphEncoder(tiny.glyph_encoder_config())
    factorise_prior(dit, [meaning.attributes() for meaning in meanings()], 0)
    return DecoderTask(
        dit,
        glyphs,
        Vae(tiny.vae_config()),
        ScheduleConfig(),
        curriculum or (DecoderMix(edits=0.5, scenes=SMALL),),
        batch=batch,
        objective=objective or DecoderObjective(repeats=2),
    )


TASKS = {
    "vae": vae_task,
    "tokenizer": tokenizer_task,
    "generator": generator_task,
    "decoder": decoder_task,
}
"""How to make the task of every part."""


def run(task: Task[Any], folder: Path, steps: int, *, seed: int = 0, save_every: int = 100) -> Run:
    """A run with a fast schedule."""
    config = RunConfig(
        steps=steps,
        seed=seed,
        optim=OptimConfig(lr=1e-2, matrix_lr=1e-2, warmup=2),
        log_every=2,
        save_every=save_every,
    )
    return Run(task, config, folder)


def loss_of(task: Task[Any], seed: int = 0, step: int = 0) -> Tensor:
    """Loss of a batch that follows from seed and step."""
    return task(task.draw(random.Random(1_000 * seed + step), step), seeded(seed, step, 0))[0]
