"""The store as the service uses it: one object, whose parts are a file each."""

import contextlib
import time
from pathlib import Path
from typing import Self

from glm_image.serving.store.conversations import Conversations
from glm_image.serving.store.database import Clock, Database
from glm_image.serving.store.gallery import Gallery
from glm_image.serving.store.keyring import KeyRing
from glm_image.serving.store.lineage import Lineage
from glm_image.serving.store.policy import Policy
from glm_image.serving.store.postponing import Postponing
from glm_image.serving.store.reading import Reading
from glm_image.serving.store.schema import upgrade
from glm_image.serving.store.submission import Submission
from glm_image.serving.store.sweep import Sweep
from glm_image.serving.store.tagging import Tagging
from glm_image.serving.store.uploads import Uploads
from glm_image.serving.store.usage import Usage
from glm_image.serving.store.votes import Votes
from glm_image.serving.store.waiting import Waiting
from glm_image.serving.store.work import Work


class Store(
    Submission,
    Waiting,
    Postponing,
    Reading,
    Work,
    Sweep,
    Usage,
    KeyRing,
    Gallery,
    Tagging,
    Lineage,
    Votes,
    Uploads,
    Conversations,
):
    """Everything that the service must not forget.

    Every call is one transaction or a few, may be made from any thread and blocks meanwhile. All
    calls raise :class:`~glm_image.serving.errors.UnavailableError` if the database does not do its
    work.

    Args:
        database: Where everything is kept.
        policy: How long things are kept and waited for, and how much may wait.
        pepper: A file with random bytes, made if there is none; without it no key counts.
    """

    def __init__(self, database: Database, policy: Policy, pepper: Path) -> None:
        super().__init__(database, policy, pepper)

    @classmethod
    def open(
        cls, url: str, *, pepper: Path, policy: Policy | None = None, clock: Clock = time.time
    ) -> Self:
        """Open a store; its tables are made, or brought to the newest form.

        Args:
            url: ``sqlite:////folder/service.db`` or ``postgresql://user@host/name``.
            pepper: A file with random bytes, made if there is none.
            policy: How long things are kept and waited for, and how much may wait.
            clock: Tells the present, in seconds since 1970.

        Raises:
            InputError: The address is of neither kind.
            ConfigError: The pepper cannot be used, or the tables are of a newer release.
            UnavailableError: The database does not answer.
        """
        database = Database(url, clock)
        with contextlib.ExitStack() as failing:
            failing.callback(database.close)
            upgrade(database)
            store = cls(database, policy or Policy(), pepper)
            failing.pop_all()
        return store

    def close(self) -> None:
        """Give all connections back."""
        self._db.close()
