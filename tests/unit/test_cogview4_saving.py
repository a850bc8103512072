"""CogView4 written back: the same bits in the published layout, also for the reference."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

import tiny_cogview4
from glm_image.checkpoint import cogview4
from glm_image.checkpoint.reader import find_entries
from glm_image.checkpoint.safetensors_file import MappedFile
from glm_image.cli.main import main
from glm_image.errors import CheckpointError
from glm_image.pipeline.cogview4_api import CogView4Pipeline
from glm_image.pipeline.families import is_cogview4

NETWORKS = {
    "text_encoder": "model",
    "transformer": "diffusion_pytorch_model",
    "vae": "diffusion_pytorch_model",
}
FILES = (
    "text_encoder/config.json",
    "transformer/config.json",
    "vae/config.json",
    "scheduler/scheduler_config.json",
    "tokenizer/tokenizer.json",
    "tokenizer/tokenizer_config.json",
)


def tensors(folder: Path, network: str) -> dict[str, Tensor]:
    problems: list[str] = []
    entries = find_entries(folder / network, NETWORKS[network], problems)
    assert not problems
    return {name: MappedFile(entry.file).tensor(entry) for name, entry in entries.items()}


def assert_same(one: Path, other: Path, dtype: torch.dtype) -> None:
    for network in NETWORKS:
        first, second = tensors(one, network), tensors(other, network)
        assert first.keys() == second.keys()
        for name, tensor in first.items():
            assert second[name].dtype == dtype
            assert torch.equal(tensor.to(dtype), second[name]), name


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "control"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("cogview4") / "tiny"
    return tiny_cogview4.build(place, control=request.param)


def test_a_round_trip_keeps_every_bit(folder: Path, tmp_path: Path) -> None:
    assert main(["convert", str(folder), str(tmp_path / "new"), "--dtype", "fp32", "-q"]) == 0
    assert_same(folder, tmp_path / "new", torch.float32)
    assert "layers.2.mlp.down_proj.weight" in tensors(tmp_path / "new", "text_encoder")
    for name in FILES:
        first, second = ((place / name).read_text() for place in (folder, tmp_path / "new"))
        assert json.loads(first) == json.loads(second), name
    index, again = (
        json.loads((place / "model_index.json").read_text()) for place in (folder, tmp_path / "new")
    )
    assert {**index, "_diffusers_version": ""} == {**again, "_diffusers_version": ""}


def test_another_dtype_in_shards(folder: Path, tmp_path: Path) -> None:
    words = ["convert", str(folder), str(tmp_path / "new"), "--shard-size", "20kb", "-q"]
    assert main(words) == 0
    assert_same(folder, tmp_path / "new", torch.bfloat16)
    assert len(list((tmp_path / "new" / "text_encoder").glob("*.safetensors"))) > 2
    assert is_cogview4(tmp_path / "new")


def test_a_folder_may_be_rewritten_in_place(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "own"
    assert main(["convert", str(folder), str(place), "--dtype", "fp32", "-q"]) == 0
    assert main(["convert", str(place), str(place), "--dtype", "fp32", "--overwrite", "-q"]) == 0
    assert_same(folder, place, torch.float32)


def test_a_pipeline_saves_what_it_holds(folder: Path, tmp_path: Path) -> None:
    pipe = CogView4Pipeline.from_pretrained(folder, device="cpu", dtype="bfloat16", plan="plain")
    with torch.no_grad():
        pipe.system.dit.proj_out.bias.add_(1.0)
    pipe.save_pretrained(tmp_path / "new")
    saved = tensors(tmp_path / "new", "transformer")
    assert torch.equal(saved["proj_out.bias"], pipe.system.dit.proj_out.bias)
    last = tensors(tmp_path / "new", "text_encoder")["layers.2.self_attn.q_proj.weight"]
    assert last.dtype == torch.bfloat16
    again = CogView4Pipeline.from_pretrained(tmp_path / "new", device="cpu", plan="plain")
    for name, weight in pipe.system.dit.state_dict().items():
        assert torch.equal(again.system.dit.state_dict()[name], weight.float())


def test_a_model_in_another_form_is_not_saved(folder: Path, tmp_path: Path) -> None:
    pipe = CogView4Pipeline.from_pretrained(folder, device="cpu")
    with pytest.raises(CheckpointError, match="another form"):
        pipe.save_pretrained(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_what_stays_in_the_first_folder_is_missed_if_it_has_gone(tmp_path: Path) -> None:
    folder = tiny_cogview4.build(tmp_path / "tiny")
    parts = cogview4.load(folder, dtype=torch.float32, device=torch.device("cpu"))
    for file in (folder / "text_encoder").glob("*.safetensors"):
        file.unlink()
    with pytest.raises(CheckpointError, match="cannot be read any more"):
        cogview4.save(parts, tmp_path / "new")
    assert not (tmp_path / "new").exists()
