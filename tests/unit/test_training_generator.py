"""What the generator's batches are made of."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from drawn import all_fonts
from glm_image.data.edits import OF_SHAPES, OF_TEXTS, OF_WORDS, sample_edit
from glm_image.data.mix import BANDS, HIGH_STRIPS, SHAPE_BANDS, SceneMix
from glm_image.data.wording import book_for
from glm_image.errors import ConfigError
from glm_image.training.curriculum import stage_at
from glm_image.training.factored import plain
from glm_image.training.generator import GeneratorMix, freeze_text
from glm_image.training.optim import OptimConfig, Optimisers
from tiny_training import SMALL, generator_task, loss_of

pytestmark = all_fonts


def test_stages_follow_each_other() -> None:
    stages = tuple(GeneratorMix(start=start) for start in (0, 10, 20))
    starts = [stage_at(stages, step).start for step in (0, 9, 10, 19, 20, 99)]
    assert starts == [0, 0, 10, 10, 20, 20]


def test_a_stage_scales_the_batch() -> None:
    stage = GeneratorMix(previews=0.0, rasters=1.0, batch_factor=2.0, scenes=SMALL)
    task = generator_task((stage,))
    sizes = []
    task.generator.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    with torch.no_grad():
        loss_of(task)
    assert sizes == [4]


def test_a_stage_fills_batches_with_tokens() -> None:
    stage = GeneratorMix(previews=0.0, strips=1.0, tokens=2_000, scenes=SMALL)
    task = generator_task((stage,))
    batch = task.draw(random.Random(0), 0).ids_bt
    budget = stage.tokens * task.batch / 32
    rows, length = batch.shape
    assert (rows - 1) * length < budget <= rows * length


def test_sequences_of_a_batch_are_of_like_length_and_none_is_favoured() -> None:
    stage = GeneratorMix(previews=0.0, edits=1.0, tokens=32_000, scenes=SceneMix(other_sizes=0.3))
    task = generator_task((stage,))
    rng = random.Random(0)
    batches = [task.draw(rng, 0) for _ in range(40)]
    # The last position of every sequence is learned: the end marker follows it.
    lengths = [length_of(row) for batch in batches for row in batch.targets_bt]
    padded = sum(batch.ids_bt.numel() for batch in batches)
    assert 1 - sum(lengths) / padded < 0.15
    alone = [len(task._sequence(rng, "edits", stage).ids) for _ in range(300)]
    usual = sorted(alone)[len(alone) // 2]
    longer = sum(batch.ids_bt.shape[1] > usual for batch in batches)
    assert 0.3 < longer / len(batches) < 0.8


def length_of(targets: Tensor) -> int:
    return int((targets >= 0).nonzero()[-1]) + 1


def test_edits_of_words_say_or_colour_something_else() -> None:
    rng = random.Random(0)
    kinds: Counter[str] = Counter()
    for _ in range(200):
        edit = sample_edit(rng, rng.choice(HIGH_STRIPS), book_for(rng), kinds=OF_WORDS)
        assert len(edit.before.texts) == len(edit.after.texts) == 1
        kinds[edit.kind] += 1
    assert set(kinds) == set(OF_WORDS)
    assert kinds["translate"] > 50


@pytest.mark.parametrize(
    ("small", "kinds"), [(SHAPE_BANDS, OF_SHAPES), (BANDS, OF_TEXTS)], ids=["shapes", "texts"]
)
def test_edits_of_small_pictures_often_choose_between_two(
    small: Sequence[SceneMix], kinds: Mapping[str, float]
) -> None:
    rng = random.Random(0)
    seen: Counter[str] = Counter()
    several = 0
    for _ in range(200):
        edit = sample_edit(rng, rng.choice(small), book_for(rng), kinds=kinds)
        several += len(edit.before.shapes) + len(edit.before.texts) > 1
        seen[edit.kind] += 1
    assert set(seen) == set(kinds)
    assert several > 100


def test_bands_have_a_preview_of_twice_their_size() -> None:
    task = generator_task((GeneratorMix(previews=0.0, bands=1.0),))
    batch = task.draw(random.Random(0), 0)
    codes = (batch.targets_bt >= 0).sum(dim=1) - 1
    band_sizes = [band.rows * band.columns for band in BANDS]
    assert set(codes.tolist()) <= {(1 + 2 * 2) * cells for cells in band_sizes}


def test_repeats_are_thinned_but_weigh_the_same() -> None:
    stage = GeneratorMix(previews=0.0, rasters=1.0, scenes=SceneMix(other_sizes=0.0))
    whole = generator_task((replace(stage, batch_factor=50.0),)).draw(random.Random(0), 0)
    thin = generator_task((replace(stage, batch_factor=50.0, repeats=0.25),))
    thinned = thin.draw(random.Random(0), 0)
    repeats = thinned.targets_bt == thinned.ids_bt
    assert thinned.weights_bt[repeats].unique().tolist() == [4.0]
    learned = thinned.targets_bt >= 0
    assert thinned.weights_bt[learned & ~repeats].unique().tolist() == [1.0]
    cells = (whole.targets_bt >= 0).sum(dim=1).float().mean()
    weights = (thinned.weights_bt * learned).sum(dim=1).mean()
    assert float(weights / cells) == pytest.approx(1.0, abs=0.05)


def test_previews_are_validated_with_the_last_stage() -> None:
    task = generator_task((GeneratorMix(previews=1.0, edits=0.0, scenes=SMALL),))
    with torch.no_grad():
        assert set(task.validate()) == {
            "previews_cross_entropy",
            "previews_plan",
            "previews_right",
            "previews_text_right",
        }


def test_frozen_text_keeps_its_rows_while_codes_learn() -> None:
    task = generator_task((GeneratorMix(previews=0.0, rasters=1.0, scenes=SMALL),))
    plain(task)
    freeze_text(task.generator)
    table = task.generator.language_model.embed_tokens.weight
    visual = task.generator.config.text.vision_vocab_size
    before = table.detach().clone()
    optimisers = Optimisers(task.named_parameters(), OptimConfig(warmup=1, weight_decay=0.1))
    for step in range(3):
        loss_of(task, step=step).backward()
        optimisers.step(step, 3)
    assert torch.equal(table[visual:], before[visual:])
    assert not torch.equal(table[:visual], before[:visual])


def test_text_that_shares_vectors_with_codes_cannot_be_frozen() -> None:
    with pytest.raises(ConfigError, match="factored"):
        freeze_text(generator_task().generator)


# Decoder.
