"""What owners keep with the service: uploads, conversations, and how pictures are looked for."""

from dataclasses import dataclass
from enum import StrEnum

from glm_image.errors import InputError
from glm_image.serving.records import BlobKey
from glm_image.serving.text import checked, checked_line

MAX_TAGS = 32
"""Most tags of a picture."""

MAX_TAG_CHARACTERS = 64
"""Longest tag."""

MAX_SEARCH_CHARACTERS = 200
"""Longest text to search for."""

MAX_TITLE_CHARACTERS = 200
"""Longest title of a conversation."""

MAX_TURN_CHARACTERS = 8192
"""Longest text of a turn."""

MAX_FILENAME_CHARACTERS = 255
"""Longest name of an upload."""


class Role(StrEnum):
    """Who speaks."""

    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, kw_only=True)
class PictureQuery:
    """Which pictures are looked for; every condition must hold.

    Args:
        text: Words that the prompt or a tag must contain, in any order and case.
        tags: Tags that it must have.
        favourite: Whether the owner likes it; None takes both.
        job_id: The job that made it.
        parent: A picture that it was made from.
        conversation_id: The conversation it was made in.
        deleted: Whether it lies in the bin instead of the gallery.

    Raises:
        InputError: A text cannot be searched for.
    """

    text: str = ""
    tags: tuple[str, ...] = ()
    favourite: bool | None = None
    job_id: str | None = None
    parent: str | None = None
    conversation_id: str | None = None
    deleted: bool = False

    def __post_init__(self) -> None:
        checked_line(self.text, field="text", most=MAX_SEARCH_CHARACTERS)
        checked_tags(self.tags)


@dataclass(frozen=True, kw_only=True)
class TagCount:
    """A tag and on how many pictures it is.

    Args:
        tag: The owner's word.
        count: Pictures that are not thrown away.
    """

    tag: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file that a client gave.

    Args:
        id: ``"file_"`` and 26 characters.
        key_id: Its owner.
        key: Where its content lies.
        filename: What the client calls it; it is shown and never opened.
        purpose: What the client gave it for.
        mime: Media type, as found in the content.
        bytes: Length.
        width: Pixels, of a picture.
        height: Pixels, of a picture.
        created: When, in seconds since 1970.

    Raises:
        InputError: The name or the purpose cannot be stored.
    """

    id: str
    key_id: str
    key: BlobKey
    filename: str
    purpose: str
    mime: str
    bytes: int
    width: int | None = None
    height: int | None = None
    created: float

    def __post_init__(self) -> None:
        checked_line(self.filename, field="file", most=MAX_FILENAME_CHARACTERS)
        checked_line(self.purpose, field="purpose", most=64)


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """A tree of turns.

    Args:
        id: ``"conv_"`` and 26 characters.
        key_id: Its owner.
        title: The owner's words for it.
        created: When, in seconds since 1970.
        updated: When its last turn came.
    """

    id: str
    key_id: str
    title: str
    created: float
    updated: float


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One thing said in a conversation. Turns with the same parent are branches.

    Args:
        id: ``"turn_"`` and 26 characters.
        conversation_id: The conversation.
        parent_id: The turn that it answers; None begins a branch of its own.
        role: Who speaks.
        text: The words.
        picture_ids: Pictures that it shows or speaks of.
        job_id: The job that it started.
        created: When, in seconds since 1970.

    Raises:
        InputError: The text cannot be stored.
    """

    id: str
    conversation_id: str
    parent_id: str | None = None
    role: Role
    text: str
    picture_ids: tuple[str, ...] = ()
    job_id: str | None = None
    created: float

    def __post_init__(self) -> None:
        checked(self.text, field="text", most=MAX_TURN_CHARACTERS)


def checked_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Tags without repetitions and without white space around them.

    Raises:
        InputError: There are too many, or one is blank, too long or cannot be stored.
    """
    if len(tags) > MAX_TAGS:
        raise InputError(f"there are {len(tags)}", field="tags", hint=f"give at most {MAX_TAGS}")
    clean = [
        checked_line(tag, field="tags", most=MAX_TAG_CHARACTERS, least=1).strip() for tag in tags
    ]
    return tuple(dict.fromkeys(clean))
