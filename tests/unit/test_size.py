"""Sizes of outputs, previews and sources."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glm_image.errors import ConfigError, InputError
from glm_image.image.size import (
    SourceLimits,
    plan_output,
    preview_grid,
    source_size,
    token_grid,
)
from glm_image.types import Size

HALF = (0.5, 0.5, 0.5)
PUBLISHED = SourceLimits(min_pixels=512**2, max_pixels=2048**2, patch_size=16, mean=HALF, std=HALF)


@pytest.mark.parametrize(
    ("height", "width", "large", "preview"),
    [
        (512, 512, (16, 16), (16, 16)),
        (1024, 1024, (32, 32), (16, 16)),
        (2048, 2048, (64, 64), (16, 16)),
        (1568, 1056, (49, 33), (19, 13)),
        (1472, 1088, (46, 34), (18, 13)),
        (1728, 960, (54, 30), (21, 11)),
        (1152, 768, (36, 24), (19, 13)),
        (512, 2048, (16, 64), (8, 32)),
    ],
)
def test_published_grids(
    height: int, width: int, large: tuple[int, int], preview: tuple[int, int]
) -> None:
    grid = token_grid(plan_output(height, width).generated)
    assert grid == large
    assert preview_grid(grid) == preview


@given(st.integers(1, 3000), st.integers(1, 3000))
def test_outputs_are_rounded_up_and_cropped_in_the_middle(height: int, width: int) -> None:
    plan = plan_output(height, width)
    for asked, made, offset in zip((height, width), plan.generated, plan.crop_offset, strict=True):
        assert made % 32 == 0 and 0 <= made - asked < 32
        assert offset == (made - asked) // 2


def test_too_narrow_for_a_preview() -> None:
    assert preview_grid((256, 1)) == (256, 1)
    with pytest.raises(InputError, match="narrow"):
        preview_grid((257, 1))
    with pytest.raises(InputError, match="narrow"):
        plan_output(32, 32 * 300)


@pytest.mark.parametrize(("height", "width"), [(0, 32), (32, -1)])
def test_no_size(height: int, width: int) -> None:
    with pytest.raises(InputError):
        plan_output(height, width)


def test_token_grid_wants_multiples() -> None:
    with pytest.raises(InputError, match="multiples of 32"):
        token_grid(Size(64, 48))


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (Size(512, 512), Size(512, 512)),
        (Size(500, 500), Size(512, 512)),
        (Size(256, 256), Size(512, 512)),
        (Size(720, 1280), Size(704, 1280)),
        (Size(1080, 1920), Size(1088, 1920)),
        (Size(2560, 2560), Size(2048, 2048)),
        (Size(1023, 1537), Size(1024, 1536)),
        (Size(100, 400), Size(512, 2048)),
    ],
)
def test_sources_are_scaled(size: Size, expected: Size) -> None:
    assert source_size(size, PUBLISHED) == expected


@given(st.integers(16, 4096), st.integers(16, 4096))
def test_scaled_sources_fit(height: int, width: int) -> None:
    if max(height, width) > 4 * min(height, width):
        with pytest.raises(InputError, match="aspect"):
            source_size(Size(height, width), PUBLISHED)
        return
    scaled = source_size(Size(height, width), PUBLISHED)
    assert all(side % 32 == 0 and 480 <= side <= 2048 for side in scaled)
    # Very small odd sides are halved downwards before they are scaled, as in the reference.
    if min(height, width) >= 64 and max(scaled) <= 4 * min(scaled):
        assert min(scaled) >= 512 and source_size(scaled, PUBLISHED) == scaled


def test_limits_come_from_the_checkpoint() -> None:
    small = SourceLimits(min_pixels=64**2, max_pixels=512**2, patch_size=16, mean=HALF, std=HALF)
    assert source_size(Size(96, 64), small) == Size(96, 64)
    assert source_size(Size(20, 40), small) == Size(64, 128)
    assert source_size(Size(1024, 512), small) == Size(512, 256)


def test_tiny_sources_are_refused() -> None:
    with pytest.raises(InputError, match="at least 16"):
        source_size(Size(15, 40), PUBLISHED)


@pytest.mark.parametrize(
    "changes",
    [{"patch_size": 14}, {"min_pixels": 9}, {"max_pixels": 100}, {"std": (0.5, 0.0, 0.5)}],
)
def test_impossible_limits(changes: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        SourceLimits(**(vars(PUBLISHED) | changes))
