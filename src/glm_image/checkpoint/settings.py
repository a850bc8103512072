"""Published settings around the networks: sampling, source images, tokenizers, the index.

Source: zai-org/GLM-Image, ``model_index.json``, ``processor``, ``tokenizer`` and
``generation_config.json``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from glm_image.checkpoint.fields import Fields
from glm_image.config import from_mapping
from glm_image.errors import ConfigError
from glm_image.image.size import SourceLimits
from glm_image.models.generator import GeneratorConfig
from glm_image.tokenizer.text import Roles

PREPROCESSOR_FILE = "preprocessor_config.json"
PROCESSOR_FILE = "processor_config.json"
CHAT_TEMPLATE_FILE = "chat_template.jinja"

PIPELINE = "GlmImagePipeline"
"""What the index of a checkpoint of GLM-Image names."""

_CLASSES = {
    "processor": ("transformers", "GlmImageProcessor"),
    "scheduler": ("diffusers", "FlowMatchEulerDiscreteScheduler"),
    "text_encoder": ("transformers", "T5EncoderModel"),
    "tokenizer": ("transformers", "ByT5Tokenizer"),
    "transformer": ("diffusers", "GlmImageTransformer2DModel"),
    "vae": ("diffusers", "AutoencoderKL"),
    "vision_language_encoder": ("transformers", "GlmImageForConditionalGeneration"),
}
_DIFFUSERS_VERSION = "0.37.0.dev0"
"""What the published index names: the first version with this pipeline."""

_LIBRARIES = ("diffusers", "transformers", "glm_image")

_PUBLISHED_TEMPERATURE = 0.9
_PUBLISHED_TOP_P = 0.75

_RESCALE = 1 / 255
_IMAGE_REQUIRED = {"temporal_patch_size": 1, "merge_size": 1}
_IMAGE_FIXED = {
    "resample": 3,
    "do_convert_rgb": True,
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
}


@dataclass(frozen=True, kw_only=True)
class SamplingDefaults:
    """How a checkpoint wants its tokens sampled if nobody says otherwise.

    Args:
        temperature: Divides the logits, 0 or more.
        top_p: Share of probability that is sampled from, in (0, 1].
        top_k: Most ids that are sampled from; the vision vocabulary's size means all.
    """

    temperature: float
    top_p: float
    top_k: int

    def __post_init__(self) -> None:
        if self.temperature < 0 or not 0 < self.top_p <= 1 or self.top_k < 1:
            raise ConfigError(
                f"got temperature={self.temperature}, top_p={self.top_p}, top_k={self.top_k}",
                field="sampling",
                hint="temperature >= 0, 0 < top_p <= 1, top_k >= 1",
            )


def read_index(
    fields: Fields,
    pipeline: str = PIPELINE,
    classes: Mapping[str, tuple[str, str]] = MappingProxyType(_CLASSES),
) -> None:
    """Check that ``model_index.json`` describes a kind of checkpoint."""
    fields.expect({"_class_name": pipeline})
    for name, (_, class_name) in classes.items():
        entry = fields.take(name)
        if entry is None:
            continue
        fits = isinstance(entry, list) and len(entry) == 2
        if not fits or entry[0] not in _LIBRARIES or entry[1] != class_name:
            fields.problems.append(f"{fields.path}: {name!r} is {entry!r}, not {class_name}")
    fields.close()


def write_index(
    pipeline: str = PIPELINE,
    classes: Mapping[str, tuple[str, str]] = MappingProxyType(_CLASSES),
    version: str = _DIFFUSERS_VERSION,
) -> dict[str, Any]:
    """Content of ``model_index.json``: a pipeline, its parts, and the version that first had it."""
    return {
        "_class_name": pipeline,
        "_diffusers_version": version,
        **{name: list(entry) for name, entry in classes.items()},
    }


def read_sampling(fields: Fields, generator: GeneratorConfig) -> SamplingDefaults | None:
    """``generation_config.json``; None if there were problems.

    What the file leaves out has the published value. An absent ``top_k`` is off; it is not the 50
    that the reference library falls back to.
    """
    fields.expect(
        {
            "do_sample": True,
            "num_beams": 1,
            "repetition_penalty": 1.0,
        }
    )
    end = generator.image_end_token_id
    if fields.get("eos_token_id", end) not in (end, [end]):
        fields.problems.append(f"{fields.path}: 'eos_token_id' is not the image end id {end}")
    values = {
        "temperature": fields.get("temperature", _PUBLISHED_TEMPERATURE),
        "top_p": fields.get("top_p", _PUBLISHED_TOP_P),
        "top_k": fields.get("top_k") or generator.text.vision_vocab_size,
    }
    fields.ignore(
        (
            "bos_token_id",
            "max_length",
            "max_new_tokens",
            "output_attentions",
            "output_hidden_states",
            "pad_token_id",
            "return_dict_in_generate",
            "suppress_tokens",
            "transformers_version",
            "use_cache",
        )
    )
    fields.close()
    try:
        return from_mapping(SamplingDefaults, values, source=fields.path)
    except ConfigError as error:
        fields.problems.append(str(error))
        return None


def write_sampling(sampling: SamplingDefaults, generator: GeneratorConfig) -> dict[str, Any]:
    """Content of ``generation_config.json``; ``top_k`` is always written."""
    return {
        "do_sample": True,
        "eos_token_id": generator.image_end_token_id,
        "pad_token_id": generator.image_token_id,
        "temperature": sampling.temperature,
        "top_k": sampling.top_k,
        "top_p": sampling.top_p,
    }


def read_source_limits(folder: Path, problems: list[str]) -> SourceLimits | None:
    """Image settings of either spelling; None if there were problems.

    They stand in ``preprocessor_config.json``, or in ``processor_config.json`` under
    ``image_processor``. If both files have them they must agree.
    """
    found: list[SourceLimits | None] = []
    if (folder / PREPROCESSOR_FILE).is_file():
        found.append(_read_image_settings(Fields.from_file(folder / PREPROCESSOR_FILE, problems)))
    if (folder / PROCESSOR_FILE).is_file():
        whole = Fields.from_file(folder / PROCESSOR_FILE, problems)
        if "image_processor" in whole:
            found.append(_read_image_settings(whole.section("image_processor")))
    if not found:
        problems.append(f"{folder.name}: image settings are in no {PREPROCESSOR_FILE}")
        return None
    if found[0] != found[-1]:
        problems.append(f"{folder.name}: {PREPROCESSOR_FILE} and {PROCESSOR_FILE} disagree")
    return found[0]


def write_source_limits(limits: SourceLimits) -> dict[str, Any]:
    """Content of ``processor/preprocessor_config.json``."""
    return {
        "image_processor_type": "GlmImageImageProcessor",
        "processor_class": "GlmImageProcessor",
        **_IMAGE_REQUIRED,
        **_IMAGE_FIXED,
        "rescale_factor": _RESCALE,
        "min_pixels": limits.min_pixels,
        "max_pixels": limits.max_pixels,
        "patch_size": limits.patch_size,
        "image_mean": list(limits.mean),
        "image_std": list(limits.std),
    }


def write_tokenizer_settings(roles: Roles) -> dict[str, Any]:
    """Content of ``processor/tokenizer_config.json``."""
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "processor_class": "GlmImageProcessor",
        "bos_token": roles.start,
        "eos_token": roles.end,
        "pad_token": roles.end,
        "extra_special_tokens": {
            "image_token": roles.image,
            "grid_bos_token": roles.grid_start,
            "grid_eos_token": roles.grid_end,
        },
        "clean_up_tokenization_spaces": False,
        "model_max_length": 65536,
        "padding_side": "left",
    }


def write_chat_template(roles: Roles) -> str:
    """Content of ``processor/chat_template.jinja``: contents joined, without role markers."""
    picture = f"{roles.start}{roles.image}{roles.end}"
    return (
        "{%- for message in messages -%}\n"
        "  {%- if message.content is string -%}\n"
        "    {{- message.content -}}\n"
        "  {%- else -%}\n"
        "    {%- for part in message.content -%}\n"
        f"      {{{{- '{picture}' if part.type == 'image' else part.text -}}}}\n"
        "    {%- endfor -%}\n"
        "  {%- endif -%}\n"
        "{%- endfor -%}\n"
    )


def write_byte_tokenizer_settings() -> dict[str, Any]:
    """Content of ``tokenizer/tokenizer_config.json``: bytes need no vocabulary."""
    return {
        "tokenizer_class": "ByT5Tokenizer",
        "eos_token": "</s>",
        "extra_ids": 125,
        "pad_token": "<pad>",
        "unk_token": "<unk>",
    }


def _read_image_settings(fields: Fields) -> SourceLimits | None:
    fields.require(_IMAGE_REQUIRED)
    fields.expect(_IMAGE_FIXED | {"do_center_crop": False, "do_pad": False})
    size = fields.section("size")
    values = {
        "min_pixels": fields.get("min_pixels", size.get("shortest_edge")),
        "max_pixels": fields.get("max_pixels", size.get("longest_edge")),
        "patch_size": fields.take("patch_size"),
        "mean": fields.take("image_mean"),
        "std": fields.take("image_std"),
    }
    for name in ("min_pixels", "max_pixels"):
        if values[name] is None:
            fields.problems.append(f"{fields.path}: missing field {name!r}")
    if abs(float(fields.get("rescale_factor", _RESCALE)) - _RESCALE) > 1e-9:
        fields.problems.append(f"{fields.path}: 'rescale_factor' is not 1/255")
    fields.ignore(("data_format", "default_to_square", "image_processor_type", "processor_class"))
    size.close()
    fields.close()
    if None in values.values():
        return None
    try:
        return from_mapping(SourceLimits, values, source=fields.path)
    except ConfigError as error:
        fields.problems.append(str(error))
        return None
