"""A plan put into effect on loaded networks, from outside and in one fixed order.

1. Weights are quantised, which happens while they are read (:mod:`.quantize`).
2. Linear layers of one input become one layer (``fused``).
3. What is still a plain linear layer is packed for oneDNN, with the GELU behind it.
4. The autoencoder takes its memory format.
5. Weights go to where they wait (:mod:`.offload`).

Later steps take what earlier ones made. The fields that say how a loop runs (``hoisted``,
``packed``, ``graphs``, ``window`` and the approximations) change no network; the loops read them.
"""

from torch import nn

from glm_image.checkpoint.holdings import Holdings
from glm_image.execution import autoencoder, fused_dit, fused_glm, linear
from glm_image.execution.plan import ExecutionPlan, LinearBackend
from glm_image.models.dit_block import TwoLayer
from glm_image.models.generator import Generator


def apply(components: Holdings, plan: ExecutionPlan) -> None:
    """Change networks in place so that they run as planned.

    Args:
        components: Loaded, not to be trained any more.
        plan: Checked for the device, see :func:`glm_image.execution.auto.choose`.
    """
    # A text encoder reads a prompt once: there is nothing to win by fusing it.
    if plan.generator.fused and isinstance(components.language, Generator):
        fused_glm.fuse(components.language)
    if plan.decoder.fused:
        fused_dit.fuse(components.dit)
    if plan.generator.linear is LinearBackend.ONEDNN:
        pack(components.language)
    if plan.decoder.linear is LinearBackend.ONEDNN:
        pack(components.dit)
    autoencoder.prepare(components.vae, plan.autoencoder)


def pack(network: nn.Module) -> None:
    """Pack every plain linear layer; the memory of each is given back before the next."""
    for module in network.modules():
        if isinstance(module, TwoLayer):
            _pack_with_gelu(module)
    names = [name for name, one in network.named_modules() if type(one) is nn.Linear]
    for name in names:
        layer = network.get_submodule(name)
        if isinstance(layer, nn.Linear):
            linear.replace(network, name, linear.pack(layer))


def unpack(network: nn.Module) -> None:
    """Give every packed layer its plain form again, with the same bits."""
    for module in network.modules():
        if isinstance(module, TwoLayer):
            _unpack_with_gelu(module)
    names = [name for name, one in network.named_modules() if isinstance(one, linear.PackedLinear)]
    for name in names:
        layer = network.get_submodule(name)
        if isinstance(layer, linear.PackedLinear):
            linear.replace(network, name, layer.plain())


def _pack_with_gelu(layers: TwoLayer) -> None:
    first = layers.net[0]
    projection, activation = first.proj, first.activation
    if type(projection) is nn.Linear and isinstance(activation, nn.GELU):
        first.proj = linear.pack(projection, gelu=activation.approximate)
        first.activation = nn.Identity()


def _unpack_with_gelu(layers: TwoLayer) -> None:
    first = layers.net[0]
    projection = first.proj
    if isinstance(projection, linear.PackedLinear) and projection.gelu is not None:
        first.activation = nn.GELU(approximate=projection.gelu)
        first.proj = projection.plain()
