"""One block of the diffusion decoder and the small networks around it.

Shape legend: b batch, s glyph tokens, n image tokens, l = s + n, r reference tokens, d channels,
t conditioning channels, h heads, k head channels.

Source: Peebles & Xie 2023, section 3.2 (adaptive layer normalisation); Esser et al. 2024,
section 4 (joint attention over text and image); reference behaviour: diffusers,
GlmImageTransformerBlock.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from glm_image.layers.attention import attend
from glm_image.layers.rope import rotate

EPS = 1e-5
"""Added to the variance by every layer normalisation."""

KeyValue = tuple[Tensor, Tensor]


def normalize(x: Tensor) -> Tensor:
    """Layer normalisation of the last axis without learned parameters."""
    return F.layer_norm(x, x.shape[-1:], eps=EPS)


def modulate(x_btd: Tensor, shift_b1d: Tensor, scale_b1d: Tensor) -> Tensor:
    """Normalise tokens, then scale by ``1 + scale`` and shift, per sample and channel."""
    return torch.addcmul(shift_b1d, normalize(x_btd), 1 + scale_b1d)


class _Activated(nn.Module):
    """A linear layer followed by an activation."""

    def __init__(self, in_features: int, out_features: int, activation: nn.Module) -> None:
        super().__init__()
        self.proj = nn.Linear(in_features, out_features)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.activation(self.proj(x))
        return out


class TwoLayer(nn.Module):
    """Linear, activation, linear on the last axis.

    Args:
        in_features: Channels that go in.
        hidden: Channels between the two linear layers.
        out_features: Channels that come out.
        activation: The module between them.
    """

    def __init__(
        self, in_features: int, hidden: int, out_features: int, activation: nn.Module
    ) -> None:
        super().__init__()
        # The published names count a dropout between the two layers; it never acts.
        self.net = nn.Sequential(
            _Activated(in_features, hidden, activation),
            nn.Identity(),
            nn.Linear(hidden, out_features),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[..., in_features]`` to ``[..., out_features]``."""
        out: Tensor = self.net(x)
        return out


class Modulation(nn.Module):
    """Shift, scale and gate of both sublayers and both streams, from the conditioning vector."""

    def __init__(self, condition: int, dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(condition, 12 * dim)

    def forward(self, condition_bt: Tensor) -> Tensor:
        """Give ``[sublayer 2, stream 2, kind 3, b, 1, d]``.

        Sublayers are attention and feed-forward, streams image and glyph, kinds shift, scale
        and gate.
        """
        batch = condition_bt.shape[0]
        chunks: Tensor = self.linear(condition_bt).view(batch, 2, 3, 2, 1, -1)
        return chunks.permute(1, 3, 2, 0, 4, 5)


class JointAttention(nn.Module):
    """Self-attention over glyph and image tokens, and over reference tokens if there are any."""

    def __init__(self, dim: int, heads: int, head_dim: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(dim, heads * head_dim)
        self.to_k = nn.Linear(dim, heads * head_dim)
        self.to_v = nn.Linear(dim, heads * head_dim)
        self.to_out = nn.ModuleList([nn.Linear(heads * head_dim, dim)])

    def heads_of(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give queries, keys and values ``[..., l, h, k]`` of tokens ``[..., l, d]``."""
        query, key, value = (
            layer(x).unflatten(-1, (self.heads, -1)) for layer in (self.to_q, self.to_k, self.to_v)
        )
        return query, key, value

    def project(self, x_bld: Tensor, rope: KeyValue) -> tuple[Tensor, Tensor, Tensor]:
        """Give queries, keys and values ``[b, h, l, k]``; queries and keys normed and rotated.

        Args:
            x_bld: Tokens of both streams.
            rope: Cosines and sines ``[l, k]``; 1 and 0 in the rows of tokens without a place.
        """
        query_bhlk, key_bhlk, value_bhlk = (part.transpose(1, 2) for part in self.heads_of(x_bld))
        query_bhlk = rotate(normalize(query_bhlk), *rope)
        return query_bhlk, rotate(normalize(key_bhlk), *rope), value_bhlk

    def read(
        self,
        query_bhlk: Tensor,
        key_bhlk: Tensor,
        value_bhlk: Tensor,
        *,
        references: KeyValue | None,
        mask: Tensor | None,
    ) -> Tensor:
        """Attend to references and own tokens.

        Args:
            query_bhlk: Queries ``[b, h, l, k]``.
            key_bhlk: Own keys.
            value_bhlk: Own values.
            references: Keys and values ``[b, h, r, k]`` put before the own ones.
            mask: Allowed keys ``[b, 1, 1, r + l]``; None if all are.

        Returns:
            ``[b, l, d]``.
        """
        if references is not None:
            key_bhlk = torch.cat((references[0].to(key_bhlk.dtype), key_bhlk), dim=2)
            value_bhlk = torch.cat((references[1].to(value_bhlk.dtype), value_bhlk), dim=2)
        out_bhlk = attend(query_bhlk, key_bhlk, value_bhlk, mask=mask)
        out_bld: Tensor = self.to_out[0](out_bhlk.transpose(1, 2).flatten(2))
        return out_bld


class Block(nn.Module):
    """Joint attention and feed-forward over a glyph and an image stream.

    One set of weights serves both streams; only shift, scale and gate differ. So both run through
    every matrix together, as one sequence. The modulation is called apart from :meth:`forward`:
    it depends on the noise level alone and may be known long before the tokens.
    """

    def __init__(self, dim: int, heads: int, head_dim: int, condition: int) -> None:
        super().__init__()
        self.norm1 = Modulation(condition, dim)
        self.attn1 = JointAttention(dim, heads, head_dim)
        self.ff = TwoLayer(dim, 4 * dim, dim, nn.GELU(approximate="tanh"))

    def forward(
        self,
        image_bnd: Tensor,
        glyph_bsd: Tensor,
        modulation: Tensor,
        rope: KeyValue,
        *,
        references: KeyValue | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, KeyValue]:
        """Advance both streams by one block.

        Args:
            image_bnd: Image tokens.
            glyph_bsd: Glyph tokens; ``s`` may be 0.
            modulation: What ``norm1`` gives for the conditioning vector.
            rope: Cosines and sines ``[s + n, k]``, glyph rows first.
            references: Keys and values of reference tokens for this block.
            mask: Allowed keys ``[b, 1, 1, r + s + n]``.

        Returns:
            Image tokens, glyph tokens, and the keys and values of all own tokens.
        """
        attention, feed = modulation
        joint_bld = _merge(image_bnd, glyph_bsd, attention)
        query_bhlk, key_bhlk, value_bhlk = self.attn1.project(joint_bld, rope)
        joint_bld = self.attn1.read(
            query_bhlk, key_bhlk, value_bhlk, references=references, mask=mask
        )
        image_bnd, glyph_bsd = _add(image_bnd, glyph_bsd, joint_bld, attention)
        joint_bld = self.ff(_merge(image_bnd, glyph_bsd, feed))
        image_bnd, glyph_bsd = _add(image_bnd, glyph_bsd, joint_bld, feed)
        return image_bnd, glyph_bsd, (key_bhlk, value_bhlk)

    def keys_values(
        self, image_bnd: Tensor, glyph_bsd: Tensor, modulation: Tensor, rope: KeyValue
    ) -> KeyValue:
        """Give only the keys and values that :meth:`forward` would return."""
        joint_bld = _merge(image_bnd, glyph_bsd, modulation[0])
        _, key_bhlk, value_bhlk = self.attn1.project(joint_bld, rope)
        return key_bhlk, value_bhlk


def _merge(image_bnd: Tensor, glyph_bsd: Tensor, parts: Tensor) -> Tensor:
    """Modulate both streams and join them, glyph tokens first."""
    (shift_b1d, scale_b1d, _), (glyph_shift_b1d, glyph_scale_b1d, _) = parts
    image_bnd = modulate(image_bnd, shift_b1d, scale_b1d)
    if glyph_bsd.shape[1] == 0:
        return image_bnd
    return torch.cat((modulate(glyph_bsd, glyph_shift_b1d, glyph_scale_b1d), image_bnd), dim=1)


def _add(
    image_bnd: Tensor, glyph_bsd: Tensor, joint_bld: Tensor, parts: Tensor
) -> tuple[Tensor, Tensor]:
    """Split a sublayer's output and add it to both streams through their gates."""
    (_, _, gate_b1d), (_, _, glyph_gate_b1d) = parts
    glyphs = glyph_bsd.shape[1]
    image_bnd = torch.addcmul(image_bnd, joint_bld[:, glyphs:], gate_b1d)
    return image_bnd, torch.addcmul(glyph_bsd, joint_bld[:, :glyphs], glyph_gate_b1d)
