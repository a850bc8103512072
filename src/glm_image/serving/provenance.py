"""What a picture file says about where it comes from: its labels, and its signature."""

import importlib.util
import io
import json
from dataclasses import dataclass
from typing import Any

from PIL import Image as PilImage

from glm_image.errors import GlmImageError, InputError
from glm_image.serving import labels
from glm_image.serving.c2pa import read_manifest
from glm_image.serving.labels import Label
from glm_image.serving.records import OutputFormat


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What a file says.

    Args:
        label: The labels of a service such as this one.
        manifest: Its signed manifest, with its state of validation; None if it has none.
        notes: What could not be looked at.
    """

    label: Label
    manifest: dict[str, Any] | None = None
    notes: tuple[str, ...] = ()


def look(data: bytes) -> Provenance:
    """What a picture file says about itself; blocks.

    Nothing is fetched: a manifest that lies elsewhere counts as none.

    Args:
        data: A PNG, JPEG or WebP.

    Raises:
        InputError: It is no such picture.
    """
    kind = _kind(data)
    notes: list[str] = []
    try:
        label = _sound(labels.read(data))
    # Other programs write other things under the same names.
    except InputError as error:
        label = Label()
        notes.append(error.message)
    except (ValueError, RecursionError) as error:
        label = Label()
        notes.append(f"the labels are damaged: {type(error).__name__}")
    manifest: dict[str, Any] | None = None
    if importlib.util.find_spec("c2pa") is None:
        notes.append("signatures were not looked at: pip install 'glm-image[label]'")
    else:
        try:
            manifest = read_manifest(data, kind)
        except GlmImageError as error:
            notes.append(error.message)
    return Provenance(label=label, manifest=manifest, notes=tuple(notes))


def _sound(label: Label) -> Label:
    """The same label, if it can be sent as JSON.

    Raises:
        ValueError: It holds numbers or characters that JSON has not.
    """
    parameters = None if label.parameters is None else dict(label.parameters)
    hidden = None if label.hidden is None else vars(label.hidden)
    json.dumps([parameters, hidden], ensure_ascii=False, allow_nan=False).encode()
    if hidden is not None and not all(isinstance(value, str) for value in hidden.values()):
        raise ValueError("the hidden label has something else than texts")
    return label


def _kind(data: bytes) -> OutputFormat:
    try:
        with PilImage.open(io.BytesIO(data), formats=[one.value for one in OutputFormat]) as image:
            return OutputFormat[str(image.format)]
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(
            "the content is no picture", field="file", hint="use png, jpeg or webp"
        ) from error
