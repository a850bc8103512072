"""Names of weights here and in the published files, both ways.

A table has one row per module that is renamed; what follows the module's name stays. So the rows
of a table are few, and the map of all weights is a bijection by construction: a test proves it on
every network.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from glm_image.models.glyph_encoder import PUBLISHED_NAMES


@dataclass(frozen=True)
class KeyTable:
    """A two-way table of names.

    Args:
        rows: Pairs of a module's name here and in the published file. ``{i}`` in both stands for
            the same number; the empty name stands for the whole network.
        copies: Published names that repeat a weight under a second name, with the first name.
            They are read if the first is absent, and must be equal to it if it is there.
        unused: Published modules that no picture depends on; they are not read.
    """

    rows: Sequence[tuple[str, str]]
    copies: Mapping[str, str] = field(default_factory=dict)
    unused: Sequence[str] = ()

    def is_unused(self, name: str) -> bool:
        """Whether a published weight belongs to a module that is not read."""
        return any(re.fullmatch(_pattern(module), name) for module in self.unused)

    def to_published(self, name: str) -> str | None:
        """Published name of one of our weights; None if no row fits."""
        return _translate(name, self.rows)

    def to_ours(self, name: str) -> str | None:
        """Our name of a published weight; None if no row fits."""
        return _translate(name, [(published, ours) for ours, published in self.rows])


GENERATOR = KeyTable(
    rows=(
        ("language_model", "model.language_model"),
        ("visual", "model.visual"),
        ("vqmodel", "model.vqmodel"),
        ("lm_head", "lm_head"),
    )
)
"""The published file has one more level, ``model``, around all but the output head."""

DIT = KeyTable(rows=(("", ""),))
"""Names are the published ones."""

VAE = KeyTable(rows=(("", ""),))
"""Names are the published ones."""

COGVIEW4_DIT = KeyTable(
    rows=(
        ("image_projector.proj", "patch_embed.proj"),
        ("text_projector", "patch_embed.text_proj"),
        ("time_condition_embed", "time_condition_embed"),
        ("transformer_blocks", "transformer_blocks"),
        ("norm_out", "norm_out"),
        ("proj_out", "proj_out"),
    )
)
"""Both projections of the published network stand in one module; here each stands for itself."""

GLYPH_ENCODER = KeyTable(
    rows=tuple(PUBLISHED_NAMES.items()),
    copies={"encoder.embed_tokens.weight": "shared.weight"},
)
"""Published names are numbers within numbers; ours say what a layer does."""


def text_encoder(used_layers: int) -> KeyTable:
    """Names of a stack of GLM layers of which the last one and the norm behind it are not read."""
    return KeyTable(
        rows=(
            ("language_model.embed_tokens", "embed_tokens"),
            ("language_model.layers", "layers"),
        ),
        unused=(f"layers.{used_layers}", "norm"),
    )


def _translate(name: str, rows: Sequence[tuple[str, str]]) -> str | None:
    for source, target in rows:
        match = re.fullmatch(_pattern(source), name)
        if match is not None:
            groups = match.groupdict()
            return target.replace("{i}", groups.get("i", "")) + groups["rest"]
    return None


def _pattern(template: str) -> str:
    """A regular expression for the weights of the modules that a row names."""
    if not template:
        return r"(?P<rest>.+)"
    return re.escape(template).replace(r"\{i\}", r"(?P<i>\d+)") + r"(?P<rest>\..+)"
