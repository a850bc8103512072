"""Checkpoints travel between this package and the reference libraries without a changed bit."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import tiny
from glm_image.checkpoint import keymap, published
from glm_image.checkpoint.published import Components

diffusers = pytest.importorskip("diffusers")
pytest.importorskip("transformers")
pytestmark = pytest.mark.parity

TABLES = {
    "vision_language_encoder": keymap.GENERATOR,
    "transformer": keymap.DIT,
    "vae": keymap.VAE,
    "text_encoder": keymap.GLYPH_ENCODER,
}


def load(folder: Path) -> Components:
    return published.load(folder, dtype=torch.float32, device=torch.device("cpu"))


def ours(components: Components, name: str) -> dict[str, Tensor]:
    """Weights of a network by their published names."""
    state = tiny.networks(components)[name].state_dict()
    return {str(TABLES[name].to_published(key)): tensor for key, tensor in state.items()}


def theirs(pipeline: Any, name: str) -> dict[str, Tensor]:
    state: dict[str, Tensor] = dict(getattr(pipeline, name).state_dict())
    for copy in TABLES[name].copies:
        state.pop(copy, None)
    return state


def assert_equal(first: dict[str, Tensor], second: dict[str, Tensor]) -> None:
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="module")
def pipeline(tiny_checkpoint: Path) -> Any:
    return diffusers.GlmImagePipeline.from_pretrained(tiny_checkpoint)


@pytest.fixture(scope="module", params=["one file", "sharded"])
def saved(request: pytest.FixtureRequest, pipeline: Any, tmp_path_factory: Any) -> Path:
    """The tiny checkpoint as the reference libraries save it."""
    folder = Path(tmp_path_factory.mktemp("theirs"))
    size = "10GB" if request.param == "one file" else "100KB"
    pipeline.save_pretrained(folder, max_shard_size=size)
    return folder


@pytest.mark.parametrize("name", TABLES)
def test_they_load_what_we_save(pipeline: Any, tiny_components: Components, name: str) -> None:
    assert_equal(theirs(pipeline, name), ours(tiny_components, name))


def test_they_load_our_shards(tiny_components: Components, tmp_path: Path) -> None:
    published.save(tiny_components, tmp_path / "a", shard_size=150_000, dtype=torch.bfloat16)
    loaded = diffusers.GlmImagePipeline.from_pretrained(tmp_path / "a", dtype=torch.bfloat16)
    for name in TABLES:
        rounded = {key: t.bfloat16() for key, t in ours(tiny_components, name).items()}
        found = {key: t.bfloat16() for key, t in theirs(loaded, name).items()}
        assert_equal(found, rounded)


def test_they_read_our_settings(pipeline: Any) -> None:
    generation = pipeline.vision_language_encoder.generation_config
    assert (generation.temperature, generation.top_p) == (0.9, 0.75)
    assert generation.top_k == tiny.VISION_VOCAB
    assert generation.eos_token_id == tiny.END
    rope = pipeline.vision_language_encoder.config.text_config.rope_parameters
    assert rope["partial_rotary_factor"] == 0.5 and rope["mrope_section"] == [2, 3, 3]
    size = pipeline.processor.image_processor.size
    assert (size["shortest_edge"], size["longest_edge"]) == (64**2, 512**2)
    assert pipeline.processor.image_processor.patch_size == 16
    assert pipeline.processor.image_token_id == tiny.IMAGE
    assert pipeline.scheduler.config.time_shift_type == "linear"
    assert pipeline.scheduler.config.use_dynamic_shifting is True
    assert list(pipeline.vae.config.latents_mean) == list(tiny.vae_config().latents_mean)


@pytest.mark.parametrize("name", TABLES)
def test_we_load_what_they_save(saved: Path, tiny_components: Components, name: str) -> None:
    assert_equal(ours(load(saved), name), ours(tiny_components, name))


def test_we_read_their_settings(saved: Path, tiny_components: Components) -> None:
    loaded = load(saved)
    assert loaded.generator.config == tiny_components.generator.config
    assert loaded.dit.config == tiny_components.dit.config
    assert loaded.vae.config == tiny_components.vae.config
    assert loaded.glyph_encoder.config == tiny_components.glyph_encoder.config
    assert loaded.schedule == tiny_components.schedule
    assert loaded.sampling == tiny_components.sampling
    assert loaded.source_limits == tiny_components.source_limits
    assert loaded.text_tokenizer.roles == tiny_components.text_tokenizer.roles
    # They rename the library and move the image settings; a test that this is still so.
    index = json.loads((saved / "model_index.json").read_text())
    assert index["processor"] == ["glm_image", "GlmImageProcessor"]
    assert not (saved / "processor" / "preprocessor_config.json").exists()
    for text in ("a sign that says “你好”", "it's  <sop> 5'10\""):
        assert loaded.text_tokenizer.encode(text) == tiny_components.text_tokenizer.encode(text)


def test_the_published_configs_are_readable_by_them() -> None:
    """The full sizes, as this package writes them, are the reference's own idea of the model."""
    from transformers import GlmImageConfig

    from glm_image.checkpoint import configs
    from glm_image.models.presets import full

    config = GlmImageConfig.from_dict(configs.write_generator(full().generator))
    assert config.text_config.num_key_value_heads == 2
    assert config.text_config.rope_parameters["mrope_section"] == [8, 12, 12]
    assert config.vision_config.intermediate_size == 6144
    assert config.vq_config.embed_dim == 2048
    assert config.image_token_id == 167855
