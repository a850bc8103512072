"""English instructions of the held-out edits: training never words them like this."""

from glm_image.data.edit_book import EditBook

ENGLISH_EDITS = EditBook(
    recolour=(
        "let {thing} (be|become) {colour}",
        "use {colour} for {thing}",
        "{colour} is what I want for {thing}",
        "I need {thing} in {colour}",
    ),
    move=(
        "take {thing} and set it {place}",
        "{thing} belongs {place}",
        "I want {thing} {place} instead",
        "get {thing} to be {place}",
    ),
    enlarge=(
        "I want {thing} (bigger|larger)",
        "let {thing} be larger",
        "draw {thing} (bigger|larger)",
        "a (bigger|larger) size for {thing}",
    ),
    shrink=(
        "I want {thing} smaller",
        "let {thing} be smaller",
        "draw {thing} smaller",
        "a smaller size for {thing}",
    ),
    outline=(
        "leave only the outline of {thing}",
        "let {thing} be (hollow|outlined)",
        "I want {thing} (unfilled|as an outline)",
        "do not fill {thing}",
    ),
    solid=(
        "let {thing} be (solid|filled)",
        "I want {thing} (solid|filled)",
        "make {thing} a solid shape",
        "draw {thing} as a filled one",
    ),
    remove=(
        "let {thing} disappear",
        "{thing} can go",
        "I want {thing} out",
        "cut {thing} out",
        "put {thing} away",
    ),
    retext=(
        "the text should read {new} and not {old}",
        "{new} is the new text for {old}",
        "put {new} in the place of {old}",
        "turn the text {old} into {new}",
        "let it read {new} instead of {old}",
    ),
    retext_only=(
        "the new text is {new}",
        "I want to read {new} instead",
        "put {new} as the text",
        "let it say {new} instead",
    ),
    texts=("the letters {text}", "the text that (says|reads) {text}", "the writing {text}"),
    title=("the (title|headline|heading)",),
    subtitle=("the (subtitle|second line|smaller line)",),
    translate=(
        "I want {thing} in {language}",
        "let {thing} be in {language}",
        "use {language} for {thing}",
        "turn {thing} into {language}",
    ),
    languages=("English", "Chinese"),
    background=(
        "let the background be {fill}",
        "I want {fill} behind everything",
        "paint {fill} as the background",
        "use {fill} for the background",
    ),
    panel=(
        "let the {panel} be {fill}",
        "paint {fill} behind the {panel}",
        "I want {fill} in the {panel}",
    ),
    pastel=(
        "let the background be (paler|lighter|pastel)",
        "I want a (softer|paler) background",
        "give the background a (softer|lighter) colour",
    ),
    swap=(
        "let the background take the colour of {thing}, and {thing} the colour of the background",
        "swap colours: {thing} and the background",
    ),
    add=(
        "also (put|place|show) {thing}",
        "it should also (have|show) {thing}",
        "I also want {thing}",
        "let there be {thing} too",
    ),
    combine=(
        "the first picture should also have {thing} of the second",
        "bring {thing} from picture two into picture one",
        "let the first image show {thing} of the second image",
        "I want {thing} from the second picture in the first",
    ),
    combine_text=(
        "the first picture should also say what the second says",
        "bring the words of the second picture into the first",
        "write the text of the second picture in the first",
    ),
    combine_background=(
        "let the first picture have the background of the second",
        "take the background from the second picture and use it for the first",
        "the background of picture two should be behind picture one",
    ),
    before=("", "", "please "),
    after=("", ".", ". Thank you", ". Leave the rest as it is"),
    joiners=(" and then ", ". Then ", ", and then "),
)
