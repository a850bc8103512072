"""Diffusion decoder of CogView4: from latents and the states of a prompt to a velocity.

What it has of its own, beside the trunk that it shares with GLM-Image: a plain projection of the
prompt's states, positions that count from 0 to 255 whatever the size, the original size as a third
pair of numbers, a wider sinusoid for the timestep, and a control picture in its second half of
input channels.

Shape legend: b batch, c latent channels, h latent rows, w latent columns, n image tokens,
s text tokens, d channels, k numbers of sizes.

Source: CogView4, zai-org/CogView4; reference behaviour: diffusers, CogView4Transformer2DModel.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from glm_image.errors import ConfigError, ShapeError
from glm_image.models.dit_config import TrunkConfig
from glm_image.models.dit_ends import ImageProjector
from glm_image.models.dit_inputs import ReferenceCache, TextInputs, key_mask
from glm_image.models.dit_prepared import Prepared
from glm_image.models.dit_trunk import Trunk

_NUMBERS = 6
"""Original height and width, top and left of the crop, height and width."""


@dataclass(frozen=True, kw_only=True)
class CogView4Config(TrunkConfig):
    """What the decoder of CogView4 is.

    Attributes:
        rope_axes_dim: Positions that rows and columns are spread over.
        sample_size: Side in latent pixels of a picture whose size nobody names.
        pos_embed_max_size: Kept for the published file only.
    """

    rope_axes_dim: tuple[int, int]
    sample_size: int
    pos_embed_max_size: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.in_channels not in (self.out_channels, 2 * self.out_channels):
            raise ConfigError(
                f"got {self.in_channels} for {self.out_channels} of the velocity",
                field="in_channels",
                hint="as many as out_channels, or twice as many for a control picture",
            )
        if min(self.rope_axes_dim) < 1:
            raise ConfigError(f"got {self.rope_axes_dim}", field="rope_axes_dim")

    @property
    def takes_control(self) -> bool:
        """Whether half of the channels that go in are those of a control picture."""
        return self.in_channels != self.out_channels


@dataclass(frozen=True, kw_only=True, eq=False)
class CogView4Inputs(TextInputs):
    """What the decoder of CogView4 is told: a control picture in addition.

    Attributes:
        original_size_b2: Height and width in pixels ``[b, 2]`` that the picture is to seem to have
            been scaled from.
        control_bchw: Latents of the control picture ``[b, c, h, w]``; None if there is none.
    """

    original_size_b2: Tensor
    control_bchw: Tensor | None = None

    @property
    def sizes_bk(self) -> Tensor:
        """The numbers that are embedded, in the order that the weights were trained with."""
        return torch.cat((self.original_size_b2, self.crop_b2, self.target_size_b2), dim=1)


class CogView4DiT(Trunk):
    """The decoder of CogView4."""

    config: CogView4Config

    def __init__(self, config: CogView4Config) -> None:
        super().__init__()
        self.config = config
        self.image_projector = ImageProjector(config)
        self.text_projector = nn.Linear(config.text_embed_dim, config.width)
        self._grow(config, time_features=config.width, numbers=_NUMBERS)

    @property
    def noisy_channels(self) -> int:
        """Latent channels that carry the picture."""
        return self.config.out_channels

    def prepare(
        self,
        inputs: TextInputs,
        rows: int,
        columns: int,
        *,
        references: ReferenceCache | None = None,
    ) -> Prepared:
        """Project the prompt and the control picture; see :meth:`Trunk.prepare`."""
        if not isinstance(inputs, CogView4Inputs) or references is not None:
            raise ShapeError(
                f"got {type(inputs).__name__}, references: {references is not None}",
                field="inputs",
                hint="CogView4 takes a prompt and sizes, and no reference pictures",
            )
        text_bsd: Tensor = self.text_projector(inputs.glyph_bsd)
        return Prepared(
            prior_bnd=self._project_control(inputs, rows, columns, text_bsd.dtype),
            glyph_bsd=text_bsd,
            rope=self._rope(rows, columns, text_bsd.shape[1], text_bsd.device),
            mask=key_mask(inputs, None, rows * columns),
            references=None,
            rows=rows,
            columns=columns,
        )

    def embed(self, latents_bchw: Tensor) -> Tensor:
        """Image tokens ``[b, n, d]`` of noisy latents, as if the control picture were zero."""
        extra = self.config.in_channels - self.noisy_channels
        tokens_bnd: Tensor = self.image_projector(F.pad(latents_bchw, (0, 0, 0, 0, 0, extra)))
        return tokens_bnd

    def _project_control(
        self, inputs: CogView4Inputs, rows: int, columns: int, dtype: torch.dtype
    ) -> Tensor:
        """What the control picture adds to the image tokens, the same at every step.

        The projection is linear, so its channels can be projected apart; the bias is counted with
        the noisy latents.
        """
        control_bchw, p = inputs.control_bchw, self.config.patch_size
        shape = (inputs.batch, self.noisy_channels, rows * p, columns * p)
        if (control_bchw is not None) != self.config.takes_control:
            raise ShapeError(
                "it is missing" if control_bchw is None else "this decoder takes none",
                field="control_bchw",
            )
        if control_bchw is None:
            zero_bnd = inputs.glyph_bsd.new_zeros((), dtype=dtype)
            return zero_bnd.expand(inputs.batch, rows * columns, self.config.width)
        if tuple(control_bchw.shape) != shape:
            raise ShapeError(
                f"got {list(control_bchw.shape)}, expected {list(shape)}",
                field="control_bchw",
                hint="the control picture has the size of the picture",
            )
        extra = self.config.in_channels - self.noisy_channels
        padded_bchw = F.pad(control_bchw.to(dtype), (0, 0, 0, 0, extra, 0))
        projected_bnd: Tensor = self.image_projector(padded_bchw)
        bias_bnd: Tensor = self.image_projector(torch.zeros_like(padded_bchw[:1]))
        return projected_bnd - bias_bnd

    def _rows_and_columns(self, rows: int, columns: int, device: torch.device) -> list[Tensor]:
        """Positions spread over the axes of training and rounded down."""
        return [
            (torch.arange(count, device=device) * axis // count).float()
            for count, axis in zip((rows, columns), self.config.rope_axes_dim, strict=True)
        ]
