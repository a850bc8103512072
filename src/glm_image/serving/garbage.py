"""Forgetting what is old, and deleting files that nothing refers to any more."""

import itertools
from collections.abc import Sequence

from glm_image.serving import bare
from glm_image.serving.blobs import SUFFIXES, Blobs
from glm_image.serving.records import BlobKey
from glm_image.serving.store import Store

_BATCH = 100
"""Files that are asked for at once."""

_YOUNG_SECONDS = 24 * 3600.0
"""Younger files are left alone: their job, or the request that brought them, may be under way."""


def collect(store: Store, blobs: Blobs) -> int:
    """Purge the store and delete loose files. To be called every hour or so.

    Files become loose when their pictures and uploads are purged, and when a worker or the service
    stops between storing a file and noting it.

    Args:
        store: Knows which files are used.
        blobs: Holds them.

    Returns:
        How many files were deleted.

    Raises:
        UnavailableError: One of the two does not answer.
    """
    store.purge()
    deleted = 0
    keys = blobs.keys()
    while batch := list(itertools.islice(keys, _BATCH)):
        for key in _loose(store, batch):
            deleted += blobs.delete(key, older_than=_YOUNG_SECONDS)
    return deleted


def _loose(store: Store, keys: Sequence[BlobKey]) -> list[BlobKey]:
    """Files that nothing refers to; what lies beside another file is used as long as that one."""
    beside = {
        key: [f"{key.removesuffix(bare.SUFFIX)}{suffix}" for suffix in SUFFIXES]
        for key in keys
        if key.endswith(f".{bare.SUFFIX}")
    }
    asked = {*keys, *itertools.chain.from_iterable(beside.values())}
    unused = store.unused(asked)
    return [key for key in keys if unused.issuperset(beside.get(key, [key]))]
