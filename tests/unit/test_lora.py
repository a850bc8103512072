"""Low-rank changes of both decoders: formats, scales, sums, and what does not fit."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import tiny_cogview4
from glm_image.checkpoint.safetensors_file import write_file
from glm_image.cli.main import main
from glm_image.errors import CheckpointError, InputError, NotFoundError
from glm_image.execution.plan import DecoderPlan, ExecutionPlan, LinearBackend, WeightFormat
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.pipeline.cogview4_api import CogView4Pipeline

FUSED = ExecutionPlan(decoder=DecoderPlan(fused=True, hoisted=True, packed=True))
PACKED = ExecutionPlan(
    decoder=DecoderPlan(fused=True, hoisted=True, packed=True, linear=LinearBackend.ONEDNN)
)
LAYERS = (
    "transformer_blocks.0.attn1.to_q",
    "transformer_blocks.0.attn1.to_v",
    "transformer_blocks.1.attn1.to_out.0",
    "transformer_blocks.1.ff.net.0.proj",
    "transformer_blocks.1.ff.net.2",
    "transformer_blocks.0.norm1.linear",
    "proj_out",
)
SHAPES = {"ff.net.0.proj": (128, 32), "ff.net.2": (32, 128), "norm1.linear": (384, 16)}
RANK, ALPHA = 3, 6.0


def shape_of(name: str) -> tuple[int, int]:
    if name == "proj_out":
        return 16, 32
    if name == "patch_embed.proj":
        return 32, 16
    return next((shape for end, shape in SHAPES.items() if name.endswith(end)), (32, 32))


def products(seed: int, layers: Sequence[str]) -> dict[str, tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for name in layers:
        outputs, inputs = shape_of(name)
        down = torch.randn(RANK, inputs, generator=generator) / 4
        found[name] = (down, torch.randn(outputs, RANK, generator=generator) / 4)
    return found


def as_diffusers(folder: Path, seed: int = 0, layers: Sequence[str] = LAYERS) -> Path:
    tensors = {}
    for name, (down, up) in products(seed, layers).items():
        tensors[f"transformer.{name}.lora_A.weight"] = down
        tensors[f"transformer.{name}.lora_B.weight"] = up
        tensors[f"transformer.{name}.alpha"] = torch.tensor(ALPHA)
    path = folder / f"change{seed}.safetensors"
    write_file(path, tensors, None)
    return path


def as_peft(folder: Path, seed: int = 0, base: str = "x", layers: Sequence[str] = LAYERS) -> Path:
    folder = folder / f"peft{seed}"
    folder.mkdir()
    tensors = {}
    for name, (down, up) in products(seed, layers).items():
        tensors[f"base_model.model.{name}.lora_A.weight"] = down
        tensors[f"base_model.model.{name}.lora_B.weight"] = up
    write_file(folder / "adapter_model.safetensors", tensors, None)
    config = {"peft_type": "LORA", "lora_alpha": ALPHA, "base_model_name_or_path": base}
    (folder / "adapter_config.json").write_text(json.dumps({**config, "r": RANK}))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_cogview4.build(tmp_path_factory.mktemp("cogview4") / "tiny")


def load(folder: Path, plan: ExecutionPlan | str = "plain") -> CogView4Pipeline:
    return CogView4Pipeline.from_pretrained(folder, device="cpu", dtype="float32", plan=plan)


def draw(pipe: CogView4Pipeline | GlmImagePipeline) -> np.ndarray:
    result = pipe("a", seed=1, num_inference_steps=2, guidance_scale=2.0)
    return np.asarray(result.images[0], dtype=np.int16)


def summed(folder: Path, scales: dict[int, float], layers: Sequence[str] = LAYERS) -> np.ndarray:
    """The picture of a model whose weights were changed by hand."""
    pipe = load(folder)
    for seed, scale in scales.items():
        for name, (down, up) in products(seed, layers).items():
            ours = name.replace("patch_embed.proj", "image_projector.proj")
            layer = pipe.system.dit.get_submodule(ours)
            assert isinstance(layer, nn.Linear)
            with torch.no_grad():
                layer.weight += scale * ALPHA / RANK * (up @ down)
    return draw(pipe)


def near(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.abs(one - other).max() <= 1)


@pytest.mark.parametrize("plan", ["plain", FUSED, PACKED], ids=["plain", "fused", "packed"])
def test_all_forms_of_layers_take_changes(
    plan: ExecutionPlan | str, folder: Path, tmp_path: Path
) -> None:
    pipe = load(folder, plan)
    before = draw(pipe)
    expected = summed(folder, {0: 0.5})
    assert not near(before, expected)
    name = pipe.loras.load(as_diffusers(tmp_path), scale=0.5)
    assert near(draw(pipe), expected)
    pipe.loras.merge()
    assert near(draw(pipe), expected)
    pipe.loras.unmerge()
    assert near(draw(pipe), expected)
    pipe.loras.set_scale(name, 0.0)
    assert near(draw(pipe), before)
    pipe.loras.unload(name)
    assert np.array_equal(draw(pipe), before)


def test_both_formats_are_one(folder: Path, tmp_path: Path) -> None:
    one, two = load(folder), load(folder)
    one.loras.load(as_diffusers(tmp_path))
    two.loras.load(as_peft(tmp_path))
    assert np.array_equal(draw(one), draw(two))


def test_several_add_up(folder: Path, tmp_path: Path) -> None:
    pipe = load(folder, FUSED)
    first = pipe.loras.load(as_diffusers(tmp_path, 0), scale=0.25)
    second = pipe.loras.load(as_peft(tmp_path, 1), scale=-0.5)
    assert pipe.loras.scales == {first: 0.25, second: -0.5}
    assert near(draw(pipe), summed(folder, {0: 0.25, 1: -0.5}))
    pipe.loras.unload(first)
    assert near(draw(pipe), summed(folder, {1: -0.5}))


def test_unmerging_gives_the_same_bits(folder: Path, tmp_path: Path) -> None:
    pipe = load(folder)
    weight = pipe.system.dit.proj_out.weight
    before = weight.clone()
    pipe.loras.load(as_diffusers(tmp_path))
    pipe.loras.merge()
    with pytest.raises(InputError, match="merged"):
        pipe.loras.unload("change0")
    pipe.loras.unmerge()
    pipe.loras.unload("change0")
    assert pipe.system.dit.proj_out.weight is weight
    assert torch.equal(weight, before)


def test_published_names_of_the_ends_are_known(folder: Path, tmp_path: Path) -> None:
    pipe = load(folder)
    pipe.loras.load(as_diffusers(tmp_path, layers=["patch_embed.proj"]))
    assert near(draw(pipe), summed(folder, {0: 1.0}, ["patch_embed.proj"]))


def test_quantised_layers_take_changes_and_no_sums(folder: Path, tmp_path: Path) -> None:
    plan = ExecutionPlan(decoder=DecoderPlan(weights=WeightFormat.INT8))
    pipe = load(folder, plan)
    before = draw(pipe)
    pipe.loras.load(as_diffusers(tmp_path))
    assert not near(draw(pipe), before)
    with pytest.raises(InputError, match="take no sums"):
        pipe.loras.merge()
    assert not near(draw(pipe), before)


def test_the_other_model_takes_changes(tiny_checkpoint: Path, tmp_path: Path) -> None:
    pipe = GlmImagePipeline.from_pretrained(tiny_checkpoint, device="cpu", dtype="float32")
    before = draw(pipe)
    name = pipe.loras.load(as_diffusers(tmp_path), scale=0.5)
    assert not near(draw(pipe), before)
    pipe.loras.unload(name)
    assert np.array_equal(draw(pipe), before)


# ------------------------------------------------------------------------- what does not fit


def test_a_change_for_the_other_family_is_refused(folder: Path, tmp_path: Path) -> None:
    layers = [*LAYERS, "glyph_projector.net.2", "transformer_blocks.7.attn1.to_q"]
    with pytest.raises(CheckpointError) as caught:
        load(folder).loras.load(as_peft(tmp_path, base="zai-org/GLM-Image", layers=layers))
    text = "\n".join(caught.value.problems)
    assert "made for zai-org/GLM-Image" in text
    assert "glyph_projector.net.2: there is no such layer" in text
    assert "transformer_blocks.7.attn1.to_q: there is no such layer" in text


def test_ranks_and_shapes_that_do_not_fit_are_listed(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "odd.safetensors"
    write_file(
        path,
        {
            "transformer.proj_out.lora_A.weight": torch.ones(2, 32),
            "transformer.proj_out.lora_B.weight": torch.ones(16, 3),
            "transformer.norm_out.linear.lora_A.weight": torch.ones(2, 16),
            "text_encoder.q": torch.ones(2),
        },
        None,
    )
    pipe = load(folder)
    with pytest.raises(CheckpointError) as caught:
        pipe.loras.load(path)
    text = "\n".join(caught.value.problems)
    for message in ("ranks differ", "missing up", "unexpected text_encoder.q"):
        assert message in text
    write_file(
        tmp_path / "wide.safetensors",
        {
            "transformer.proj_out.lora_A.weight": torch.ones(2, 48),
            "transformer.proj_out.lora_B.weight": torch.ones(16, 2),
        },
        None,
    )
    with pytest.raises(CheckpointError, match="problem"):
        pipe.loras.load(tmp_path / "wide.safetensors")
    assert not pipe.loras.scales


def test_names_that_are_not_there_are_refused(folder: Path, tmp_path: Path) -> None:
    pipe = load(folder)
    with pytest.raises(NotFoundError):
        pipe.loras.load(tmp_path / "none.safetensors")
    with pytest.raises(InputError, match="not loaded"):
        pipe.loras.set_scale("x", 1.0)
    pipe.loras.load(as_diffusers(tmp_path))
    with pytest.raises(InputError, match="already"):
        pipe.loras.load(tmp_path / "change0.safetensors")


def test_files_are_checked_before_weights_are_read(
    folder: Path,
    tiny_checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fill(*_: object, **__: object) -> None:
        raise AssertionError("read")

    monkeypatch.setattr("glm_image.checkpoint.holdings.fill", fill)
    monkeypatch.setattr("glm_image.execution.loading.load", fill)
    files = (
        as_peft(tmp_path, 0, base="zai-org/GLM-Image"),
        as_peft(tmp_path, 1, base="THUDM/CogView4-6B"),
    )
    for model, path in zip((folder, tiny_checkpoint), files, strict=True):
        assert main(["generate", "a", "--model", str(model), "--lora", str(path), "-q"]) == 1
        assert "it was made for" in capsys.readouterr().err
