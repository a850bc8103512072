"""Runs of bytes inside of plain values, which JSON cannot hold: they travel beside, by number."""

from typing import Any

_PART = "$part"


def lift(value: Any, parts: list[bytes]) -> Any:
    """Put the number of a part in the place of every run of bytes.

    Args:
        value: What :func:`glm_image.config.to_mapping` gives.
        parts: Gets the bytes, in the order of their numbers.
    """
    if isinstance(value, bytes):
        parts.append(value)
        return {_PART: len(parts) - 1}
    if isinstance(value, dict):
        return {name: lift(one, parts) for name, one in value.items()}
    if isinstance(value, list):
        return [lift(one, parts) for one in value]
    return value


def lower(value: Any, parts: list[bytes]) -> Any:
    """Put every part back in its place.

    Raises:
        IndexError: There is no part of that number.
        TypeError: A number is none.
    """
    if isinstance(value, dict):
        if value.keys() == {_PART}:
            return parts[value[_PART]]
        return {name: lower(one, parts) for name, one in value.items()}
    if isinstance(value, list):
        return [lower(one, parts) for one in value]
    return value
