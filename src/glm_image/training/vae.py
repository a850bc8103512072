"""Training of the autoencoder."""

import random

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from glm_image.data.draw import Pixels, render
from glm_image.data.layout import sample_scene
from glm_image.data.mix import SceneMix
from glm_image.data.scene import CELL
from glm_image.errors import ConfigError
from glm_image.models.vae import Vae
from glm_image.training.loop import Metrics, Task
from glm_image.training.seeds import seeded

_HELD_OUT = 7_001
_FIRST_LOGVAR = -6.0


def pictures(rng: torch.Generator, count: int, mix: SceneMix) -> Tensor:
    """Drawn pictures in [-1, 1], ``[count, 3, 32 * rows, 32 * columns]``."""
    source = random.Random(int(torch.randint(2**62, (1,), generator=rng)))
    images = [render(sample_scene(source, mix)) for _ in range(count)]
    return to_tensor(np.stack(images))


def to_tensor(images: Pixels) -> Tensor:
    """uint8 ``[B, H, W, 3]`` to fp32 ``[B, 3, H, W]`` in [-1, 1]."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1


def to_images(x_bchw: Tensor) -> Pixels:
    """[-1, 1] ``[B, 3, H, W]`` to uint8 ``[B, H, W, 3]``."""
    x_bhwc = (x_bchw.float() * 127.5 + 127.5).round().clamp(0, 255).permute(0, 2, 3, 1)
    pixels: Pixels = x_bhwc.byte().cpu().numpy()
    return pixels


def initialise(vae: Vae) -> None:
    """Start values of an autoencoder that is trained from scratch.

    Convolutions keep the size of their input and have no bias: group normalisation hides the
    colour of a flat area behind constant offsets. The posterior starts narrow, because noise as
    strong as an untrained latent would hide it.
    """
    for module in vae.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, std=module.weight[0].numel() ** -0.5)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    bias = vae.encoder.conv_out.bias
    if bias is None:
        raise ConfigError("the encoder's last convolution has no bias", field="vae")
    nn.init.constant_(bias.data[vae.config.latent_channels :], _FIRST_LOGVAR)


class VaeTask(Task[Tensor]):
    """Reconstruct crops: absolute error, error of the gradients, a light pull to the normal.

    Source: Kingma & Welling 2014 for the objective; the gradient term keeps edges of letters.

    Args:
        vae: Autoencoder to train; with a frozen encoder the latents stay what they are.
        batch: Crops a step and process.
        crop: Side of a crop in pixels, a multiple of 8.
        kl: Weight of the divergence from the standard normal, per latent element.
        scenes: What the pictures show; validation keeps to the default.
    """

    def __init__(
        self,
        vae: Vae,
        *,
        batch: int = 32,
        crop: int = 64,
        kl: float = 1e-5,
        scenes: SceneMix | None = None,
    ) -> None:
        super().__init__()
        self.vae = vae
        self.batch, self.crop, self.kl = batch, crop, kl
        self.scenes = scenes or SceneMix()

    @property
    def drawn_from(self) -> str:
        """See :meth:`Task.drawn_from`."""
        return f"{self.batch} crops of {self.crop} pixels, {self.scenes}"

    def draw(self, rng: random.Random, step: int) -> Tensor:
        """Crops of fresh pictures, most of them around a thing, uint8 ``[B, H, W, 3]``."""
        return torch.from_numpy(np.stack([self._crop(rng) for _ in range(self.batch)]))

    def forward(self, batch: Tensor, rng: torch.Generator) -> tuple[Tensor, Metrics]:
        """Loss on crops; see :meth:`Task.forward`."""
        device = next(self.vae.parameters()).device
        x = to_tensor(batch.numpy()).to(device, memory_format=torch.channels_last)
        mean, logvar = self.vae.encode_moments(x)
        mean, logvar = mean.float(), logvar.float()
        noise = torch.randn(mean.shape, generator=rng).to(mean)
        y = self.vae.decode(mean + torch.exp(0.5 * logvar) * noise).float()
        error = F.l1_loss(y, x)
        edges = sum(F.l1_loss(y.diff(dim=d), x.diff(dim=d)) for d in (2, 3))
        divergence = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).mean()
        loss = error + edges + self.kl * divergence
        return loss, {"l1": float(error.detach()), "kl": float(divergence.detach())}

    def _crop(self, rng: random.Random) -> Pixels:
        scene = sample_scene(rng, self.scenes)
        image = render(scene)
        things = [line.box for line in scene.texts]
        if not things or rng.random() < 0.3:
            things += [box for group in scene.shapes for box in group.boxes]
        top, left = (rng.randrange(side - self.crop + 1) for side in image.shape[:2])
        if things and rng.random() < 0.85:
            row, column = rng.choice([*rng.choice(things).cells()])
            shift = self.crop - CELL
            top = row * CELL - rng.randint(0, shift)
            left = column * CELL - rng.randint(0, shift)
        top = min(max(top, 0), image.shape[0] - self.crop)
        left = min(max(left, 0), image.shape[1] - self.crop)
        return image[top : top + self.crop, left : left + self.crop]

    def validate(self) -> Metrics:
        """Peak signal-to-noise ratio in dB of whole held-out pictures."""
        x, y = self._reconstruct(16)
        error = (x - y).square().mean(dim=(1, 2, 3)) / 4
        return {"psnr": float((-10 * error.log10()).mean())}

    def samples(self) -> Image.Image:
        """Originals above, reconstructions below."""
        x, y = self._reconstruct(6)
        rows = [np.concatenate(list(to_images(part)), axis=1) for part in (x, y)]
        return Image.fromarray(np.concatenate(rows, axis=0))

    def _reconstruct(self, count: int) -> tuple[Tensor, Tensor]:
        x = pictures(seeded(_HELD_OUT), count, SceneMix())
        x = x.to(next(self.vae.parameters()).device)
        return x, self.vae.decode(self.vae.encode(x)).float().clamp(-1, 1)

    @torch.no_grad()
    def statistics(self, count: int = 256) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation of the raw latents, per channel, over drawn pictures."""
        device = next(self.vae.parameters()).device
        batches = [pictures(seeded(_HELD_OUT, k), 16, SceneMix()) for k in range(count // 16)]
        latents = torch.cat([self.vae.encode(x.to(device)) for x in batches])
        return (
            tuple(latents.mean(dim=(0, 2, 3)).tolist()),
            tuple(latents.std(dim=(0, 2, 3)).tolist()),
        )
