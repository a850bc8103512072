"""Text from outside that is kept: what no database, file or terminal can hold is refused."""

import re

from glm_image.errors import InputError

_UNSAFE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def checked(text: str, *, field: str, most: int, least: int = 0) -> str:
    """A text that can be stored and shown.

    Args:
        text: As given.
        field: What it is given for.
        most: Most characters.
        least: Fewest characters that are not white space.

    Raises:
        InputError: It is too short or too long, or holds control characters or half characters.
    """
    if len(text.strip()) < least:
        raise InputError("it is blank", field=field, hint=f"give at least {least} characters")
    if len(text) > most:
        raise InputError(
            f"it has {len(text)} characters", field=field, hint=f"shorten it to {most}"
        )
    unsafe = _UNSAFE.search(text)
    if unsafe:
        raise InputError(
            f"it holds the control character U+{ord(unsafe[0]):04X} at place {unsafe.start()}",
            field=field,
            hint="leave it out; line breaks and tabs are fine",
        )
    return text


def checked_line(text: str, *, field: str, most: int, least: int = 0) -> str:
    """A text of one line that can be stored and shown.

    Args:
        text: As given.
        field: What it is given for.
        most: Most characters.
        least: Fewest characters that are not white space.

    Raises:
        InputError: As for :func:`checked`, or it has several lines.
    """
    if len(text.splitlines()) > 1 or text.endswith(("\n", "\r")):
        raise InputError("it has several lines", field=field, hint="write it in one line")
    return checked(text, field=field, most=most, least=least)
