"""Timesteps, shifted noise levels and the part of them that an edit runs."""

import pytest
import torch

from glm_image.errors import InputError
from glm_image.models.schedule_config import ScheduleConfig
from glm_image.pipeline.schedule import schedule, shift_of

PUBLISHED = ScheduleConfig()


@pytest.mark.parametrize(
    ("height", "width", "mu"),
    [
        (512, 512, 1.75),
        (1024, 1024, 3.25),
        (2048, 2048, 6.25),
        (1280, 1280, 4.0),
        (1568, 1056, 4.0199),
        (512, 2048, 3.25),
    ],
)
def test_shift_of_published_sizes(height: int, width: int, mu: float) -> None:
    assert shift_of(height, width, PUBLISHED) == pytest.approx(mu, abs=1e-4)


def test_published_example() -> None:
    steps = schedule(1024, 1024, 50, PUBLISHED)
    expected = torch.tensor([1.0, 0.99376, 0.987342, 0.980738])
    torch.testing.assert_close(steps.sigmas[:4], expected, atol=1e-6, rtol=0)
    assert float(steps.sigmas[-2]) == pytest.approx(0.062201, abs=1e-6)
    assert float(steps.sigmas[-1]) == 0.0
    assert steps.timesteps[:3].tolist() == [999.0, 979.0, 959.0]
    assert float(steps.timesteps[-1]) == 19.0


def test_timesteps_are_cut_to_integers_and_do_not_depend_on_the_size() -> None:
    small, large = schedule(64, 96, 30, PUBLISHED), schedule(2048, 2048, 30, PUBLISHED)
    assert small.timesteps[:4].tolist() == [999.0, 965.0, 932.0, 899.0]
    assert torch.equal(small.timesteps, large.timesteps)
    assert bool((large.sigmas[1:-1] > small.sigmas[1:-1]).all())


@pytest.mark.parametrize("count", [1, 2, 7, 50, 99, 1000])
def test_levels_fall_from_exactly_one_to_exactly_zero(count: int) -> None:
    steps = schedule(96, 64, count, PUBLISHED)
    assert len(steps) == count
    assert steps.sigmas.dtype == steps.timesteps.dtype == torch.float32
    assert float(steps.sigmas[0]) == 1.0
    assert steps.starts_from_noise
    assert bool((steps.sigmas.diff() < 0).all())


@pytest.mark.parametrize("count", [0, -1, 1001])
def test_impossible_counts_are_refused(count: int) -> None:
    with pytest.raises(InputError, match="num_inference_steps"):
        schedule(64, 64, count, PUBLISHED)


@pytest.mark.parametrize(
    ("strength", "count"),
    [(1.0, 30), (0.7, 21), (0.5, 15), (0.3, 9), (0.1, 3), (0.09, 2), (1e-6, 1)],
)
def test_strength_runs_the_last_steps(strength: float, count: int) -> None:
    whole = schedule(64, 64, 30, PUBLISHED)
    part = whole.last(strength)
    assert len(part) == count
    assert torch.equal(part.timesteps, whole.timesteps[-count:])
    assert torch.equal(part.sigmas, whole.sigmas[-count - 1 :])
    assert part.starts_from_noise == (count == 30)


def test_strength_is_not_cut_by_rounding() -> None:
    """0.29 of 100 steps is 28.999999999999996 in floats."""
    assert len(schedule(64, 64, 100, PUBLISHED).last(0.29)) == 29


def test_other_numbers_of_a_checkpoint_are_used() -> None:
    config = ScheduleConfig(
        num_train_timesteps=100, base_image_seq_len=4, base_shift=0.5, max_shift=1.0
    )
    assert shift_of(64, 64, config) == pytest.approx(1.0 * 2.0 + 0.5)
    steps = schedule(64, 64, 4, config)
    assert steps.timesteps.tolist() == [99.0, 74.0, 49.0, 24.0]
    with pytest.raises(InputError, match="1 to 100"):
        schedule(64, 64, 101, config)
