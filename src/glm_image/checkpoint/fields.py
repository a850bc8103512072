"""Reading of published JSON configs: every field is used, known to be irrelevant, or a problem."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from glm_image.config import nearest

_ABSENT: Any = object()


class Fields:
    """The fields of one mapping, ticked off as they are read.

    Values are handed on as they are; their types are checked when a configuration is built from
    them. A field whose value is null counts as absent.

    Args:
        values: The mapping.
        path: Where it stands, for messages.
        problems: Where everything that is wrong is noted.
    """

    def __init__(self, values: Mapping[str, Any], path: str, problems: list[str]) -> None:
        self._values = {name: value for name, value in values.items() if value is not None}
        self._read: set[str] = set()
        self.path = path
        self.problems = problems

    @classmethod
    def from_file(cls, path: Path, problems: list[str]) -> "Fields":
        """Read a JSON file; one that is missing or damaged is noted and reads as empty."""
        name = f"{path.parent.name}/{path.name}"
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            problems.append(f"{name}: does not exist")
            return cls({}, name, [])
        except (OSError, ValueError) as error:
            problems.append(f"{name}: cannot be read: {error}")
            return cls({}, name, [])
        if not isinstance(values, dict):
            problems.append(f"{name}: is no JSON object")
            return cls({}, name, [])
        return cls(values, name, problems)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def take(self, name: str) -> Any:
        """Value of a field that must be there; None, and a problem, if it is not."""
        value = self.get(name)
        if value is None:
            self.problems.append(f"{self.path}: missing field {name!r}")
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """Value of a field, or ``default`` if it is absent."""
        self._read.add(name)
        return self._values.get(name, default)

    def section(self, name: str) -> "Fields":
        """A nested mapping; one that is absent reads as empty."""
        value = self.get(name, {})
        if not isinstance(value, Mapping):
            self.problems.append(f"{self.path}: {name!r} is no object")
            return Fields({}, f"{self.path}: {name}", [])
        return Fields(value, f"{self.path}: {name}", self.problems)

    def expect(self, expected: Mapping[str, Any]) -> None:
        """Fields that, if they are there, must have the one value that we implement."""
        for name, wanted in expected.items():
            value = self.get(name, _ABSENT)
            if value is not _ABSENT and value != wanted:
                self.problems.append(f"{self.path}: {name!r} is {value!r}, only {wanted!r} works")

    def require(self, expected: Mapping[str, Any]) -> None:
        """Fields that must be there with the one value that we implement.

        They are those whose absence means another value to the reference libraries.
        """
        for name in expected:
            self.take(name)
        self.expect(expected)

    def ignore(self, names: Iterable[str]) -> None:
        """Fields that published files have and that do not change what is computed."""
        self._read.update(names)

    def close(self) -> None:
        """Note every field that was not read; names with a leading underscore are bookkeeping."""
        for name in self._values.keys() - self._read:
            if not name.startswith("_"):
                hint = nearest(name, self._read)
                self.problems.append(f"{self.path}: unknown field {name!r}, {hint}")
