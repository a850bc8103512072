"""Seeds of pictures: from names alone, so that order, subsets and shards do not change pictures."""

import hashlib

from glm_image.errors import InputError

_BYTES = 8


def seed_of(base: int, benchmark: str, item: str, sample: int) -> int:
    """The seed of one picture, in [0, 2**64).

    Args:
        base: Chooses the whole family of seeds; a second one gives independent pictures.
        benchmark: Name of the benchmark.
        item: Id of the prompt.
        sample: Number of the picture, from 1.

    Raises:
        InputError: The sample is below 1.
    """
    if sample < 1:
        raise InputError(f"got {sample}", field="sample", hint="samples count from 1")
    # A zero byte occurs in no name, so that no two pictures share a key.
    key = "\0".join((str(base), benchmark, item, str(sample)))
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:_BYTES], "big")
