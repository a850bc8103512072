"""The image encoder: positions relative to the image, images apart from each other."""

import pytest
import torch

from glm_image.errors import ShapeError
from glm_image.models.vit import VisionConfig, VisionTower

CONFIG = VisionConfig(
    depth=2,
    hidden_size=24,
    num_heads=3,
    intermediate_size=40,
    image_size=32,
    patch_size=4,
    in_channels=3,
    layer_norm_eps=1e-6,
    attention_bias=True,
)


@pytest.fixture
def tower() -> VisionTower:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return VisionTower(CONFIG)


@torch.inference_mode()
def test_batch_equals_single(tower: VisionTower) -> None:
    rng = torch.Generator().manual_seed(37)
    patches = torch.rand(3, 15, CONFIG.patch_values, generator=rng) * 2 - 1
    batch = tower(patches, (3, 5))
    assert batch.shape == (3, 15, CONFIG.hidden_size)
    for row in range(3):
        single = tower(patches[row : row + 1], (3, 5))
        torch.testing.assert_close(batch[row : row + 1], single, atol=1e-5, rtol=0)
    assert not torch.allclose(tower(patches, (5, 3)), batch, atol=1e-3)


@torch.inference_mode()
def test_patch_embedding_is_the_convolution(tower: VisionTower) -> None:
    rng = torch.Generator().manual_seed(41)
    image = torch.rand(1, 3, 8, 12, generator=rng)
    side = CONFIG.patch_size
    patches = image.unfold(2, side, side).unfold(3, side, side)
    patches_bnp = patches.permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2)
    expected = tower.patch_embed.proj(image).flatten(2).transpose(1, 2)
    torch.testing.assert_close(tower.patch_embed(patches_bnp), expected, atol=1e-5, rtol=0)


@torch.inference_mode()
def test_position_table_is_sampled_at_relative_centres(tower: VisionTower) -> None:
    table = tower.embeddings
    weight = table.position_embedding.weight
    side = table.side
    own = table((side, side))
    torch.testing.assert_close(own, weight, atol=1e-5, rtol=0)
    # half the grid: every centre lies midway between two rows and two columns
    square = weight.view(side // 2, 2, side // 2, 2, -1)
    half = table((side // 2, side // 2))
    torch.testing.assert_close(half, square.mean((1, 3)).flatten(0, 1), atol=1e-5, rtol=0)
    # twice the grid: the outermost centres lie beyond the outermost entries
    double = table((2 * side, 2 * side))
    torch.testing.assert_close(double[0], weight[0], atol=1e-5, rtol=0)


@pytest.mark.parametrize("shape", [(1, 14, 48), (1, 15, 47)])
def test_wrong_shapes_are_named(tower: VisionTower, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="patches_bnp"):
        tower(torch.zeros(shape), (3, 5))
