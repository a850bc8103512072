"""How a checkpoint's pictures are sampled if nobody says otherwise."""

import json
import shutil
from pathlib import Path

import pytest

from glm_image import GlmImagePipeline
from glm_image.checkpoint.published import ABOUT_FILE
from glm_image.errors import InputError
from glm_image.evaluation.run_description import Asked
from glm_image.pipeline import families


def loaded(checkpoint: Path, folder: Path, **about: object) -> GlmImagePipeline:
    """A pipeline whose checkpoint says something about itself."""
    shutil.copytree(checkpoint, folder)
    content = {"summary": "", "draws": [], "examples": [], **about}
    (folder / ABOUT_FILE).write_text(json.dumps(content), encoding="utf-8")
    return GlmImagePipeline.from_pretrained(folder, device="cpu", dtype="float32")


def test_a_checkpoint_says_its_guidance(tiny_checkpoint: Path, tmp_path: Path) -> None:
    pipeline = loaded(tiny_checkpoint, tmp_path / "model", guidance_scale=2.5)
    own = pipeline("a", num_inference_steps=1, seed=1)
    same = pipeline("a", num_inference_steps=1, seed=1, guidance_scale=2.5)
    other = pipeline("a", num_inference_steps=1, seed=1, guidance_scale=1.5)
    assert own.pictures[0].provenance["guidance_scale"] == 2.5
    assert (own.pictures[0].pixels == same.pictures[0].pixels).all()
    assert (own.pictures[0].pixels != other.pictures[0].pixels).any()
    assert families.abilities(pipeline.system).usual.guidance == 2.5
    assert Asked().params(pipeline.system).guidance == 2.5
    assert Asked(guidance=4.0).params(pipeline.system).guidance == 4.0


def test_without_a_word_it_is_the_published_one(tiny_checkpoint: Path, tmp_path: Path) -> None:
    assert loaded(tiny_checkpoint, tmp_path / "model").system.usual.guidance == 1.5


def test_the_generator_is_sampled_as_the_checkpoint_says(tiny_pipeline: GlmImagePipeline) -> None:
    system = tiny_pipeline.system
    usual, sampling = system.usual, system.sampling
    assert (usual.temperature, usual.top_p) == (sampling.temperature, sampling.top_p)
    assert usual.top_k == sampling.top_k == Asked().params(system).top_k


def test_an_impossible_guidance_is_refused(tiny_checkpoint: Path, tmp_path: Path) -> None:
    pipeline = loaded(tiny_checkpoint, tmp_path / "model", guidance_scale=-1.0)
    with pytest.raises(InputError, match="guidance_scale"):
        pipeline("a", num_inference_steps=1, seed=1)
