"""What a benchmark is: its data, its items, how its pictures are named and what is measured.

A benchmark is a data file in ``benchmarks/`` plus a loader and a scorer named in it. Everything
else, from seeds to intervals, is the same for all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image


@dataclass(frozen=True, kw_only=True)
class Question:
    """A yes/no question about a picture.

    Attributes:
        number: Unique within the item, from 1.
        text: The question.
        parents: Numbers of the questions that must be answered yes for this one to count.
        expected: The right answer, ``yes`` or ``no``.
        category: What it asks for, such as ``attribute - colour``.
    """

    number: int
    text: str
    parents: tuple[int, ...] = ()
    expected: str = "yes"
    category: str = ""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One prompt of a benchmark.

    Attributes:
        id: Unique within the benchmark; letters, digits, ``-``, ``_``, ``+`` and ``/``.
        prompt: What the model is asked.
        tags: Axes of the breakdown and their value here, such as ``{"regions": "3"}``.
        texts: Texts that the picture should show, as the benchmark's authors count them.
        questions: What a judge is asked about the picture.
        reference: Written answer that the picture is compared with; empty where there is none.
        sources: Pictures that the prompt edits.
        size: Width and height that the item asks for; None leaves it to the run.
        detail: Further values that only the benchmark's own scorer knows.
    """

    id: str
    prompt: str
    tags: Mapping[str, str] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    reference: str = ""
    sources: tuple[Image.Image, ...] = ()
    size: tuple[int, int] | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """One file of a benchmark's data.

    Attributes:
        path: Below the folder of the benchmark's data.
        bytes: Its size.
        sha256: Its digest in hexadecimal digits.
        url: Where it can be fetched; empty where the user must bring it.
    """

    path: str
    bytes: int
    sha256: str
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """A benchmark, as its data file describes it.

    Attributes:
        name: On the command line, such as ``cvtg-2k``.
        title: For readers.
        version: Of this description; a change of scores counts it up.
        language: ``en``, ``zh`` or ``en+zh``.
        licence: Of the data.
        homepage: Of the authors.
        folder: Of the data, below the user's benchmark folder.
        loader: Module of :mod:`glm_image.evaluation.loaders` that reads the data.
        scorer: Module of :mod:`glm_image.evaluation.scorers` that marks the pictures.
        samples: Pictures a prompt.
        prompts: Number of prompts.
        layout: Path of a picture below ``images/NAME``, with ``{id}``, ``{sample}`` (from 1) and
            tags in braces.
        side: Pixels a side of the authors' pictures; 0 where they leave the size open.
        tiles: Whether the authors store a prompt's samples as one grid of 2 x 2 tiles.
        reader: Reader or judge that the authors use, in words.
        published: Name of the benchmark among the published results; empty where there is none.
        scale: Factor from our scores in [0, 1] to the published ones, 1 or 100.
        notes: What a reader of the scores should know.
        files: The data.
        options: Further values for loader and scorer.
        minis: Fixed subsets by name: ids of the items.
    """

    name: str
    title: str
    version: int
    language: str
    licence: str
    homepage: str
    folder: str
    loader: str
    scorer: str
    samples: int
    prompts: int
    layout: str
    reader: str
    side: int = 0
    tiles: bool = False
    published: str = ""
    scale: int = 1
    notes: tuple[str, ...] = ()
    files: tuple[DataFile, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    minis: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
