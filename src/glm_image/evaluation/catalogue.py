"""The benchmarks that can be run, each described by a file in ``benchmarks/``.

A benchmark is looked up by name, its data is found and checked, and its loader makes items of it.
Subsets are fixed: the same ids for everybody, chosen by hash order and not by hand.
"""

import dataclasses
import hashlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

from glm_image.config import from_mapping, nearest
from glm_image.errors import ConfigError, InputError
from glm_image.evaluation import data_folder
from glm_image.evaluation.benchmark import Benchmark, Item

MINI = "mini"
"""Name of the small subset that most benchmarks have."""

_FOLDER = "benchmarks"
_SUFFIX = ".toml"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rule:
    """How a subset is chosen: the first items of each cell in hash order.

    Attributes:
        by: Tags whose values make a cell; one cell without any.
        each: Items of a cell, or all if it has fewer.
        where: Only items with these tags take part, each given as ``tag=value``.
    """

    by: tuple[str, ...] = ()
    each: int
    where: tuple[str, ...] = ()

    def choose(self, name: str, items: Iterable[Item]) -> tuple[str, ...]:
        """Ids of the chosen items, in the order of the items."""
        wanted = dict(entry.split("=", 1) for entry in self.where)
        cells: dict[tuple[str, ...], list[str]] = {}
        order: list[str] = []
        for item in items:
            if any(item.tags[tag] != value for tag, value in wanted.items()):
                continue
            order.append(item.id)
            cells.setdefault(tuple(item.tags[tag] for tag in self.by), []).append(item.id)
        chosen = {id for ids in cells.values() for id in _by_hash(name, ids)[: self.each]}
        return tuple(id for id in order if id in chosen)


def names() -> tuple[str, ...]:
    """Names of all benchmarks, sorted."""
    found = (Path(entry.name) for entry in files(__package__).joinpath(_FOLDER).iterdir())
    return tuple(sorted(path.stem for path in found if path.suffix == _SUFFIX))


@cache
def get(name: str) -> Benchmark:
    """Look a benchmark up.

    Raises:
        InputError: There is none of this name.
        ConfigError: Its description is damaged; every mistake is named.
    """
    if name not in names():
        raise InputError(
            f"unknown benchmark {name!r}", field="benchmark", hint=nearest(name, names())
        )
    path = files(__package__).joinpath(_FOLDER, name + _SUFFIX)
    return read(path.read_text(encoding="utf-8"), source=f"{name}{_SUFFIX}")


def read(text: str, *, source: str) -> Benchmark:
    """Read the description of a benchmark.

    Args:
        text: TOML with the fields of :class:`Benchmark`.
        source: Name of the file, for messages.

    Raises:
        ConfigError: Fields are missing, unknown or of another type.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"not TOML: {error}", field=source) from error
    options = _table(content, "options", source)
    minis = _table(content, "minis", source)
    for key, ids in minis.items():
        if not isinstance(ids, list) or not all(isinstance(id, str) for id in ids):
            raise ConfigError(f"'minis.{key}' is no list of ids", field=source)
    benchmark = from_mapping(Benchmark, content, source=source)
    return dataclasses.replace(
        benchmark, options=options, minis={key: tuple(ids) for key, ids in minis.items()}
    )


def items(benchmark: Benchmark, data: Path | None = None) -> tuple[Item, ...]:
    """Find, check and load the items of a benchmark.

    Args:
        benchmark: Which one.
        data: Folder that the user keeps benchmarks in; see :func:`data_folder.find`.

    Raises:
        InputError: The data is not there, differs from what is described, or cannot be read.
    """
    folder = data_folder.find(benchmark, data)
    data_folder.check(benchmark, folder)
    return load(benchmark, folder)


def load(benchmark: Benchmark, folder: Path) -> tuple[Item, ...]:
    """Load the items of a benchmark from its own folder, which is taken as checked.

    Raises:
        InputError: The number of prompts differs from the description, or an id comes twice.
    """
    loader = import_module(f"{__package__}.loaders.{benchmark.loader}")
    loaded: tuple[Item, ...] = loader.load(folder, benchmark)
    ids = {item.id for item in loaded}
    if len(loaded) != benchmark.prompts or len(ids) != len(loaded):
        raise InputError(
            f"{benchmark.name} has {len(loaded)} prompts with {len(ids)} ids,"
            f" expected {benchmark.prompts}",
            field="data",
            hint="bring the version that the description names",
        )
    return loaded


def subset(
    benchmark: Benchmark, items: Sequence[Item], choice: str | int | None
) -> tuple[Item, ...]:
    """Choose items.

    Args:
        benchmark: Which one.
        items: All of its items.
        choice: Name of a subset, a number of items or None for all. Items chosen by number are
            the first ones in hash order, so that a larger number contains a smaller one.

    Returns:
        The chosen items in the order of the benchmark.

    Raises:
        InputError: There is no such subset, or the number is below 1.
    """
    if choice is None:
        return tuple(items)
    if isinstance(choice, int):
        if choice < 1:
            raise InputError(f"got {choice}", field="limit", hint="a whole number from 1")
        wanted = set(_by_hash(benchmark.name, [item.id for item in items])[:choice])
    else:
        wanted = set(_subset_ids(benchmark, items, choice))
    return tuple(item for item in items if item.id in wanted)


def choice(name: str | None, limit: int | None) -> str | int | None:
    """What :func:`subset` takes, from two ways to ask for less than everything.

    Raises:
        InputError: Both are given.
    """
    if name is not None and limit is not None:
        raise InputError("both are given", field="subset", hint="give --subset or --limit")
    return name if limit is None else limit


def subset_name(choice: str | int | None) -> str | None:
    """How a choice is written down: ``mini``, ``limit:N`` or None for all items."""
    return f"limit:{choice}" if isinstance(choice, int) else choice


def size_of(benchmark: Benchmark, name: str | None) -> int | None:
    """Number of prompts of a subset, by the name that runs write down; None if it is unknown.

    The size of a subset that is chosen by a rule when the data is loaded is only known then.
    """
    if name is None:
        return benchmark.prompts
    kind, _, number = name.partition(":")
    if number:
        return min(int(number), benchmark.prompts)
    return len(benchmark.minis[kind]) if kind in benchmark.minis else None


def subsets(benchmark: Benchmark) -> tuple[str, ...]:
    """Names of the subsets of a benchmark."""
    return tuple(sorted({*benchmark.minis, *benchmark.options.get("rules", {})}))


def rule(benchmark: Benchmark, name: str) -> Rule:
    """The rule that a subset is chosen by.

    Raises:
        ConfigError: The description states none, or a damaged one.
    """
    source = f"{benchmark.name}{_SUFFIX}"
    content = _table(benchmark.options.get("rules", {}), name, source, pop=False)
    return from_mapping(Rule, content, source=f"{source}: options.rules.{name}")


def _subset_ids(benchmark: Benchmark, items: Sequence[Item], name: str) -> tuple[str, ...]:
    if name in benchmark.minis:
        ids = benchmark.minis[name]
        missing = set(ids) - {item.id for item in items}
        if missing:
            raise ConfigError(f"unknown ids {sorted(missing)}", field=f"{benchmark.name}: {name}")
        return ids
    if name not in subsets(benchmark):
        known = ", ".join(subsets(benchmark)) or "none"
        raise InputError(
            f"{benchmark.name} has no subset {name!r}",
            field="subset",
            hint=f"subsets: {known}; any number of prompts can be asked for by --limit",
        )
    return rule(benchmark, name).choose(benchmark.name, items)


def _by_hash(name: str, ids: Iterable[str]) -> list[str]:
    """Ids in an order that nobody chose."""
    return sorted(ids, key=lambda id: hashlib.sha256(f"{name}/{id}".encode()).digest())


def _table(
    content: Mapping[str, Any], key: str, source: str, *, pop: bool = True
) -> dict[str, Any]:
    """A table of the description; taken out of it, since its keys are free."""
    value = content.get(key, {})
    if not isinstance(value, Mapping):
        raise ConfigError(f"{key!r} is no table", field=source)
    if pop and isinstance(content, dict):
        content.pop(key, None)
    return dict(value)
