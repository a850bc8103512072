"""The English of titles, panels and diagrams."""

from glm_image.data.book import DesignBook

DESIGNS = DesignBook(
    titles=(
        "the title {text} {place} {letters} with the subtitle {sub} (below|under it|underneath) "
        "{sub_letters}",
        "title: {text}, {place}, {letters}, subtitle: {sub}, {sub_letters}",
        "(write|put|set) the (title|headline|heading) {text} {letters} {place} and the subtitle "
        "{sub} (right |)(below|under|beneath) it {sub_letters}",
        "the (headline|heading|title) {place} (says|reads|is) {text} {letters}, (below|under) it "
        "(a smaller line says|is the subtitle|stands the second line) {sub} {sub_letters}",
        "a title {text} {letters} {place}, and (directly |)(below|underneath) {sub} {sub_letters} "
        "as the subtitle",
        "{sub} as a subtitle {sub_letters} (below|under) the (big |)title {text} {letters} {place}",
        "I'd like {text} as the title {place} {letters} and {sub} as the subtitle {sub_letters}",
    ),
    split={
        "beside": (
            "a (poster|card|picture) (split|divided|cut) into (two halves|a left and a right half)",
            "two panels side by side",
            "(draw|make|create) a two-panel (poster|card|picture), left and right",
            "(please |)split the picture (vertically |down the middle |)into two halves",
            "the picture has a left half and a right half",
        ),
        "stacked": (
            "a (poster|card|picture) (split|divided) into (an upper and a lower half|two halves, "
            "top and bottom)",
            "two panels, one above the other",
            "(draw|make|create) a two-panel (poster|card|picture), top and bottom",
            "(please |)split the picture (horizontally |)into an upper and a lower half",
            "the picture has a top half and a bottom half",
        ),
        "quarters": (
            "a (poster|card|picture) (split|divided) into (four quarters|four panels|quarters)",
            "four panels",
            "(draw|make|create) a four-panel (poster|card|picture)",
            "(please |)split the picture into four (equal |)(parts|panels|quarters)",
            "a two by two grid of panels",
        ),
    },
    panels=(
        "{panel}: {background} background with {content}",
        "{panel}: {fill}, {content}",
        "{panel} {background} with {content}",
        "the {panel} (is|has a background of) {fill} and (shows|has|holds) {content}",
        "{content} on {background} in the {panel}",
        "on the {background} {panel}, {content}",
        "(make|paint) the {panel} {fill} and (put|place) {content} (in|on) it",
        "the {background} {panel} (shows|contains|has) {content}",
    ),
    panel_names={
        "middle left": ("left half", "left half", "left panel", "left side"),
        "middle right": ("right half", "right half", "right panel", "right side"),
        "top center": ("top half", "upper half", "top panel", "upper panel"),
        "bottom center": ("bottom half", "lower half", "bottom panel", "lower panel"),
        "top left": ("top left quarter", "upper left panel", "top-left panel", "top left"),
        "top right": ("top right quarter", "upper right panel", "top-right panel", "top right"),
        "bottom left": (
            "bottom left quarter", "lower left panel", "bottom-left panel", "bottom left",
        ),
        "bottom right": (
            "bottom right quarter", "lower right panel", "bottom-right panel", "bottom right",
        ),
    },
    contents=("{thing}", "{thing}", "{thing} in the middle"),
    text_contents=(
        "the {look} {noun} {text}",
        "{text} {letters}",
        "the {noun} {text} {letters}",
        "{look} {noun} {text}",
    ),
    steps=(
        "a (diagram|flowchart|flow chart|process|scheme) (of|with) three steps {direction} on a "
        "{background} background",
        "(draw|make|create) a (diagram|flowchart) of three steps {direction}, {background} "
        "background",
        "three steps {direction} (with|connected by|joined by) arrows, background {fill}",
        "(please draw|I need|show) three labelled steps {direction} with arrows between them on a "
        "{background} background",
        "{background} background, (process|workflow|flow) diagram, three steps, {direction}",
    ),
    directions={
        "right": (
            "from left to right", "left to right", "side by side", "in a row", "going right",
        ),
        "down": (
            "from top to bottom", "top to bottom", "one below the other", "going down",
            "in a column",
        ),
    },
    labels=(
        "the labels are {one}, {two} and {three} {letters}",
        "labelled {one}, {two}, {three} {letters}",
        "{one} then {two} then {three} {letters}",
        "first {one}, then {two}, (finally|last) {three}, {letters}",
        "step 1 is {one}, step 2 is {two}, step 3 is {three}, {letters}",
        "with the (words|labels|texts) {one}, {two}, {three} {letters}",
    ),
    one_shape=(
        "each step is a {style} {colour} {name}",
        "the steps are (shown as |){style} {colour} {names}",
        "three {style} {colour} {names}",
        "every label belongs to a {style} {colour} {name}",
    ),
    three_shapes=(
        "the steps are {one}, {two} and {three}",
        "{one}, then {two}, then {three}",
        "shown as {one}, {two}, {three}",
    ),
    arrows=(
        "the arrows are {colour}",
        "{colour} arrows",
        "with {colour} arrows between them",
        "connect them with {colour} arrows",
    ),
)  # fmt: skip
