"""What the diffusion decoders of the family are made of."""

from dataclasses import dataclass

from glm_image.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class TrunkConfig:
    """What every decoder of the family is.

    Attributes:
        patch_size: Latent pixels per token along one side.
        in_channels: Latent channels that go in.
        out_channels: Latent channels of the velocity.
        num_layers: Number of blocks.
        attention_head_dim: Channels of one head, a multiple of 4.
        num_attention_heads: Number of heads; heads times head channels is the width.
        text_embed_dim: Channels of the text states.
        time_embed_dim: Channels of the conditioning vector, even.
        condition_dim: Channels of the embedding of one size or crop coordinate, even.

    Raises:
        ConfigError: A field does not fit the networks.
    """

    patch_size: int
    in_channels: int
    out_channels: int
    num_layers: int
    attention_head_dim: int
    num_attention_heads: int
    text_embed_dim: int
    time_embed_dim: int
    condition_dim: int

    def __post_init__(self) -> None:
        if self.attention_head_dim % 4:
            raise ConfigError(
                f"{self.attention_head_dim} is not a multiple of 4",
                field="attention_head_dim",
                hint="half of a head encodes the row, half the column, both in pairs",
            )
        even = {"time_embed_dim": self.time_embed_dim, "condition_dim": self.condition_dim}
        for field, value in even.items():
            if value % 2:
                raise ConfigError(f"{value} is odd", field=field, hint="sines need cosines")
        if self.num_layers < 1:
            raise ConfigError("at least one block is needed", field="num_layers")

    @property
    def width(self) -> int:
        """Channels of a token."""
        return self.num_attention_heads * self.attention_head_dim


@dataclass(frozen=True, kw_only=True)
class DiTConfig(TrunkConfig):
    """What the decoder of GLM-Image is.

    Attributes:
        prior_vq_quantizer_codebook_size: Number of semantic codes.
    """

    prior_vq_quantizer_codebook_size: int
