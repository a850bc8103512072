"""Training that goes on from an exported checkpoint."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from glm_image.checkpoint import published
from glm_image.errors import CheckpointError, NotFoundError
from glm_image.pipeline.system import find
from glm_image.training.factored import plain
from glm_image.training.nano import workshop


@cache
def bundled() -> published.Components:
    return published.load(find(None), dtype=torch.float32, device=torch.device("cpu"))


def trained(module: nn.Module) -> Mapping[str, Tensor]:
    """Weights of a network with ordinary tables."""
    plain(module)
    return module.state_dict()


def assert_equal(module: nn.Module, expected: nn.Module) -> None:
    own, theirs = trained(module), expected.state_dict()
    assert own.keys() == theirs.keys()
    for name, value in theirs.items():
        assert torch.allclose(own[name], value, atol=1e-5), name


def test_the_generator_starts_from_the_weights(tmp_path: Path) -> None:
    run = workshop(tmp_path, start=find(None)).generator()
    # The averages, which are exported, begin there, too.
    head = "generator.lm_head.parametrizations.weight.0.factors"
    assert torch.equal(run.ema.state_dict()[head], run.task.state_dict()[head])
    assert_equal(run.task.generator, bundled().generator)


def test_the_decoder_starts_from_the_weights(tmp_path: Path) -> None:
    run = workshop(tmp_path, start=find(None)).decoder()
    assert_equal(run.task.dit, bundled().dit)
    assert_equal(run.task.glyph_encoder, bundled().glyph_encoder)
    assert_equal(run.task.vae, bundled().vae)
    assert run.task.vae.config == bundled().vae.config


def test_processes_share_the_pictures_of_a_step(tmp_path: Path) -> None:
    whole, half = (workshop(tmp_path, batch=batch).recipe for batch in (1, 0.5))
    assert half.generator_batch * 2 == whole.generator_batch
    assert half.decoder_batch * 2 == whole.decoder_batch


def test_only_the_last_stages_are_left(tmp_path: Path) -> None:
    whole = workshop(tmp_path).recipe
    further = workshop(tmp_path, start=find(None)).recipe
    assert len(whole.generator_curriculum) > 1
    assert [mix.start for mix in further.generator_curriculum] == [0]
    assert further.generator_curriculum[0].bands == whole.generator_curriculum[-1].bands
    assert len(whole.decoder_curriculum) > 1
    assert [mix.start for mix in further.decoder_curriculum] == [0]
    assert further.decoder_curriculum[0].scenes == whole.decoder_curriculum[-1].scenes


def test_other_networks_are_refused(tmp_path: Path, tiny_checkpoint: Path) -> None:
    shop = workshop(tmp_path, start=tiny_checkpoint)
    for part in (shop.generator, shop.decoder, shop.vae):
        with pytest.raises(CheckpointError, match="other networks"):
            part()


def test_nothing_to_start_from_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        workshop(tmp_path, start=tmp_path / "none").generator()
