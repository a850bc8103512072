"""Feed-forward networks.

Legend: b batch, t tokens, d width.
"""

import torch.nn.functional as F
from torch import Tensor, nn


class GatedMLP(nn.Module):
    """SwiGLU with one fused projection: ``down(silu(gate) * up)``, no biases.

    The first half of ``gate_up_proj`` is the gate.

    Source: Shazeer 2020, GLU Variants Improve Transformer, equation 6; reference behaviour:
    transformers, GlmImageTextMLP.

    Args:
        dim: Input and output width.
        hidden_dim: Width of gate and up, each.
    """

    def __init__(self, dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.gate_up_proj = nn.Linear(dim, 2 * hidden_dim, bias=False)
        self.down_proj = nn.Linear(hidden_dim, dim, bias=False)

    def forward(self, x_btd: Tensor) -> Tensor:
        """Map ``[B, T, dim]`` to ``[B, T, dim]``."""
        gate, up = self.gate_up_proj(x_btd).chunk(2, dim=-1)
        out: Tensor = self.down_proj(F.silu(gate) * up)
        return out


class GeluMLP(nn.Module):
    """Two biased linear layers with the exact (erf) GELU between them.

    Source: Hendrycks & Gimpel 2016; reference behaviour: transformers, GlmImageVisionMLP.

    Args:
        dim: Input and output width.
        hidden_dim: Width between the layers.
    """

    def __init__(self, dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, dim)

    def forward(self, x_btd: Tensor) -> Tensor:
        """Map ``[B, T, dim]`` to ``[B, T, dim]``."""
        out: Tensor = self.fc2(F.gelu(self.fc1(x_btd)))
        return out
