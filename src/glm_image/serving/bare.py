"""Pictures as they were before the visible label was drawn on them.

An edit starts from these: it would paint the label as if it belonged to the picture, and draw
another one above. They lie beside the labelled files and are found by the content of those. They
never leave the service: no address is made for them, and only the owner's edits read them.
"""

import hashlib
import hmac

from glm_image.errors import NotFoundError
from glm_image.serving.blobs import Blobs
from glm_image.serving.records import BlobKey

SUFFIX = "bare"


def keep(blobs: Blobs, key: BlobKey, *, owner: str, picture: bytes) -> None:
    """Keep a picture beside its labelled file; blocks.

    Args:
        blobs: Where files lie.
        key: Of the labelled file.
        owner: Whose picture it is.
        picture: A file without any label.

    Raises:
        UnavailableError: There is no room, or the store does not answer.
    """
    blobs.put_beside(key, SUFFIX, _mark(owner) + picture)


def find(blobs: Blobs, labelled: bytes, *, owner: str) -> bytes | None:
    """The picture beneath the label of a file, if the file is one of the owner's; blocks.

    Args:
        blobs: Where files lie.
        labelled: The file, byte by byte as it was given out.
        owner: Who asks.

    Raises:
        UnavailableError: The store does not answer.
    """
    return beneath(blobs, hashlib.sha256(labelled).hexdigest(), owner=owner)


def beneath(blobs: Blobs, digest: str, *, owner: str) -> bytes | None:
    """The same by the SHA-256 of the labelled file."""
    try:
        kept = blobs.get(f"{digest[:2]}/{digest}.{SUFFIX}")
    except NotFoundError:
        return None
    mark = _mark(owner)
    whose, picture = kept[: len(mark)], kept[len(mark) :]
    return picture if hmac.compare_digest(whose, mark) else None


def digest_of(key: BlobKey) -> str:
    """The SHA-256 of a file, which its key is made of."""
    return key[3:].partition(".")[0]


def _mark(owner: str) -> bytes:
    return hashlib.sha256(owner.encode()).digest()
