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
    ),
    move=(
        "(move|shift|put|place|bring) {thing} {place}",
        "{thing} should (be|go|stand) {place}",
        "let {thing} be {place} (instead|)",
        "move {thing} so that it is {place}",
        "the new place of {thing} is {place}",
    ),
    enlarge=(
        "make {thing} (bigger|larger)",
        "enlarge {thing}",
        "{thing} should be (bigger|larger)",
        "increase the size of {thing}",
        "scale {thing} up",
    ),
    shrink=(
        "make {thing} smaller",
        "shrink {thing}",
        "{thing} should be smaller",
        "reduce the size of {thing}",
        "scale {thing} down",
    ),
    outline=(
        "(make|turn) {thing} (into |)(outlined|hollow)",
        "show only the outline of {thing}",
        "draw {thing} as an outline",
        "{thing} should be (an outline|hollow|unfilled)",
        "turn {thing} into an outline",
    ),
    solid=(
        "fill {thing} (in|)",
        "make {thing} (solid|filled)",
        "{thing} should be (solid|filled)",
        "draw {thing} filled instead of outlined",
        "turn {thing} into a solid one",
    ),
    remove=(
        "(remove|delete|erase|drop) {thing}",
        "take {thing} away",
        "get rid of {thing}",
        "{thing} should (go|disappear)",
        "I (do not|don't) want {thing} (any more|anymore)",
        "leave out {thing}",
    ),
    retext=(
        "change (the text |){old} to {new}",
        "replace {old} (with|by) {new}",
        "write {new} instead of {old}",
        "{old} should (be|read|say) {new}",
        "let {old} become {new}",
        "swap the text {old} for {new}",
    ),
    retext_only=(
        "(the text|it) should (say|read) {new}",
        "change the (text|words|lettering) to {new}",
        "replace the text with {new}",
        "let the text (read|say) {new}",
        "(make|have) it say {new}",
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
    ),
    panel=(
        "make the {panel} {fill}",
        "change the background of the {panel} to {fill}",
        "the {panel} should be {fill}",
        "use a {background} background (for|in) the {panel}",
    ),
    pastel=(
        "make the background (lighter|paler|pastel|softer)",
        "use a (pastel|paler|lighter) background",
        "(a|use a) lighter shade for the background",
        "the background should be pastel",
    ),
    swap=(
        "swap the colours of the background and {thing}",
        "exchange the colours of {thing} and the background",
        "invert the colours of {thing} and the background",
        "invert the colours: {thing} takes the colour of the background and the other way round",
    ),
    add=(
        "(add|insert|put in|also draw|include) {thing}",
        "there should also be {thing}",
        "I'd like {thing} added",
        "draw {thing} too",
    ),
    combine=(
        "put {thing} (of|from) the second picture into the first (one|)",
        "take {thing} from (image|picture) 2 and add it to (image|picture) 1",
        "add {thing} of the second image to the first",
        "(combine|merge) the pictures: the first one with {thing} of the second",
        "copy {thing} from the second picture to the first",
    ),
    combine_text=(
        "put the text (of|from) the second picture into the first (one|)",
        "add what the second image says to the first",
        "copy the text of (image|picture) 2 to (image|picture) 1",
    ),
    combine_background=(
        "use the background of the second picture (for|in) the first",
        "give the first picture the background of the second (one|)",
        "the first image on the background of the second",
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
