"""English sentences of the held-out prompts: training never words them like this.

Colours, shapes, places and sizes keep the names that training knows, because what is measured is
whether the model follows new sentences about new texts, not whether it guesses unknown words. For
the same reason no template uses a word that training prompts do not contain.
"""

from dataclasses import replace

from glm_image.data import english
from glm_image.data.book import DesignBook, Writer

_PAPER = "(poster|card|picture|sign|flyer|banner|sticker)"

_TAGS = Writer(
    openings=(
        "{background} sheet",
        f"{_PAPER}: {{fill}}",
        "backdrop: {fill}",
        "colour of the background: {fill}",
        "all on {fill}",
    ),
    backgrounds=("backdrop: {fill}", "sheet: {fill}", "all on {fill}"),
    shapes=(
        "shape: {thing}, {place}",
        "drawn {place}: {thing}",
        "shown {place}: {thing}",
        "{place} only {thing}",
    ),
    texts=(
        "text to print {place}: {text}, {letters}",
        "{place} the letters {text}, {letters}",
        "message {text}, {letters}, {place}",
        "{letters}: {text}, {place}",
    ),
    joiners=(", ", "; ", ". ", " / "),
    endings=("", ""),
)

_SENTENCES = Writer(
    openings=(
        "the (sheet|surface) is {fill}",
        f"we see a {{background}} {_PAPER}",
        f"the {_PAPER} stands on {{fill}}",
        "there is {fill} behind everything",
        f"this {_PAPER} is shown on {{fill}}",
    ),
    backgrounds=(
        "behind all of this there is {fill}",
        "the sheet under it is {fill}",
        "its surface is {fill}",
    ),
    shapes=(
        "the (picture|poster|drawing) has {thing} {place}",
        "{thing} can be found {place}",
        "one finds {thing} {place}",
        "{place} the picture shows {thing}",
        "{place} we have {thing}",
    ),
    texts=(
        "one can read {text} {place} {letters}",
        "{place} the picture reads {text} {letters}",
        "what it says {place} is {text} {letters}",
        "{text} is the {look} {noun} {place}",
        "you read {text} {place} {letters}",
        "the letters {text} are {place} {letters}",
    ),
    joiners=(". ", ", and ", "; ", ". "),
    endings=(".", ""),
)

_IMPERATIVE = Writer(
    openings=(
        f"begin a {_PAPER} on {{fill}}",
        "let the background be {fill}",
        "choose {fill} for the background",
        "paint the (sheet|surface|whole picture) {fill}",
        "draw it all on {fill}",
    ),
    backgrounds=(
        "let {fill} fill the background",
        "paint {fill} behind it",
        "choose {fill} for the background",
    ),
    shapes=(
        "paint {thing} {place}",
        "let there be {thing} {place}",
        "make {thing} {place}",
        "do not leave out {thing} {place}",
        "{place} paint {thing}",
        "give it {thing} {place}",
    ),
    texts=(
        "(draw|paint) the letters {text} {place} {letters}",
        "make it read {text} {place} {letters}",
        "use {text} as the {look} {noun} {place}",
        "{place} let it read {text} {letters}",
        "give it the {noun} {text} {place} {letters}",
        "let us read {text} {place} {letters}",
    ),
    joiners=(", ", " and ", ". ", ", then ", ". Then "),
    endings=("", "."),
)

_POLITE = Writer(
    openings=(
        f"(could|can) we have a {_PAPER} with {{fill}} behind it",
        "would you paint the background {fill}",
        f"we would like this {_PAPER} on {{fill}}",
        f"I am making a {_PAPER}, could it be on {{fill}}",
        "please let the background be {fill}",
    ),
    backgrounds=(
        "please keep the background {fill}",
        "could the background be {fill}",
        "I need {fill} as the background",
    ),
    shapes=(
        "could you (put|draw|add) {thing} {place}",
        "can we have {thing} {place}",
        "we need {thing} {place}",
        "please let {thing} be {place}",
        "would you draw {thing} {place}",
    ),
    texts=(
        "could it say {text} {place} {letters}",
        "would you (write|print) {text} {place} {letters}",
        "we need {text} {place} {letters}",
        "please let the {noun} {place} be {text} {letters}",
        "I need the {look} {noun} {text} {place}",
        "can we read {text} {place} {letters}",
    ),
    joiners=(", ", " and ", ". ", ", and "),
    endings=("", ".", ". Thank you", ", thanks"),
)

_SHOWING = Writer(
    openings=(
        f"a {_PAPER} whose background is {{fill}}, showing~",
        f"a {_PAPER} covered in {{fill}}, with~",
        "{fill}, and on it~",
        f"{_PAPER} on {{fill}} featuring~",
    ),
    backgrounds=(
        "in front of a {background} backdrop",
        "placed on a {background} surface",
        "with {fill} behind",
    ),
    shapes=("{thing} drawn {place}", "{thing} seen {place}", "{thing} set {place}"),
    texts=(
        "a {noun} reading {text} {place} {letters}",
        "{text} set {place} {letters}",
        "{text} as a {look} {noun} {place}",
        "the {noun} {place} saying {text} {letters}",
    ),
    joiners=(", ", " and ", ", and "),
    endings=("", "."),
)

_NARRATIVE = Writer(
    openings=(
        f"we are making a {_PAPER} for (the|our) (club|school|party|shop), and all of it is on "
        "{fill}",
        "it is {fill} that everyone should see behind everything",
        "the surface I begin with is {fill}",
        f"my new {_PAPER} has {{fill}} behind it all",
    ),
    backgrounds=(
        "behind it all lies {fill}",
        "the rest of the sheet is {fill}",
        "what is left of the surface is {fill}",
    ),
    shapes=(
        "{place} people find {thing}",
        "{place} I want everyone to see {thing}",
        "then the eye falls on {thing} {place}",
        "{thing} {is} there to be seen {place}",
    ),
    texts=(
        "{place} people can read {text} {letters}",
        "what we say {place} is {text} {letters}",
        "{place} we find the {look} {noun} {text}",
        "the {noun} that people read {place} is {text} {letters}",
        "so that everyone can read it, {text} stands {place} {letters}",
    ),
    joiners=(". ", ", and ", ". Then ", ". "),
    endings=(".", ""),
)

_DESIGNS = DesignBook(
    titles=(
        "{place} the title says {text} {letters}, and the subtitle {sub} {sub_letters} stands "
        "under it",
        "put {text} {place} {letters} as the headline, and as a second line below it {sub} "
        "{sub_letters}",
        "title {place} {letters}: {text}, with the subtitle below {sub_letters}: {sub}",
        "I want to read {text} {place} {letters}, and beneath it the subtitle {sub} {sub_letters}",
        "{place} as title and subtitle: {text} {letters} and {sub} {sub_letters}",
    ),
    split={
        "beside": (
            "left and right are two (halves|panels)",
            "cut the (poster|card|sheet) into a left and a right panel",
            "two halves, one left and one right",
            "the (sheet|card) has two panels, left and right",
        ),
        "stacked": (
            "above and below are two (halves|panels)",
            "cut the (poster|card|sheet) into a top and a bottom panel",
            "two halves, one over the other",
            "the (sheet|card) has two panels, top and bottom",
        ),
        "quarters": (
            "cut the (poster|card|sheet) into four",
            "the (sheet|card) has four equal (panels|parts)",
            "four quarters make the picture",
            "a grid of four panels",
        ),
    },
    panels=(
        "in the {panel} there is {content} on {fill}",
        "the {panel}, {fill}, is for {content}",
        "use {fill} for the {panel} and draw {content} there",
        "for the {panel} choose {fill} with {content}",
        "you see {content} in the {panel} on {fill}",
        "the {panel} is on {fill}, and there we see {content}",
    ),
    panel_names=english.ENGLISH.designs.panel_names,
    contents=("{thing}", "{thing} in the center of it"),
    text_contents=(
        "{text} as a {look} {noun}",
        "the letters {text} {letters}",
        "a {noun} that reads {text} {letters}",
    ),
    steps=(
        "on a {background} background, show a workflow with three steps {direction}",
        "three things {direction} with arrows from one to the next, on {fill}",
        "step by step {direction}: a flowchart with three labels on {fill}",
        "let the three steps of a process be shown {direction} on {fill}, connected by arrows",
    ),
    directions=english.ENGLISH.designs.directions,
    labels=(
        "the first step says {one}, the second {two} and the last {three} {letters}",
        "write {one}, {two} and {three} on the steps {letters}",
        "{one} is the first, {two} the second and {three} the last step {letters}",
        "the steps read {one}, {two}, {three} {letters}",
    ),
    one_shape=(
        "draw every step as a {style} {colour} {name}",
        "for each label there is a {style} {colour} {name}",
        "use a {style} {colour} {name} for every step",
    ),
    three_shapes=(
        "draw {one} for the first step, {two} for the second and {three} for the last",
        "the first step has {one}, the next {two} and the last {three}",
    ),
    arrows=(
        "paint the arrows {colour}",
        "the arrows between them should be {colour}",
        "use {colour} for the arrows",
    ),
)

ENGLISH = replace(
    english.ENGLISH,
    letters=(
        "set in {size} {colour} {font} type",
        "printed in {colour} with {size} {font} letters",
        "with the {size} {font} letters in {colour}",
        "using {colour} for the {size} {font} letters",
    ),
    bare_shapes=(
        "I want {thing}",
        "let there be {thing}",
        "do not leave out {thing}",
        "it should be {thing}",
    ),
    bare_texts=(
        "let it say {text} {letters}",
        "I want to read {text} {letters}",
        "include the {look} {noun} {text}",
        "what it says is {text} {letters}",
    ),
    sizes={2: ("small", "little", "tiny"), 3: ("medium", "medium-sized"), 4: ("big", "large")},
    text_sizes={1: ("small",), 2: ("big", "large", "huge")},
    writers=(_TAGS, _SENTENCES, _IMPERATIVE, _POLITE, _SHOWING, _NARRATIVE),
    designs=_DESIGNS,
)
"""Names of things as in training, sentences of its own; sizes are always told."""
