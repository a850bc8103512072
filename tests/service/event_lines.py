"""Reading of event streams in tests."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Heard:
    """One event."""

    name: str
    number: int | None
    data: Any


def heard(lines: Iterable[str]) -> Iterator[Heard]:
    """The events of a stream, without its comments."""
    name, number, data = "message", None, ""
    for line in lines:
        field, _, value = line.partition(": ")
        if line == "" and data:
            yield Heard(name, number, json.loads(data))
            name, number, data = "message", None, ""
        elif field == "event":
            name = value
        elif field == "id":
            number = int(value)
        elif field == "data":
            data += value
