"""Published settings in every spelling, and what is refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import tiny
from glm_image.checkpoint import configs, published, settings
from glm_image.checkpoint.fields import Fields
from glm_image.checkpoint.published import Components
from glm_image.checkpoint.settings import SamplingDefaults
from glm_image.errors import CheckpointError, ConfigError
from glm_image.models.presets import full
from glm_image.models.schedule_config import ScheduleConfig

Json = dict[str, Any]

GENERATOR = "vision_language_encoder/config.json"
GENERATION = "vision_language_encoder/generation_config.json"
PREPROCESSOR = "processor/preprocessor_config.json"


@pytest.fixture
def folder(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    """A copy of the tiny checkpoint for a test to change."""
    return Path(shutil.copytree(tiny_checkpoint, tmp_path / "changed"))


def load(folder: Path) -> Components:
    return published.load(folder, dtype=torch.float32, device=torch.device("cpu"))


def edit(folder: Path, file: str, change: Callable[[Json], object]) -> None:
    path = folder / file
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


def problems_of(folder: Path) -> tuple[str, ...]:
    with pytest.raises(CheckpointError) as caught:
        load(folder)
    return caught.value.problems


@pytest.mark.parametrize("name", ["generator", "dit", "vae", "glyph_encoder"])
def test_published_configs_round_trip(name: str) -> None:
    config = vars(full())[name]
    problems: list[str] = []
    written = json.loads(json.dumps(vars(configs)[f"write_{name}"](config)))
    assert vars(configs)[f"read_{name}"](Fields(written, "x", problems)) == config
    assert problems == []


def test_written_generator_is_the_published_file() -> None:
    """Values of the published file that readers of it rely on."""
    written = configs.write_generator(full().generator)
    assert written["text_config"]["rope_parameters"] == {
        "rope_type": "default",
        "rope_theta": 10000.0,
        "partial_rotary_factor": 0.5,
        "mrope_section": [8, 12, 12],
    }
    assert written["vision_config"]["spatial_merge_size"] == 1
    assert written["image_token_id"] == 167855


def test_published_spelling_of_everything(folder: Path) -> None:
    """What the library that wrote a checkpoint adds, renames or nests changes nothing."""

    def older_rope(values: Json) -> None:
        text = values["text_config"]
        rope = text.pop("rope_parameters")
        text["rope_theta"] = rope["rope_theta"]
        text["partial_rotary_factor"] = rope["partial_rotary_factor"]
        text["rope_scaling"] = {"type": "mrope", "mrope_section": rope["mrope_section"]}
        del text["head_dim"]
        values |= {"torch_dtype": "bfloat16", "transformers_version": "5.0.0", "id2label": {}}
        values["_name_or_path"] = "somewhere"
        del text["attention_bias"]
        values["vision_config"]["attention_dropout"] = 0.0

    edit(folder, GENERATOR, older_rope)
    edit(
        folder, "model_index.json", lambda v: v.update(processor=["glm_image", "GlmImageProcessor"])
    )
    edit(folder, GENERATION, lambda v: v.update(eos_token_id=[tiny.END], min_p=None))
    edit(folder, "text_encoder/config.json", lambda v: v.pop("relative_attention_max_distance"))
    edit(folder, "transformer/config.json", lambda v: v.update(_diffusers_version="0.42.1"))
    values = json.loads((folder / PREPROCESSOR).read_text())
    (folder / PREPROCESSOR).unlink()
    size = {"shortest_edge": values.pop("min_pixels"), "longest_edge": values.pop("max_pixels")}
    nested = {"image_processor": values | {"size": size}, "processor_class": "GlmImageProcessor"}
    (folder / "processor/processor_config.json").write_text(json.dumps(nested))
    loaded = load(folder)
    assert loaded.generator.config == tiny.generator_config()
    assert loaded.source_limits == tiny.LIMITS


def test_both_processor_files_must_agree(folder: Path) -> None:
    values = json.loads((folder / PREPROCESSOR).read_text())
    path = folder / "processor/processor_config.json"
    path.write_text(json.dumps({"image_processor": values}))
    assert load(folder).source_limits == tiny.LIMITS
    path.write_text(json.dumps({"image_processor": values | {"min_pixels": 4096 * 4}}))
    assert any("disagree" in problem for problem in problems_of(folder))


def test_sampling_defaults_are_never_the_library_s(folder: Path) -> None:
    edit(folder, GENERATION, lambda v: [v.pop(n) for n in ("top_k", "top_p", "temperature")])
    expected = SamplingDefaults(temperature=0.9, top_p=0.75, top_k=tiny.VISION_VOCAB)
    assert load(folder).sampling == expected
    edit(folder, GENERATION, lambda v: v.update(temperature=0.5, top_p=1, top_k=10))
    assert load(folder).sampling == SamplingDefaults(temperature=0.5, top_p=1.0, top_k=10)


def test_schedule_is_read(folder: Path) -> None:
    edit(folder, "scheduler/scheduler_config.json", lambda v: v.update(base_shift=0.5))
    assert load(folder).schedule == ScheduleConfig(base_shift=0.5)


def set_text(**values: Any) -> Callable[[Json], object]:
    return lambda content: content["text_config"].update(values)


def drop_rope(name: str) -> Callable[[Json], object]:
    return lambda content: content["text_config"]["rope_parameters"].pop(name)


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        (GENERATOR, set_text(hidden_act="gelu"), "'hidden_act' is 'gelu', only 'silu' works"),
        (
            GENERATOR,
            set_text(hiden_size=3),
            "unknown field 'hiden_size', did you mean 'hidden_size'",
        ),
        (GENERATOR, set_text(hidden_size=None), "missing field 'hidden_size'"),
        (GENERATOR, set_text(num_hidden_layers="3"), "'num_hidden_layers' is '3', expected int"),
        (GENERATOR, set_text(rope_theta=500.0), "'rope_theta' has several values"),
        (GENERATOR, drop_rope("mrope_section"), "missing field 'mrope_section'"),
        (GENERATOR, drop_rope("partial_rotary_factor"), "missing field 'partial_rotary_factor'"),
        (
            GENERATOR,
            lambda v: v["text_config"]["rope_parameters"].update(rope_type="yarn", factor=2.0),
            "only the plain rotation works",
        ),
        (GENERATOR, lambda v: v.update(quantization_config={}), "'quantization_config'"),
        (GENERATOR, lambda v: v.update(vision_config=3), "'vision_config' is no object"),
        (GENERATOR, lambda v: v.update(image_token_id=343), "image placeholder id: 342 and 343"),
        (GENERATION, lambda v: v.update(do_sample=False), "'do_sample'"),
        (GENERATION, lambda v: v.update(eos_token_id=3), "not the image end id 65"),
        (GENERATION, lambda v: v.update(top_p=1.5), "top_p=1.5"),
        (GENERATION, lambda v: v.update(min_p=0.1), "unknown field 'min_p'"),
        ("transformer/config.json", lambda v: v.update(text_embed_dim=48), "glyph encoder width"),
        ("transformer/config.json", lambda v: v.pop("num_layers"), "missing field 'num_layers'"),
        ("vae/config.json", lambda v: v.update(use_quant_conv=True), "'use_quant_conv'"),
        ("vae/config.json", lambda v: v.pop("use_quant_conv"), "missing field 'use_quant_conv'"),
        ("vae/config.json", lambda v: v["up_block_types"].pop(), "'up_block_types'"),
        ("vae/config.json", lambda v: v["latents_mean"].pop(), "latents_mean"),
        ("text_encoder/config.json", lambda v: v.update(feed_forward_proj="relu"), "gated-gelu"),
        ("text_encoder/config.json", lambda v: v.update(vocab_size=200), "200 rows for bytes"),
        (
            "scheduler/scheduler_config.json",
            lambda v: v.update(time_shift_type="exponential"),
            "only 'linear' works",
        ),
        (
            "scheduler/scheduler_config.json",
            lambda v: v.pop("use_dynamic_shifting"),
            "missing field 'use_dynamic_shifting'",
        ),
        ("scheduler/scheduler_config.json", lambda v: v.update(shift_terminal=0.1), "must be null"),
        ("model_index.json", lambda v: v.pop("vae"), "missing field 'vae'"),
        ("model_index.json", lambda v: v.update(_class_name="Other"), "GlmImagePipeline"),
        (
            "model_index.json",
            lambda v: v.update(transformer=["diffusers", "FluxTransformer2DModel"]),
            "not GlmImageTransformer2DModel",
        ),
        (PREPROCESSOR, lambda v: v.update(merge_size=2), "'merge_size' is 2, only 1 works"),
        (PREPROCESSOR, lambda v: v.update(rescale_factor=1.0), "'rescale_factor'"),
        (PREPROCESSOR, lambda v: v.pop("max_pixels"), "missing field 'max_pixels'"),
        (PREPROCESSOR, lambda v: v.update(patch_size=14), "patch_size"),
        ("processor/tokenizer_config.json", lambda v: v.pop("bos_token"), "bos_token"),
        (
            "processor/tokenizer_config.json",
            lambda v: v.update(eos_token="<sop>"),
            "image end id: 332 and 65 differ",
        ),
    ],
)
def test_what_is_refused(
    folder: Path, file: str, change: Callable[[Json], object], message: str
) -> None:
    edit(folder, file, change)
    problems = problems_of(folder)
    assert any(message in problem for problem in problems), problems
    assert len(problems) <= 2


def test_all_files_are_judged_at_once(folder: Path) -> None:
    for file in ("vae/config.json", "transformer/config.json", "text_encoder/config.json"):
        (folder / file).write_text("{")
    (folder / PREPROCESSOR).unlink()
    (folder / "scheduler/scheduler_config.json").write_text("[]")
    edit(folder, GENERATOR, set_text(hidden_act="gelu"))
    problems = problems_of(folder)
    assert len(problems) == 6
    for word in ("vae", "transformer", "text_encoder", "processor", "scheduler", "hidden_act"):
        assert any(word in problem for problem in problems), word


@pytest.mark.parametrize("values", [(-0.1, 0.5, 5), (1.0, 0.0, 5), (1.0, 1.1, 5), (1.0, 0.5, 0)])
def test_impossible_sampling(values: tuple[float, float, int]) -> None:
    with pytest.raises(ConfigError):
        SamplingDefaults(temperature=values[0], top_p=values[1], top_k=values[2])


def test_written_index_is_read() -> None:
    problems: list[str] = []
    settings.read_index(Fields(settings.write_index(), "model_index.json", problems))
    assert problems == []
