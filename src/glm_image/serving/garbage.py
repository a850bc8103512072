"""Forgetting what is old, and deleting files that nothing refers to any more."""

import itertools

from glm_image.serving.blobs import Blobs
from glm_image.serving.store import Store

_BATCH = 200
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
        for key in store.unused(batch):
            deleted += blobs.delete(key, older_than=_YOUNG_SECONDS)
    return deleted
