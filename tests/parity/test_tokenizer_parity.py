"""Prompts, quoted texts and source pictures against the reference's processors."""

import importlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as PilImage
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

import tiny
from glm_image.image.size import SourceLimits, plan_output, preview_grid, source_size, token_grid
from glm_image.image.transforms import prepare_source, to_pixels
from glm_image.tokenizer.chat import image_to_image, text_to_image
from glm_image.tokenizer.glyph import byt5_batch, byt5_ids, quoted_texts
from glm_image.tokenizer.text import Roles, TextTokenizer
from glm_image.types import Size

transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.parity

PROMPTS = [
    "a cat",
    "",
    "  spaces   and\nlines\n",
    'a sign that says "Hi" and “yo”',
    "一只猫坐在「窗台」上，café №5 🙂",
    "don't say it's 'ok'",
]


@pytest.fixture(scope="module")
def processor(tiny_checkpoint: Path) -> Any:
    return transformers.GlmImageProcessor.from_pretrained(tiny_checkpoint / "processor")


def reference_inputs(
    processor: Any, text: str, size: Size, images: list[PilImage.Image]
) -> dict[str, torch.Tensor]:
    content = [{"type": "image", "image": image} for image in images]
    messages = [{"role": "user", "content": [*content, {"type": "text", "text": text}]}]
    inputs: dict[str, torch.Tensor] = processor.apply_chat_template(
        [messages],
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
        processor_kwargs={"padding": False, "target_h": size.height, "target_w": size.width},
    )
    return inputs


def picture(height: int, width: int, seed: int = 0) -> PilImage.Image:
    y, x = np.mgrid[0:height, 0:width]
    noise = np.random.default_rng(seed).integers(0, 60, (height, width, 3))
    ramps = np.stack([x * 190 // width, y * 190 // height, (x + y) % 190], axis=-1)
    return PilImage.fromarray((ramps + noise).astype(np.uint8))


@pytest.mark.parametrize("text", PROMPTS)
@pytest.mark.parametrize("size", [Size(96, 64), Size(1024, 1024), Size(1056, 1568)])
def test_text_to_image_prompt(processor: Any, text: str, size: Size) -> None:
    tokenizer = TextTokenizer(tiny.tokenizer_json(), tiny.ROLES)
    target = token_grid(plan_output(*size).generated)
    ours = text_to_image(tokenizer, text, target=target, preview=preview_grid(target))
    inputs = reference_inputs(processor, text, size, [])
    assert ours.ids_l.tolist() == inputs["input_ids"][0].tolist()
    assert [[1, *grid] for grid in reversed(ours.rasters)] == inputs["image_grid_thw"].tolist()


@pytest.mark.parametrize("sizes", [[(64, 96)], [(100, 75), (300, 480)], [(128, 128)] * 3])
def test_image_to_image_prompt(processor: Any, sizes: list[tuple[int, int]]) -> None:
    tokenizer = TextTokenizer(tiny.tokenizer_json(), tiny.ROLES)
    images = [picture(*size, seed) for seed, size in enumerate(sizes)]
    sources = [prepare_source(image, tiny.LIMITS) for image in images]
    grids = [source.grid for source in sources]
    ours = image_to_image(tokenizer, "make it blue", target=(3, 2), sources=grids)
    inputs = reference_inputs(processor, "make it blue", Size(96, 64), images)
    assert ours.ids_l.tolist() == inputs["input_ids"][0].tolist()
    assert [[1, *grid] for grid in [*grids, *ours.rasters]] == inputs["image_grid_thw"].tolist()


def test_patches_of_fitting_sources_are_the_reference(processor: Any) -> None:
    images = [picture(*size, seed) for seed, size in enumerate([(64, 96), (512, 288), (160, 480)])]
    ours = torch.cat([prepare_source(image, tiny.LIMITS).patches_np for image in images])
    expected = processor.image_processor(images, return_tensors="pt")["pixel_values"]
    assert ours.shape == expected.shape
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-6)


def test_source_grids_are_the_reference() -> None:
    module = "transformers.models.glm_image.image_processing_pil_glm_image"
    smart_resize = importlib.import_module(module).smart_resize
    half = (0.5, 0.5, 0.5)
    random = np.random.default_rng(0)
    for low, high in ((512, 2048), (64, 512)):
        limits = SourceLimits(
            min_pixels=low**2, max_pixels=high**2, patch_size=16, mean=half, std=half
        )
        for height, width in random.integers(16, 3 * high, (2000, 2)).tolist():
            if max(height, width) > 4 * min(height, width):
                continue
            expected = smart_resize(height, width, 16, low**2, high**2)
            ours = source_size(Size(height, width), limits)
            assert (ours.height, ours.width) == (2 * expected[0], 2 * expected[1])


def test_pixels_for_the_autoencoder_are_the_reference() -> None:
    diffusers = pytest.importorskip("diffusers")
    image = picture(64, 96)
    expected = diffusers.image_processor.VaeImageProcessor(vae_scale_factor=8).preprocess(image)
    torch.testing.assert_close(to_pixels(image)[None], expected, rtol=0, atol=1e-6)


def test_byte_pair_merges_are_the_reference(tmp_path: Path) -> None:
    """A trained tokenizer in the manner of GLM-4: own splitting, ignored merges, a template."""
    roles = Roles(image="<|image|>", grid_start="<sop>", grid_end="<eop>", start="<s>", end="<e>")
    bpe = Tokenizer(models.BPE(ignore_merges=True))
    split = r"(?i:'s|'t)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+"
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(split), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    bpe.train_from_iterator([*PROMPTS, "the cat sat on the mat, that's 100 cats"] * 5, trainer)
    names = [*vars(roles).values(), "[gMASK]"]
    bpe.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in names])
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token=roles.start, eos_token=roles.end
    )
    ours = TextTokenizer(bpe.to_str(), roles)
    for text in [*PROMPTS, "that's the cat's 12345 mats\r\n\r\n"]:
        assert ours.encode(text) == fast(text, add_special_tokens=False)["input_ids"]
        assert ours.decode(ours.encode(text)) == text


@pytest.mark.parametrize("prompt", [*PROMPTS, "\"a\" 'b' “c” 「d」 ‘e’ 『f』", "'' \"\""])
def test_compat_quotes_and_glyph_batches(prompt: str) -> None:
    diffusers = pytest.importorskip("diffusers")
    pipeline = diffusers.GlmImagePipeline
    assert quoted_texts(prompt, "compat") == pipeline.get_glyph_texts(None, prompt)[0]
    seen: dict[str, torch.Tensor] = {}

    def encoder(input_ids: torch.Tensor, attention_mask: torch.Tensor) -> SimpleNamespace:
        seen.update(ids=input_ids, mask=attention_mask.bool())
        return SimpleNamespace(last_hidden_state=torch.zeros(*input_ids.shape, 4))

    stand_in = SimpleNamespace(
        get_glyph_texts=lambda prompt: pipeline.get_glyph_texts(None, prompt),
        tokenizer=transformers.ByT5Tokenizer(),
        text_encoder=encoder,
    )
    pipeline._get_glyph_embeds(stand_in, [prompt], device="cpu", dtype=torch.float32)
    ids_bs, mask_bs = byt5_batch(quoted_texts(prompt, "compat"))
    assert torch.equal(ids_bs, seen["ids"]) and torch.equal(mask_bs, seen["mask"])


def test_saved_byte_tokenizer_is_the_reference(tiny_checkpoint: Path) -> None:
    tokenizer = transformers.ByT5Tokenizer.from_pretrained(tiny_checkpoint / "tokenizer")
    for text in [*PROMPTS, "x" * 3000]:
        expected = tokenizer(text, max_length=2048, truncation=True)["input_ids"]
        # Three texts, an odd number, have no padding in front.
        assert byt5_ids([text, "", ""])[0] == expected


def test_saved_processor_has_the_published_spelling(tiny_checkpoint: Path) -> None:
    folder = tiny_checkpoint / "processor"
    assert {file.name for file in folder.iterdir()} == {
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
        "preprocessor_config.json",
    }
    settings = json.loads((folder / "preprocessor_config.json").read_text())
    assert (settings["min_pixels"], settings["max_pixels"]) == (64**2, 512**2)
