"""What those who look after the service see and say."""

from typing import Annotated, Literal

from pydantic import Field

from glm_image.serving.schemas.base import Answer, Strict, Text
from glm_image.serving.store.keyring import MAX_NAME_CHARACTERS

ScopeName = Literal["generate", "read", "admin"]

YEARS = 10 * 365 * 86400
MOST = 1_000_000

Limit = Annotated[int, Field(ge=1, le=MOST)] | None


class OpenJob(Answer):
    """A job that waits or runs, without its words, which are its owner's."""

    id: str
    key_id: str
    key_name: str | None = Field(description="None where no key is needed.")
    state: Literal["queued", "running"]
    stage: Literal["write", "paint", "decode", "post"] | None
    done: int
    total: int
    position: int | None
    attempt: int
    model: str
    images: int
    width: int
    height: int
    created: float
    started: float | None


class QueueAnswer(Answer):
    """What waits and runs."""

    paused: bool = Field(description="Whether no job begins.")
    queued: int
    running: int
    depth: int = Field(description="Most jobs that may wait.")
    oldest_seconds: float | None
    jobs: list[OpenJob] = Field(description="At most 200.")


class PauseAnswer(Answer):
    """Whether no job begins."""

    paused: bool


class WorkerAnswer(Answer):
    """A process that draws."""

    name: str
    up: bool
    restarts: int
    orders: int = Field(description="Jobs that it draws.")
    memory_bytes: int
    device_memory_bytes: int = Field(description="Of its accelerator; 0 without one.")


class ServiceFigures(Answer):
    """The process that answers."""

    version: str
    uptime_seconds: float
    memory_bytes: int
    free_bytes: int | None = Field(description="Room for pictures; null where it is unknown.")
    reader_installed: bool = Field(description="Whether pictures can be read.")
    reader_running: bool
    event_streams: int


class WorkersAnswer(Answer):
    """Who draws."""

    ready: bool
    models: list[str]
    workers: list[WorkerAnswer]
    service: ServiceFigures


class LimitsAnswer(Answer):
    """How much a key may ask for; null is no limit of its own."""

    concurrent: int | None
    per_minute: int | None
    per_day: int | None


class UseAnswer(Answer):
    """How much was asked for."""

    open_jobs: int
    jobs_of_minute: int
    pictures_of_day: int


class KeyAnswer(Answer):
    """A key without its secret."""

    id: str
    name: str
    scopes: list[ScopeName]
    limits: LimitsAnswer
    created: float
    expires: float | None
    revoked: float | None
    used: float | None
    use: UseAnswer


class KeyList(Answer):
    """All keys, the oldest first."""

    object: Literal["list"] = "list"
    data: list[KeyAnswer]
    defaults: LimitsAnswer = Field(description="Of keys that have no limit of their own.")
    needed: bool = Field(description="Whether every caller needs a key.")


class KeyRequest(Strict):
    """A new key is asked for."""

    name: Annotated[Text, Field(min_length=1, max_length=MAX_NAME_CHARACTERS)]
    scopes: Annotated[list[ScopeName], Field(min_length=1, max_length=3)]
    concurrent: Limit = Field(default=None, description="Jobs that wait or run.")
    per_minute: Limit = Field(default=None, description="Jobs within 60 seconds.")
    per_day: Limit = Field(default=None, description="Pictures since midnight in UTC.")
    expires_in: Annotated[int, Field(ge=60, le=YEARS)] | None = Field(
        default=None, description="Seconds until it ends; never by default."
    )


class KeyMade(Answer):
    """A key, with its token, which nobody can show again."""

    key: KeyAnswer
    token: str


class AccountAnswer(Answer):
    """Who asks, and what they may do."""

    key_id: str
    scopes: list[ScopeName]
    limits: LimitsAnswer
    use: UseAnswer
    needs_key: bool = Field(description="Whether every caller needs a key.")
