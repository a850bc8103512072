"""The recipe of the bundled model: every number of its training in one place."""

from dataclasses import dataclass, replace

from glm_image.data.mix import SceneMix
from glm_image.data.scene import PATTERNS
from glm_image.training.decoder import DecoderMix
from glm_image.training.generator import GeneratorMix
from glm_image.training.loop import RunConfig
from glm_image.training.optim import OptimConfig


@dataclass(frozen=True, kw_only=True)
class NanoRecipe:
    """Steps, batches and curricula of all parts.

    Attributes:
        seed: Seed of initial weights, data and noise.
        vae: Run of the autoencoder.
        vae_batch: Crops a step.
        vae_decoder: Run of the autoencoder's decoder with fixed latents.
        vae_decoder_scenes: What it learns from.
        tokenizer: Run of the image encoder and codebook.
        tokenizer_batch: Pictures a step.
        tokenizer_scenes: What it learns from.
        generator: Run of the generator.
        generator_batch: Sequences a step.
        generator_curriculum: Stages of the generator.
        decoder: Run of the decoder.
        decoder_batch: Pictures a step.
        decoder_curriculum: Stages of the decoder.
    """

    seed: int
    vae: RunConfig
    vae_batch: int
    vae_decoder: RunConfig
    vae_decoder_scenes: SceneMix
    tokenizer: RunConfig
    tokenizer_batch: int
    tokenizer_scenes: SceneMix
    generator: RunConfig
    generator_batch: int
    generator_curriculum: tuple[GeneratorMix, ...]
    decoder: RunConfig
    decoder_batch: int
    decoder_curriculum: tuple[DecoderMix, ...]

    def further(self) -> "NanoRecipe":
        """The same for networks that are trained already: the last stages from the first step."""
        return replace(
            self,
            generator_curriculum=(replace(self.generator_curriculum[-1], start=0),),
            decoder_curriculum=(replace(self.decoder_curriculum[-1], start=0),),
        )


def nano(
    *,
    scale: float = 1.0,
    batch: float = 1.0,
    device: str = "cpu",
    drawers: int = 0,
    seed: int = 0,
) -> NanoRecipe:
    """The recipe of the bundled model.

    Args:
        scale: Factor on the number of steps of every part.
        batch: Factor on the pictures of every step and process.
        device: Kind of device to train on.
        drawers: Processes that draw beside every training process.
        seed: Seed of everything.
    """

    def steps(count: int) -> int:
        return max(1, round(count * scale))

    def pictures(count: int) -> int:
        return max(1, round(count * batch))

    def run(count: int, optim: OptimConfig, save_every: int) -> RunConfig:
        return RunConfig(
            steps=steps(count),
            seed=seed,
            optim=optim,
            ema_decay=0.995,
            save_every=save_every,
            device=device,
            drawers=drawers,
        )

    return NanoRecipe(
        seed=seed,
        # Convolutions stay with AdamW; a higher rate loses the colours of flat areas.
        vae=run(3000, OptimConfig(lr=7e-4, matrix_lr=0.0), 300),
        vae_batch=pictures(16),
        vae_decoder=run(8500, OptimConfig(lr=7e-4, matrix_lr=0.0), 250),
        # Strokes of Chinese characters and of small letters are the finest things there are.
        vae_decoder_scenes=SceneMix(chinese=0.5, texts=(0.05, 0.35, 0.4, 0.2), large_text=0.15),
        tokenizer=run(5500, OptimConfig(lr=1.5e-3, matrix_lr=1.5e-3), 250),
        tokenizer_batch=pictures(24),
        # Two thousand Chinese characters have to be told apart, and the parts of a shape whose
        # cells show next to nothing of it.
        tokenizer_scenes=SceneMix(
            chinese=0.5, texts=(0.1, 0.35, 0.35, 0.2), shapes=(0.1, 0.4, 0.5)
        ),
        generator=run(31000, OptimConfig(lr=2e-3, matrix_lr=2e-3, decay=0.167), 250),
        generator_batch=pictures(32),
        generator_curriculum=(
            GeneratorMix(strips=1.0, rasters=0.5, previews=0.0),
            GeneratorMix(start=steps(2200), strips=0.3, rasters=1.0, previews=0.0, edits=0.6),
            GeneratorMix(
                start=steps(2500),
                batch_factor=0.5,
                strips=0.1,
                rasters=0.3,
                previews=1.0,
                edits=0.5,
            ),
            # What is left goes wrong where several texts are to be told apart and with characters
            # seen seldom: pictures with many letters for few cells.
            GeneratorMix(
                start=steps(10000),
                tokens=6000,
                repeats=0.35,
                strips=0.12,
                bands=0.3,
                rasters=0.15,
                previews=0.25,
                edits=0.25,
            ),
            # Also of edits: a letter that stays is copied from the source, one that is new from
            # the words.
            GeneratorMix(
                start=steps(10500),
                tokens=6000,
                repeats=0.35,
                strips=0.1,
                bands=0.22,
                rasters=0.15,
                previews=0.25,
                edits=0.2,
                band_edits=0.2,
            ),
            # Whole pictures and other sizes, in a wider grammar.
            GeneratorMix(
                start=steps(13000),
                tokens=6000,
                repeats=0.35,
                strips=0.08,
                bands=0.2,
                rasters=0.3,
                previews=0.17,
                edits=0.25,
                band_edits=0.2,
                scenes=SceneMix(other_sizes=0.2),
            ),
            # Translations are seen too seldom on whole pictures: edits of strips, by the hundred.
            GeneratorMix(
                start=steps(16500),
                tokens=6000,
                repeats=0.35,
                strips=0.05,
                bands=0.15,
                rasters=0.3,
                previews=0.2,
                edits=0.3,
                band_edits=0.15,
                word_edits=0.18,
                scenes=SceneMix(other_sizes=0.3),
            ),
            # Phrases of two words, titles, other sizes, and edits of shapes by the hundred.
            GeneratorMix(
                start=steps(19300),
                tokens=6000,
                repeats=0.35,
                strips=0.06,
                bands=0.25,
                rasters=0.25,
                previews=0.25,
                edits=0.3,
                band_edits=0.1,
                word_edits=0.08,
                shape_edits=0.15,
                scenes=SceneMix(other_sizes=0.35, designs=(0.57, 0.2, 0.08, 0.05, 0.1)),
            ),
            # Which of two things an instruction is about; texts of two lines, labels of steps.
            GeneratorMix(
                start=steps(20250),
                tokens=6000,
                repeats=0.35,
                strips=0.06,
                bands=0.28,
                rasters=0.12,
                previews=0.33,
                edits=0.3,
                band_edits=0.17,
                word_edits=0.08,
                shape_edits=0.25,
                scenes=SceneMix(other_sizes=0.35, designs=(0.51, 0.2, 0.08, 0.05, 0.16)),
            ),
            # Changes worded in more ways; which of several texts is to say something else.
            GeneratorMix(
                start=steps(23600),
                tokens=6000,
                repeats=0.35,
                strips=0.06,
                bands=0.2,
                rasters=0.12,
                previews=0.35,
                edits=0.35,
                band_edits=0.12,
                word_edits=0.05,
                text_edits=0.3,
                shape_edits=0.2,
                scenes=SceneMix(other_sizes=0.35, designs=(0.51, 0.2, 0.08, 0.05, 0.16)),
            ),
            # Drawings had lost what edits had won.
            GeneratorMix(
                start=steps(25300),
                tokens=6000,
                repeats=0.35,
                strips=0.05,
                bands=0.25,
                rasters=0.15,
                previews=0.6,
                edits=0.25,
                band_edits=0.08,
                word_edits=0.04,
                text_edits=0.15,
                shape_edits=0.1,
                scenes=SceneMix(other_sizes=0.35, designs=(0.51, 0.2, 0.08, 0.05, 0.16)),
            ),
            # Titles and diagrams are worded in more ways.
            GeneratorMix(
                start=steps(28500),
                tokens=6000,
                repeats=0.35,
                strips=0.05,
                bands=0.25,
                rasters=0.15,
                previews=0.65,
                edits=0.23,
                band_edits=0.08,
                word_edits=0.04,
                text_edits=0.12,
                shape_edits=0.08,
                scenes=SceneMix(other_sizes=0.35, designs=(0.42, 0.25, 0.07, 0.06, 0.2)),
            ),
        ),
        decoder=run(9800, OptimConfig(lr=2e-3, matrix_lr=2e-3, decay=0.27), 250),
        decoder_batch=pictures(4),
        decoder_curriculum=(
            DecoderMix(strips=1.0),
            DecoderMix(start=steps(600), strips=0.35),
            DecoderMix(start=steps(2000), strips=0.35, edits=0.35),
            # What goes wrong most with true codes: checkered backgrounds, whose squares had a new
            # size, and arrows, the smallest things there are.
            DecoderMix(
                start=steps(7020),
                strips=0.25,
                edits=0.3,
                scenes=SceneMix(
                    plain=0.4,
                    patterns=(*PATTERNS, "checkered", "checkered"),
                    designs=(0.56, 0.08, 0.1, 0.08, 0.18),
                ),
            ),
            DecoderMix(
                start=steps(8000),
                strips=0.3,
                edits=0.3,
                scenes=SceneMix(designs=(0.56, 0.08, 0.1, 0.08, 0.18), large_text=0.25),
            ),
        ),
    )
