"""Weights in and out: everything wrong is named at once, and memory stays small."""

import json
import resource
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

import tiny
from glm_image.checkpoint import keymap, published
from glm_image.checkpoint.keymap import KeyTable
from glm_image.checkpoint.published import Components
from glm_image.checkpoint.reader import Target, WeightJob, load_weights
from glm_image.checkpoint.writer import whole_folder, write_weights
from glm_image.errors import CheckpointError, ConfigError, NotFoundError
from glm_image.models.dit import DiT
from glm_image.models.generator import Generator
from glm_image.models.glyph_encoder import GlyphEncoder
from glm_image.models.presets import full
from glm_image.models.vae import Vae

CPU = torch.device("cpu")
WEIGHTS = {
    "vision_language_encoder": "model.safetensors",
    "transformer": "diffusion_pytorch_model.safetensors",
    "vae": "diffusion_pytorch_model.safetensors",
    "text_encoder": "model.safetensors",
}


def load(folder: Path, dtype: torch.dtype = torch.float32) -> Components:
    return published.load(folder, dtype=dtype, device=CPU)


def states(components: Components) -> dict[str, Tensor]:
    return {
        f"{folder}: {name}": tensor
        for folder, network in tiny.networks(components).items()
        for name, tensor in network.state_dict().items()
    }


def assert_equal(first: Components, second: Components) -> None:
    ours, theirs = states(first), states(second)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.fixture
def damaged(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    """A copy of the tiny checkpoint for a test to damage."""
    return Path(shutil.copytree(tiny_checkpoint, tmp_path / "damaged"))


def edit(folder: Path, change: Callable[[dict[str, Tensor]], None]) -> None:
    (path,) = folder.glob("*.safetensors")
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)


def problems_of(folder: Path) -> tuple[str, ...]:
    with pytest.raises(CheckpointError) as caught:
        load(folder)
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    return caught.value.problems


# ------------------------------------------------------------------ key tables


@pytest.mark.parametrize(
    ("table", "build"),
    [
        (keymap.GENERATOR, lambda: Generator(full().generator)),
        (keymap.DIT, lambda: DiT(full().dit)),
        (keymap.VAE, lambda: Vae(full().vae)),
        (keymap.GLYPH_ENCODER, lambda: GlyphEncoder(full().glyph_encoder)),
    ],
    ids=["generator", "dit", "vae", "glyph encoder"],
)
def test_key_tables_are_bijections(table: KeyTable, build: Callable[[], nn.Module]) -> None:
    with torch.device("meta"):
        ours = list(build().state_dict())
    there = [table.to_published(name) for name in ours]
    assert None not in there and len(set(there)) == len(ours)
    assert [table.to_ours(str(name)) for name in there] == ours


def test_key_tables_refuse_strangers() -> None:
    assert keymap.GENERATOR.to_ours("language_model.norm.weight") is None
    assert keymap.GENERATOR.to_published("model.norm.weight") is None
    assert keymap.GLYPH_ENCODER.to_ours("decoder.final_layer_norm.weight") is None
    assert keymap.GLYPH_ENCODER.to_published("layers.x.attention.query.weight") is None


def test_some_published_names() -> None:
    assert keymap.GENERATOR.to_published("lm_head.weight") == "lm_head.weight"
    published_name = "model.language_model.layers.7.self_attn.q_proj.bias"
    assert keymap.GENERATOR.to_ours(published_name) == published_name.removeprefix("model.")
    assert (
        keymap.GLYPH_ENCODER.to_published("layers.11.feed_forward.down.weight")
        == "encoder.block.11.layer.1.DenseReluDense.wo.weight"
    )


# ------------------------------------------------------------------ good checkpoints


def test_round_trip_in_shards(tiny_components: Components, tmp_path: Path) -> None:
    published.save(tiny_components, tmp_path / "sharded", shard_size=200_000)
    folder = tmp_path / "sharded" / "vision_language_encoder"
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    files = sorted(file.name for file in folder.glob("*.safetensors"))
    assert len(files) > 5 and sorted(set(index["weight_map"].values())) == files
    assert files[0] == f"model-00001-of-{len(files):05d}.safetensors"
    stored = {name: tensor for file in files for name, tensor in load_file(folder / file).items()}
    assert index["weight_map"].keys() == stored.keys()
    assert index["metadata"]["total_size"] == sum(t.nbytes for t in stored.values())
    assert max((folder / file).stat().st_size for file in files) < 250_000
    assert_equal(load(tmp_path / "sharded"), tiny_components)


def test_dtype_on_the_way_out_and_in(tiny_components: Components, tmp_path: Path) -> None:
    published.save(tiny_components, tmp_path / "half", dtype=torch.bfloat16)
    stored = load_file(tmp_path / "half" / "vae" / WEIGHTS["vae"])
    assert {tensor.dtype for tensor in stored.values()} == {torch.bfloat16}
    exact = states(tiny_components)
    for dtype in (torch.bfloat16, torch.float32):
        for name, tensor in states(load(tmp_path / "half", dtype)).items():
            assert tensor.dtype is dtype
            assert torch.equal(tensor, exact[name].bfloat16().to(dtype))


def test_settings_survive(tiny_components: Components, tiny_checkpoint: Path) -> None:
    made = tiny.components()
    assert tiny_components.sampling == made.sampling
    assert tiny_components.schedule == made.schedule
    assert tiny_components.source_limits == made.source_limits
    assert tiny_components.text_tokenizer.json == made.text_tokenizer.json
    assert tiny_components.text_tokenizer.roles == made.text_tokenizer.roles
    assert tiny_components.generator.config == made.generator.config
    generation = tiny_checkpoint / "vision_language_encoder" / "generation_config.json"
    assert json.loads(generation.read_text())["top_k"] == tiny.VISION_VOCAB


def test_loaded_networks_are_ready(tiny_components: Components) -> None:
    for network in tiny.networks(tiny_components).values():
        assert not network.training
        assert all(parameter.requires_grad for parameter in network.parameters())


def test_repeated_t5_embedding_is_read_once(damaged: Path) -> None:
    def repeat(tensors: dict[str, Tensor]) -> None:
        tensors["encoder.embed_tokens.weight"] = tensors["shared.weight"].clone()

    edit(damaged / "text_encoder", repeat)
    load(damaged)
    edit(damaged / "text_encoder", lambda tensors: tensors.pop("shared.weight"))
    load(damaged)

    def differ(tensors: dict[str, Tensor]) -> None:
        tensors["shared.weight"] = tensors["encoder.embed_tokens.weight"] + 1

    edit(damaged / "text_encoder", differ)
    (problem,) = problems_of(damaged)
    assert "encoder.embed_tokens.weight differs from shared.weight" in problem


# ------------------------------------------------------------------ bad checkpoints


def test_every_problem_is_listed_at_once(damaged: Path) -> None:
    def break_vae(tensors: dict[str, Tensor]) -> None:
        del tensors["encoder.conv_in.bias"]
        tensors["encoder.extra.weight"] = torch.zeros(2, 3)
        tensors["decoder.conv_out.bias"] = torch.zeros(5)
        tensors["decoder.conv_out.weight"][0, 0, 0, 0] = float("nan")

    def break_dit(tensors: dict[str, Tensor]) -> None:
        tensors["proj_out.weight"] = tensors["proj_out.weight"].to(torch.int8)
        tensors["proj_out.bias"][1] = float("inf")

    edit(damaged / "vae", break_vae)
    edit(damaged / "transformer", break_dit)
    path = damaged / "text_encoder" / WEIGHTS["text_encoder"]
    path.write_bytes(path.read_bytes()[:-100])
    expected = [
        "vae: missing encoder.conv_in.bias [8]",
        "vae: unexpected encoder.extra.weight [2, 3]",
        "vae: decoder.conv_out.bias has shape [5], expected [3]",
        "vae: decoder.conv_out.weight has values not finite",
        "transformer: proj_out.weight has dtype I8",
        "transformer: proj_out.bias has values not finite",
        "truncated",
        "text_encoder: missing",
    ]
    problems = problems_of(damaged)
    assert len(problems) == len(expected)
    for text in expected:
        assert any(text in problem for problem in problems), text


@pytest.mark.parametrize("network", WEIGHTS)
def test_no_weights_at_all(damaged: Path, network: str) -> None:
    (damaged / network / WEIGHTS[network]).unlink()
    problems = problems_of(damaged)
    assert any("neither" in problem for problem in problems)
    assert sum(f"{network}: missing" in problem for problem in problems) == len(problems) - 1


@pytest.mark.parametrize("keep", [0, 5, 60, -1])
def test_truncated_anywhere(damaged: Path, keep: int) -> None:
    path = damaged / "vae" / WEIGHTS["vae"]
    path.write_bytes(path.read_bytes()[:keep])
    assert any("truncated" in problem for problem in problems_of(damaged))


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 64,
        struct.pack("<Q", 2) + b"{}" + b"more",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 10) + b'{"a": {} }',
        struct.pack("<Q", 60)
        + json.dumps({"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 4]}})
        .encode()
        .ljust(60)
        + b"0000",
    ],
)
def test_garbage_in_place_of_weights(damaged: Path, data: bytes) -> None:
    path = damaged / "vae" / WEIGHTS["vae"]
    path.write_bytes(data)
    assert any(str(path) in problem for problem in problems_of(damaged))


def test_shards_must_agree_with_their_index(tiny_components: Components, tmp_path: Path) -> None:
    folder = tmp_path / "sharded"
    published.save(tiny_components, folder, shard_size=30_000)
    path = folder / "transformer" / "diffusion_pytorch_model.safetensors.index.json"
    index = json.loads(path.read_text())
    moved = next(iter(index["weight_map"]))
    files = sorted(set(index["weight_map"].values()))
    index["weight_map"][moved] = files[-1] if index["weight_map"][moved] == files[0] else files[0]
    path.write_text(json.dumps(index))
    assert any(f"{moved} is not there by" in problem for problem in problems_of(folder))

    index["weight_map"] = dict.fromkeys(index["weight_map"], "../vae/none.safetensors")
    path.write_text(json.dumps(index))
    problems = problems_of(folder)
    assert any(f"{folder}/transformer/none.safetensors: does not exist" in p for p in problems)

    path.write_text("[]")
    assert any("no index of weights" in problem for problem in problems_of(folder))


def test_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"model_index\.json"):
        load(tmp_path)


# ------------------------------------------------------------------ writing


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_full_disk_leaves_the_old_checkpoint(
    tiny_components: Components, damaged: Path, tmp_path: Path
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        for target in (damaged, tmp_path / "new"):
            with pytest.raises(CheckpointError, match="cannot be written") as caught:
                published.save(tiny_components, target)
            assert caught.value.hint is not None and "nothing was changed" in caught.value.hint
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(tmp_path) == {"damaged"}
    assert_equal(load(damaged), tiny_components)


def test_an_older_checkpoint_is_replaced(tiny_components: Components, damaged: Path) -> None:
    (damaged / "vae" / "stale.txt").write_text("old")
    published.save(tiny.components(seed=1), damaged)
    assert not (damaged / "vae" / "stale.txt").exists()
    assert names(damaged.parent) == {"damaged"}
    assert not torch.equal(load(damaged).dit.proj_out.weight, tiny_components.dit.proj_out.weight)


def test_other_folders_are_not_touched(tiny_components: Components, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    published.save(tiny_components, tmp_path / "home")
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("...")
    for target in (precious, precious / "thesis.txt"):
        with pytest.raises(CheckpointError, match="is no checkpoint"):
            published.save(tiny_components, target)
    assert names(tmp_path) == {"home", "precious"} and names(precious) == {"thesis.txt"}


def test_failure_inside_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / "deep" / "new") as part:
        (part / "a").write_text("half")
        raise KeyboardInterrupt
    assert names(tmp_path / "deep") == set()


def test_weights_without_values_are_refused(tmp_path: Path) -> None:
    with torch.device("meta"):
        empty = nn.Linear(2, 2)
    for network in (empty, nn.Linear(2, 2).half().to(torch.float8_e4m3fn)):
        with pytest.raises(CheckpointError, match="cannot be stored"):
            write_weights(tmp_path, "model", network, keymap.DIT, dtype=None, shard_size=100)
    assert names(tmp_path) == set()


def test_components_must_fit_each_other() -> None:
    made = tiny.components()
    parts = vars(made)
    assert Components(**parts).dit is made.dit
    config = tiny.dit_config()
    wrong = DiT(type(config)(**(vars(config) | {"text_embed_dim": 48, "in_channels": 8})))
    with pytest.raises(ConfigError, match=r"glyph encoder width.*latent channels"):
        Components(**(parts | {"dit": wrong}))


# ------------------------------------------------------------------ memory


class Stack(nn.Module):
    """Weights of 8 MiB each in fp32."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(1024, 2048, bias=False) for _ in range(16))


def status(field: str) -> int:
    """Bytes of a memory counter of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux counts memory")
@pytest.mark.parametrize("stored", [torch.float32, torch.bfloat16])
def test_peak_memory_is_the_model_and_one_tensor(tmp_path: Path, stored: torch.dtype) -> None:
    write_weights(tmp_path, "model", Stack(), keymap.DIT, dtype=stored, shard_size=10**9)
    with torch.device("meta"):
        network = Stack()
    job = WeightJob(folder=tmp_path, stem="model", module=network, table=keymap.DIT)
    Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    load_weights([job], Target(dtype=torch.float32, device=CPU))
    grown = status("VmHWM") - before
    model = sum(parameter.nbytes for parameter in network.parameters())
    one = max(parameter.nbytes for parameter in network.parameters())
    assert model == 16 * one == 128 * 2**20
    # Two MiB for what the interpreter itself needs meanwhile.
    assert grown < model + one + 2 * 2**20
