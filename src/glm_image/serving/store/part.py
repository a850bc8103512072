"""What all parts of the store share."""

from glm_image.serving.store.database import Database
from glm_image.serving.store.policy import Policy


class Part:
    """One subject of the store.

    Args:
        database: Where everything is kept.
        policy: How long, and how much.
    """

    def __init__(self, database: Database, policy: Policy) -> None:
        self._db = database
        self._policy = policy
