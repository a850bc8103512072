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
        "{place} the title {text} {letters}, (and |)(right |)under that the subtitle {sub} "
        "{sub_letters}",
        "{text} {letters} {place}, then under it the (smaller line|subtitle) {sub} {sub_letters}",
        "{text}, {letters}, is the (headline|title|heading) {place}; the subtitle below is {sub}, "
        "{sub_letters}",
        "subtitle {sub} {sub_letters}, standing below the title {text} {letters}, {place}",
        "{text} as the (headline|title|heading) {place}, {letters}, with {sub} beneath it "
        "{sub_letters}",
        "headline {place}: {text}, {letters}. Below it: {sub}, {sub_letters}",
        "{place} stand two lines: the title {text} {letters} and, smaller, the subtitle {sub} "
        "{sub_letters}",
        "as (the |)title {place} {text}, {letters}, as (the |)subtitle {sub}, {sub_letters}",
    ),
    split={
        "beside": (
            "a (poster|card|picture) (split|divided|cut) into (two halves|a left and a right half)",
            "two panels side by side",
            "(draw|make|create) a two-panel (poster|card|picture), left and right",
            "(please |)split the picture (vertically |down the middle |)into two halves",
            "the picture has a left half and a right half",
            "two (halves|panels): one on the left, one on the right",
            "down the middle, the (picture|page) is (divided|split|cut) into two halves",
            "I'd like a picture (made of|with) two panels next to each other",
            "left and right are two different (halves|panels)",
            "divide the (poster|card|page) into (a left and a right panel|a left and a right side)",
            "layout: left half, right half",
        ),
        "stacked": (
            "a (poster|card|picture) (split|divided) into (an upper and a lower half|two halves, "
            "top and bottom)",
            "two panels, one above the other",
            "(draw|make|create) a two-panel (poster|card|picture), top and bottom",
            "(please |)split the picture (horizontally |)into an upper and a lower half",
            "the picture has a top half and a bottom half",
            "two (halves|panels): one at the top, one at the bottom",
            "across the middle, the (picture|page) is (divided|split|cut) into two halves",
            "I'd like a picture (made of|with) two panels on top of each other",
            "top and bottom are two different (halves|panels)",
            "divide the (poster|card|page) into an upper and a lower (panel|part)",
            "layout: top half, bottom half",
        ),
        "quarters": (
            "a (poster|card|picture) (split|divided) into (four quarters|four panels|quarters)",
            "four panels",
            "(draw|make|create) a four-panel (poster|card|picture)",
            "(please |)split the picture into four (equal |)(parts|panels|quarters)",
            "a two by two grid of panels",
            "four (panels|parts), one in each corner",
            "the (picture|page) is (cut|divided|split) into four (equal |)parts",
            "I'd like a picture (made of|with) four panels, two above and two below",
            "every (quarter|corner) is a panel of its own",
            "divide the (poster|card|page) into four (equal |)areas",
            "layout: (2 by 2|2 x 2) panels",
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
        "{content} (goes|belongs|should be) in the {panel}, which (is|should be) {fill}",
        "{content} in the {panel}, {background} background",
        "for the {panel}, (pick|take|use) {fill} and {content}",
        "in the {panel}, (draw|show|put) {content} on a {background} background",
        "the {panel}: {content}, with {fill} (behind it|as its background)",
        "{fill} in the {panel}, (and |)on it {content}",
        "(show|put|place) {content} in the {panel} on a {background} ground",
        "the {panel} (should have|has) a {background} background and {content}",
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
        "{text} for the {look} {noun}",
        "a {look} {noun} (saying|reading|that says) {text}",
        "the words {text} {letters}",
        "{text} {letters} as (the |){noun}",
        "a {noun} {letters}, {text}",
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
        "on a {background} background, there are three steps {direction}, "
        "(joined by|with) arrows",
        "background {fill}, (and |)on it three steps {direction}, joined by arrows",
        "show a process in three steps {direction}; (use|take) {fill} as the background",
        "I'd like (a chart|a scheme) (with|of) three steps {direction} "
        "and {fill} behind it",
        "arrows (connect|join) three steps {direction}, (all |)on a "
        "{background} background",
        "{direction}, three steps of a (process|workflow), (background|backdrop): {fill}",
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
        "(label|name) them {one}, {two} and {three} {letters}",
        "the steps, {letters}, (say|read) {one}, {two}, {three}",
        "it (starts|begins) with {one}, goes on with {two} and ends with {three}, {letters}",
        "one: {one}, two: {two}, three: {three}, (all |){letters}",
        "write {one} (on|at|for) the first step, {two} (on|at|for) the second and {three} "
        "(on|at|for) the third, {letters}",
        "{one} comes first, {two} second, {three} third, {letters}",
    ),
    one_shape=(
        "each step is a {style} {colour} {name}",
        "the steps are (shown as |){style} {colour} {names}",
        "three {style} {colour} {names}",
        "every label belongs to a {style} {colour} {name}",
        "a {style} {colour} {name} stands for (each|every) step",
        "(draw|put) a {style} {colour} {name} for (each step|every step|each label)",
        "with a {style} {colour} {name} at every step",
        "each label (has|goes with) its own {style} {colour} {name}",
    ),
    three_shapes=(
        "the steps are {one}, {two} and {three}",
        "{one}, then {two}, then {three}",
        "shown as {one}, {two}, {three}",
        "first {one}, second {two}, third {three}",
        "the first step (is|has) {one}, the second {two}, the (third|last) {three}",
        "(use|draw) {one} for the first step, {two} for the second and {three} for the third",
    ),
    arrows=(
        "the arrows are {colour}",
        "{colour} arrows",
        "with {colour} arrows between them",
        "connect them with {colour} arrows",
        "(make|draw) the arrows (in |){colour}",
        "arrows in {colour}",
        "{colour} (is the colour of|for) the arrows",
        "join the steps with arrows in {colour}",
    ),
)  # fmt: skip
