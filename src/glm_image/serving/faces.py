"""The three faces of the service: the same pictures in the conventions of different clients."""

from enum import Enum

BIGMODEL_PREFIXES = ("/api/paas/v4", "/paas/v4")
OPENAI_PREFIX = "/v1"


class Face(Enum):
    """Whose conventions an answer follows; they differ in values only."""

    OPENAI = "openai"
    BIGMODEL = "bigmodel"
    NATIVE = "native"

    @classmethod
    def of_path(cls, path: str) -> "Face":
        """The face that a path belongs to."""
        if any(_below(path, prefix) for prefix in BIGMODEL_PREFIXES):
            return cls.BIGMODEL
        return cls.OPENAI if _below(path, OPENAI_PREFIX) else cls.NATIVE

    @property
    def sends_addresses(self) -> bool:
        """Whether pictures are answered as addresses unless the request says otherwise."""
        return self is not Face.OPENAI

    @property
    def numbers_errors(self) -> bool:
        """Whether ``error.code`` is the number of the error table, not its name."""
        return self is Face.BIGMODEL

    @property
    def conflict_status(self) -> int:
        """HTTP status of a request key that belongs to another request."""
        return 400 if self is Face.BIGMODEL else 422


def _below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")
