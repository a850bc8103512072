"""The words that prompts are made of, in English and Chinese."""

from dataclasses import dataclass

Phrases = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Phrasebook:
    """Everything one language needs to describe a scene.

    Templates name their parts in braces: ``{background}``, ``{thing}``, ``{place}``, ``{text}``,
    ``{colour}``, ``{size}``. Phrases for a part that is left out are empty and the surrounding
    spaces are tidied up.

    Attributes:
        backgrounds: Noun phrases with ``{colour}`` for each kind of background.
        openings: First clause, with ``{background}``.
        shape_clauses: A group of shapes, with ``{thing}`` and ``{place}``.
        text_clauses: A text, with ``{text}``, ``{colour}``, ``{size}`` and ``{place}``; the second
            tuple serves where the colour is left to the model.
        plain_text_clauses: A text without its colour.
        places: Phrases for every "row column".
        rows: Phrases for a whole row of shapes.
        sizes: Words for shapes of 2, 3 and 4 cells.
        text_sizes: Words for letters one and two cells high.
        shapes: Names of every kind of shape, with ``{n}`` prefixed by the counts.
        counts: Phrases for one, two and three.
        quotes: Pairs of quotation marks, most frequent first.
        joiners: What stands between clauses.
        endings: What stands at the end.
    """

    backgrounds: dict[str, Phrases]
    openings: Phrases
    shape_clauses: Phrases
    text_clauses: Phrases
    plain_text_clauses: Phrases
    places: dict[str, Phrases]
    rows: dict[str, Phrases]
    sizes: dict[int, Phrases]
    text_sizes: dict[int, Phrases]
    shapes: dict[str, Phrases]
    counts: dict[int, Phrases]
    quotes: Phrases
    joiners: Phrases
    endings: Phrases


ENGLISH = Phrasebook(
    backgrounds={
        "plain": ("{colour}", "plain {colour}", "solid {colour}", "simple {colour}"),
        "gradient": ("{colour} gradient", "fading {colour}", "smooth {colour} gradient"),
        "striped": ("{colour} striped", "striped {colour}", "{colour} stripes"),
        "dotted": ("{colour} dotted", "dotted {colour}", "{colour} polka dot"),
    },
    openings=(
        "a poster with a {background} background",
        "a {background} background",
        "{background} background",
        "a card on a {background} backdrop",
        "a picture on a {background} background",
        "a simple {background} poster",
        "draw a {background} card",
        "make a poster, the background is {background}",
        "a sign with a {background} backdrop",
        "on a {background} background",
    ),
    shape_clauses=(
        "{thing} {place}",
        "there is {thing} {place}",
        "{place} {thing}",
        "with {thing} {place}",
        "{thing} sits {place}",
        "it shows {thing} {place}",
        "put {thing} {place}",
    ),
    text_clauses=(
        "the {size} text {text} {place} in {colour}",
        "{text} written {place} in {size} {colour} letters",
        "{size} {colour} text {text} {place}",
        "it says {text} {place} in {size} {colour} letters",
        "the {size} {colour} word {text} {place}",
        "{place} the {size} text {text} in {colour}",
        "{size} {colour} letters {place} that say {text}",
        "the words {text} {place}, {size} {colour} type",
        "{text} {place} in {size} {colour} font",
        "a {size} {colour} title {text} {place}",
        "with {text} in {size} {colour} {place}",
    ),
    plain_text_clauses=(
        "that says {text} {place}",
        "the {size} text {text} {place}",
        "it says {text} {place}",
        "{size} title {text} {place}",
        "with the {size} word {text} {place}",
        "{text} written {place} in {size} letters",
    ),
    places={
        "top left": ("in the top left corner", "at the top left", "in the upper left", "top left"),
        "top center": ("at the top", "at the top center", "near the top", "on top"),
        "top right": (
            "in the top right corner",
            "at the top right",
            "in the upper right",
            "top right",
        ),
        "middle left": ("on the left", "on the left side", "at the left", "middle left"),
        "middle center": ("in the center", "in the middle", "centered", "at the center"),
        "middle right": ("on the right", "on the right side", "at the right", "middle right"),
        "bottom left": (
            "in the bottom left corner",
            "at the bottom left",
            "in the lower left",
            "bottom left",
        ),
        "bottom center": ("at the bottom", "at the bottom center", "near the bottom", "below"),
        "bottom right": (
            "in the bottom right corner",
            "at the bottom right",
            "in the lower right",
            "bottom right",
        ),
    },
    rows={
        "top": ("at the top", "near the top", "in the top row"),
        "middle": ("in the middle", "in the center", "in the middle row"),
        "bottom": ("at the bottom", "near the bottom", "in the bottom row"),
    },
    sizes={2: ("small", "little", "tiny"), 3: ("", "medium"), 4: ("big", "large", "huge")},
    text_sizes={1: ("", "", "", "small"), 2: ("big", "large", "huge")},
    shapes={
        "circle": ("circle", "disc"),
        "ring": ("ring",),
        "square": ("square",),
        "diamond": ("diamond",),
        "triangle": ("triangle",),
        "hexagon": ("hexagon",),
        "heart": ("heart",),
        "star": ("star",),
    },
    counts={1: ("a", "one", "a single"), 2: ("two", "2"), 3: ("three", "3")},
    quotes=('""', '""', '""', "''", "''", "“”", "“”", "‘’", "「」"),
    joiners=(", ", ", ", ". ", " and ", "; "),
    endings=("", "", "."),
)

CHINESE = Phrasebook(
    backgrounds={
        "plain": ("{colour}色", "纯{colour}色", "{colour}"),
        "gradient": ("{colour}色渐变", "渐变{colour}色"),
        "striped": ("{colour}色条纹", "条纹{colour}色"),
        "dotted": ("{colour}色圆点", "{colour}色波点"),
    },
    openings=(
        "{background}背景的海报",
        "{background}背景",
        "一张{background}背景的图片",
        "背景是{background}",
        "画一张{background}底的卡片",
        "一张海报，{background}背景",
    ),
    shape_clauses=(
        "{place}有{thing}",
        "{place}画{thing}",
        "{thing}在{place}",
        "{place}是{thing}",
        "{place}放{thing}",
    ),
    text_clauses=(
        "{place}写着{text}，{size}{colour}色字",
        "{place}有{size}{colour}色文字{text}",
        "{size}{colour}色的字{text}在{place}",
        "{place}用{size}{colour}色写着{text}",
        "{size}{colour}色标题{text}在{place}",
        "文字{text}在{place}，{size}{colour}色",
    ),
    plain_text_clauses=(
        "{place}写着{text}",
        "{place}有{size}字{text}",
        "{size}文字{text}在{place}",
    ),
    places={
        "top left": ("左上角", "左上方", "左上"),
        "top center": ("上方", "顶部", "上面"),
        "top right": ("右上角", "右上方", "右上"),
        "middle left": ("左边", "左侧", "左方"),
        "middle center": ("中间", "中央", "正中"),
        "middle right": ("右边", "右侧", "右方"),
        "bottom left": ("左下角", "左下方", "左下"),
        "bottom center": ("下方", "底部", "下面"),
        "bottom right": ("右下角", "右下方", "右下"),
    },
    rows={
        "top": ("上方", "顶部", "上面"),
        "middle": ("中间", "中央", "正中"),
        "bottom": ("下方", "底部", "下面"),
    },
    sizes={2: ("小", "小小的"), 3: ("", "中等"), 4: ("大", "巨大的")},
    text_sizes={1: ("", "", "", "小"), 2: ("大", "巨大的")},
    shapes={
        "circle": ("圆形", "圆"),
        "ring": ("圆环",),
        "square": ("正方形", "方块"),
        "diamond": ("菱形",),
        "triangle": ("三角形",),
        "hexagon": ("六边形",),
        "heart": ("心形", "爱心"),
        "star": ("星星", "五角星"),
    },
    counts={1: ("一个", "一个", ""), 2: ("两个", "2个"), 3: ("三个", "3个")},
    quotes=("“”", "“”", "「」", '""', "『』", "‘’"),
    joiners=("，", "，", "。", "；"),
    endings=("", "", "。"),
)
