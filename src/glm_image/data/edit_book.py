"""How changes of a picture are asked for."""

from dataclasses import dataclass

from glm_image.data.book import Phrasebook
from glm_image.data.grammar import Phrases


@dataclass(frozen=True, kw_only=True)
class EditBook:
    """Templates of one language.

    ``{thing}`` names what is there, ``{colour}``, ``{place}``, ``{background}`` and ``{fill}`` what
    it shall have, ``{old}`` and ``{new}`` are quoted texts.

    Attributes:
        recolour: Another colour.
        move: Another place.
        enlarge: Larger than it is.
        shrink: Smaller than it is.
        outline: Outlined instead of filled.
        solid: Filled instead of outlined.
        remove: Take something away.
        retext: Another text instead of an old one.
        retext_only: Another text instead of the only one.
        texts: Names of a text with ``{text}``.
        title: Names of a title.
        subtitle: Names of a subtitle.
        translate: Into the language ``{language}``.
        languages: Names of English and Chinese.
        background: Another background.
        panel: Another background of a ``{panel}``.
        pastel: A paler background of the same colour.
        swap: Exchange the colours of the background and of a thing.
        add: Something new.
        combine: A ``{thing}`` of the second picture into the first.
        combine_text: The text of the second picture into the first.
        combine_background: The background of the second picture for the first.
        before: What an instruction can begin with.
        after: What an instruction can end with.
        joiners: What stands between two changes.
    """

    recolour: Phrases
    move: Phrases
    enlarge: Phrases
    shrink: Phrases
    outline: Phrases
    solid: Phrases
    remove: Phrases
    retext: Phrases
    retext_only: Phrases
    texts: Phrases
    title: Phrases
    subtitle: Phrases
    translate: Phrases
    languages: tuple[str, str]
    background: Phrases
    panel: Phrases
    pastel: Phrases
    swap: Phrases
    add: Phrases
    combine: Phrases
    combine_text: Phrases
    combine_background: Phrases
    before: Phrases
    after: Phrases
    joiners: Phrases


_ENGLISH = EditBook(
    recolour=(
        "(make|paint|turn|colour|color) {thing} {colour}",
        "change (the colour of |){thing} to {colour}",
        "recolor {thing} in {colour}",
        "{thing} should be {colour}",
        "give {thing} a {colour} colour",
        "I want {thing} (to be |)in {colour} (instead|)",
        "let {thing} be {colour} (from now on|instead)",
        "the (new |)colour (of|for) {thing} (should be|is now) {colour}",
        "make the colour of {thing} {colour}",
        "set the colour of {thing} to {colour}",
        "I'd like {thing} (painted |coloured |to be |){colour}",
        "(pick|choose|take) {colour} as the colour (of|for) {thing}",
        "switch {thing} (over |)to {colour}",
        "have {thing} in {colour} (instead|)",
    ),
    move=(
        "(move|shift|put|place|bring) {thing} {place}",
        "{thing} should (be|go|stand) {place}",
        "let {thing} be {place} (instead|)",
        "move {thing} so that it is {place}",
        "the new place of {thing} is {place}",
        "I'd like {thing} (to be|to stand|to sit) {place} (instead|)",
        "have {thing} (sit|stand|appear) {place}",
        "drag {thing} until it is {place}",
        "take {thing} and put it {place}",
        "change the (position|place) of {thing}: {place}",
        "{thing} would look better {place}",
        "there is a better (spot|place) for {thing}: {place}",
        "I (want|need) {thing} to (go|be|stand) {place}",
    ),
    enlarge=(
        "make {thing} (bigger|larger)",
        "enlarge {thing}",
        "{thing} should be (bigger|larger)",
        "increase the size of {thing}",
        "scale {thing} up",
        "blow {thing} up",
        "let {thing} grow (a bit|a little|)",
        "draw {thing} (bigger|larger) than it is",
        "I'd like {thing} (a bit |a little |much |)(bigger|larger)",
        "I want {thing} to be (bigger|larger)",
        "I find {thing} too small",
        "{thing} should take up more (space|room)",
        "the size of {thing} should (increase|go up)",
    ),
    shrink=(
        "make {thing} smaller",
        "shrink {thing}",
        "{thing} should be smaller",
        "reduce the size of {thing}",
        "scale {thing} down",
        "let {thing} shrink (a bit|a little|)",
        "draw {thing} smaller than it is",
        "I'd like {thing} (a bit |a little |much |)smaller",
        "I want {thing} to be smaller",
        "I find {thing} too (big|large)",
        "{thing} should take up less space",
        "the size of {thing} should go down",
        "cut {thing} down in size",
    ),
    outline=(
        "(make|turn) {thing} (outlined|hollow)",
        "show only the outline of {thing}",
        "draw {thing} as an outline",
        "{thing} should be (an outline|hollow|unfilled)",
        "turn {thing} into an outline",
        "leave only the edge of {thing}",
        "keep just the (edge|outline) of {thing}",
        "I want {thing} (hollow|outlined|empty inside)",
        "I'd like to see only the (edge|outline) of {thing}",
        "take the fill out of {thing}",
        "{thing} should have an outline but no fill",
        "{thing} should not be (filled|solid) (any more|)",
        "change {thing} from (filled|solid) to (outlined|hollow|empty)",
    ),
    solid=(
        "fill {thing} (in|)",
        "make {thing} (solid|filled)",
        "{thing} should be (solid|filled)",
        "draw {thing} filled instead of outlined",
        "turn {thing} into a solid one",
        "I want {thing} (filled in|to be filled|to be solid)",
        "I'd like {thing} to be (filled|solid)",
        "{thing} should not be (hollow|outlined|empty) (any more|)",
        "fill the (empty |)inside of {thing}",
        "give {thing} a (full|solid) fill",
        "let {thing} be (filled|solid) instead",
        "paint the inside of {thing} too",
        "change {thing} from (outlined|hollow|empty) to (filled|solid)",
    ),
    remove=(
        "(remove|delete|erase|drop) {thing}",
        "take {thing} away",
        "get rid of {thing}",
        "{thing} should (go|disappear)",
        "I (do not|don't) want {thing} (any more|anymore)",
        "leave out {thing}",
        "take {thing} out",
        "clear {thing} away",
        "the picture should do without {thing}",
        "the picture would look better without {thing}",
        "I'd like {thing} (gone|removed)",
        "make {thing} (disappear|go away)",
        "show the picture without {thing}",
        "{thing} can be (removed|left out)",
    ),
    retext=(
        "change {old} to {new}",
        "replace {old} (with|by) {new}",
        "write {new} instead of {old}",
        "{old} should (be|read|say) {new}",
        "let {old} become {new}",
        "swap {old} for {new}",
        "rewrite {old} (as|so that it reads) {new}",
        "put {new} (in place of {old}|where {old} stands)",
        "(cross out|erase) {old} and write {new} (there|in its place|instead)",
        "make {old} (say|read) {new} (instead|)",
        "turn {old} into {new}",
        "use {new} rather than {old}",
        "let {new} take the place of {old}",
        "I'd like {new} in place of {old}",
    ),
    retext_only=(
        "(the text|it) should (say|read) {new}",
        "change the (text|words|lettering) to {new}",
        "replace the text with {new}",
        "let the text (read|say) {new}",
        "(make|have) it say {new}",
        "rewrite the text (as|to say|so that it reads) {new}",
        "the (words|letters) should (now |)be {new}",
        "write {new} (there |)instead",
        "put {new} in place of the old (text|words)",
        "I'd like (it|the text) to (say|read) {new}",
        "I want the text to be {new}",
        "use {new} as the (new |)text",
        "the new words should be {new}",
    ),
    texts=("the (text|word|words|lettering|line) {text}", "{text}"),
    title=("the (title|headline|heading)",),
    subtitle=("the (subtitle|second line|smaller line)",),
    translate=(
        "translate {thing} (into|to) {language}",
        "write {thing} in {language}",
        "change {thing} to {language}",
        "{thing} should be in {language}",
        "give {thing} in {language} instead",
        "say {thing} in {language}",
        "change {thing} over to {language}",
        "put {thing} into {language}",
        "I'd like {thing} (to be |)in {language}",
        "I need {thing} in {language}",
        "show {thing} in {language} (instead|)",
        "use the {language} word for {thing}",
        "switch {thing} (over |)to {language}",
    ),
    languages=("English", "Chinese"),
    background=(
        "change the background to {fill}",
        "make the (background|backdrop) {fill}",
        "(use|give it) a {background} background (instead|)",
        "a {background} background instead",
        "replace the background with {fill}",
        "the background should be {fill}",
        "put everything on a {background} background",
        "(paint|turn|colour) the background {fill}",
        "I'd like a {background} (background|backdrop) (instead|)",
        "let the backdrop be {fill}",
        "the new (background|backdrop) is {fill}",
        "(pick|take) {fill} for the background",
        "there should be {fill} behind everything",
        "switch to a {background} (background|backdrop)",
    ),
    panel=(
        "make the {panel} {fill}",
        "change the background of the {panel} to {fill}",
        "the {panel} should be {fill}",
        "use a {background} background (for|in) the {panel}",
        "(paint|colour|turn) the background of the {panel} {fill}",
        "give the {panel} a {background} background",
        "the {panel} should (have|get) a {background} background",
        "I'd like the {panel} to (be|become) {fill}",
        "let the {panel} have {fill} as its background",
        "put {fill} behind what is in the {panel}",
        "the background of the {panel} should be {fill}",
        "use {fill} as the background (of|in) the {panel}",
    ),
    pastel=(
        "make the background (lighter|paler|pastel|softer)",
        "use a (pastel|paler|lighter) background",
        "(a|use a) lighter shade for the background",
        "the background should be pastel",
        "give the background a (lighter|paler) shade",
        "give the background a pastel shade",
        "make the background a (lighter|paler) shade of its colour",
        "I'd like the background (lighter|paler|softer)",
        "turn the background (paler|pastel|lighter)",
        "the background looks too (strong|dark), make it (lighter|paler)",
        "change the background to a paler shade",
        "keep the colour of the background but make it (lighter|paler)",
    ),
    swap=(
        "swap the colours of the background and {thing}",
        "exchange the colours of {thing} and the background",
        "invert the colours of {thing} and the background",
        "invert the colours: {thing} takes the colour of the background and the other way round",
        "switch the colours of {thing} and the background",
        "let {thing} and the background (swap|exchange) colours",
        "give {thing} the colour of the background and the background that of {thing}",
        "{thing} and the background should (swap|exchange) colours",
        "make {thing} the colour of the background and the other way (round|around)",
        "the colours of {thing} and the background should be swapped",
        "change round the colours of the background and {thing}",
        "I'd like the colours of {thing} and the background swapped",
    ),
    add=(
        "(add|insert|put in|also draw|include) {thing}",
        "there should also be {thing}",
        "I'd like {thing} added",
        "draw {thing} too",
        "I'd also like {thing}",
        "the picture still needs {thing}",
        "there is (still |)room for {thing}",
        "it (still |)needs {thing}",
        "make room for {thing} (as well|too)",
        "(complete|finish) the picture with {thing}",
        "bring in {thing}",
        "I want {thing} as well",
    ),
    combine=(
        "put {thing} (of|from) the second picture into the first (one|)",
        "take {thing} from (image|picture) 2 and add it to (image|picture) 1",
        "add {thing} of the second image to the first",
        "(combine|merge) the pictures: the first one with {thing} of the second",
        "copy {thing} from the second picture to the first",
        "let the first picture have {thing} (of|from) the second",
        "insert {thing} from picture 2 into picture 1",
        "the first picture should also show {thing} (of|from) the second",
        "I'd like {thing} (of|from) the second image in the first",
        "bring {thing} over from (image|picture) 2 to (image|picture) 1",
        "use {thing} of the second picture in the first (one|)",
        "keep the first (image|picture) and add {thing} from the second",
        "complete (image|picture) 1 with {thing} from (image|picture) 2",
    ),
    combine_text=(
        "put the text (of|from) the second picture into the first (one|)",
        "add what the second image says to the first",
        "copy the text of (image|picture) 2 to (image|picture) 1",
        "write on the first (image|picture) what the second (one |)says",
        "the first picture should also (show|have) the text of the second",
        "take the (text|words|writing) from the second image for the first",
        "I'd like the (text|words) of the second picture in the first",
        "let the first image (say|read) what the second says",
        "bring the text over from (image|picture) 2 to (image|picture) 1",
        "insert the (text|writing) of the second (image|picture) into the first",
    ),
    combine_background=(
        "use the background of the second picture (for|in) the first",
        "give the first picture the background of the second (one|)",
        "the first image on the background of the second",
        "put the first (image|picture) on the background of the second (one|)",
        "replace the background of (image|picture) 1 (with|by) that of (image|picture) 2",
        "the first picture should have the background of the second",
        "take the background from the second image and put it behind the first",
        "I'd like the first picture (on|with) the background of the second",
        "change the background of the first (image|picture) to that of the second",
        "copy the background of (image|picture) 2 to (image|picture) 1",
    ),
    before=("", "", "", "please ", "can you ", "could you please ", "now ", "in this picture, "),
    after=(
        "",
        "",
        "",
        ".",
        ".",
        ", please",
        ". Thanks",
        " and leave the rest as it is",
        ", keep everything else",
        ". Nothing else changes",
    ),
    joiners=(" and ", ", and ", ", then ", ". Also, ", "; ", " and also "),
)

_CHINESE = EditBook(
    recolour=(
        "(把|将){thing}(变成|改为|改成|换成|涂成){colour}",
        "{thing}(换成|改成|要|用){colour}",
        "{thing}的颜色(改成|换为){colour}",
        "让{thing}变{colour}",
    ),
    move=(
        "(把|将){thing}(移到|放到|挪到|移动到|放在){place}",
        "{thing}(移到|放到|挪到|换到){place}",
        "让{thing}在{place}",
        "{thing}应该在{place}",
    ),
    enlarge=(
        "(把|将){thing}(放大|变大|画大一点)",
        "{thing}(要|)(大一点|再大些|放大)",
        "放大{thing}",
    ),
    shrink=(
        "(把|将){thing}(缩小|变小|画小一点)",
        "{thing}(要|)(小一点|再小些|缩小)",
        "缩小{thing}",
    ),
    outline=(
        "(把|将){thing}(改成|变成|画成)(空心|空心的|轮廓|线框)",
        "{thing}(改成|只要|只画)轮廓",
        "{thing}要空心的",
    ),
    solid=(
        "(把|将){thing}(填满|涂满|改成实心|变成实心的)",
        "{thing}(改成|要)实心(的|)",
        "填满{thing}",
    ),
    remove=(
        "(去掉|删除|删掉|移除|擦掉|拿走){thing}",
        "(把|将){thing}(去掉|删除|移除|删掉|擦掉)",
        "不要{thing}(了|)",
        "{thing}不要了",
    ),
    retext=(
        "(把|将)(文字|){old}(改成|换成|改为|替换为){new}",
        "{old}(改成|换成|改为){new}",
        "用{new}(代替|替换){old}",
        "不写{old}，(改写|写){new}",
    ),
    retext_only=(
        "(文字|字)(改为|改成|换成){new}",
        "(把|将)(文字|字|内容)(换成|改成){new}",
        "(改写|改写成|写成){new}",
    ),
    texts=("文字{text}", "{text}", "{text}这(几个|些|)字"),
    title=("标题", "主标题", "大标题"),
    subtitle=("副标题", "小标题", "第二行字"),
    translate=(
        "(把|将){thing}(翻译成|译成|改成){language}",
        "{thing}(换成|用|翻译成){language}",
        "用{language}写{thing}",
    ),
    languages=("英文", "中文"),
    background=(
        "(把|将)背景(改成|变为|换成|改为){fill}",
        "背景(换成|改成|要|用){fill}",
        "(换|用){background}背景",
        "背景应该是{fill}",
    ),
    panel=(
        "(把|将){panel}的背景(改成|换成){fill}",
        "{panel}(改成|换成|要){fill}",
        "{panel}用{background}背景",
    ),
    pastel=(
        "(把|将|)背景(改|变|调)(浅|淡)一(点|些)",
        "背景(要|用)(浅|淡)一点的颜色",
        "背景颜色(变|调)浅",
    ),
    swap=(
        "(把|将|)背景和{thing}的颜色(互换|对调|交换)",
        "{thing}和背景(互换颜色|颜色反过来)",
        "反转{thing}和背景的颜色",
    ),
    add=("(添加|加上|再画|增加|画上){thing}", "还要(有|){thing}", "再(加|来){thing}"),
    combine=(
        "(把|将)第二张(图|图片)(里|中|)的{thing}(放进|放到|加到|移到)第一张(图|)(里|中|)",
        "第一张图加上第二张图(里|)的{thing}",
        "(从图2取|取图2的){thing}(放进|加到)图1",
    ),
    combine_text=(
        "(把|将)第二张(图|图片)(里|中|)的(文字|字)(放进|写到|加到)第一张(图|)(里|中|)",
        "第一张图加上第二张图的文字",
    ),
    combine_background=(
        "第一张图(用|换成)第二张图的背景",
        "(把|将)第一张图的背景换成第二张(图|)的",
    ),
    before=("", "", "", "请", "帮我", "麻烦", "现在"),
    after=("", "", "", "。", "，谢谢", "，其他不变", "，别的不动", "。其余保持原样。"),
    joiners=("，", "，并且", "，然后", "，再", "；", "，同时"),
)


def edit_book(book: Phrasebook) -> EditBook:
    """The templates that go with a phrasebook."""
    return _CHINESE if book.chinese else _ENGLISH
