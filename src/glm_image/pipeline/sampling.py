"""From logits to a token, with the randomness handed in.

A request draws one uniform number per token before work starts; choosing a token is then pure
arithmetic: the nucleus is laid out from the most to the least likely token and the uniform number
points at one of them. So the same seed means the same choice on every device and in every batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

MAX_SEED = 2**64 - 1
"""Largest seed that a generator takes."""

_ALL_BUT_SIGN = 0x7FFFFFFF
_ID_BITS = 32


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """How one token is chosen. Values are checked where the request is read.

    Args:
        temperature: Divides the logits; 0 takes the most likely token.
        top_p: Share of probability in (0, 1] that may be chosen from.
        top_k: Most tokens that may be chosen from; None is all of them. Nothing is hidden here:
            the reference library takes 50 where a checkpoint does not say.
    """

    temperature: float
    top_p: float
    top_k: int | None = None

    def pick(self, logits_bv: Tensor, uniforms_b: Tensor) -> Tensor:
        """Choose one token per row.

        The temperature comes before the nucleus, as in the reference. A token stays if the tokens
        ahead of it hold less than ``top_p``; the first always stays.

        Source: Holtzman et al. 2020, section 3.1, with inverse-CDF sampling.

        Args:
            logits_bv: ``[B, V]`` fp32.
            uniforms_b: ``[B]`` fp32 in [0, 1).

        Returns:
            ``[B]`` int64.
        """
        if self.temperature == 0:
            return logits_bv.argmax(-1)
        scaled = logits_bv / self.temperature
        ranked, order = _rank(scaled)
        probabilities = ranked[:, : self.top_k].softmax(-1)
        cumulative = probabilities.cumsum(-1)
        last = (cumulative - probabilities < self.top_p).sum(-1, keepdim=True).clamp(min=1) - 1
        target = uniforms_b[:, None] * cumulative.gather(-1, last)
        index = torch.searchsorted(cumulative, target, right=True)
        return order.gather(-1, torch.minimum(index, last)).squeeze(-1)


def _rank(scores_bv: Tensor) -> tuple[Tensor, Tensor]:
    """Scores from the highest to the lowest, equal ones in order of their ids, and these ids.

    On a CPU numpy sorts whole numbers ten times as fast as torch sorts pairs. So score and id
    become one number: the score's bits, turned so that they rank like the score, above the id's.
    """
    if scores_bv.device.type != "cpu":
        return scores_bv.sort(dim=-1, descending=True, stable=True)
    # Zero minus zero is zero, so that both zeros get the same bits.
    bits_bv = (0.0 - scores_bv).view(torch.int32)
    above_bv = (bits_bv ^ ((bits_bv >> 31) & _ALL_BUT_SIGN)).to(torch.int64) << _ID_BITS
    keys_bv = (above_bv + _ids(scores_bv.shape[-1])).numpy()
    keys_bv.sort(axis=-1)
    order_bv = torch.from_numpy(keys_bv).bitwise_and_((1 << _ID_BITS) - 1)
    return scores_bv.gather(-1, order_bv), order_bv


@cache
def _ids(count: int) -> Tensor:
    return torch.arange(count)


@dataclass(frozen=True, kw_only=True)
class Draws:
    """All randomness of some pictures, on the CPU.

    Args:
        noise_pchw: ``[P, C, H/8, W/8]`` fp32, standard normal.
        uniforms_pn: ``[P, n]`` fp32, one number in [0, 1) per code to be written.
    """

    noise_pchw: Tensor
    uniforms_pn: Tensor


def draw(seeds: Sequence[int], shape: tuple[int, int, int], tokens: int) -> Draws:
    """Draw the randomness of every picture from a generator of its own.

    The noise comes first, so it depends on seed and size only, whoever writes the codes, and equals
    what other programs draw from a fresh CPU generator with this seed.

    Args:
        seeds: One per picture, from 0 to :data:`MAX_SEED`.
        shape: Channels, rows and columns of the latents.
        tokens: Codes to be written per picture.
    """
    noises, uniforms = [], []
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        noises.append(torch.randn(shape, generator=generator, dtype=torch.float32))
        uniforms.append(torch.rand(tokens, generator=generator, dtype=torch.float32))
    return Draws(noise_pchw=torch.stack(noises), uniforms_pn=torch.stack(uniforms))
