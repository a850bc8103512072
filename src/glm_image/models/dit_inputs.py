"""What the diffusion decoder is conditioned on.

Shape legend: b batch, s glyph tokens, n image tokens, r reference tokens, e glyph features,
h heads, d head channels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from glm_image.errors import ShapeError


def _check(field: str, value: Tensor | None, shape: tuple[int, ...]) -> None:
    """Refuse a tensor of another shape than ``shape``; None passes."""
    if value is not None and tuple(value.shape) != shape:
        raise ShapeError(
            f"got {list(value.shape)}, expected {list(shape)}",
            field=field,
            hint="all conditions of a batch share its size and token counts",
        )


def _check_mask(field: str, value: Tensor | None) -> None:
    """Refuse a mask that is not boolean: a 0/1 float would be added, not applied."""
    if value is not None and value.dtype is not torch.bool:
        raise ShapeError(f"got {value.dtype}, expected a boolean mask", field=field)


@dataclass(frozen=True, kw_only=True, eq=False)
class TextInputs:
    """What every decoder of the family is told, apart from the noise level.

    Attributes:
        glyph_bsd: States of the text encoder ``[b, s, e]``; ``s`` may be 0. GLM-Image's are those
            of its quoted texts, which gave the field its name.
        glyph_mask_bs: True for real text tokens ``[b, s]``; None if all are.
        target_size_b2: Height and width of the picture in pixels ``[b, 2]``.
        crop_b2: Top and left of the crop in pixels ``[b, 2]``.

    Raises:
        ShapeError: Shapes do not agree with each other, or a mask is not boolean.
    """

    glyph_bsd: Tensor
    glyph_mask_bs: Tensor | None
    target_size_b2: Tensor
    crop_b2: Tensor

    def __post_init__(self) -> None:
        if self.glyph_bsd.ndim != 3:
            raise ShapeError(
                f"got {list(self.glyph_bsd.shape)}, expected [batch, tokens, features]",
                field="glyph_bsd",
            )
        batch, glyphs, _ = self.glyph_bsd.shape
        _check("glyph_mask_bs", self.glyph_mask_bs, (batch, glyphs))
        _check("target_size_b2", self.target_size_b2, (batch, 2))
        _check("crop_b2", self.crop_b2, (batch, 2))
        _check_mask("glyph_mask_bs", self.glyph_mask_bs)

    @property
    def batch(self) -> int:
        """Number of pictures."""
        return len(self.glyph_bsd)

    @property
    def sizes_bk(self) -> Tensor:
        """The numbers that are embedded, in the order that the weights were trained with."""
        return torch.cat((self.crop_b2, self.target_size_b2), dim=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class DiTInputs(TextInputs):
    """What the decoder of GLM-Image is told: semantic codes in addition.

    Attributes:
        prior_ids_bn: Ids of the semantic codes ``[b, n]``, one per image token, row-major.
        prior_drop_bn: True where the prior is dropped ``[b, n]``; None if nowhere.

    Raises:
        ShapeError: Shapes do not agree with each other, or a mask is not boolean.
    """

    prior_ids_bn: Tensor
    prior_drop_bn: Tensor | None

    def __post_init__(self) -> None:
        if self.prior_ids_bn.ndim != 2:
            raise ShapeError(
                f"got {list(self.prior_ids_bn.shape)}, expected [batch, tokens]",
                field="prior_ids_bn",
                hint="flatten the grid of codes row by row",
            )
        batch, tokens = self.prior_ids_bn.shape
        if self.glyph_bsd.ndim == 3:
            _check("glyph_bsd", self.glyph_bsd, (batch, *self.glyph_bsd.shape[1:]))
        super().__post_init__()
        _check("prior_drop_bn", self.prior_drop_bn, (batch, tokens))
        _check_mask("prior_drop_bn", self.prior_drop_bn)


@dataclass(frozen=True, kw_only=True, eq=False)
class ReferenceCache:
    """Keys and values of reference images, for every block of the decoder.

    References are read by the target and never read it back, so they are encoded once and serve
    all steps. They carry no order: any permutation along the sequence gives the same picture.

    Attributes:
        keys: Per block ``[b, h, r, d]``, normalised and rotated.
        values: Per block ``[b, h, r, d]``.
        mask_br: True for tokens that are there ``[b, r]``; None if all are. A row may be all
            False: a sample without references.

    Raises:
        ShapeError: Keys, values and mask do not fit together.
    """

    keys: tuple[Tensor, ...]
    values: tuple[Tensor, ...]
    mask_br: Tensor | None = None

    def __post_init__(self) -> None:
        if not self.keys or len(self.keys) != len(self.values):
            raise ShapeError(
                f"{len(self.keys)} keys and {len(self.values)} values",
                field="keys",
                hint="give one pair per block",
            )
        if self.keys[0].ndim != 4:
            raise ShapeError(
                f"got {list(self.keys[0].shape)}, expected [batch, heads, tokens, channels]",
                field="keys",
            )
        shape = tuple(self.keys[0].shape)
        for key, value in zip(self.keys, self.values, strict=True):
            _check("keys", key, shape)
            _check("values", value, shape)
        _check("mask_br", self.mask_br, (shape[0], shape[2]))
        _check_mask("mask_br", self.mask_br)

    @property
    def batch(self) -> int:
        """Number of samples."""
        return self.keys[0].shape[0]

    @property
    def length(self) -> int:
        """Number of reference tokens of a sample, masked ones included."""
        return self.keys[0].shape[2]

    def block(self, index: int) -> tuple[Tensor, Tensor]:
        """Keys and values of one block of the decoder."""
        return self.keys[index], self.values[index]

    def full_mask(self) -> Tensor:
        """Give the mask ``[b, r]``, all True where none is stored."""
        if self.mask_br is not None:
            return self.mask_br
        return self.keys[0].new_ones((self.batch, self.length), dtype=torch.bool)

    @staticmethod
    def concatenate(caches: Sequence["ReferenceCache"]) -> "ReferenceCache":
        """Join several references of the same samples along the sequence.

        Args:
            caches: At least one cache; all of the same batch size and decoder.

        Raises:
            ShapeError: The list is empty or the caches do not belong together.
        """
        _check_group(caches, same_batch=True)
        if len(caches) == 1:
            return caches[0]
        masked = any(cache.mask_br is not None for cache in caches)
        return ReferenceCache(
            keys=_join([cache.keys for cache in caches], dim=2),
            values=_join([cache.values for cache in caches], dim=2),
            mask_br=torch.cat([cache.full_mask() for cache in caches], dim=1) if masked else None,
        )

    @staticmethod
    def stack(caches: Sequence["ReferenceCache | None"]) -> "ReferenceCache":
        """Join single samples into a batch; shorter ones are padded and masked.

        Args:
            caches: One entry per sample: a cache with ``batch == 1``, or None for a sample
                without references. At least one entry is a cache.

        Raises:
            ShapeError: There is no cache at all, one holds several samples, or they come from
                different decoders.
        """
        present = [cache for cache in caches if cache is not None]
        _check_group(present, same_batch=False)
        length = max(cache.length for cache in present)
        padded = [_pad(cache, length, like=present[0]) for cache in caches]
        whole = all(cache is not None and cache.length == length for cache in caches)
        unmasked = all(cache.mask_br is None for cache in present)
        return ReferenceCache(
            keys=_join([cache.keys for cache in padded], dim=0),
            values=_join([cache.values for cache in padded], dim=0),
            mask_br=None
            if whole and unmasked
            else torch.cat([cache.full_mask() for cache in padded], dim=0),
        )


def key_mask(inputs: TextInputs, references: ReferenceCache | None, tokens: int) -> Tensor | None:
    """Allowed keys ``[b, 1, 1, r + s + n]`` in the order reference, text, image; None if all are.

    Image tokens, of which there are ``tokens``, are never masked, so every query keeps a key.
    """
    reference_mask = None if references is None else references.mask_br
    if inputs.glyph_mask_bs is None and reference_mask is None:
        return None
    text_bsd, glyph_mask_bs = inputs.glyph_bsd, inputs.glyph_mask_bs
    if glyph_mask_bs is None:
        glyph_mask_bs = text_bsd.new_ones(text_bsd.shape[:2], dtype=torch.bool)
    parts = [glyph_mask_bs, text_bsd.new_ones((inputs.batch, tokens), dtype=torch.bool)]
    if references is not None:
        parts.insert(0, references.full_mask())
    return torch.cat(parts, dim=1)[:, None, None]


def _check_group(caches: Sequence[ReferenceCache], *, same_batch: bool) -> None:
    """Refuse caches that cannot be joined."""
    if not caches:
        raise ShapeError(
            "no reference to join", field="caches", hint="run the decoder with references=None"
        )
    blocks, (batch, heads, _, channels) = len(caches[0].keys), caches[0].keys[0].shape
    expected = (blocks, batch if same_batch else 1, heads, channels)
    for cache in caches:
        got = (len(cache.keys), cache.batch, cache.keys[0].shape[1], cache.keys[0].shape[3])
        if got != expected:
            raise ShapeError(
                f"(blocks, batch, heads, channels) is {got}, expected {expected}",
                field="caches",
                hint="join caches of one decoder; stack takes single samples",
            )


def _join(parts: Sequence[tuple[Tensor, ...]], *, dim: int) -> tuple[Tensor, ...]:
    """Concatenate the tensors of each block over all parts."""
    return tuple(torch.cat(tensors, dim=dim) for tensors in zip(*parts, strict=True))


def _pad(cache: ReferenceCache | None, length: int, *, like: ReferenceCache) -> ReferenceCache:
    """Extend one sample to ``length`` tokens with masked zeros; None becomes zeros only."""
    _, heads, _, channels = like.keys[0].shape
    have = 0 if cache is None else cache.length
    if cache is not None and have == length:
        return cache
    fill = like.keys[0].new_zeros((1, heads, length - have, channels))
    absent = torch.zeros((1, length - have), dtype=torch.bool, device=fill.device)
    blank = (fill,) * len(like.keys)
    padding = ReferenceCache(keys=blank, values=blank, mask_br=absent)
    return padding if cache is None else ReferenceCache.concatenate([cache, padding])
