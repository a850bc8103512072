"""Settings from flags and from the environment, with every wrong value named at once."""

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from glm_image.config import nearest
from glm_image.errors import ConfigError
from glm_image.serving.settings import ServedModel, Settings

PREFIX = "GLM_IMAGE_"
"""Start of the names of all variables."""

_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off", "")


def read_settings(flags: Mapping[str, object], environ: Mapping[str, str]) -> Settings:
    """Settings from what was typed, what the environment says, and the defaults.

    Args:
        flags: Values by dotted name, such as ``limits.queue``; texts are converted, None is not
            given.
        environ: Variables; of those with our prefix none may be unknown.

    Raises:
        ConfigError: Names or values are wrong; all are listed.
    """
    known = dict(_leaves(Settings))
    variables = {variable(name): name for name in known}
    problems: list[str] = []
    given: dict[str, tuple[str, object]] = {}
    for key, text in environ.items():
        if key in variables:
            given[variables[key]] = (key, text)
        elif key.startswith(PREFIX) and key not in _OTHERS:
            problems.append(f"{key} is unknown, {nearest(key, variables)}")
    for name, value in flags.items():
        if name not in known:
            problems.append(f"{name} is unknown, {nearest(name, known)}")
        elif value is not None:
            given[name] = (name, value)
    values: dict[str, object] = {}
    for name, (place, value) in given.items():
        try:
            values[name] = _convert(value, known[name]) if isinstance(value, str) else value
        except ValueError as error:
            problems.append(f"{place} is {value!r}, expected {error}")
    if problems:
        raise ConfigError("; ".join(problems), field="settings", hint="mend or remove these")
    settings: Settings = _build(Settings, values)
    return settings


def variable(name: str) -> str:
    """The environment's name of a setting."""
    return PREFIX + name.replace(".", "_").upper()


_OTHERS = frozenset({"GLM_IMAGE_BENCHMARKS"})
"""Variables of other commands."""


def _leaves(cls: type, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names of all single settings with their types."""
    for name, hint in typing.get_type_hints(cls).items():
        if dataclasses.is_dataclass(hint):
            yield from _leaves(typing.cast(type, hint), f"{prefix}{name}.")
        else:
            yield prefix + name, hint


def _build(cls: type, values: Mapping[str, object], prefix: str = "") -> Any:
    arguments: dict[str, object] = {}
    for name, hint in typing.get_type_hints(cls).items():
        path = prefix + name
        if dataclasses.is_dataclass(hint):
            arguments[name] = _build(typing.cast(type, hint), values, f"{path}.")
        elif path in values:
            arguments[name] = values[path]
    return cls(**arguments)


def _convert(text: str, hint: Any) -> object:
    """A text as the type of a setting; the message of a ``ValueError`` says what is expected."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        if text == "":
            return None
        hint = next(one for one in typing.get_args(hint) if one is not types.NoneType)
    if typing.get_origin(hint) is tuple:
        item = typing.get_args(hint)[0]
        return tuple(_convert(part.strip(), item) for part in text.split(",") if part.strip())
    if hint is bool:
        return _truth(text)
    if hint is ServedModel:
        return served_model(text)
    if hint is Path:
        return Path(text).expanduser()
    if hint in (int, float):
        return _number(text, hint)
    return text


def _truth(text: str) -> bool:
    if text.lower() not in _TRUE + _FALSE:
        raise ValueError("true or false")
    return text.lower() in _TRUE


def _number(text: str, kind: type[int] | type[float]) -> float:
    try:
        return kind(text)
    except ValueError:
        raise ValueError("a whole number" if kind is int else "a number") from None


def served_model(text: str) -> ServedModel:
    """A model as typed: ``NAME=SOURCE``, or a source alone, which is then ``glm-image``.

    Raises:
        ConfigError: The name cannot stand in a request.
    """
    name, equals, source = text.partition("=")
    if not equals:
        name, source = "glm-image", text
    return ServedModel(name=name, source=source or None)
