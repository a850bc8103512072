"""Published configs of the networks to ours and back.

Source: zai-org/GLM-Image, ``config.json`` of every folder; reference behaviour of the fields:
transformers and diffusers.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar, cast

from glm_image.checkpoint.fields import Fields
from glm_image.config import from_mapping, to_mapping
from glm_image.errors import ConfigError
from glm_image.models.dit import DiTConfig
from glm_image.models.generator import GeneratorConfig
from glm_image.models.glm import GlmConfig
from glm_image.models.glyph_encoder import GlyphEncoderConfig
from glm_image.models.schedule_config import ScheduleConfig
from glm_image.models.vae import VaeConfig
from glm_image.models.vit import VisionConfig
from glm_image.models.vq import VqConfig

ConfigT = TypeVar("ConfigT")

# fmt: off
BOOKKEEPING = frozenset({
    "architectures", "attention_dropout", "auto_map", "bad_words_ids", "bos_token_id",
    "chunk_size_feed_forward", "cross_attention_hidden_size", "diversity_penalty", "do_sample",
    "dtype", "early_stopping", "id2label", "initializer_factor", "initializer_range",
    "is_encoder_decoder", "label2id", "length_penalty", "max_length", "min_length",
    "name_or_path", "no_repeat_ngram_size", "num_beams", "num_return_sequences",
    "output_attentions", "output_hidden_states", "output_scores", "problem_type", "pruned_heads",
    "remove_invalid_values", "repetition_penalty", "return_dict", "return_dict_in_generate",
    "temperature", "tf_legacy_loss", "tie_encoder_decoder", "top_k", "top_p", "torch_dtype",
    "torchscript", "transformers_version", "typical_p", "use_bfloat16", "use_cache",
})
# fmt: on
"""Fields that transformers writes into every config and that no network of ours depends on."""

_TEXT_DEFAULTS = {"rms_norm_eps": 1e-5, "attention_bias": True}
_VISION_DEFAULTS = {"in_channels": 3, "layer_norm_eps": 1e-6, "attention_bias": True}
VAE_DEFAULTS = {"scaling_factor": 0.18215, "force_upcast": True}
_GLYPH_ENCODER_DEFAULTS = {"relative_attention_max_distance": 128, "layer_norm_epsilon": 1e-6}
"""What an absent field means to the libraries as well as to the published model; sizes and
rotation are always read."""

_ROPE = ("rope_theta", "partial_rotary_factor", "mrope_section")
_ROPE_KINDS = ("default", "mrope")


def read_generator(fields: Fields) -> GeneratorConfig | None:
    """``vision_language_encoder/config.json``; None if there were problems."""
    fields.expect({"model_type": "glm_image", "tie_word_embeddings": False})
    fields.ignore(BOOKKEEPING)
    sections = {
        "text": _read_text(fields.section("text_config")),
        "vision": _read_vision(fields.section("vision_config")),
        "vq": _read_vq(fields.section("vq_config")),
    }
    ids = {
        name: fields.take(name)
        for name in ("image_start_token_id", "image_end_token_id", "image_token_id")
    }
    fields.ignore(("eos_token_id", "pad_token_id"))
    fields.close()
    if None in sections.values():
        return None
    plain = {name: to_mapping(section) for name, section in sections.items()}
    return _build(GeneratorConfig, plain | ids, fields)


def write_generator(config: GeneratorConfig) -> dict[str, Any]:
    """Content of ``vision_language_encoder/config.json``."""
    text = to_mapping(config.text)
    rope = {"rope_type": "default", **{name: text.pop(name) for name in _ROPE}}
    return {
        "architectures": ["GlmImageForConditionalGeneration"],
        "model_type": "glm_image",
        "image_start_token_id": config.image_start_token_id,
        "image_end_token_id": config.image_end_token_id,
        "image_token_id": config.image_token_id,
        "tie_word_embeddings": False,
        "text_config": {
            "model_type": "glm_image_text",
            "hidden_act": "silu",
            **text,
            "rope_parameters": rope,
        },
        "vision_config": {
            "model_type": "glm_image_vision",
            "hidden_act": "gelu",
            "spatial_merge_size": 1,
            **to_mapping(config.vision),
        },
        "vq_config": {
            "model_type": "glm_image_vqmodel",
            "in_channels": config.vision.in_channels,
            **to_mapping(config.vq),
        },
    }


def read_dit(fields: Fields) -> DiTConfig | None:
    """``transformer/config.json``; None if there were problems."""
    fields.ignore(("sample_size",))
    return read_plain(DiTConfig, fields)


def write_dit(config: DiTConfig) -> dict[str, Any]:
    """Content of ``transformer/config.json``."""
    return {"_class_name": "GlmImageTransformer2DModel", **to_mapping(config)}


VAE_FIXED = {
    "mid_block_add_attention": False,
    "use_quant_conv": False,
    "use_post_quant_conv": False,
}


def read_vae(fields: Fields) -> VaeConfig | None:
    """``vae/config.json``; None if there were problems."""
    levels = len(fields.get("block_out_channels", []))
    fields.require(VAE_FIXED | vae_blocks(levels))
    fields.expect({"act_fn": "silu"})
    fields.ignore(("shift_factor",))
    return read_plain(VaeConfig, fields, defaults=VAE_DEFAULTS)


def write_vae(config: VaeConfig) -> dict[str, Any]:
    """Content of ``vae/config.json``."""
    blocks = vae_blocks(len(config.block_out_channels))
    return {
        "_class_name": "AutoencoderKL",
        "act_fn": "silu",
        **VAE_FIXED,
        **blocks,
        "shift_factor": None,
        **to_mapping(config),
    }


def read_glyph_encoder(fields: Fields) -> GlyphEncoderConfig | None:
    """``text_encoder/config.json``; None if there were problems."""
    fields.require({"feed_forward_proj": "gated-gelu"})
    fields.expect(
        {
            "model_type": "t5",
            "dense_act_fn": "gelu_new",
            "is_gated_act": True,
            "is_decoder": False,
            "pad_token_id": 0,
            "eos_token_id": 1,
        }
    )
    fields.ignore(BOOKKEEPING)
    fields.ignore(
        (
            "classifier_dropout",
            "decoder_start_token_id",
            "dropout_rate",
            "gradient_checkpointing",
            "n_positions",
            "num_decoder_layers",
            "scale_decoder_outputs",
            "task_specific_params",
            "tie_word_embeddings",
            "tokenizer_class",
        )
    )
    return read_plain(GlyphEncoderConfig, fields, defaults=_GLYPH_ENCODER_DEFAULTS)


def write_glyph_encoder(config: GlyphEncoderConfig) -> dict[str, Any]:
    """Content of ``text_encoder/config.json``."""
    return {
        "architectures": ["T5EncoderModel"],
        "model_type": "t5",
        "feed_forward_proj": "gated-gelu",
        "dense_act_fn": "gelu_new",
        "is_gated_act": True,
        "dropout_rate": 0.0,
        "eos_token_id": 1,
        "is_encoder_decoder": False,
        "pad_token_id": 0,
        "tie_word_embeddings": False,
        "use_cache": False,
        **to_mapping(config),
    }


_SCHEDULE_REQUIRED = {"use_dynamic_shifting": True, "time_shift_type": "linear"}
_SCHEDULE_FIXED = {
    "shift": 1.0,
    "invert_sigmas": False,
    "stochastic_sampling": False,
    "use_beta_sigmas": False,
    "use_exponential_sigmas": False,
    "use_karras_sigmas": False,
}


def read_schedule(fields: Fields) -> ScheduleConfig | None:
    """``scheduler/scheduler_config.json``; None if there were problems."""
    fields.require(_SCHEDULE_REQUIRED)
    fields.expect(_SCHEDULE_FIXED)
    if "shift_terminal" in fields:
        fields.problems.append(f"{fields.path}: 'shift_terminal' must be null")
    # The shift is never clamped at the longest sequence, so its length does not matter.
    fields.ignore(("max_image_seq_len", "shift_terminal"))
    return read_plain(ScheduleConfig, fields)


def write_schedule(config: ScheduleConfig) -> dict[str, Any]:
    """Content of ``scheduler/scheduler_config.json``."""
    return {
        "_class_name": "FlowMatchEulerDiscreteScheduler",
        **_SCHEDULE_REQUIRED,
        **_SCHEDULE_FIXED,
        "max_image_seq_len": 4096,
        "shift_terminal": None,
        **to_mapping(config),
    }


def _read_text(fields: Fields) -> GlmConfig | None:
    fields.expect({"model_type": "glm_image_text", "hidden_act": "silu"})
    fields.ignore(BOOKKEEPING)
    values = read_rope(fields)
    heads, width = fields.get("num_attention_heads"), fields.get("hidden_size")
    if isinstance(heads, int) and isinstance(width, int) and heads:
        values["head_dim"] = fields.get("head_dim", width // heads)
    return read_plain(GlmConfig, fields, known=values, defaults=_TEXT_DEFAULTS)


def read_rope(
    fields: Fields,
    names: Sequence[str] = _ROPE,
    defaults: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """Rotation settings of these names, which stand in a section of two names or at the top level.

    Those of GLM-Image are never filled in: the defaults of the libraries rotate all channels.
    """
    places = [fields.section("rope_parameters"), fields.section("rope_scaling"), fields]
    values: dict[str, Any] = {}
    for name in names:
        found = [place.get(name) for place in places if name in place]
        if not found and name in defaults:
            found = [defaults[name]]
        if not found:
            fields.problems.append(f"{fields.path}: missing field {name!r}")
        elif any(value != found[0] for value in found):
            fields.problems.append(f"{fields.path}: {name!r} has several values: {found}")
        values[name] = found[0] if found else None
    for place in places[:2]:
        for name in ("rope_type", "type"):
            if place.get(name, "default") not in _ROPE_KINDS:
                place.problems.append(f"{place.path}: only the plain rotation works")
        place.close()
    return values


def _read_vision(fields: Fields) -> VisionConfig | None:
    fields.expect({"model_type": "glm_image_vision", "hidden_act": "gelu", "spatial_merge_size": 1})
    fields.ignore(BOOKKEEPING)
    fields.ignore(("rope_parameters",))
    return read_plain(VisionConfig, fields, defaults=_VISION_DEFAULTS)


def _read_vq(fields: Fields) -> VqConfig | None:
    fields.expect({"model_type": "glm_image_vqmodel"})
    fields.ignore(BOOKKEEPING)
    fields.ignore(("in_channels",))
    return read_plain(VqConfig, fields)


def vae_blocks(levels: int) -> dict[str, list[str]]:
    """The one kind of level that we implement, at every level of the autoencoder."""
    return {
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
    }


def read_plain(
    cls: type[ConfigT],
    fields: Fields,
    *,
    known: Mapping[str, Any] = MappingProxyType({}),
    defaults: Mapping[str, Any] = MappingProxyType({}),
) -> ConfigT | None:
    """A configuration whose fields have the published names.

    ``known`` values were read already; a field with a default may be absent.
    """
    values = dict(known)
    for field in dataclasses.fields(cast(Any, cls)):
        if field.name not in values:
            has_default = field.name in defaults and field.name not in fields
            values[field.name] = defaults[field.name] if has_default else fields.take(field.name)
    fields.close()
    return _build(cls, values, fields)


def _build(cls: type[ConfigT], values: Mapping[str, Any], fields: Fields) -> ConfigT | None:
    if None in values.values():
        return None
    try:
        return from_mapping(cls, values, source=fields.path)
    except ConfigError as error:
        fields.problems.append(str(error))
        return None
