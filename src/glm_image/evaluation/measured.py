"""Values that were measured elsewhere, with instruments that this package does not have.

A file of JSON lines, one for each picture::

    {"benchmark": "oneig-en", "item": "anime/000", "sample": 1, "values": {"style": 0.31}}

Which values a benchmark takes is said by its scorecard: those of metrics that are ``brought``.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from glm_image.config import nearest
from glm_image.errors import InputError, NotFoundError
from glm_image.evaluation.scores import Scorecard, Value

_FIELDS = {"benchmark", "item", "sample", "values"}


@dataclass(frozen=True, kw_only=True)
class Measurements:
    """Values by benchmark, item, number of the picture and name.

    Attributes:
        version: Digest of the file.
        values: Everything in it.
    """

    version: str
    values: Mapping[tuple[str, str, int], Mapping[str, float]]
    name: str = "measured elsewhere"

    @classmethod
    def from_file(cls, path: Path) -> "Measurements":
        """Read a file.

        Raises:
            NotFoundError: It is not there.
            InputError: A line is damaged, or a picture stands there twice.
        """
        if not path.is_file():
            raise NotFoundError(f"{path} is not there", field="measured", hint="name a file")
        data = path.read_bytes()
        values: dict[tuple[str, str, int], Mapping[str, float]] = {}
        for number, line in enumerate(data.decode("utf-8").split("\n"), 1):
            if not line.strip():
                continue
            key, found = _read(line, f"{path}:{number}")
            if key in values:
                raise InputError(
                    f"picture {key[2]} of {key[1]} stands there twice",
                    field=f"{path}:{number}",
                    hint="one line for each picture",
                )
            values[key] = found
        return cls(version=hashlib.sha256(data).hexdigest()[:16], values=values)

    def check(self, benchmark: str, card: Scorecard) -> None:
        """Refuse values that the benchmark does not take from outside.

        Raises:
            InputError: There is such a value.
        """
        known = {metric.value for metric in card.metrics if metric.brought}
        for (name, item, sample), values in self.values.items():
            for value in values.keys() - known if name == benchmark else ():
                raise InputError(
                    f"{benchmark} takes no {value!r} for picture {sample} of {item}",
                    field="measured",
                    hint=nearest(value, known) if known else "leave this benchmark out",
                )

    def of(self, benchmark: str, item: str, sample: int) -> dict[str, Value]:
        """Values of one picture."""
        found = self.values.get((benchmark, item, sample), {})
        return {name: Value(value=value) for name, value in found.items()}


def _read(line: str, place: str) -> tuple[tuple[str, str, int], Mapping[str, float]]:
    """One line: whose values, and the values."""
    hint = 'write {"benchmark": ..., "item": ..., "sample": 1, "values": {"name": number}}'
    try:
        content = json.loads(line)
    except ValueError as error:
        raise InputError(f"not JSON: {error}", field=place, hint=hint) from error
    if not isinstance(content, dict) or content.keys() != _FIELDS:
        raise InputError("other fields than expected", field=place, hint=hint)
    sample, values = content["sample"], content["values"]
    if type(sample) is not int or sample < 1 or not isinstance(values, dict) or not values:
        raise InputError("no picture's values", field=place, hint=hint)
    if not all(type(one) in (int, float) and math.isfinite(one) for one in values.values()):
        raise InputError("a value is no finite number", field=place, hint=hint)
    return (str(content["benchmark"]), str(content["item"]), sample), values
