"""Training of the generator: prompts to rasters of semantic codes."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.utils import parametrize

from glm_image.data.edits import OF_SHAPES, OF_TEXTS, OF_WORDS, TRIED
from glm_image.data.mix import BANDS, HIGH_STRIPS, SHAPE_BANDS, STRIPS, SceneMix, Words
from glm_image.data.sequences import Batch, Sequence, collate, edit_sequence, text_sequence
from glm_image.data.vocabulary import LETTERS, meanings
from glm_image.errors import ConfigError
from glm_image.image.size import preview_grid
from glm_image.models.generator import Generator
from glm_image.tokenizer.text import TextTokenizer
from glm_image.training.cross_entropy import head_loss
from glm_image.training.curriculum import stage_at
from glm_image.training.factored import factorise
from glm_image.training.loop import Metrics, Task
from glm_image.training.plan import PlanHeads
from glm_image.training.seeds import seeded
from glm_image.types import Grid

_IGNORED = -100
_HELD_OUT = 7_002

_SMALL_EDITS = {
    "band_edits": (BANDS, TRIED),
    "word_edits": (HIGH_STRIPS, OF_WORDS),
    "text_edits": (BANDS, OF_TEXTS),
    "shape_edits": (SHAPE_BANDS, OF_SHAPES),
}
"""What edits of small pictures show, and how often each kind is tried."""

_FORMATS = ("strips", "bands", "rasters", "previews", "edits", *_SMALL_EDITS)

_USUAL_BATCH = 32
"""Sequences of a batch for which a stage counts tokens."""

_POOL = 3
"""So many times the tokens of a batch are drawn; of them those alike in length are taken."""


@dataclass(frozen=True, kw_only=True)
class GeneratorMix:
    """What a stage of the generator's training is made of; weights need not sum to one.

    Attributes:
        start: First step of the stage.
        batch_factor: Size of a batch as a factor on the task's; long sequences take a smaller one.
        tokens: Tokens, padding included, that a batch of a task with ``batch`` 32 has at least, in
            place of a number of sequences, so that every step costs the same; 0 counts sequences.
        repeats: Share of the codes equal to the one before them that are learned, at as many times
            the weight: nearly all are right, and each costs a product with the whole head.
        strips: Strips one or two cells high with one text: the quickest way to learn copying.
        bands: Small pictures full of texts, with a preview of twice their size.
        rasters: Whole pictures without a preview, the first stage of pre-training.
        previews: Whole pictures as they are generated: preview, then full grid.
        edits: Edits of one source picture or two.
        band_edits: Edits of small pictures full of texts.
        word_edits: Edits of a single text on a strip: other words, another language or colour.
        text_edits: Edits of one of several texts on a small picture, such as other words.
        shape_edits: Edits of small pictures of shapes: another colour, style or size, or one more.
        source_noise: Share of wrong codes in the source pictures of edits.
        scenes: What the pictures show.
    """

    start: int = 0
    batch_factor: float = 1.0
    tokens: int = 0
    repeats: float = 1.0
    strips: float = 0.0
    bands: float = 0.0
    rasters: float = 0.0
    previews: float = 1.0
    edits: float = 0.0
    band_edits: float = 0.0
    word_edits: float = 0.0
    text_edits: float = 0.0
    shape_edits: float = 0.0
    source_noise: float = 0.02
    scenes: SceneMix = field(default_factory=SceneMix)


def factorise_tables(generator: Generator, tokenizer: TextTokenizer, seed: int) -> None:
    """Give the input table and the head rows that are sums over the attributes of the codes.

    A letter of the prompt shares the vector of the letter in the picture, so that copying it is
    the identity: what a language model's start gives to the full system.
    """
    rows: list[tuple[str, ...]] = [meaning.attributes() for meaning in meanings()]
    head = list(rows)
    table = rows + [()] * (generator.config.text.vocab_size - len(rows))
    for meaning in meanings():
        if meaning.thing == "text" and meaning.kind != LETTERS:
            ids = tokenizer.encode(meaning.kind)
            if len(ids) == 1:
                table[ids[0]] = (f"text:{meaning.kind}",)
    width = generator.config.text.hidden_size
    embedding = generator.language_model.embed_tokens
    factorise(embedding, table, std=0.5, rng=seeded(seed))
    factorise(generator.lm_head, head, std=0.6 / width**0.5, rng=seeded(seed))


def freeze_text(generator: Generator) -> None:
    """Keep the input rows of text ids as they are while those of visual ids learn.

    Raises:
        ConfigError: The input table is factored, so text and visual rows share vectors.
    """
    embedding = generator.language_model.embed_tokens
    if parametrize.is_parametrized(embedding):
        raise ConfigError(
            "the input table is factored: its text rows share vectors with the codes",
            field="embed_tokens",
            hint="call glm_image.training.factored.plain first",
        )
    visual = generator.config.text.vision_vocab_size
    is_visual = torch.arange(embedding.num_embeddings)[:, None] < visual

    def only_visual(gradient: Tensor) -> Tensor:
        return gradient * is_visual.to(gradient)

    embedding.weight.register_hook(only_visual)  # type: ignore[no-untyped-call]


class GeneratorTask(Task[Batch]):
    """Next-token cross-entropy over the visual ids; prompt and sources are not predicted.

    Source: GLM-Image technical blog, "Auto-regressive pre-training".

    Args:
        generator: The network; its image encoder is not trained here.
        tokenizer: Of the prompts.
        curriculum: Stages in order; the first starts at step 0.
        batch: Sequences a step and process.
        words: Where texts come from.
        plan_weight: Weight of the auxiliary loss of :mod:`glm_image.training.plan`.
    """

    def __init__(
        self,
        generator: Generator,
        tokenizer: TextTokenizer,
        curriculum: tuple[GeneratorMix, ...],
        *,
        batch: int,
        words: Words | None = None,
        plan_weight: float = 0.2,
    ) -> None:
        super().__init__()
        self.generator = generator
        generator.visual.requires_grad_(False)
        generator.vqmodel.requires_grad_(False)
        self.tokenizer, self.curriculum, self.batch = tokenizer, curriculum, batch
        self.words = words or Words()
        self.plan_weight = plan_weight
        layers = generator.config.text.num_hidden_layers
        early = layers // 4
        late = max(early, 3 * layers // 4 - 1)
        self.plan = PlanHeads(generator.language_model, early=early, late=late)
        self.register_buffer(
            "is_text",
            torch.tensor(
                [m.thing == "text" for m in meanings()]
                + [False] * (generator.config.text.vision_vocab_size - len(meanings()))
            ),
            persistent=False,
        )

    is_text: Tensor

    @property
    def drawn_from(self) -> str:
        """See :meth:`Task.drawn_from`."""
        return f"{self.batch} sequences, {len(meanings())} codes, {self.curriculum}"

    @property
    def records(self) -> Mapping[str, type]:
        """See :meth:`Task.records`."""
        return {"Batch": Batch}

    def draw(self, rng: random.Random, step: int) -> Batch:
        """Fresh sequences; all of a batch have one format."""
        mix = stage_at(self.curriculum, step)
        name = rng.choices(_FORMATS, [vars(mix)[name] for name in _FORMATS])[0]
        tokens = mix.tokens * self.batch // _USUAL_BATCH
        if tokens:
            sequences = self._alike(rng, name, mix, tokens)
        else:
            count = max(1, round(self.batch * mix.batch_factor))
            sequences = [self._sequence(rng, name, mix) for _ in range(count)]
        return collate([_thinned(rng, s, mix.repeats) for s in sequences])

    def _alike(
        self, rng: random.Random, name: str, mix: GeneratorMix, tokens: int
    ) -> list[Sequence]:
        """Sequences of like length, so that few of a batch's tokens are padding."""
        pool: list[Sequence] = []
        drawn = 0
        while drawn < _POOL * tokens:
            pool.append(self._sequence(rng, name, mix))
            drawn += len(pool[-1].ids)
        pool.sort(key=lambda one: len(one.ids), reverse=True)
        firsts = [0]
        while (last := firsts[-1] + _count(pool[firsts[-1]], tokens)) < len(pool):
            firsts.append(last)
        first = rng.choice(firsts)
        # What is left at the end is less than a batch: it is filled with the next longer ones.
        while len(pool) - first < _count(pool[first], tokens):
            first -= 1
        return pool[first : first + _count(pool[first], tokens)]

    def forward(self, batch: Batch, rng: torch.Generator) -> tuple[Tensor, Metrics]:
        """Loss of a batch; there is no noise."""
        loss, metrics = self._loss(batch)
        return loss, {key: metrics[key] for key in ("right", "text_right", "plan")}

    def _held_out(self, name: str, mix: GeneratorMix, count: int) -> Batch:
        rng = random.Random(_HELD_OUT)
        return collate([self._sequence(rng, name, mix) for _ in range(count)])

    def _sequence(self, rng: random.Random, name: str, mix: GeneratorMix) -> Sequence:
        if name == "strips":
            return text_sequence(rng, self.tokenizer, rng.choice(STRIPS), self.words, None)
        if name == "bands":
            return text_sequence(rng, self.tokenizer, rng.choice(BANDS), self.words, _twice)
        if name == "edits":
            return edit_sequence(rng, self.tokenizer, mix.scenes, self.words, mix.source_noise)
        if name in _SMALL_EDITS:
            small, kinds = _SMALL_EDITS[name]
            return edit_sequence(
                rng, self.tokenizer, rng.choice(small), self.words, mix.source_noise, kinds
            )
        rule = preview_grid if name == "previews" else None
        return text_sequence(rng, self.tokenizer, mix.scenes, self.words, rule)

    def _loss(self, batch: Batch) -> tuple[Tensor, Metrics]:
        device = self.is_text.device
        ids, positions = batch.ids_bt.to(device), batch.positions_3bt.to(device)
        targets, weights = batch.targets_bt.to(device), batch.weights_bt.to(device)
        hidden = self.generator(ids, positions)
        kept = targets >= 0
        # Only the positions that are learned go through the head.
        head = self.generator.lm_head.weight
        shares = weights[kept] / weights[kept].sum()
        result = head_loss(hidden[kept], head, targets[kept], shares)
        right = result.right_n.float()
        text = self.is_text[targets[kept]]
        plan = self.plan(batch.plans_5bt.to(device), head)
        return result.loss + self.plan_weight * plan, {
            "cross_entropy": float((result.losses_n * shares).sum()),
            "plan": float(plan.detach()),
            "right": float((right * shares).sum()),
            "text_right": float(right[text].mean()) if bool(text.any()) else 1.0,
        }

    def validate(self) -> Metrics:
        """Teacher-forced accuracy of all codes and of the codes of letters, by format."""
        figures: Metrics = {}
        last = self.curriculum[-1]
        for name in ("rasters", "previews", "edits"):
            if any(vars(mix)[name] for mix in self.curriculum):
                batch = self._held_out(name, last, 32)
                metrics = self._loss(batch)[1]
                figures |= {f"{name}_{key}": value for key, value in metrics.items()}
        return figures

    def samples(self) -> Image.Image | None:
        """Predicted codes of held-out pictures under teacher forcing, as colours; truth above."""
        last = self.curriculum[-1]
        square = replace(last, scenes=replace(last.scenes, other_sizes=0.0))
        batch = self._held_out("rasters", square, 8)
        device = self.is_text.device
        hidden = self.generator(batch.ids_bt.to(device), batch.positions_3bt.to(device))
        predicted = self.generator.logits(hidden).argmax(-1).cpu()
        columns: list[np.ndarray] = []
        for row in range(8):
            kept = batch.targets_bt[row] >= 0
            truth, guess = batch.targets_bt[row][kept][:-1], predicted[row][kept][:-1]
            columns.append(np.concatenate([_swatch(truth), _swatch(guess)]))
        return Image.fromarray(np.concatenate(columns, axis=1))


def _twice(grid: Grid) -> Grid:
    return 2 * grid[0], 2 * grid[1]


def _count(longest: Sequence, tokens: int) -> int:
    """How many sequences, none longer than this one, have so many tokens, padding included."""
    return -(-tokens // len(longest.ids))


def _thinned(rng: random.Random, sequence: Sequence, share: float) -> Sequence:
    """Learn a share of the codes that repeat the one before them, so much more of each."""
    if share == 1:
        return sequence
    repeats = sequence.targets == sequence.ids
    left_out = repeats & torch.tensor([rng.random() >= share for _ in sequence.ids])
    return replace(
        sequence,
        targets=sequence.targets.masked_fill(left_out, _IGNORED),
        weights=torch.where(repeats, sequence.weights / share, sequence.weights),
    )


def _swatch(codes: Tensor, side: int = 12) -> np.ndarray:
    """Codes of a square raster as coloured squares with a hue of their own."""
    edge = round(len(codes) ** 0.5)
    hues = (codes.reshape(edge, edge).numpy()[..., None] * np.asarray([37, 91, 151])) % 251
    return np.kron(hues.astype(np.uint8), np.ones((side, side, 1), dtype=np.uint8))
