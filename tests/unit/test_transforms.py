"""Pictures to tensors and back."""

import numpy as np
import pytest
import torch
from PIL import Image as PilImage

from glm_image.errors import ShapeError
from glm_image.image.size import SourceLimits, plan_output
from glm_image.image.transforms import prepare_source, to_array, to_patches, to_pixels

HALF = (0.5, 0.5, 0.5)
LIMITS = SourceLimits(min_pixels=64**2, max_pixels=512**2, patch_size=16, mean=HALF, std=HALF)


def picture(height: int, width: int) -> PilImage.Image:
    values = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return PilImage.fromarray(values)


def test_pixels_are_in_minus_one_to_one() -> None:
    array = np.array([[[0, 255, 127], [255, 0, 0]]], dtype=np.uint8)
    pixels_chw = to_pixels(PilImage.fromarray(array))
    assert pixels_chw.shape == (3, 1, 2)
    assert pixels_chw[:, 0, 0].tolist() == pytest.approx([-1, 1, 2 * 127 / 255 - 1])


def test_pixels_survive_the_round_trip() -> None:
    source = picture(64, 96)
    assert np.array_equal(to_array(to_pixels(source), plan_output(64, 96)), np.asarray(source))


def test_output_is_cropped_in_the_middle_and_clipped() -> None:
    pixels_chw = torch.full((3, 64, 64), 3.0)
    pixels_chw[:, :, :10] = -3.0
    array = to_array(pixels_chw, plan_output(64, 44))
    assert array.shape == (64, 44, 3) and array.flags.c_contiguous
    assert array.max() == 255 and array.dtype == np.uint8
    pixels_chw[:, :, 10] = -3.0
    assert (to_array(pixels_chw, plan_output(64, 44))[:, 0] == 0).all()
    assert (to_array(pixels_chw, plan_output(64, 44))[:, 1] == 255).all()


def test_wrong_output_size() -> None:
    with pytest.raises(ShapeError):
        to_array(torch.zeros(3, 32, 64), plan_output(64, 64))


def test_patch_order() -> None:
    values_chw = torch.arange(3 * 4 * 6).view(3, 4, 6)
    patches_np = to_patches(values_chw, 2)
    assert patches_np.shape == (6, 12)
    assert patches_np[4].tolist() == values_chw[:, 2:4, 2:4].flatten().tolist()
    with pytest.raises(ShapeError):
        to_patches(values_chw, 4)


@pytest.mark.parametrize("size", [(64, 96), (100, 75), (30, 41), (700, 900)])
def test_both_encoders_see_the_same_grid(size: tuple[int, int]) -> None:
    source = prepare_source(picture(*size), LIMITS)
    rows, columns = source.grid
    assert source.pixels_chw.shape == (3, 32 * rows, 32 * columns)
    assert source.patches_np.shape == (rows * columns, 3 * 16 * 16)
    assert source.pixels_chw.abs().max() <= 1
    assert source.patches_np.abs().max() <= 1


def test_a_fitting_source_is_not_resampled() -> None:
    image = picture(96, 64)
    source = prepare_source(image, LIMITS)
    assert torch.equal(source.pixels_chw, to_pixels(image))
    half = image.resize((32, 48), PilImage.Resampling.BICUBIC)
    assert torch.allclose(source.patches_np, to_patches(to_pixels(half), 16), atol=1e-6)
