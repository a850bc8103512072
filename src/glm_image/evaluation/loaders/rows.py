"""Rows of data files: JSON lines and tables, with an error that says which row is wrong."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from glm_image.errors import InputError

_T = TypeVar("_T")

Row = Mapping[str, Any]
"""Values by name."""


def json_lines(data: bytes, source: str) -> Iterator[tuple[str, Row]]:
    """Objects of a JSON lines file, each with its place for messages; blank lines do not count.

    Raises:
        InputError: A line is no JSON object.
    """
    for number, line in enumerate(_text(data, source).split("\n"), start=1):
        if line.strip():
            place = f"{source}:{number}"
            yield place, json_object(line, place)


def json_object(text: str | bytes, place: str) -> Row:
    """A JSON object.

    Raises:
        InputError: The text is none.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise InputError(f"not JSON: {error}", field=place) from error
    if not isinstance(content, dict):
        raise InputError(f"is {type(content).__name__}, expected an object", field=place)
    return content


def csv_rows(data: bytes, source: str, columns: tuple[str, ...]) -> Iterator[tuple[str, Row]]:
    """Rows of a table with a heading, each with its place for messages.

    Args:
        data: Content of the file.
        source: Its name, for messages.
        columns: Columns that must be there.

    Raises:
        InputError: A column is missing, or a row is longer or shorter than the heading.
    """
    reader = csv.DictReader(io.StringIO(_text(data, source), newline=""))
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing:
        raise InputError(f"has no column {', '.join(missing)}", field=source)
    try:
        for row in reader:
            place = f"{source}:{reader.line_num}"
            if None in row or None in row.values():
                raise InputError("has another number of cells than the heading", field=place)
            yield place, row
    except csv.Error as error:
        raise InputError(f"not a table: {error}", field=source) from error


def value(row: Row, name: str, kind: type[_T], place: str) -> _T:
    """A value of a row.

    Raises:
        InputError: It is missing or of another type.
    """
    found = row.get(name)
    if not isinstance(found, kind) or (isinstance(found, bool) and kind is not bool):
        raise InputError(f"{name!r} is {found!r}, expected {kind.__name__}", field=place)
    return found


def text_list(row: Row, name: str, place: str) -> tuple[str, ...]:
    """A list of texts of a row.

    Raises:
        InputError: It is missing or holds something else.
    """
    found = value(row, name, list, place)
    if not all(isinstance(one, str) for one in found):
        raise InputError(f"{name!r} holds more than texts", field=place)
    return tuple(found)


def _text(data: bytes, source: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8: {error}", field=source) from error
