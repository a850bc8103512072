"""Parts of a checkpoint: what a process needs that does only some of the work.

What is left out is emptied after the outline was read and before the weights are, so that it costs
neither memory nor reading. Configurations stay: they say what the model can do.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from torch import nn

from glm_image.errors import InputError


class LeftOut(nn.ModuleList):
    """Stands where layers were that this process does not need; it holds none."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some of the networks of a checkpoint.

    Args:
        name: What it is for.
        without: Networks by field of the components, with the layers that are left out; an empty
            tuple leaves all of them out.
    """

    name: str
    without: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def reduce(self, components: object) -> None:
        """Empty what is not needed, in place.

        Args:
            components: Networks without memory, as :func:`.published.outline` gives them.

        Raises:
            InputError: There is no such network.
        """
        for name, layers in self.without.items():
            network = vars(components).get(name)
            if not isinstance(network, nn.Module):
                raise InputError(f"there is no network {name!r}", field="part")
            for layer in layers or [child for child, _ in network.named_children()]:
                setattr(network, layer, LeftOut())


WHOLE = Part(name="whole")
WRITING = Part(name="writing", without={"dit": (), "vae": (), "glyph_encoder": ()})
"""Writes pictures as codes, and reads sources as codes."""

PAINTING = Part(name="painting", without={"generator": ("language_model", "lm_head")})
"""Paints pictures from codes, and reads sources as codes; writes none."""


def left_out(network: nn.Module) -> Iterator[str]:
    """Beginnings of the names of weights that are not to be read."""
    for name, layer in network.named_modules():
        if isinstance(layer, LeftOut):
            yield f"{name}."
