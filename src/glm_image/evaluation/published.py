"""Scores that others have printed, each with its source.

Sources disagree about the same model, and none says all of its settings. Rows of different sources
are therefore never ranked together, and ours stand among them only if they were made in the
authors' own way.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from glm_image.errors import ConfigError

SCHEMA = 1
"""Version of the data file."""

OURS = "GLM-Image"
"""Name of the published model among the rows."""

_FILE = "published.json"
_LANGUAGES = ("en", "zh")
_PLAIN = {"cvtg-2k": "cvtg-2k", "dpg-bench": "dpg"}
_TIIF_FULL = "tiif-full"
_SHORTHAND = {"short": "overall_short", "long": "overall_long"}


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where numbers were printed.

    Attributes:
        key: Short name.
        origin: The page.
        date: Year and month of the reading.
        kind: Who prints: ``model vendor``, ``benchmark authors`` or ``secondary``.
    """

    key: str
    origin: str
    date: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one source prints of one model on one benchmark.

    Attributes:
        benchmark: Our name of the benchmark, such as ``longtext-en``.
        model: As printed.
        source: Where.
        values: By metric, in the scale of print.
        is_open: Whether the weights can be had.
        remark: What is known to be wrong about it; empty if nothing.
    """

    benchmark: str
    model: str
    source: Source
    values: Mapping[str, float]
    is_open: bool
    remark: str = ""


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """The published rows that stand beside ours in the first table; all of one source.

    Attributes:
        source: The source.
        glm_image: The published GLM-Image.
        best_open: The best model whose weights can be had.
        best_closed: The best of the others.
    """

    source: Source
    glm_image: Row
    best_open: Row | None
    best_closed: Row | None


@cache
def data() -> Mapping[str, Any]:
    """The data file: sources, closed models, remarks and records, as they were printed.

    Raises:
        ConfigError: It is of another version than this code.
    """
    text = resources.files("glm_image.evaluation").joinpath(_FILE).read_text(encoding="utf-8")
    record: dict[str, Any] = json.loads(text)
    if record["schema"] != SCHEMA:
        raise ConfigError(f"schema {record['schema']}, expected {SCHEMA}", field=_FILE)
    return record


@cache
def sources() -> Mapping[str, Source]:
    """All sources by their short names."""
    return {key: Source(key=key, **facts) for key, facts in data()["sources"].items()}


@cache
def rows() -> tuple[Row, ...]:
    """Every printed record, told apart by language and set of prompts.

    A record with scores in two languages becomes two rows.
    """
    remarks = {_key(one): one["text"] for one in data()["remarks"]}
    closed = frozenset(data()["closed"])
    found = []
    for record in data()["rows"]:
        for benchmark, values in _parts(record).items():
            found.append(
                Row(
                    benchmark=benchmark,
                    model=record["model"],
                    source=sources()[record["source"]],
                    values=values,
                    is_open=record["model"] not in closed,
                    remark=remarks.get(_key(record), ""),
                )
            )
    return tuple(found)


def select(benchmark: str, metric: str, *, higher_is_better: bool = True) -> dict[str, list[Row]]:
    """Rows with a number of a metric, best first, by source.

    Args:
        benchmark: Our name of the benchmark.
        metric: Key among published values.
        higher_is_better: Which way is up.
    """
    wanted = [row for row in rows() if row.benchmark == benchmark and metric in row.values]
    wanted.sort(key=lambda row: row.values[metric], reverse=higher_is_better)
    return {
        key: own for key in sources() if (own := [row for row in wanted if row.source.key == key])
    }


def neighbours(benchmark: str, metric: str, *, higher_is_better: bool = True) -> Neighbours | None:
    """The published GLM-Image and the best others of the first source that prints it."""
    for own in select(benchmark, metric, higher_is_better=higher_is_better).values():
        mine = [row for row in own if row.model == OURS]
        if mine:
            others = [row for row in own if row.model != OURS]
            return Neighbours(
                source=mine[0].source,
                glm_image=mine[0],
                best_open=_first([row for row in others if row.is_open]),
                best_closed=_first([row for row in others if not row.is_open]),
            )
    return None


def _first(own: Sequence[Row]) -> Row | None:
    return own[0] if own else None


def _key(record: Mapping[str, Any]) -> tuple[str, str, str]:
    return record["benchmark"], record["model"], record["source"]


def _parts(record: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Values of a record by our name of the benchmark."""
    name: str = record["benchmark"]
    values = {key: value for key, value in record["values"].items() if value is not None}
    if name in _PLAIN:
        return {_PLAIN[name]: values}
    if name == "tiif-bench":
        full = record["source"].startswith(_TIIF_FULL)
        named = {_SHORTHAND.get(key, key): value for key, value in values.items()}
        return {"tiif-test" if full else "tiif-testmini": named}
    if name == "longtext-bench":
        return {f"longtext-{one}": {"score": values[one]} for one in _LANGUAGES if one in values}
    if "lang" in values:
        return {f"oneig-{values.pop('lang')}": values}
    keys = {one: f"{one}_overall" for one in _LANGUAGES}
    return {f"oneig-{one}": {"overall": values[key]} for one, key in keys.items() if key in values}
