"""What a language needs to describe pictures and to ask for changes."""

from dataclasses import dataclass

from glm_image.data.grammar import Phrases


@dataclass(frozen=True, kw_only=True)
class Writer:
    """One habit of writing prompts.

    Parts of templates: ``{background}`` is an adjective such as "plain blue" and ``{fill}`` a
    noun such as "blue with stripes"; ``{thing}`` is a group of shapes, ``{place}`` where it is;
    ``{is}``, ``{has}``, ``{s}`` and ``{es}`` agree with it; ``{text}`` is a quoted text,
    ``{noun}`` a word for it, ``{look}`` its adjectives, ``{letters}`` a phrase such as "in big red
    letters". Looks and letters can be empty. An opening that ends with ``~`` goes on without a
    joiner.

    Attributes:
        openings: First clauses.
        backgrounds: Clauses about the background that come after others.
        shapes: Clauses about a group of shapes.
        texts: Clauses about a text.
        joiners: What stands between clauses.
        endings: What stands at the end.
    """

    openings: Phrases
    backgrounds: Phrases
    shapes: Phrases
    texts: Phrases
    joiners: Phrases
    endings: Phrases


@dataclass(frozen=True, kw_only=True)
class Phrasebook:
    """Everything one language needs to describe a scene.

    Attributes:
        colours: Names of every palette colour, the usual one first and more often.
        backgrounds: Adjectives with ``{colour}`` for each kind of background.
        fills: Nouns with ``{colour}`` for each kind of background.
        nouns: A group of shapes, with ``{count}``, ``{size}``, ``{style}``, ``{colour}``,
            ``{name}``.
        styles: Adjectives for every style of a shape; mostly empty for the usual one.
        fonts: Adjectives for every font.
        looks: Adjectives of a text, with ``{size}``, ``{colour}``, ``{font}``.
        letters: Phrases about a text's letters, with the same parts.
        bare_shapes: Clauses about a group of shapes whose place is left to the model.
        bare_texts: Clauses about a text whose place is left to the model.
        colourless_looks: Like ``looks`` where the colour is left to the model.
        colourless_letters: Like ``letters`` where the colour is left to the model.
        pointers: Names of a group of shapes that is known, with ``{name}`` and ``{colour}``.
        text_pointers: Names of the only text.
        text_nouns: Words for a text.
        places: Phrases for every "row column".
        rows: Phrases for a whole row of shapes.
        relations: Phrases with ``{other}`` for "left", "right", "above", "below" and "between",
            the last with ``{one}`` and ``{other}``.
        sizes: Words for shapes of 2, 3 and 4 cells.
        text_sizes: Words for letters one and two cells high.
        shapes: Names of every kind of shape.
        counts: Phrases for one, two and three.
        quotes: Pairs of quotation marks, most frequent first.
        writers: Habits of writing.
        asides: Clauses about nothing that is drawn.
        designs: Templates of titles, panels and diagrams.
        chinese: Whether the language is Chinese, which knows no plural.
    """

    colours: dict[str, Phrases]
    backgrounds: dict[str, Phrases]
    fills: dict[str, Phrases]
    nouns: Phrases
    styles: dict[str, Phrases]
    fonts: dict[str, Phrases]
    looks: Phrases
    letters: Phrases
    bare_shapes: Phrases
    bare_texts: Phrases
    colourless_looks: Phrases
    colourless_letters: Phrases
    pointers: Phrases
    text_pointers: Phrases
    text_nouns: Phrases
    places: dict[str, Phrases]
    rows: dict[str, Phrases]
    relations: dict[str, Phrases]
    sizes: dict[int, Phrases]
    text_sizes: dict[int, Phrases]
    shapes: dict[str, Phrases]
    counts: dict[int, Phrases]
    quotes: Phrases
    writers: tuple[Writer, ...]
    asides: Phrases
    designs: "DesignBook"
    chinese: bool


@dataclass(frozen=True, kw_only=True)
class DesignBook:
    """Templates of titles, panels and diagrams.

    Attributes:
        titles: A title with its subtitle: ``{title}``, ``{subtitle}``, ``{place}``, ``{letters}``
            of the title and ``{sub}`` of the subtitle.
        split: Openings of pictures in panels, by "halves" beside and above each other and
            "quarters": "beside", "stacked", "quarters".
        panels: One panel, with ``{panel}``, ``{background}``, ``{fill}`` and ``{content}``.
        panel_names: Names of panels by "row column".
        contents: What a panel holds: ``{thing}``.
        text_contents: What a panel holds: ``{text}``, ``{noun}``, ``{look}``, ``{letters}``.
        steps: Openings of diagrams with ``{background}`` and ``{direction}``.
        directions: Phrases for "right" and "down".
        labels: The three labels ``{one}``, ``{two}``, ``{three}`` with ``{letters}``.
        one_shape: The same shape three times: ``{style}``, ``{colour}``, ``{name}`` or ``{names}``.
        three_shapes: Three nouns ``{one}``, ``{two}``, ``{three}``.
        arrows: The colour of the arrows: ``{colour}``.
    """

    titles: Phrases
    split: dict[str, Phrases]
    panels: Phrases
    panel_names: dict[str, Phrases]
    contents: Phrases
    text_contents: Phrases
    steps: Phrases
    directions: dict[str, Phrases]
    labels: Phrases
    one_shape: Phrases
    three_shapes: Phrases
    arrows: Phrases
