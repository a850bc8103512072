"""Everything that can be set about the service, read once when it starts.

A value comes from a flag, else from the environment, else it is the default here. The variable of
``limits.prompt_characters`` is ``GLM_IMAGE_LIMITS_PROMPT_CHARACTERS``.
"""

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path

from glm_image.errors import ConfigError

MIB = 1024 * 1024
LOG_LEVELS = ("debug", "info", "warning", "error")
PROMPT_CHARACTERS = 1000
"""Longest prompt in characters. Source: BigModel, image generation."""

PICTURES = 10
"""Most pictures of one request. Source: OpenAI, images/generations, ``n``."""

SOURCES = 16
"""Most source pictures of one request. Source: OpenAI, images/edits."""


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """A model and the name it is served under.

    Args:
        name: What clients write in ``model``.
        source: A folder or ``org/name`` of the hub; None is the bundled model.
        device: Where it runs; None chooses the best.
        dtype: ``"bfloat16"`` or ``"float32"``; None chooses.
    """

    name: str
    source: str | None = None
    device: str | None = None
    dtype: str | None = None

    def __post_init__(self) -> None:
        if not self.name or not all(part.isalnum() or part in "._-/" for part in self.name):
            raise ConfigError(
                f"got {self.name!r}", field="models", hint="letters, digits, '.', '_', '-', '/'"
            )


@dataclass(frozen=True, kw_only=True)
class RequestLimits:
    """What one request may ask for, and what the service holds at once.

    Args:
        body_bytes: Largest body of a request with files.
        json_bytes: Largest body without files; pictures may travel in it as base64.
        file_bytes: Largest single file.
        field_bytes: Largest text part of a form.
        files: Most files of one request.
        prompt_characters: Longest prompt.
        pictures: Most pictures of one request.
        megapixels: Most pixels of all pictures of one request, in millions.
        decoded_megapixels: Most pixels of source pictures that are decoded at once, in millions.
        steps: Most denoising steps.
        queue: Most jobs that wait, of all keys.
        streams: Most open event streams of one key.
        header_seconds: Time to send the headers of a request.
        body_pause_seconds: Longest pause between two parts of a body.
        body_seconds: Time for the whole body.
    """

    body_bytes: int = 256 * MIB
    json_bytes: int = 48 * MIB
    file_bytes: int = 50 * MIB
    field_bytes: int = 32 * MIB
    files: int = SOURCES + 1
    prompt_characters: int = PROMPT_CHARACTERS
    pictures: int = PICTURES
    megapixels: float = 45.0
    decoded_megapixels: float = 320.0
    steps: int = 200
    queue: int = 2000
    streams: int = 32
    header_seconds: float = 15.0
    body_pause_seconds: float = 20.0
    body_seconds: float = 600.0

    def __post_init__(self) -> None:
        _positive(self, "limits")


@dataclass(frozen=True, kw_only=True)
class KeyDefaults:
    """What a key may do unless it says otherwise.

    Args:
        in_flight: Jobs of a key that wait or run at once.
        per_minute: Jobs of a key per minute.
        per_day: Pictures of a key per day; 0 is no cap.
    """

    in_flight: int = 200
    per_minute: int = 600
    per_day: int = 0

    def __post_init__(self) -> None:
        for name in ("in_flight", "per_minute"):
            _at_least("key", name, vars(self)[name], 1)
        _at_least("key", "per_day", self.per_day, 0)


@dataclass(frozen=True, kw_only=True)
class Times:
    """Deadlines and lifetimes.

    Args:
        answer_seconds: How long a connection is kept open for the answer.
        grace_seconds: How long a job without a waiter goes on.
        reattach_seconds: How long an equal request joins such a job.
        keep_alive_seconds: Pause after which a stream sends a comment.
        url_seconds: How long a picture's address is good.
        drain_seconds: How long running jobs may take when the service stops.
        lease_seconds: How long a worker owns a job without renewing it.
        upload_seconds: How long uploads are kept that nothing refers to.
        undo_seconds: How long a deleted picture can be brought back.
        purge_seconds: How long ended jobs and their events are kept.
    """

    answer_seconds: float = 270.0
    grace_seconds: float = 60.0
    reattach_seconds: float = 600.0
    keep_alive_seconds: float = 15.0
    url_seconds: float = 30 * 86400.0
    drain_seconds: float = 60.0
    lease_seconds: float = 30.0
    upload_seconds: float = 7 * 86400.0
    undo_seconds: float = 600.0
    purge_seconds: float = 90 * 86400.0

    def __post_init__(self) -> None:
        _positive(self, "times")


@dataclass(frozen=True, kw_only=True)
class LabelSettings:
    """How pictures say that they are made by a machine.

    Args:
        visible: Whether they say so visibly unless a request sets ``watermark_enabled``.
        hidden: Whether they carry the hidden label.
        parameters: Whether they carry how they were made.
        producer: Name or code of the operator in the hidden label.
        c2pa_certificate: PEM file of the signing certificate with its chain; None does not sign.
        c2pa_key: PEM file of its private key.
    """

    visible: bool = True
    hidden: bool = True
    parameters: bool = True
    producer: str = "glm-image"
    c2pa_certificate: Path | None = None
    c2pa_key: Path | None = None

    def __post_init__(self) -> None:
        if (self.c2pa_certificate is None) != (self.c2pa_key is None):
            raise ConfigError(
                "one of certificate and key is missing",
                field="labels.c2pa_certificate, labels.c2pa_key",
                hint="set both, or neither",
            )


@dataclass(frozen=True, kw_only=True)
class ModerationSettings:
    """Who looks at words and pictures.

    Args:
        hook: ``module:name`` of a hook; None allows everything.
        seconds: How long it may take.
        fail_open: Whether a hook that fails or takes too long lets pass.
    """

    hook: str | None = None
    seconds: float = 10.0
    fail_open: bool = False

    def __post_init__(self) -> None:
        if self.hook is not None and self.hook.count(":") != 1:
            raise ConfigError(
                f"got {self.hook!r}", field="moderation.hook", hint="module:name, as in a.b:check"
            )
        if not self.seconds > 0:
            raise _wrong("moderation", "seconds", self.seconds, "above 0")


@dataclass(frozen=True, kw_only=True)
class FetchSettings:
    """Whether pictures are fetched from addresses that clients name.

    Args:
        enabled: Off by default: it makes the service a client of what others name.
        seconds: Longest time of one fetch.
        file_bytes: Largest picture.
        hops: Most redirects.
    """

    enabled: bool = False
    seconds: float = 10.0
    file_bytes: int = 20 * MIB
    hops: int = 3

    def __post_init__(self) -> None:
        _positive(self, "fetch", skip=("enabled",))


@dataclass(frozen=True, kw_only=True)
class LogSettings:
    """What is written about requests.

    Args:
        level: One of :data:`LOG_LEVELS`.
        json: Whether lines are JSON; otherwise they are for eyes.
        prompts: Whether the words of users are written; otherwise only their length.
        traces: Address of an OpenTelemetry collector; None sends no traces.
    """

    level: str = "info"
    json: bool = True
    prompts: bool = False
    traces: str | None = None

    def __post_init__(self) -> None:
        if self.level not in LOG_LEVELS:
            raise ConfigError(
                f"got {self.level!r}", field="log.level", hint=f"one of {', '.join(LOG_LEVELS)}"
            )


def _home() -> Path:
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "glm-image"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The service.

    Args:
        host: Address to listen on; other than this machine's own only if a key exists.
        port: TCP port; 0 chooses one.
        hosts: Names that requests may be addressed to, beyond the loopback ones and ``host``.
        public_url: What stands before the paths of pictures; None takes it from the request.
        data: Folder of database, pictures and secrets.
        database: SQLAlchemy address; None is SQLite in ``data``.
        blobs: ``s3://bucket/prefix`` or a folder; None is a folder in ``data``.
        low_water_bytes: Free space below which no new jobs are accepted.
        models: What is served; the first one is the default.
        workers: Engine processes per model.
        ray: Address of a Ray cluster whose workers paint; None paints on this machine.
        limits: Of requests.
        key: What a key may do.
        times: Deadlines and lifetimes.
        labels: How pictures say that they are made by a machine.
        moderation: Who looks at words and pictures.
        fetch: Whether pictures are fetched from addresses.
        log: What is written about requests.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    hosts: tuple[str, ...] = ()
    public_url: str | None = None
    data: Path = field(default_factory=_home)
    database: str | None = None
    blobs: str | None = None
    low_water_bytes: int = 512 * MIB
    models: tuple[ServedModel, ...] = (ServedModel(name="glm-image"),)
    workers: int = 1
    ray: str | None = None
    limits: RequestLimits = field(default_factory=RequestLimits)
    key: KeyDefaults = field(default_factory=KeyDefaults)
    times: Times = field(default_factory=Times)
    labels: LabelSettings = field(default_factory=LabelSettings)
    moderation: ModerationSettings = field(default_factory=ModerationSettings)
    fetch: FetchSettings = field(default_factory=FetchSettings)
    log: LogSettings = field(default_factory=LogSettings)

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"got {self.port}", field="port", hint="0 to 65535")
        if not 1 <= self.workers <= 64:
            raise ConfigError(f"got {self.workers}", field="workers", hint="1 to 64")
        if self.low_water_bytes < 0:
            raise ConfigError(f"got {self.low_water_bytes}", field="low_water_bytes", hint="from 0")
        names = [model.name for model in self.models]
        if not names or len(set(names)) < len(names):
            raise ConfigError(
                f"got {', '.join(names) or 'none'}", field="models", hint="one name per model"
            )
        if self.public_url is not None and not self.public_url.startswith(("http://", "https://")):
            raise ConfigError(
                f"got {self.public_url!r}", field="public_url", hint="as in https://draw.example"
            )

    @property
    def database_url(self) -> str:
        """Address of the database."""
        return self.database or f"sqlite:///{self.data / 'service.sqlite3'}"

    @property
    def blob_url(self) -> str:
        """Folder or bucket of the pictures."""
        return self.blobs or str(self.data / "blobs")

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False


def _positive(group: object, name: str, skip: tuple[str, ...] = ()) -> None:
    for key, value in vars(group).items():
        if key not in skip and not value > 0:
            raise _wrong(name, key, value, "above 0")


def _at_least(group: str, name: str, value: float, least: float) -> None:
    if value < least:
        raise _wrong(group, name, value, f"from {least:g}")


def _wrong(group: str, name: str, value: object, hint: str) -> ConfigError:
    return ConfigError(f"got {value!r}", field=f"{group}.{name}", hint=hint)
