"""The records that the service speaks in: what is asked, how far it is, what came of it.

Every record is a frozen dataclass of plain values. :func:`glm_image.config.to_mapping` turns one
into what JSON can hold, :func:`glm_image.config.from_mapping` turns that back. Times are seconds
since 1970 in UTC. Nothing here imports torch.
"""

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from glm_image.errors import InputError
from glm_image.serving.errors import Flag
from glm_image.serving.text import checked

BlobKey = str
"""Where a blob lies: ``"ab/<sha256>.png"``, made by :class:`glm_image.serving.blobs.Blobs`."""

LOCAL_KEY = "local"
"""Owner of what is done without a key, which only a service without keys allows."""

MAX_SEED = 2**64 - 1
"""Largest seed of a picture, as in the pipeline."""

MAX_PROMPT_CHARACTERS = 8192
"""Longest prompt in characters, as in the pipeline."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_ID = re.compile(r"[a-z]{1,16}_[0-9a-z]{1,40}")


class JobState(StrEnum):
    """Where a job stands. A job that has ended never changes again."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def ended(self) -> bool:
        """Whether nothing follows."""
        return self not in (JobState.QUEUED, JobState.RUNNING)


class Stage(StrEnum):
    """What a running job does: tokens of the generator, steps of the decoder, pixels, files."""

    WRITE = "write"
    PAINT = "paint"
    DECODE = "decode"
    POST = "post"


class EventKind(StrEnum):
    """What an event tells. Previews pass through the hub and are not kept."""

    STATE = "state"
    PROGRESS = "progress"
    PICTURE = "picture"
    PREVIEW = "preview"


class OutputFormat(StrEnum):
    """Kind of file that pictures become."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"

    @property
    def mime(self) -> str:
        """The media type."""
        return f"image/{self.value}"


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What is to be drawn, complete: drawn twice, it gives the same pictures.

    Args:
        model: Name of a served model.
        prompt: Words.
        width: Pixels.
        height: Pixels.
        seeds: One per picture.
        layout_seeds: Seeds of the generator where they differ, one per picture: the same layout
            with new details. None takes ``seeds``.
        steps: Denoising steps.
        guidance: Weight of the prompt in the decoder.
        temperature: Of the generator; None is the model's.
        top_p: Share of probability that the generator chooses from; None is the model's.
        top_k: Most codes that the generator chooses from; None is the model's.
        strength: Of an edit, in (0, 1]; None draws anew.
        sources: Pictures to edit.
        mask: Picture whose transparent parts are edited.
        output_format: Kind of file.
        compression: 0 to 100: quality of JPEG and WebP, effort for PNG.
        visible_label: Whether the pictures say visibly that they are generated.
        previews: Most previews per picture on the way.
        parents: Pictures of the service that the sources are.
        strip_prompt: Whether the files keep the prompt to themselves.

    Raises:
        InputError: A value is out of its range.
    """

    model: str
    prompt: str
    width: int
    height: int
    seeds: tuple[int, ...]
    layout_seeds: tuple[int, ...] | None = None
    steps: int
    guidance: float
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    strength: float | None = None
    sources: tuple[BlobKey, ...] = ()
    mask: BlobKey | None = None
    output_format: OutputFormat = OutputFormat.PNG
    compression: int = 100
    visible_label: bool = True
    previews: int = 0
    parents: tuple[str, ...] = ()
    strip_prompt: bool = False

    def __post_init__(self) -> None:
        checked(self.prompt, field="prompt", most=MAX_PROMPT_CHARACTERS, least=1)
        for name, value in (("width", self.width), ("height", self.height), ("steps", self.steps)):
            if value < 1:
                raise InputError(f"got {value}", field=name, hint="a whole number from 1")
        if not self.seeds or not all(0 <= seed <= MAX_SEED for seed in self.seeds):
            raise InputError(
                f"got {list(self.seeds)}", field="seed", hint=f"one per picture, 0 to {MAX_SEED}"
            )
        layout = self.seeds if self.layout_seeds is None else self.layout_seeds
        if len(layout) != len(self.seeds) or not all(0 <= seed <= MAX_SEED for seed in layout):
            raise InputError(
                f"got {list(layout)} for {len(self.seeds)} pictures",
                field="layout_seed",
                hint=f"one per picture, 0 to {MAX_SEED}",
            )
        if not 0 <= self.compression <= 100:
            raise InputError(f"got {self.compression}", field="output_compression", hint="0 to 100")
        if self.mask is not None and not self.sources:
            raise InputError("there is no image", field="mask", hint="give the image it belongs to")

    @property
    def count(self) -> int:
        """Pictures that are asked for."""
        return len(self.seeds)

    @property
    def blobs(self) -> tuple[BlobKey, ...]:
        """Everything that must be there to draw it, each once."""
        masks = () if self.mask is None else (self.mask,)
        return tuple(dict.fromkeys((*self.sources, *masks)))


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a job came to nothing.

    Args:
        code: Of the public error table, such as ``"1230"``.
        kind: Name of the error's class.
        message: What is wrong.
        field: What it is about.
        hint: What mends it.
        retryable: Whether another attempt may succeed.
        flags: What moderation found, if that is why.
    """

    code: str
    kind: str
    message: str
    field: str | None = None
    hint: str | None = None
    retryable: bool = False
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A finished picture.

    Args:
        id: ``"img_"`` and 26 characters.
        job_id: The job that made it.
        index: Its place in the job, from 0.
        key: Where its file lies.
        width: Pixels.
        height: Pixels.
        bytes: Length of the file.
        mime: Media type of the file.
        seed: What it was drawn from.
        layout_seed: Seed of its generator, if another.
        parents: Pictures that it was made from.
        created: When it was finished.
        favourite: Whether the owner likes it.
        tags: The owner's words for it.
        prompt: What it was asked for; empty until the store reads it from the job.
    """

    id: str
    job_id: str
    index: int
    key: BlobKey
    width: int
    height: int
    bytes: int
    mime: str
    seed: int
    layout_seed: int | None = None
    parents: tuple[str, ...] = ()
    created: float
    favourite: bool = False
    tags: tuple[str, ...] = ()
    prompt: str = ""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A request on its way, or what became of it.

    Args:
        id: ``"job_"`` and 26 characters.
        key_id: Who asked.
        state: Where it stands.
        stage: What it does while it runs.
        done: Parts of the stage that are done: tokens, steps or files.
        total: Parts of the stage.
        position: Jobs that will probably start before it; None unless it is queued.
        attempt: How often it was started.
        seq: Number of its latest event.
        drawing: What is asked.
        pictures: What came of it; empty until it has succeeded.
        failure: Why it failed, or the last reason to start again.
        created: When it was asked for.
        started: When its latest attempt began.
        finished: When it ended.
        waiter_until: When it is given up unless somebody waits again; None never, or not yet.
        priority: Higher starts first.
        conversation_id: The conversation it is a turn of.
        request_key: What the client calls it, so that asking twice draws once.
    """

    id: str
    key_id: str
    state: JobState
    stage: Stage | None = None
    done: int = 0
    total: int = 0
    position: int | None = None
    attempt: int = 0
    seq: int = 0
    drawing: Drawing
    pictures: tuple[Picture, ...] = ()
    failure: Failure | None = None
    created: float
    started: float | None = None
    finished: float | None = None
    waiter_until: float | None = None
    priority: int = 0
    conversation_id: str | None = None
    request_key: str | None = None


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to a job.

    Args:
        job_id: The job.
        key_id: Its owner.
        seq: Counts up within the job; 0 for what is not kept, such as previews.
        cursor: Counts up within the owner, over all jobs; 0 for what is not kept.
        kind: What ``data`` tells.
        data: By kind. state: ``state``, ``attempt`` and, where there is one, ``failure``.
            progress: ``stage``, ``done``, ``total`` and, where codes were written since the last
            one, ``codes`` with ``index``, ``start`` and ``codes`` each, and ``grid``.
            picture: a :class:`Picture`. preview: ``index`` and whatever else the listeners
            agreed on.
        at: When.
    """

    job_id: str
    key_id: str
    seq: int = 0
    cursor: int = 0
    kind: EventKind
    data: Mapping[str, object] = field(default_factory=dict)
    at: float


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to work on a job until its lease ends.

    Args:
        job: The job as it was claimed.
        owner: Who works on it.
        attempt: Which start this is; starts that were given back do not count.
        lease: Counts up with every claim of the job; it tells late writers from the present one.
        until: When the lease ends unless it is renewed.
    """

    job: Job
    owner: str
    attempt: int
    lease: int
    until: float


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """What became of a request.

    Args:
        job: The job that answers it.
        attached: Whether the job was there already.
    """

    job: Job
    attached: bool


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """What clients may know and ask of a model.

    Args:
        name: What requests call it.
        digest: Of its weights.
        summary: One line.
        default_width: Pixels.
        default_height: Pixels.
        min_side: Pixels.
        max_side: Pixels.
        max_pixels: Of one picture; None if its sides alone set the limit.
        multiple: Sides are multiples of it, in pixels.
        max_sources: Most pictures of an edit.
        steps: Usual denoising steps.
        guidance: Usual weight of the prompt.
        temperature: Usual temperature of the generator; None without one.
        top_p: Usual share of probability; None without a generator.
        refused: Fields of a request that mean nothing to the model.
        created: When the model was made.
        examples: Prompts that it draws well, if it names any.
    """

    name: str
    digest: str
    summary: str
    default_width: int
    default_height: int
    min_side: int
    max_side: int
    max_pixels: int | None = None
    multiple: int = 32
    max_sources: int
    steps: int
    guidance: float
    temperature: float | None
    top_p: float | None
    refused: tuple[str, ...] = ()
    created: float
    examples: tuple[str, ...] = ()


def new_id(prefix: str, now: float | None = None) -> str:
    """A name that nobody can guess: milliseconds, then 80 random bits, in base 32.

    Args:
        prefix: What it is for, such as ``"job"``.
        now: When; by default the present.
    """
    moment = int((time.time() if now is None else now) * 1000) % 2**48
    number = moment << 80 | secrets.randbits(80)
    digits = "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
    return f"{prefix}_{digits}"


def is_id(text: str) -> bool:
    """Whether a text could be a name made by :func:`new_id`."""
    return _ID.fullmatch(text) is not None
