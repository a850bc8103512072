"""Training of the bundled model, part by part, from nothing or from an exported checkpoint.

Every part is a run of its own in a folder of the workshop; a part that needs another one reads its
averaged weights, or those of the checkpoint that the workshop starts from. ``export`` puts them
together into a checkpoint in the published layout.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from glm_image.checkpoint import published
from glm_image.checkpoint.settings import SamplingDefaults
from glm_image.data import text_vocabulary
from glm_image.data.prompt_words import WORDING
from glm_image.data.vocabulary import meanings
from glm_image.image.size import SourceLimits
from glm_image.models import presets
from glm_image.models.dit import DiT
from glm_image.models.generator import Generator
from glm_image.models.glyph_encoder import GlyphEncoder
from glm_image.models.schedule_config import ScheduleConfig
from glm_image.models.vae import Vae
from glm_image.training import resume
from glm_image.training.decoder import DecoderTask, factorise_prior
from glm_image.training.factored import plain, refit
from glm_image.training.generator import GeneratorTask, factorise_tables
from glm_image.training.loop import Run
from glm_image.training.parallel import Ranks
from glm_image.training.recipe import NanoRecipe, nano
from glm_image.training.tokenizer import TokenizerTask, factorise_codebook
from glm_image.training.vae import VaeTask, initialise

SOURCE_LIMITS = SourceLimits(
    min_pixels=192**2,
    max_pixels=512**2,
    patch_size=16,
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
)
# Measured on pictures in phrasings of training, see docs/LOG.md.
SAMPLING = SamplingDefaults(temperature=0.5, top_p=1.0, top_k=text_vocabulary.VISION_VOCAB)

# Of initial weights, for the recipe's seed 0: what torch itself starts every process with.
_FIRST_SEED = 67280421310721

ABOUT: dict[str, object] = {
    "summary": "Posters, panels and small diagrams of 256x256 pixels, in English and Chinese.",
    "draws": [
        "backgrounds: plain, light, gradient, striped, dotted or checkered",
        "shapes: circle, ring, square, diamond, triangle, hexagon, heart, star; one to three, "
        "filled or outlined",
        "colours: red, orange, yellow, green, cyan, blue, purple, pink, brown, black, white, gray",
        "places: nine, from the top left corner to the bottom right, or beside another thing",
        "texts in quotation marks: up to ten letters, digits and signs, or up to eight of 2,020 "
        "Chinese characters; with or without serifs",
        "titles with a subtitle, halves and quarters, diagrams of three steps",
        "edits: recolour, move, resize, outline or fill, remove, add, change or translate a text, "
        "change the background, combine two pictures; two changes at once",
    ],
    "examples": [
        'a plain blue background, a big yellow star in the center, "HELLO" at the top in white',
        "红色背景的海报，上方写着“大海”，白色字，下方有三个小黄色星星",
    ],
    "words": " ".join(sorted(WORDING)),
    # Measured on held-out pictures from true codes, see docs/LOG.md.
    "guidance_scale": 2.2,
}


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """Where the bundled model is made.

    Attributes:
        folder: Holds one folder per part.
        recipe: Steps, batches and curricula of all parts.
        start: Checkpoint that every part starts from; None starts from nothing.
    """

    folder: Path
    recipe: NanoRecipe
    start: Path | None = None

    @cached_property
    def _begun(self) -> published.Components | None:
        """The networks that the workshop starts from."""
        if self.start is None:
            return None
        return published.load(self.start, dtype=torch.float32, device=torch.device("cpu"))

    def vae(self) -> Run:
        """The run of the autoencoder."""
        with _seeded(self.recipe.seed):
            vae = _channels_last(Vae(presets.nano_vae()))
            initialise(vae)
        self._take_over(vae, "vae")
        task = VaeTask(vae, batch=self.recipe.vae_batch)
        return Run(task, self.recipe.vae, self.folder / "vae")

    def vae_decoder(self) -> Run:
        """The run of the autoencoder's decoder: the latents stay, their pictures get sharper."""
        vae = self._autoencoder()
        vae.encoder.requires_grad_(False)
        task = VaeTask(vae, batch=self.recipe.vae_batch, scenes=self.recipe.vae_decoder_scenes)
        return Run(task, self.recipe.vae_decoder, self.folder / "vae-decoder")

    def tokenizer(self) -> Run:
        """The run of the image encoder and its codebook."""
        generator = self._encoder()
        task = TokenizerTask(
            generator,
            SOURCE_LIMITS,
            batch=self.recipe.tokenizer_batch,
            scenes=self.recipe.tokenizer_scenes,
        )
        return Run(task, self.recipe.tokenizer, self.folder / "tokenizer")

    def generator(self) -> Run:
        """The run of the generator."""
        generator = self._language()
        task = GeneratorTask(
            generator,
            text_vocabulary.build(),
            self.recipe.generator_curriculum,
            batch=self.recipe.generator_batch,
        )
        return Run(task, self.recipe.generator, self.folder / "generator")

    def decoder(self) -> Run:
        """The run of the diffusion decoder and its glyph encoder; needs the autoencoder."""
        dit, glyph_encoder = self._decoder()
        task = DecoderTask(
            dit,
            glyph_encoder,
            self._trained_vae(),
            ScheduleConfig(),
            self.recipe.decoder_curriculum,
            batch=self.recipe.decoder_batch,
        )
        return Run(task, self.recipe.decoder, self.folder / "decoder")

    def export(self, target: Path) -> None:
        """Write the trained parts as one checkpoint, weights in bf16.

        Raises:
            NotFoundError: A part has not been trained yet.
        """
        generator, encoder = self._language(), self._encoder()
        self._average(generator, "generator", "generator.")
        self._average(encoder, "tokenizer", "generator.")
        plain(generator)
        plain(encoder)
        generator.visual, generator.vqmodel = encoder.visual, encoder.vqmodel
        dit, glyph_encoder = self._decoder()
        self._average(dit, "decoder", "dit.")
        self._average(glyph_encoder, "decoder", "glyph_encoder.")
        plain(dit)
        components = published.Components(
            generator=generator,
            dit=dit,
            vae=self._trained_vae(),
            glyph_encoder=glyph_encoder,
            text_tokenizer=text_vocabulary.build(),
            schedule=ScheduleConfig(),
            sampling=SAMPLING,
            source_limits=SOURCE_LIMITS,
        )
        about = json.dumps(ABOUT, indent=2, ensure_ascii=False) + "\n"
        documents = {published.ABOUT_FILE: about, "README.md": self._card()}
        published.save(components, target, dtype=torch.bfloat16, documents=documents)

    def _card(self) -> str:
        """How the model was made, for the reader of its folder."""
        taken = {part: self._steps_of(part) for part in PARTS if self._trained_here(part)}
        rows = "".join(f"| {part} | {steps} |\n" for part, steps in taken.items())
        origin, command = "from scratch", "glm-image train nano"
        if self.start is not None:
            origin = f"on from `{self.start.name}`"
            command = f"glm-image train PART --start {self.start.name}"
        return (
            "# nano\n\nThe bundled model of glm-image, in the layout of the published checkpoint.\n"
            f"Trained {origin} on pictures that `glm_image.data` draws, by\n\n"
            f"```sh\n{command}\n```\n\n"
            f"Seed of weights, data and noise: {self.recipe.seed}. Steps taken:\n\n"
            f"| part | steps |\n|---|---:|\n{rows}\n"
            "What it draws, measured by `glm-image evaluate nano`, stands in `QUALITY.md`.\n"
        )

    def _steps_of(self, part: str) -> int:
        return int(resume.read(self.folder / part / "last.pt")["step"])

    def _trained_here(self, part: str) -> bool:
        """Whether a part has a run of its own, which it must have without a checkpoint to start."""
        return self.start is None or (self.folder / part / "last.pt").exists()

    def _average(self, module: nn.Module, part: str, prefix: str) -> None:
        """Load the averaged weights of a part's run, if it has one or must have one."""
        if self._trained_here(part):
            _load(module, self.folder / part, prefix)

    def _take_over(self, module: nn.Module, name: str) -> None:
        """Give a network the weights that the workshop starts from, if it starts from any.

        Raises:
            CheckpointError: They are of another network.
        """
        if self._begun is None:
            return
        begun: nn.Module = getattr(self._begun, name)
        state = begun.state_dict()
        factored = {
            name: part
            for name, part in module.named_modules()
            if parametrize.is_parametrized(part, "weight")
        }
        tables = {name: state.pop(f"{name}.weight") for name in factored}
        own = {name: value for name, value in module.state_dict().items() if ".parametriz" in name}
        resume.fit(module, {**own, **state}, self.start or self.folder)
        for name, part in factored.items():
            refit(part, tables[name])

    def _language(self) -> Generator:
        """The generator with factored tables, before its run."""
        generator = self._generator()
        factorise_tables(generator, text_vocabulary.build(), self.recipe.seed)
        self._take_over(generator, "generator")
        return generator

    def _encoder(self) -> Generator:
        """The generator with a factored codebook, before the tokenizer's run."""
        generator = self._generator()
        factorise_codebook(generator, self.recipe.seed)
        self._take_over(generator, "generator")
        return generator

    def _decoder(self) -> tuple[DiT, GlyphEncoder]:
        """The decoder with a factored table and the glyph encoder, before their run."""
        with _seeded(self.recipe.seed):
            dit = DiT(presets.nano_dit())
            glyph_encoder = GlyphEncoder(presets.nano_glyph_encoder())
        factorise_prior(dit, [meaning.attributes() for meaning in meanings()], self.recipe.seed)
        self._take_over(dit, "dit")
        self._take_over(glyph_encoder, "glyph_encoder")
        return dit, glyph_encoder

    def _generator(self) -> Generator:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.recipe.seed)
            return Generator(presets.nano_generator(text_vocabulary.build().vocab_size))

    def _autoencoder(self) -> Vae:
        """The autoencoder as its own run left it, or as the workshop starts from it."""
        vae = _channels_last(Vae(presets.nano_vae()))
        self._take_over(vae, "vae")
        self._average(vae, "vae", "vae.")
        return vae

    def _trained_vae(self) -> Vae:
        """The trained autoencoder with its measured latent statistics."""
        vae = self._autoencoder()
        measured = _channels_last(Vae(presets.nano_vae(*self._statistics(vae))))
        measured.load_state_dict(vae.state_dict())
        if (self.folder / "vae-decoder" / "last.pt").exists():
            _load(measured, self.folder / "vae-decoder", "vae.")
        return measured

    def _statistics(self, vae: Vae) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation of the latents of a trained autoencoder."""
        if self._begun is not None and not self._trained_here("vae"):
            config = self._begun.vae.config
            return config.latents_mean, config.latents_std
        file = self.folder / "vae" / "statistics.pt"
        checkpoint = self.folder / "vae" / "last.pt"
        if file.exists() and file.stat().st_mtime >= checkpoint.stat().st_mtime:
            mean, std = torch.load(file, weights_only=True)
        else:
            mean, std = VaeTask(vae).statistics()
            if Ranks.from_environment().writes:
                resume.write((mean, std), file)
        return mean, std


PARTS: dict[str, Callable[[Workshop], Run]] = {
    "vae": Workshop.vae,
    "vae-decoder": Workshop.vae_decoder,
    "tokenizer": Workshop.tokenizer,
    "generator": Workshop.generator,
    "decoder": Workshop.decoder,
}
"""How each part is trained, in the order in which they are needed."""


def workshop(
    folder: Path,
    *,
    scale: float = 1.0,
    batch: float = 1.0,
    device: str = "cpu",
    drawers: int = 0,
    start: Path | None = None,
) -> Workshop:
    """The workshop of the bundled model's recipe.

    Args:
        folder: Holds one folder per part; existing runs are continued.
        scale: Factor on the number of steps of every part.
        batch: Factor on the pictures of every step and process.
        device: Kind of device to train on.
        drawers: Processes that draw beside every training process.
        start: Checkpoint that every part starts from, with the recipe's last stages.
    """
    recipe = nano(scale=scale, batch=batch, device=device, drawers=drawers)
    if start is not None:
        recipe = recipe.further()
    return Workshop(folder=folder, recipe=recipe, start=start)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Draw initial weights from a seed; the draws of everything else go on as if nothing was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_FIRST_SEED + seed)
        yield


def _channels_last(vae: Vae) -> Vae:
    return vae.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _load(module: nn.Module, folder: Path, prefix: str) -> None:
    """Load the averaged weights of a run; parts that it did not train keep their values.

    Raises:
        NotFoundError: The run has no checkpoint yet.
        CheckpointError: The checkpoint is damaged or of other networks.
    """
    file = folder / "last.pt"
    state = resume.read(file)
    averaged: dict[str, Tensor] = {**state["task"], **state["ema"]}
    own = {
        name.removeprefix(prefix): value
        for name, value in averaged.items()
        if name.startswith(prefix)
    }
    resume.fit(module, own, file)
