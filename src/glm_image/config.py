"""Reading and writing of configurations: frozen dataclasses from mappings and back.

A configuration is a frozen, keyword-only dataclass. Its fields are numbers, strings, booleans,
names of an enumeration, optional values, tuples of these, free mappings, or further
configurations. Every mistake in a mapping is found in one pass, and an unknown name is answered
with the nearest known one.
"""

import dataclasses
import difflib
import functools
import types
import typing
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from glm_image.errors import ConfigError

ConfigT = TypeVar("ConfigT")


def from_mapping(cls: type[ConfigT], mapping: Mapping[str, object], *, source: str) -> ConfigT:
    """Build a configuration from plain values.

    Lists become tuples, integers become floats where a float is wanted, mappings become nested
    configurations. Nothing else is converted.

    Args:
        cls: A dataclass.
        mapping: Values by field name.
        source: Where the values come from, for the message: a file or an option.

    Returns:
        An instance of ``cls``.

    Raises:
        ConfigError: Unknown fields, missing fields or values of the wrong type, all listed; or
            the configuration contradicts itself.
    """
    problems: list[str] = []
    config = _read(cls, mapping, "", problems)
    if problems or config is None:
        raise ConfigError("; ".join(problems), field=source)
    return config


def to_mapping(config: object) -> dict[str, Any]:
    """Plain values of a configuration by field name, ready for JSON.

    Tuples become lists and nested configurations become mappings, so that
    ``from_mapping(type(config), to_mapping(config), source=...)`` equals ``config``.
    """
    fields = dataclasses.fields(typing.cast(Any, config))
    return {field.name: _plain(getattr(config, field.name)) for field in fields}


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint that names the known spelling nearest to ``name``, or all if none is near."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names)}"


def _read(
    cls: type[ConfigT], mapping: Mapping[str, object], path: str, problems: list[str]
) -> ConfigT | None:
    fields, hints = _fields(typing.cast(type, cls))
    found = len(problems)
    for name in mapping.keys() - fields.keys():
        problems.append(f"unknown field {path + name!r}, {nearest(name, fields)}")
    values: dict[str, object] = {}
    for name, field in fields.items():
        if name in mapping:
            values[name] = _convert(mapping[name], hints[name], path + name, problems)
        elif _is_required(field):
            problems.append(f"missing field {path + name!r}")
    return None if len(problems) > found else cls(**values)


@functools.cache
def _fields(cls: type) -> tuple[dict[str, "dataclasses.Field[Any]"], dict[str, Any]]:
    """Fields and types of a dataclass by name."""
    fields = {field.name: field for field in dataclasses.fields(typing.cast(Any, cls))}
    return fields, typing.get_type_hints(cls)


def _is_required(field: "dataclasses.Field[Any]") -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _convert(value: object, hint: Any, path: str, problems: list[str]) -> object:
    """``value`` as the type that ``hint`` asks for; a mismatch is noted in ``problems``."""
    if type(value) is hint:
        return value
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return _read(typing.cast(type, hint), value, f"{path}.", problems)
    if typing.get_origin(hint) is tuple and isinstance(value, list | tuple):
        return _convert_items(value, typing.get_args(hint), path, problems)
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return _convert_optional(value, typing.get_args(hint), path, problems)
    if typing.get_origin(hint) is Mapping and isinstance(value, Mapping):
        return dict(value)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _convert_name(value, hint, path, problems)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(hint, type) and isinstance(value, hint) and _same_kind(value, hint):
        return value
    wanted = hint.__name__ if isinstance(hint, type) else str(hint)
    problems.append(f"{path!r} is {value!r}, expected {wanted}")
    return None


def _convert_name(value: object, hint: type[StrEnum], path: str, problems: list[str]) -> object:
    known = [member.value for member in hint]
    if value in known:
        return hint(value)
    problems.append(f"{path!r} is {value!r}, {nearest(str(value), known)}")
    return None


def _same_kind(value: object, hint: type) -> bool:
    """Booleans are integers to Python, not to a configuration."""
    return hint is bool or not isinstance(value, bool)


def _convert_items(
    value: list[object] | tuple[object, ...],
    hints: tuple[Any, ...],
    path: str,
    problems: list[str],
) -> tuple[object, ...] | None:
    if len(hints) == 2 and hints[1] is Ellipsis:
        hints = (hints[0],) * len(value)
    if len(hints) != len(value):
        problems.append(f"{path!r} has {len(value)} values, expected {len(hints)}")
        return None
    return tuple(
        _convert(item, hint, f"{path}[{index}]", problems)
        for index, (item, hint) in enumerate(zip(value, hints, strict=True))
    )


def _convert_optional(
    value: object, hints: tuple[Any, ...], path: str, problems: list[str]
) -> object:
    if value is None and types.NoneType in hints:
        return None
    choices = [hint for hint in hints if hint is not types.NoneType]
    for hint in choices[:-1]:
        attempt: list[str] = []
        converted = _convert(value, hint, path, attempt)
        if not attempt:
            return converted
    return _convert(value, choices[-1], path, problems)


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value):
        return to_mapping(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.value if isinstance(value, StrEnum) else value
