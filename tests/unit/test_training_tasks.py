"""What every task learns from, and that it learns."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

import tiny
from drawn import all_fonts, scene
from glm_image.data.mix import SceneMix, Words
from glm_image.data.pairs import corrupt, edit_pair, text_picture
from glm_image.data.sequences import collate, scene_sequence
from glm_image.data.vocabulary import meanings
from glm_image.errors import ConfigError
from glm_image.models.dit import DiT, ReferenceCache
from glm_image.models.vae import Vae
from glm_image.training import plan
from glm_image.training.decoder import DecoderMix, DecoderObjective
from glm_image.training.optim import OptimConfig, Optimisers
from glm_image.training.seeds import seeded
from glm_image.training.supply import Supply
from glm_image.training.tokenizer import codebook_health
from glm_image.training.vae import initialise, to_images, to_tensor
from tiny_training import (
    SMALL,
    TASKS,
    decoder_task,
    generator_task,
    loss_of,
    tokenizer_task,
    vae_task,
)

pytestmark = all_fonts
every_task = pytest.mark.parametrize("name", TASKS)

TRAINED = {
    "vae": ("vae.",),
    "tokenizer": ("generator.visual.", "generator.vqmodel.quant"),
    "generator": ("generator.language_model.", "generator.lm_head.", "plan."),
    "decoder": ("dit.", "glyph_encoder."),
}


@every_task
def test_every_trained_parameter_gets_a_gradient_in_the_first_step(name: str) -> None:
    task = TASKS[name]()
    loss_of(task).backward()
    for parameter_name, parameter in task.named_parameters():
        trained = parameter_name.startswith(TRAINED[name])
        assert parameter.requires_grad is trained, parameter_name
        if trained:
            assert parameter.grad is not None, parameter_name
            assert parameter.grad.any(), parameter_name
            assert parameter.grad.isfinite().all(), parameter_name


@every_task
def test_the_loss_falls_on_a_repeated_batch(name: str) -> None:
    task = TASKS[name]()
    config = OptimConfig(lr=1e-2, matrix_lr=1e-2, warmup=1)
    optimisers = Optimisers(task.named_parameters(), config)
    losses = []
    for step in range(15):
        loss = loss_of(task)
        losses.append(float(loss.detach()))
        loss.backward()
        optimisers.step(step, 15)
    assert losses[-1] < 0.85 * losses[0], losses


@every_task
def test_a_batch_follows_from_seed_step_and_rank(name: str, tmp_path: Path) -> None:
    task = TASKS[name]()
    with torch.no_grad():
        first, again, other = (
            task(Supply(task, seed=0, rank=rank, folder=tmp_path)[5], seeded(0))[0]
            for rank in (0, 0, 1)
        )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@every_task
def test_the_global_random_state_is_left_alone(name: str) -> None:
    task = TASKS[name]()
    before = torch.get_rng_state()
    loss_of(task)
    assert torch.equal(torch.get_rng_state(), before)


# Autoencoder.


def test_the_posterior_starts_narrow() -> None:
    vae = vae_task().vae
    mean, logvar = vae.encode_moments(torch.zeros(1, 3, 32, 32))
    assert torch.allclose(logvar, torch.full_like(logvar, -6.0))
    assert mean.shape == logvar.shape


def test_a_convolution_without_bias_cannot_start_narrow() -> None:
    vae = Vae(tiny.vae_config())
    vae.encoder.conv_out.bias = None
    with pytest.raises(ConfigError, match="no bias"):
        initialise(vae)


def test_statistics_are_those_of_the_latents() -> None:
    task = vae_task()
    mean, std = task.statistics(16)
    measured = Vae(replace(tiny.vae_config(), latents_mean=mean, latents_std=std))
    measured.load_state_dict(task.vae.state_dict())
    again_mean, again_std = (torch.tensor(values) for values in task.statistics(16))
    assert torch.allclose(again_mean, torch.tensor(mean))
    assert torch.allclose(again_std, torch.tensor(std))
    assert len(mean) == len(std) == 4
    assert min(std) > 0


def test_pixels_go_to_tensors_and_back() -> None:
    pixels = torch.arange(256, dtype=torch.uint8).reshape(1, 8, 32, 1).expand(-1, -1, -1, 3)
    tensor = to_tensor(pixels.numpy())
    assert tensor.min() == -1
    assert tensor.max() == 1
    assert (to_images(tensor) == pixels.numpy()).all()
    assert to_images(torch.full((1, 3, 1, 1), 2.0)).tolist() == [[[[255, 255, 255]]]]


# Tokenizer.


def test_the_tokenizer_is_measured_by_attribute() -> None:
    with torch.no_grad():
        figures = tokenizer_task().validate()
    assert {"right", "text_kind", "shape_part", "background_colour", "perplexity"} <= set(figures)
    assert all(value >= 0 for value in figures.values())


def test_codebook_health() -> None:
    even = codebook_health(torch.tensor([[0, 1], [2, 3]]), 8)
    assert even == pytest.approx({"codes_used": 0.5, "perplexity": 4.0})
    assert codebook_health(torch.zeros(5, dtype=torch.int64), 8)["perplexity"] == pytest.approx(1.0)


# Generator.


def test_padding_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "_EVERY", 1)
    task = generator_task()
    short, long = (
        scene_sequence(task.tokenizer, scene(4, SMALL), prompt, None) for prompt in ("a", "a b c")
    )
    assert len(short.ids) < len(long.ids)
    with torch.no_grad():
        alone = [task._loss(collate([one]))[0] for one in (short, long)]
        together = task._loss(collate([short, long]))[0]
    assert torch.allclose(together, torch.stack(alone).mean(), atol=1e-5)


def test_shares_of_what_is_left_out() -> None:
    objective = DecoderObjective(drop_all=0.1, drop_glyphs=0.2, drop_prior=0.3)
    task = decoder_task(objective=objective)
    glyphs, prior, source = task._drops(seeded(1), 40_000).T
    share = pytest.approx
    assert float(glyphs.float().mean()) == share(0.3, abs=0.01)
    assert float(prior.float().mean()) == share(0.4, abs=0.01)
    # The source goes with everything, and as often on its own.
    assert float(source.float().mean()) == share(1 - 0.9**2, abs=0.01)
    assert float((glyphs & prior).float().mean()) == share(0.1, abs=0.01)
    assert bool((source | ~(glyphs & prior)).all())


def test_noise_levels_cover_the_way_and_favour_its_start() -> None:
    task = decoder_task(objective=DecoderObjective(early=0.25))
    levels = torch.cat([task._levels(seeded(k), 64) for k in range(200)])
    assert 0 < levels.min() < 0.02
    assert 0.98 < levels.max() <= 1
    early = float((levels > 0.85).float().mean())
    assert early == pytest.approx(0.25 + 0.75 * 0.15, abs=0.02)


def test_some_codes_of_a_prior_are_wrong() -> None:
    codes = torch.arange(4000).reshape(40, 100)
    kept = codes.clone()
    wrong = corrupt(random.Random(0), codes, 0.5)
    assert torch.equal(codes, kept)
    changed = wrong != codes
    assert 0.01 < float(changed.float().mean()) < 0.5
    copies = wrong == codes.roll(1, dims=1)
    assert 0.3 < float(copies[changed].float().mean()) < 0.7
    assert 0 <= int(wrong.min()) <= int(wrong.max()) < len(meanings())
    assert torch.equal(corrupt(random.Random(0), codes, 0.0), codes)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_priors_are_corrupted_as_often_as_asked(share: float) -> None:
    task = decoder_task(DecoderMix(corrupted=share, most_wrong=1.0, scenes=SceneMix()), batch=4)
    drawn = task.draw(random.Random(3), 0)
    targets = [pair.target for pair in drawn.pairs]
    inputs = task._inputs(targets, drawn.grids, torch.zeros(4, 3, dtype=torch.bool))
    rows, columns = targets[0].codes.shape
    got = inputs.prior_ids_bn.reshape(4, 2 * rows, 2 * columns)[:, ::2, ::2]
    true = torch.stack([target.codes for target in targets])
    assert torch.equal(got, torch.stack(drawn.grids))
    assert torch.equal(got, true) is (share == 0.0)


def test_dropped_texts_and_priors_do_not_reach_the_decoder() -> None:
    task = decoder_task(DecoderMix(corrupted=0.0))
    pair = text_picture(random.Random(3), SceneMix(texts=(0, 1, 0, 0)), Words())
    empty = replace(pair.target, texts=())
    dropped = torch.tensor([[True, True, False]])
    kept = torch.tensor([[False, False, False]])
    without = task._inputs([pair.target], [pair.target.codes], dropped)
    plain = task._inputs([empty], [pair.target.codes], kept)
    assert torch.equal(without.glyph_bsd, plain.glyph_bsd)
    assert without.prior_drop_bn is not None
    assert bool(without.prior_drop_bn.all())
    with_text = task._inputs([pair.target], [pair.target.codes], kept)
    assert with_text.glyph_bsd.shape[1] > without.glyph_bsd.shape[1]


def test_gradients_reach_the_references(monkeypatch: pytest.MonkeyPatch) -> None:
    caches: list[ReferenceCache] = []
    encode = DiT.encode_reference

    def recorded(dit: DiT, *inputs: Tensor) -> ReferenceCache:
        caches.append(encode(dit, *inputs))
        for tensor in (*caches[-1].keys, *caches[-1].values):
            tensor.retain_grad()
        return caches[-1]

    monkeypatch.setattr(DiT, "encode_reference", recorded)
    mix = DecoderMix(edits=1.0, scenes=SMALL)
    loss_of(decoder_task(mix, objective=DecoderObjective(drop_all=0.0, repeats=1))).backward()
    assert len(caches) == 1
    for tensor in (*caches[0].keys, *caches[0].values):
        assert tensor.grad is not None
        assert tensor.grad.any()


def test_a_dropped_source_is_masked() -> None:
    task = decoder_task()
    pairs = [edit_pair(random.Random(seed), SMALL, Words()) for seed in range(2)]
    dropped = torch.tensor([[False, False, True], [False, False, False]])
    cache = task._references(pairs, dropped)
    assert cache is not None
    assert cache.full_mask().any(dim=1).tolist() == [False, True]
    assert task._references([replace(pair, sources=()) for pair in pairs], dropped) is None


def test_a_second_source_is_there_only_for_those_that_have_one() -> None:
    task = decoder_task()
    pairs = [edit_pair(random.Random(seed), SMALL, Words()) for seed in range(60)]
    one = next(pair for pair in pairs if len(pair.sources) == 1)
    two = next(pair for pair in pairs if len(pair.sources) == 2)
    cache = task._references([one, two], torch.zeros(2, 3, dtype=torch.bool))
    assert cache is not None
    half = cache.length // 2
    mask = cache.full_mask()
    assert mask[:, :half].all()
    assert mask[:, half:].any(dim=1).tolist() == [False, True]


def test_edits_wait_for_their_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    late = DecoderMix(start=3, edits=1.0, scenes=SMALL)
    task = decoder_task(DecoderMix(scenes=SMALL), late)
    seen: list[bool] = []

    def recorded(pairs: list[object], dropped: Tensor) -> None:
        seen.append(all(vars(pair)["sources"] for pair in pairs))

    monkeypatch.setattr(task, "_references", recorded)
    with torch.no_grad():
        for step in (2, 3):
            loss_of(task, step=step)
    assert seen == [False, True]


def test_strips_come_before_frames() -> None:
    task = decoder_task(DecoderMix(strips=1.0), DecoderMix(start=2, scenes=SMALL))
    strips, frames = (task.draw(random.Random(1), step).pairs for step in (1, 2))
    assert {pair.target.pixels.shape[0] for pair in strips} <= {32, 64}
    assert {pair.target.pixels.shape[0] for pair in frames} == {128}
    assert len(strips) == 4 * len(frames)


def test_letters_and_shapes_weigh_more() -> None:
    task = decoder_task(objective=DecoderObjective(text_weight=3.0, shape_weight=2.0))
    target = text_picture(random.Random(3), SceneMix(), Words()).target
    weight = task._weight(target)[::4, ::4]
    assert torch.equal(weight, 1 + 2 * target.text_area + target.shape_area)
    assert task._weight(target).shape == (32, 32)
    assert {1.0} < set(weight.flatten().tolist()) <= {1.0, 2.0, 3.0}
