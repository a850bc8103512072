"""The autoregressive generator: a GLM stack that writes images as rasters of semantic codes.

Legend: b batch, t tokens, d width, v output ids, n patches, p values per patch.

Ids below ``vision_vocab_size`` mean the same on the input and on the output: codes first, then
the image start and end markers, then a few unused ids. Positions, masks and caches belong to the
request and are passed in, so one generator serves many requests at once.

Source: GLM-Image technical blog; reference behaviour: transformers,
GlmImageForConditionalGeneration.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from glm_image.errors import ConfigError
from glm_image.layers.cache import KVCache
from glm_image.models.glm import GlmConfig, GlmModel
from glm_image.models.vit import VisionConfig, VisionTower
from glm_image.models.vq import SemanticQuantizer, VqConfig


@dataclass(frozen=True, kw_only=True)
class GeneratorConfig:
    """Shape of the generator.

    Args:
        text: The decoder stack.
        vision: The encoder of source images.
        vq: The quantizer of its features.
        image_start_token_id: Id that opens an image.
        image_end_token_id: Id that closes an image.
        image_token_id: Input id that holds the place of a source image's code.
    """

    text: GlmConfig
    vision: VisionConfig
    vq: VqConfig
    image_start_token_id: int
    image_end_token_id: int
    image_token_id: int

    def __post_init__(self) -> None:
        if self.vq.latent_channels != self.vision.hidden_size:
            raise ConfigError(
                f"{self.vq.latent_channels} differs from vision.hidden_size "
                f"{self.vision.hidden_size}",
                field="vq.latent_channels",
                hint="the quantizer reads the features of the vision tower",
            )
        markers = (self.image_start_token_id, self.image_end_token_id)
        if not all(self.num_codes <= marker < self.text.vision_vocab_size for marker in markers):
            raise ConfigError(
                f"start and end {markers} are not in "
                f"[{self.num_codes}, {self.text.vision_vocab_size})",
                field="image_start_token_id, image_end_token_id",
                hint="the markers follow the codes within the vision vocabulary",
            )
        if not self.text.vision_vocab_size <= self.image_token_id < self.text.vocab_size:
            raise ConfigError(
                f"{self.image_token_id} is not in "
                f"[{self.text.vision_vocab_size}, {self.text.vocab_size})",
                field="image_token_id",
                hint="the placeholder is a text id",
            )

    @property
    def num_codes(self) -> int:
        """Number of image codes; ids from 0 up to this are codes."""
        return self.vq.num_embeddings


class Generator(nn.Module):
    """Language model, head over the vision vocabulary, and the tokenizer of source images.

    Args:
        config: Shape of the generator.
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.language_model = GlmModel(config.text)
        self.visual = VisionTower(config.vision)
        self.vqmodel = SemanticQuantizer(config.vq)
        self.lm_head = nn.Linear(config.text.hidden_size, config.text.vision_vocab_size, bias=False)

    def tokenize_image(self, patches_bnp: Tensor, grid: tuple[int, int]) -> Tensor:
        """Turn images into codes.

        Args:
            patches_bnp: Flattened patches ``[B, h*w, C*p*p]``, see :class:`VisionTower`.
            grid: ``(h, w)`` in patches.

        Returns:
            Code ids ``[B, h*w]``, row-major.

        Raises:
            ShapeError: The patches do not fit the grid.
        """
        return self.vqmodel.encode(self.visual(patches_bnp, grid))

    def forward(
        self,
        ids_bt: Tensor,
        position_ids_3bt: Tensor,
        *,
        mask: Tensor | None = None,
        cache: KVCache | None = None,
    ) -> Tensor:
        """Run the language model over new tokens.

        Args:
            ids_bt: Input ids ``[B, T]``; source images are already codes.
            position_ids_3bt: Time, row and column positions ``[3, B, T]``.
            mask: Boolean ``[B, 1, T, S]``, True where attention is allowed; None is causal.
            cache: Keys and values of earlier tokens; the new ones are appended.

        Returns:
            Hidden states ``[B, T, D]``, to be passed to :meth:`logits`.

        Raises:
            ShapeError: The positions do not fit the tokens.
        """
        x_btd = self.language_model.embed_tokens(ids_bt)
        hidden_btd: Tensor = self.language_model(x_btd, position_ids_3bt, mask=mask, cache=cache)
        return hidden_btd

    def logits(self, hidden_btd: Tensor) -> Tensor:
        """Scores ``[..., V]`` in fp32 of the next id, over the vision vocabulary."""
        logits_btv: Tensor = self.lm_head(hidden_btd)
        return logits_btv.float()
