"""How well a picture fits a text by CLIP, loaded from a folder in the layout of Hugging Face.

The folder holds ``config.json``, ``model.safetensors`` and ``tokenizer.json``, or ``vocab.json``
with ``merges.txt``. Nothing is fetched.
"""

import dataclasses
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from torch import Tensor
from torch.nn import functional

from glm_image.config import from_mapping
from glm_image.errors import CheckpointError, NotFoundError
from glm_image.evaluation.clip_towers import ClipConfig, ClipTowers, ImageConfig, TextConfig
from glm_image.evaluation.disk import sha256_of

_MEAN = (0.48145466, 0.4578275, 0.40821073)
_DEVIATION = (0.26862954, 0.26130258, 0.27577711)
_START, _END = "<|startoftext|>", "<|endoftext|>"
# Contractions, runs of letters, single digits, runs of other signs.
_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
# Buffers that old checkpoints carry along.
_POSITIONS = "position_ids"


class Clip:
    """A CLIP model on the CPU, in fp32.

    Args:
        towers: With their weights.
        config: Their sizes.
        tokenizer: Makes ids of texts.
        weights: File that the weights come from.
    """

    name = "clip"

    def __init__(
        self, towers: ClipTowers, config: ClipConfig, tokenizer: Tokenizer, weights: Path
    ) -> None:
        self._towers = towers.eval()
        self._config = config
        self._tokenizer = tokenizer
        self._weights = weights

    @classmethod
    def from_folder(cls, folder: Path) -> "Clip":
        """Load a model.

        Raises:
            NotFoundError: A file is missing.
            ConfigError: The configuration contradicts itself.
            CheckpointError: The weights do not fit the configuration.
        """
        weights = _existing(folder / "model.safetensors")
        config = read_config(_existing(folder / "config.json"))
        towers = ClipTowers(config)
        loaded = {
            name: value.float()
            for name, value in load_file(weights).items()
            if not name.endswith(_POSITIONS)
        }
        try:
            towers.load_state_dict(loaded)
        except RuntimeError as error:
            raise CheckpointError(f"does not fit: {error}", field=str(weights)) from error
        return cls(towers, config, _tokenizer(folder), weights)

    @cached_property
    def version(self) -> str:
        """Digest of the weights."""
        return f"sha256:{sha256_of(self._weights)}"

    def cosine(self, image: Image.Image, text: str) -> float:
        """Cosine between an RGB picture and a text, in [-1, 1]; the text is cut at its longest."""
        with torch.inference_mode():
            picture = self._towers.embed_images(self.pixels(image))
            words = self._towers.embed_texts(self.ids(text))
            return float(functional.cosine_similarity(picture, words)[0])

    def ids(self, text: str) -> Tensor:
        """Ids ``[1, T]`` of a text between its start and end."""
        start, end = (self._tokenizer.token_to_id(token) for token in (_START, _END))
        most = self._config.text_config.max_position_embeddings - 2
        inner = self._tokenizer.encode(text, add_special_tokens=False).ids[:most]
        return torch.tensor([[start, *inner, end]])

    def pixels(self, image: Image.Image) -> Tensor:
        """Normalised pixels ``[1, 3, S, S]`` of the middle of a picture, shorter side to S."""
        side = self._config.vision_config.image_size
        image = image.convert("RGB")
        shorter = min(image.size)
        width, height = (side * length // shorter for length in image.size)
        resized = image.resize((width, height), Image.Resampling.BICUBIC)
        left, top = (width - side) // 2, (height - side) // 2
        cropped = resized.crop((left, top, left + side, top + side))
        values = torch.from_numpy(np.asarray(cropped, dtype=np.float32) / 255)
        normal = (values - torch.tensor(_MEAN)) / torch.tensor(_DEVIATION)
        return normal.permute(2, 0, 1)[None]


def read_config(path: Path) -> ClipConfig:
    """Sizes from a published configuration; what it says beside them is left alone."""
    content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    sizes = _known(content, ClipConfig)
    sizes["text_config"] = _known(content.get("text_config") or {}, TextConfig)
    sizes["vision_config"] = _known(content.get("vision_config") or {}, ImageConfig)
    return from_mapping(ClipConfig, sizes, source=str(path))


def _known(content: Mapping[str, Any], kind: type) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(kind)}
    return {name: value for name, value in content.items() if name in names}


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise NotFoundError(
            f"{path} is not there",
            field="clip",
            hint="a folder with config.json, model.safetensors and tokenizer.json",
        )
    return path


def _tokenizer(folder: Path) -> Tokenizer:
    whole = folder / "tokenizer.json"
    if whole.is_file():
        tokenizer = Tokenizer.from_file(str(whole))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer
    vocabulary, merges = _existing(folder / "vocab.json"), _existing(folder / "merges.txt")
    return bpe(vocabulary, merges)


def bpe(vocabulary: Path, merges: Path) -> Tokenizer:
    """The tokenizer of CLIP from the two files of older folders."""
    model = models.BPE.from_file(
        str(vocabulary), str(merges), end_of_word_suffix="</w>", unk_token=_END
    )
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFC(),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Lowercase(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer
