"""Who may use the service: keys, what they may do and how much of it."""

from dataclasses import dataclass
from enum import StrEnum

from glm_image.errors import InputError


class Scope(StrEnum):
    """What a key may do; an admin may do everything."""

    GENERATE = "generate"
    READ = "read"
    ADMIN = "admin"


class Standing(StrEnum):
    """What a token is worth."""

    GOOD = "good"
    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True)
class KeyLimits:
    """How much a key may ask for; None is what every key may.

    Args:
        concurrent: Jobs that wait or run.
        per_minute: Jobs within the last 60 seconds.
        per_day: Pictures since midnight in UTC.

    Raises:
        InputError: A limit is below 1.
    """

    concurrent: int | None = None
    per_minute: int | None = None
    per_day: int | None = None

    def __post_init__(self) -> None:
        limits = {
            "concurrent": self.concurrent,
            "per_minute": self.per_minute,
            "per_day": self.per_day,
        }
        for name, limit in limits.items():
            if limit is not None and limit < 1:
                raise InputError(
                    f"got {limit}", field=name, hint="a whole number from 1; leave it out for none"
                )


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key as the service knows it, which is without its secret.

    Args:
        id: The public part of the token.
        name: The operator's words for it.
        scopes: What it may do.
        limits: How much it may ask for.
        created: When it was made, in seconds since 1970.
        expires: When it ends; None never.
        revoked: When it was taken back; None if it was not.
        used: When it was last used, give or take a minute.
    """

    id: str
    name: str
    scopes: tuple[Scope, ...]
    limits: KeyLimits
    created: float
    expires: float | None = None
    revoked: float | None = None
    used: float | None = None

    def may(self, scope: Scope) -> bool:
        """Whether the key has a right."""
        return scope in self.scopes or Scope.ADMIN in self.scopes
