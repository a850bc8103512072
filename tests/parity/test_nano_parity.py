"""The bundled model draws the same picture in the reference pipeline as in ours."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as PilImage
from reference_pipeline import Reference

import glm_image
from glm_image.pipeline.api import GlmImagePipeline

pytestmark = pytest.mark.parity

NANO = Path(glm_image.__file__).parent / "nano"
PIXELS = 1e-3
HALF_A_LEVEL = 0.5 / 255
STEPS = 4


@pytest.fixture(scope="module")
def nano() -> GlmImagePipeline:
    return GlmImagePipeline.from_pretrained(device="cpu", dtype="float32")


@pytest.fixture(scope="module")
def reference() -> Reference:
    reference = Reference(NANO)
    reference.pipe.to(torch.float32)
    return reference


@pytest.mark.parametrize("edit", [False, True], ids=["words", "edit"])
def test_same_codes_and_noise_give_the_same_picture(
    nano: GlmImagePipeline, reference: Reference, edit: bool
) -> None:
    images: list[PilImage.Image] = []
    prompt = 'a plain red background, a big white star in the center, the text "SALE" at the top'
    if edit:
        images = [PilImage.fromarray(np.full((256, 256, 3), (35, 85, 215), dtype=np.uint8))]
        prompt = 'add the text "OK" at the bottom in white'
    result = nano(prompt, image=images or None, num_inference_steps=STEPS, seed=5)
    codes = result.prior_tokens[0]
    # Sources smaller than the published least are only scaled alike from the checkpoint's limits.
    sources = reference.source_codes(reference.inputs(prompt, 256, 256, images), len(images))
    guidance = nano.system.usual.guidance
    painted = reference.paint(
        prompt, codes, images, sources, steps=STEPS, guidance=guidance, seed=5
    )
    ours = torch.from_numpy(np.asarray(result.images[0], dtype=np.float32)) / 255
    torch.testing.assert_close(ours, painted.image, atol=PIXELS + HALF_A_LEVEL, rtol=0)


def test_folder_is_small_enough_to_ship() -> None:
    size = sum(file.stat().st_size for file in NANO.rglob("*") if file.is_file())
    assert size <= 48 * 2**20
