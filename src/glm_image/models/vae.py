"""Autoencoder between RGB images and latents of an eighth of their size.

Shape legend: b batch, c channels, h height, w width. Images are RGB in [-1, 1]. "Raw" latents are
what the encoder gives; "model space" latents are normalised per channel and are what the diffusion
decoder works on.

Source: Rombach et al. 2022, section 3.1; reference behaviour: diffusers, AutoencoderKL without
attention in the middle and without quantisation convolutions.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from glm_image.errors import ConfigError, ShapeError

_EPS = 1e-6
# Limits of the log-variance: exp(10) and exp(-15) as standard deviations, far beyond real ones.
_LOGVAR_MIN, _LOGVAR_MAX = -30.0, 20.0


@dataclass(frozen=True, kw_only=True)
class VaeConfig:
    """What an autoencoder is.

    ``scaling_factor``, ``sample_size`` and ``force_upcast`` belong to the published file and have
    no effect on the computation: latents are normalised with ``latents_mean`` and ``latents_std``.

    Attributes:
        in_channels: Image channels that go in.
        out_channels: Image channels that come out.
        latent_channels: Channels of the latent.
        block_out_channels: Channels of each level, finest first; every level but the last halves
            the sides.
        layers_per_block: Residual blocks per encoder level; decoder levels have one more.
        norm_num_groups: Groups of every group normalisation.
        sample_size: Side in pixels of the training images.
        latents_mean: Mean of the raw latents, one value per latent channel.
        latents_std: Standard deviation of the raw latents, one value per latent channel.
        scaling_factor: Kept for the published file only.
        force_upcast: Kept for the published file only.

    Raises:
        ConfigError: Fields contradict each other.
    """

    in_channels: int
    out_channels: int
    latent_channels: int
    block_out_channels: tuple[int, ...]
    layers_per_block: int
    norm_num_groups: int
    sample_size: int
    latents_mean: tuple[float, ...]
    latents_std: tuple[float, ...]
    scaling_factor: float
    force_upcast: bool

    def __post_init__(self) -> None:
        for channels in self.block_out_channels:
            if channels % self.norm_num_groups:
                raise ConfigError(
                    f"{channels} channels do not split into {self.norm_num_groups} groups",
                    field="block_out_channels",
                    hint="make every entry a multiple of norm_num_groups",
                )
        statistics = {"latents_mean": self.latents_mean, "latents_std": self.latents_std}
        for field, values in statistics.items():
            if len(values) != self.latent_channels:
                raise ConfigError(
                    f"{len(values)} values for {self.latent_channels} latent channels",
                    field=field,
                    hint="give one value per latent channel",
                )
        if min(self.latents_std) <= 0:
            raise ConfigError("a standard deviation is not positive", field="latents_std")

    @property
    def downscale(self) -> int:
        """Image pixels per latent pixel along one side."""
        return int(2 ** (len(self.block_out_channels) - 1))


class ResidualBlock(nn.Module):
    """Two normalised 3x3 convolutions beside a shortcut; keeps height and width."""

    def __init__(self, in_channels: int, out_channels: int, groups: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, in_channels, eps=_EPS)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.norm2 = nn.GroupNorm(groups, out_channels, eps=_EPS)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.conv_shortcut = (
            nn.Conv2d(in_channels, out_channels, 1) if in_channels != out_channels else None
        )

    def forward(self, x_bchw: Tensor) -> Tensor:
        """Map ``[b, in_channels, h, w]`` to ``[b, out_channels, h, w]``."""
        hidden_bchw: Tensor = self.conv1(F.silu(self.norm1(x_bchw)))
        hidden_bchw = self.conv2(F.silu(self.norm2(hidden_bchw)))
        if self.conv_shortcut is not None:
            x_bchw = self.conv_shortcut(x_bchw)
        return x_bchw + hidden_bchw


class Downsample(nn.Module):
    """Halve the sides with a strided convolution padded on the right and the bottom only."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x_bchw: Tensor) -> Tensor:
        """Map ``[b, c, h, w]`` to ``[b, c, h / 2, w / 2]``."""
        out_bchw: Tensor = self.conv(F.pad(x_bchw, (0, 1, 0, 1)))
        return out_bchw


class Upsample(nn.Module):
    """Double the sides by repetition, then convolve."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x_bchw: Tensor) -> Tensor:
        """Map ``[b, c, h, w]`` to ``[b, c, 2 h, 2 w]``."""
        out_bchw: Tensor = self.conv(F.interpolate(x_bchw, scale_factor=2.0, mode="nearest"))
        return out_bchw


def _stack(in_channels: int, out_channels: int, layers: int, groups: int) -> nn.ModuleList:
    """Residual blocks of one level; the first one changes the channels."""
    widths = [in_channels] + [out_channels] * (layers - 1)
    return nn.ModuleList(ResidualBlock(width, out_channels, groups) for width in widths)


class DownLevel(nn.Module):
    """Residual blocks of one encoder level, then half the sides unless it is the last level."""

    def __init__(
        self, in_channels: int, out_channels: int, layers: int, groups: int, *, last: bool
    ) -> None:
        super().__init__()
        self.resnets = _stack(in_channels, out_channels, layers, groups)
        self.downsamplers = nn.ModuleList([] if last else [Downsample(out_channels)])

    def forward(self, x_bchw: Tensor) -> Tensor:
        """Map ``[b, in_channels, h, w]`` to ``[b, out_channels, h', w']``."""
        for block in (*self.resnets, *self.downsamplers):
            x_bchw = block(x_bchw)
        return x_bchw


class UpLevel(nn.Module):
    """Residual blocks of one decoder level, then double sides unless it is the last level."""

    def __init__(
        self, in_channels: int, out_channels: int, layers: int, groups: int, *, last: bool
    ) -> None:
        super().__init__()
        self.resnets = _stack(in_channels, out_channels, layers, groups)
        self.upsamplers = nn.ModuleList([] if last else [Upsample(out_channels)])

    def forward(self, x_bchw: Tensor) -> Tensor:
        """Map ``[b, in_channels, h, w]`` to ``[b, out_channels, h', w']``."""
        for block in (*self.resnets, *self.upsamplers):
            x_bchw = block(x_bchw)
        return x_bchw


class MidLevel(nn.Module):
    """Two residual blocks at the coarsest level."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.resnets = _stack(channels, channels, 2, groups)

    def forward(self, x_bchw: Tensor) -> Tensor:
        """Map ``[b, c, h, w]`` to the same shape."""
        for block in self.resnets:
            x_bchw = block(x_bchw)
        return x_bchw


class Encoder(nn.Module):
    """Image to the mean and log-variance of its latent, stacked on channels."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        widths, groups = config.block_out_channels, config.norm_num_groups
        self.conv_in = nn.Conv2d(config.in_channels, widths[0], 3, padding=1)
        self.down_blocks = nn.ModuleList(
            DownLevel(before, width, config.layers_per_block, groups, last=i == len(widths) - 1)
            for i, (before, width) in enumerate(zip(widths[:1] + widths, widths, strict=False))
        )
        self.mid_block = MidLevel(widths[-1], groups)
        self.conv_norm_out = nn.GroupNorm(groups, widths[-1], eps=_EPS)
        self.conv_out = nn.Conv2d(widths[-1], 2 * config.latent_channels, 3, padding=1)

    def forward(self, x_bchw: Tensor) -> Tensor:
        """Map ``[b, 3, h, w]`` to ``[b, 2 latent_channels, h / 8, w / 8]``."""
        x_bchw = self.conv_in(x_bchw)
        for level in self.down_blocks:
            x_bchw = level(x_bchw)
        x_bchw = F.silu(self.conv_norm_out(self.mid_block(x_bchw)))
        moments_bchw: Tensor = self.conv_out(x_bchw)
        return moments_bchw


class Decoder(nn.Module):
    """Raw latent to image."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        widths, groups = config.block_out_channels[::-1], config.norm_num_groups
        layers = config.layers_per_block + 1
        self.conv_in = nn.Conv2d(config.latent_channels, widths[0], 3, padding=1)
        self.mid_block = MidLevel(widths[0], groups)
        self.up_blocks = nn.ModuleList(
            UpLevel(before, width, layers, groups, last=i == len(widths) - 1)
            for i, (before, width) in enumerate(zip(widths[:1] + widths, widths, strict=False))
        )
        self.conv_norm_out = nn.GroupNorm(groups, widths[-1], eps=_EPS)
        self.conv_out = nn.Conv2d(widths[-1], config.out_channels, 3, padding=1)

    def forward(self, z_bchw: Tensor) -> Tensor:
        """Map ``[b, latent_channels, h / 8, w / 8]`` to ``[b, 3, h, w]``."""
        x_bchw = self.mid_block(self.conv_in(z_bchw))
        for level in self.up_blocks:
            x_bchw = level(x_bchw)
        image_bchw: Tensor = self.conv_out(F.silu(self.conv_norm_out(x_bchw)))
        return image_bchw


class Vae(nn.Module):
    """The autoencoder: images in [-1, 1] to latents and back.

    Runs in the memory format of its input and weights, so ``.to(memory_format=channels_last)``
    carries through. fp16 overflows with the published weights; use bf16 or fp32.
    """

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)

    def encode_moments(self, x_bchw: Tensor) -> tuple[Tensor, Tensor]:
        """Give mean and log-variance of the raw latent.

        Args:
            x_bchw: Images ``[b, 3, h, w]`` in [-1, 1], sides multiples of ``config.downscale``.

        Returns:
            Two tensors ``[b, latent_channels, h / 8, w / 8]``; the second is clamped to [-30, 20].

        Raises:
            ShapeError: A side is not a multiple of ``config.downscale``.
        """
        height, width = x_bchw.shape[-2:]
        step = self.config.downscale
        if height % step or width % step:
            raise ShapeError(
                f"{width}x{height} pixels do not divide by {step}",
                field="x_bchw",
                hint=f"resize or crop the image to multiples of {step}",
            )
        mean_bchw, logvar_bchw = self.encoder(x_bchw).chunk(2, dim=1)
        return mean_bchw, torch.clamp(logvar_bchw, _LOGVAR_MIN, _LOGVAR_MAX)

    def encode(self, x_bchw: Tensor) -> Tensor:
        """Give the most likely raw latent; arguments and errors as :meth:`encode_moments`."""
        return self.encode_moments(x_bchw)[0]

    def decode(self, z_bchw: Tensor) -> Tensor:
        """Draw images ``[b, 3, 8 h, 8 w]``, roughly in [-1, 1], from raw latents."""
        image_bchw: Tensor = self.decoder(z_bchw)
        return image_bchw

    def normalize(self, z_bchw: Tensor) -> Tensor:
        """Move raw latents to model space, where every channel has mean 0 and deviation 1."""
        mean, std = self._statistics(z_bchw)
        return (z_bchw - mean) / std

    def denormalize(self, z_bchw: Tensor) -> Tensor:
        """Move latents from model space to raw; the inverse of :meth:`normalize`."""
        mean, std = self._statistics(z_bchw)
        return z_bchw * std + mean

    def _statistics(self, like_bchw: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation of the raw latents as ``[1, c, 1, 1]``."""
        pair = torch.tensor(
            (self.config.latents_mean, self.config.latents_std),
            dtype=like_bchw.dtype,
            device=like_bchw.device,
        )
        mean, std = pair[:, None, :, None, None]
        return mean, std
