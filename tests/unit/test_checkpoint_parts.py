"""Parts of a checkpoint: what is left out is not read, and what is there works as in the whole."""

import shutil
from pathlib import Path

import pytest
import torch

from glm_image.checkpoint.parts import PAINTING, WHOLE, WRITING, Part
from glm_image.device import resolve
from glm_image.errors import InputError
from glm_image.pipeline.system import System, parameter_count

DECODER = ("decoder", "autoencoder", "glyph encoder")


def load(folder: Path, part: Part) -> System:
    return System.load(folder, resolve("cpu", "float32"), revision=None, part=part)


@pytest.fixture(scope="module")
def whole(tiny_checkpoint: Path) -> dict[str, int]:
    return {
        name: parameter_count(one) for name, one in load(tiny_checkpoint, WHOLE).networks.items()
    }


def test_a_writer_holds_the_generator_alone(
    tiny_checkpoint: Path, whole: dict[str, int], tmp_path: Path
) -> None:
    folder = tmp_path / "generator"
    shutil.copytree(tiny_checkpoint, folder)
    for name in ("transformer", "vae", "text_encoder"):
        for path in (folder / name).glob("*.safetensors"):
            path.unlink()
    system = load(folder, WRITING)
    assert parameter_count(system.generator) == whole["generator"]
    assert [parameter_count(system.networks[name]) for name in DECODER] == [0, 0, 0]
    # What it can make is known all the same.
    assert system.sides == load(tiny_checkpoint, WHOLE).sides


def test_a_painter_holds_of_the_generator_what_reads_pictures(
    tiny_checkpoint: Path, whole: dict[str, int]
) -> None:
    system = load(tiny_checkpoint, PAINTING)
    for name in DECODER:
        assert parameter_count(system.networks[name]) == whole[name]
    assert 0 < parameter_count(system.generator) < whole["generator"]
    assert parameter_count(system.generator) == parameter_count(
        system.generator.visual
    ) + parameter_count(system.generator.vqmodel)
    tensors = [one for net in system.networks.values() for one in net.parameters()]
    assert all(tensor.device.type == "cpu" for tensor in tensors)
    side = system.generator.config.vision.patch_size
    patches_bnp = torch.zeros(1, 4, 3 * side * side)
    other = load(tiny_checkpoint, WHOLE).generator
    assert torch.equal(
        system.generator.tokenize_image(patches_bnp, (2, 2)),
        other.tokenize_image(patches_bnp, (2, 2)),
    )


def test_there_are_no_other_networks(tiny_checkpoint: Path) -> None:
    with pytest.raises(InputError, match="'unet'"):
        load(tiny_checkpoint, Part(name="other", without={"unet": ()}))
