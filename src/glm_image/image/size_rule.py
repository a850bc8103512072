"""Which sizes CogView4 was trained for.

Source: zai-org/CogView4-6B, model card: sides from 512 to 2048 pixels, multiples of 32, and no more
than 2 ** 21 pixels.
"""

from dataclasses import dataclass
from itertools import product

from glm_image.errors import InputError
from glm_image.image.stretch import stretch
from glm_image.types import PIXELS_PER_TOKEN, Size

LEAST_STEP = 16
"""What sides must divide by for the networks to run at all."""


@dataclass(frozen=True, kw_only=True)
class SizeRule:
    """Range of sizes around the usual side of a model; the published one is 1024.

    Args:
        side: Side in pixels of a picture whose size nobody names.
    """

    side: int

    @property
    def sides(self) -> tuple[int, int]:
        """Least and greatest side in pixels."""
        return self.side // 2, 2 * self.side

    @property
    def pixels(self) -> int:
        """Most pixels of a picture."""
        return 2 * self.side**2

    def allows(self, size: Size) -> bool:
        """Whether the model was trained for a size."""
        low, high = self.sides
        within = low <= min(size) and max(size) <= high and size.height * size.width <= self.pixels
        return within and not any(side % PIXELS_PER_TOKEN for side in size)

    def nearest(self, size: Size) -> Size:
        """The legal size that is stretched least, so that it keeps about its aspect."""
        low, high = self.sides
        first = -(-low // PIXELS_PER_TOKEN) * PIXELS_PER_TOKEN
        legal = range(first, high + 1, PIXELS_PER_TOKEN)
        sizes = (Size(*pair) for pair in product(legal, legal))
        return min((one for one in sizes if self.allows(one)), key=lambda one: stretch(one, size))

    def check(self, size: Size, *, any_size: bool = False, field: str = "height, width") -> None:
        """Refuse a size that the model was not trained for.

        Args:
            size: In pixels.
            any_size: Whether to accept whatever the networks can run.
            field: What the size was given for.

        Raises:
            InputError: The size is refused; names the nearest that is not.
        """
        runs = min(size) >= LEAST_STEP and not any(side % LEAST_STEP for side in size)
        if (any_size and runs) or self.allows(size):
            return
        low, high = self.sides
        rule = f"{low} to {high} pixels a side, multiples of {PIXELS_PER_TOKEN}"
        if any_size:
            rule = f"multiples of {LEAST_STEP}"
        raise InputError(
            f"got {size}",
            field=field,
            hint=f"{rule}, at most {self.pixels} pixels; the nearest is {self.nearest(size)}",
        )
