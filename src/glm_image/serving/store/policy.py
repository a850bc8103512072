"""How long things are kept and waited for, and how much may wait."""

from dataclasses import dataclass

from glm_image.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Bounds of the store; times in seconds.

    Args:
        depth: Most jobs that wait, over all keys.
        attempts: How often a job is started before it counts as poison.
        backoff: Pause before the second start, before the third and so on; the last one repeats.
        grace: How long a job whose callers have all gone waits for one of them to come back.
        orphan: How long the same request joins a job whose caller has gone.
        job_age: How long a job waits at most.
        undo: How long a deleted picture can be brought back.
        keep_tokens: How long the generator's codes of an ended job are kept.
        keep_events: How long the events of an ended job are kept.
        keep_jobs: How long ended jobs without pictures are kept.
        keep_uploads: How long uploads are kept.

    Raises:
        InputError: A bound is not positive.
    """

    depth: int = 2000
    attempts: int = 3
    backoff: tuple[float, ...] = (2.0, 15.0)
    grace: float = 60.0
    orphan: float = 600.0
    job_age: float = 24 * 3600.0
    undo: float = 24 * 3600.0
    keep_tokens: float = 3600.0
    keep_events: float = 24 * 3600.0
    keep_jobs: float = 30 * 24 * 3600.0
    keep_uploads: float = 30 * 24 * 3600.0

    def __post_init__(self) -> None:
        bounds = {
            "depth": self.depth,
            "attempts": self.attempts,
            "grace": self.grace,
            "orphan": self.orphan,
            "job_age": self.job_age,
            "undo": self.undo,
            "keep_tokens": self.keep_tokens,
            "keep_events": self.keep_events,
            "keep_jobs": self.keep_jobs,
            "keep_uploads": self.keep_uploads,
        }
        for name, bound in bounds.items():
            if bound <= 0:
                raise InputError(f"got {bound}", field=name, hint="a number above 0")
        if not self.backoff or any(pause < 0 for pause in self.backoff):
            raise InputError(
                f"got {self.backoff}", field="backoff", hint="at least one pause, none below 0"
            )

    def pause(self, attempt: int) -> float:
        """Seconds between the end of a start and the next one.

        Args:
            attempt: The start that ended, from 1.
        """
        return self.backoff[min(attempt, len(self.backoff)) - 1]
