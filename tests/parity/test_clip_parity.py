"""CLIP against transformers, on a tiny random checkpoint in the published layout."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tokenizers import pre_tokenizers
from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPTokenizer, CLIPVisionConfig

from glm_image.errors import CheckpointError, ConfigError, NotFoundError
from glm_image.evaluation.clip import Clip

pytestmark = pytest.mark.parity

MERGES = ["s i", "si g", "sig n</w>", "o p", "op e", "ope n</w>"]
TEXTS = (
    "A photo depicts a sign that says 'OPEN'.",
    "It's  9:30\tcafé, isn't it?",
    "你好 sign",
    "open " * 100,
)


def vocabulary() -> dict[str, int]:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*letters, *(f"{letter}</w>" for letter in letters)]
    tokens += [merge.replace(" ", "") for merge in MERGES]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    return {token: index for index, token in enumerate(tokens)}


def build(folder: Path, *, legacy_end: bool) -> CLIPModel:
    tokens = vocabulary()
    end = len(tokens) - 1
    torch.manual_seed(3)
    text = CLIPTextConfig(
        vocab_size=len(tokens), hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, max_position_embeddings=77, projection_dim=24,
        bos_token_id=end - 1, eos_token_id=2 if legacy_end else end,
    )  # fmt: skip
    vision = CLIPVisionConfig(
        hidden_size=40, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        image_size=32, patch_size=8, projection_dim=24, hidden_act="gelu",
    )  # fmt: skip
    config = CLIPConfig(
        text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=24
    )
    model = CLIPModel(config).eval()
    with torch.no_grad():
        # Weights that are far from zero show every wrong activation and norm.
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    model.save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps(tokens))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(MERGES) + "\n")
    return model


@pytest.fixture(scope="module", params=[False, True], ids=["end", "legacy-end"])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, CLIPModel, Clip]:
    folder = tmp_path_factory.mktemp("clip")
    model = build(folder, legacy_end=request.param)
    return folder, model, Clip.from_folder(folder)


def noise(width: int, height: int) -> Image.Image:
    rng = np.random.default_rng(width)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize("text", TEXTS)
def test_texts_become_the_same_ids(pair: tuple[Path, CLIPModel, Clip], text: str) -> None:
    folder, _, clip = pair
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    expected = tokenizer(text, truncation=True, max_length=77)["input_ids"]
    assert clip.ids(text)[0].tolist() == expected


@pytest.mark.parametrize("size", [(32, 32), (50, 41), (33, 90)])
def test_cosines_are_the_same(pair: tuple[Path, CLIPModel, Clip], size: tuple[int, int]) -> None:
    _, model, clip = pair
    image = noise(*size)
    for text in TEXTS:
        with torch.no_grad():
            out = model(input_ids=clip.ids(text), pixel_values=clip.pixels(image))
        expected = float((out.text_embeds @ out.image_embeds.T)[0, 0])
        assert clip.cosine(image, text) == pytest.approx(expected, abs=1e-5)


def test_pixels_are_the_same(pair: tuple[Path, CLIPModel, Clip]) -> None:
    from transformers.models.clip import image_processing_pil_clip

    processor = image_processing_pil_clip.CLIPImageProcessorPil(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    )
    for size in ((32, 32), (50, 41), (33, 90), (64, 256)):
        expected = processor(noise(*size), return_tensors="pt")["pixel_values"]
        found = pair[2].pixels(noise(*size))
        assert found.shape == expected.shape
        assert float((found - expected).abs().max()) < 1e-5


def test_damaged_folders_are_refused(pair: tuple[Path, CLIPModel, Clip], tmp_path: Path) -> None:
    folder, _, clip = pair
    assert clip.version.startswith("sha256:")
    with pytest.raises(NotFoundError, match=r"model\.safetensors"):
        Clip.from_folder(tmp_path)
    for name in ("model.safetensors", "vocab.json", "merges.txt"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["num_hidden_layers"] = 3
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="does not fit"):
        Clip.from_folder(tmp_path)
    config["text_config"]["hidden_act"] = "swish"
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ConfigError, match="swish"):
        Clip.from_folder(tmp_path)
