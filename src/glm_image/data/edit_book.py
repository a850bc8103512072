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
        "(把|将){thing}的颜色(改成|换成|调成|设为){colour}",
        "(给|为){thing}(换上|涂上|换个颜色，用){colour}",
        "{thing}(要|得|应该)是{colour}的",
        "用{colour}(画|重画|来画){thing}",
        "(把|将){thing}(染|画|弄|做)成{colour}的",
        "{thing}(别|不)用(原来的|现在的)颜色(了|)，(用|换|改用){colour}",
        "(改一下|换一下){thing}的颜色，{colour}(更好|更合适|比较好)",
        "让{thing}(的颜色|)(成为|变为|显示为){colour}",
    ),
    move=(
        "(把|将){thing}(移到|放到|挪到|移动到|放在){place}",
        "{thing}(移到|放到|挪到|换到){place}",
        "让{thing}在{place}",
        "{thing}应该在{place}",
        "(把|将){thing}(的位置|)(改到|调到|调整到|换到){place}",
        "让{thing}(移到|去|待在|来到){place}",
        "{thing}(不要|别)在(原处|原来的地方|现在的位置)(了|)，(放到|移到|挪去){place}",
        "{thing}的位置(改成|改为|换成){place}",
        "给{thing}换个(位置|地方)，(放到|移到|到){place}",
        "(移动|挪动|挪一下){thing}，(放到|到|移到){place}",
        "{thing}(摆放|所在)的(地方|位置)(改成|换成|变为){place}",
        "{thing}要(放|待|摆)在{place}",
    ),
    enlarge=(
        "(把|将){thing}(放大|变大|画大一点)",
        "{thing}(要|)(大一点|再大些|放大)",
        "放大{thing}",
        "让{thing}(变大|大一些|再大点|大一点)",
        "放大{thing}，现在(太小了|不够大|有点小)",
        "(增大|加大|调大){thing}的(尺寸|大小)",
        "(把|将){thing}(弄|调|改|做)得(更大|大一些|大点)",
        "{thing}的(尺寸|大小)(要|得|应该)(更大|加大|变大)",
        "{thing}(画|做|弄)得(更|再)大(一些|一点)",
        "给{thing}(放大|加大)(一号|一些|尺寸)",
        "{thing}(要|得)比(现在|原来)大(一些|一点|)",
    ),
    shrink=(
        "(把|将){thing}(缩小|变小|画小一点)",
        "{thing}(要|)(小一点|再小些|缩小)",
        "缩小{thing}",
        "让{thing}(变小|小一些|再小点|小一点)",
        "缩小{thing}，现在(太大了|有点大|过大)",
        "(减小|调小){thing}的(尺寸|大小)",
        "(把|将){thing}(弄|调|改|做)得(更小|小一些|小点)",
        "{thing}的(尺寸|大小)(要|得|应该)(更小|减小|变小)",
        "{thing}(画|做|弄)得(更|再)小(一些|一点)",
        "给{thing}缩小(一号|一些|尺寸)",
        "{thing}(要|得)比(现在|原来)小(一些|一点|)",
    ),
    outline=(
        "(把|将){thing}(改成|变成|画成)(空心|空心的|轮廓|线框)",
        "{thing}(改成|只要|只画)轮廓",
        "{thing}要空心的",
        "让{thing}(变为|成为)空心(的|)",
        "只(留|保留|留下){thing}的(轮廓|边|外框|边线)",
        "{thing}(不要|别)(填色|填充|涂满)(了|)，(只画轮廓|画成空心的|留边框)",
        "去掉{thing}(里面|中间)的(颜色|填充)，(只留|保留)(边框|轮廓)",
        "{thing}(从|由)实心(改成|变成|改为)空心",
        "用(线|线条|轮廓线)(画出|表示|来画){thing}",
        "挖空{thing}(的中间|的内部|)",
        "{thing}(得|应该)(是空心的|只有轮廓)",
        "(把|将){thing}的(里面|中间)(挖空|空出来)",
    ),
    solid=(
        "(把|将){thing}(填满|涂满|改成实心|变成实心的)",
        "{thing}(改成|要)实心(的|)",
        "填满{thing}",
        "让{thing}(变为|成为)实心(的|)",
        "{thing}(从|由)空心(改成|变成|改为)实心",
        "{thing}(里面|中间)(得|都要)(填满|涂满|填上颜色)",
        "给{thing}(里面|内部)(填上|填满|涂上)颜色",
        "{thing}(不要|别)(只有轮廓|空心|空着)(了|)，(填满|涂满|画成实心的)",
        "(把|将){thing}的(里面|中间|内部)(填满|涂满)",
        "(填充|涂满|填实){thing}",
        "{thing}(得|应该)是实心的",
        "用实心的(方式|办法|画法)(画|重画){thing}",
    ),
    remove=(
        "(去掉|删除|删掉|移除|擦掉|拿走){thing}",
        "(把|将){thing}(去掉|删除|移除|删掉|擦掉)",
        "不要{thing}(了|)",
        "{thing}不要了",
        "让{thing}(不见|离开画面|从画面消失)",
        "{thing}(去掉|删掉|拿走|删了)(吧|)",
        "(把|将){thing}从(图里|画面里|图上|画面中)(去掉|删掉|拿走|移走|清除)",
        "(清除|去除|撤掉|拿掉){thing}",
        "(图里|画面里|图上)(不要|不该|别)再有{thing}(了|)",
        "(删掉|去掉)(多余的|多出来的){thing}",
        "不(想|需要)(再|)(看到|看见){thing}(了|)",
        "(别|不用)(画|留){thing}(了|)",
    ),
    retext=(
        "(把|将)(文字|){old}(改成|换成|改为|替换为){new}",
        "{old}(改成|换成|改为){new}",
        "用{new}(代替|替换){old}",
        "不写{old}，(改写|写){new}",
        "让{old}(变为|换为|成为){new}",
        "{old}(应该|得|要)(是|写|改写成){new}",
        "(把|将){old}(擦掉|删掉|去掉)，(换上|写上|改写){new}",
        "用{new}(取代|换掉)(原来的|){old}",
        "原来的{old}(现在|)(改写成|换作){new}",
        "(改正|更正|纠正){old}，(应该|要)(是|写){new}",
        "(修改|改一下|更换|更新){old}，(写成|改为|换成){new}",
        "在(原来|){old}的(地方|位置)(改写|改成|换上){new}",
    ),
    retext_only=(
        "(文字|字)(改为|改成|换成){new}",
        "(把|将)(文字|字|内容)(换成|改成){new}",
        "(改写|改写成|写成){new}",
        "让(图上的|画面上的|)(文字|字)(变成|成为|写成){new}",
        "(图上|画面上|上面)的(文字|字|内容)(改为|换成|应该是|要写){new}",
        "(文字|字|内容)(应该|要|得)(是|写){new}",
        "用{new}(代替|替换|换掉)(原来的|现在的)(文字|字|内容)",
        "(原来的|现在的)(文字|字|内容)(不要了|删掉|去掉)，(写|换上|改写){new}",
        "(修改|更改|更换)(文字|内容)，(写成|改为|换成){new}",
        "(换|改)(一下|个)(文字|内容)，(写|用){new}",
        "写的(内容|字)(改为|换成|变成){new}",
    ),
    texts=("文字{text}", "{text}", "{text}这(几个|些|)字"),
    title=("标题", "主标题", "大标题"),
    subtitle=("副标题", "小标题", "第二行字"),
    translate=(
        "(把|将){thing}(翻译成|译成|改成){language}",
        "{thing}(换成|用|翻译成){language}",
        "用{language}写{thing}",
        "(翻译|译)(一下|){thing}，(要|用|换成){language}",
        "让{thing}(变为|成为|显示为){language}",
        "{thing}(要|得|应该)(是|用|写成){language}(的|)",
        "(把|将){thing}(写成|换成|变成|转成){language}(的|)",
        "{thing}(改用|改写成|换用){language}(来写|)",
        "(给|为){thing}(换成|换上){language}(版本|翻译)",
        "{thing}的{language}(翻译|说法)(换上去|写上去|写在原处)",
        "用{language}(表达|重写|改写){thing}",
    ),
    languages=("英文", "中文"),
    background=(
        "(把|将)背景(改成|变为|换成|改为){fill}",
        "背景(换成|改成|要|用){fill}",
        "(换|用){background}背景",
        "背景应该是{fill}",
        "让背景(成为|变为|换为){fill}",
        "(换|改)(一个|成|个|为){background}(背景|底)",
        "(把|将)(整个|)(底色|底|背景)(涂成|画成|设为|做成){fill}",
        "(把|将)(现在的|原来的)背景换(掉|了)，(用|改用|换上){fill}",
        "用{fill}(做新的|当|作为)背景",
        "给(图|画面|图片)(配|换|铺)(上|){background}背景",
        "(背景|底色)不要(原来的|现在的)，(改用|换成|要){fill}",
        "(所有东西|所有内容|全部内容)(都|)(放|画)在{background}背景上",
        "(更换|替换|修改)背景，(改为|换成|用){fill}",
    ),
    panel=(
        "(把|将){panel}的背景(改成|换成){fill}",
        "{panel}(改成|换成|要){fill}",
        "{panel}用{background}背景",
        "让{panel}的背景(变成|成为|变为){fill}",
        "{panel}的(底色|背景)(应该|要|得)(是|用){fill}",
        "给{panel}(换|配|铺)(上|){background}背景",
        "(换|改)(掉|一下|){panel}的背景，(用|改用|换成){fill}",
        "(把|将){panel}的(底色|底)(涂|画|填|做)成{fill}",
        "用{fill}(做|当|作为){panel}的背景",
        "{panel}(换|改)(成|为|用){background}(底|背景)",
        "{panel}不要(现在的|原来的)背景(了|)，(换|改)成{fill}",
        "只(改|换){panel}的背景，(改为|换成|用){fill}",
    ),
    pastel=(
        "(把|将|)背景(改|变|调)(浅|淡)一(点|些)",
        "背景(要|用)(浅|淡)一点的颜色",
        "背景颜色(变|调)浅",
        "让背景(的颜色|)(浅|淡)(一些|一点|点)",
        "(调淡|减淡|调浅)背景，(现在|)(太深|太浓)了",
        "(换|改用|用)(浅|淡)(一点|一些|)的同色背景",
        "(调浅|调淡|减淡)背景(的颜色|色|)",
        "(把|将)背景(的颜色|色|)(弄|调|改)得(更|)(柔和|浅|淡)(一些|一点|些)",
        "背景(色|的颜色)(要|得|应该)(更|再)(浅|淡)(一些|一点|些)",
        "(给|为)背景换(个更浅|上更淡|个更柔和)的颜色",
        "(背景|底色)还是(原来的|这个)颜色，(但|只是)要(浅|淡)(一些|一点)",
        "背景(要|得)比(现在|原来)(浅|淡)(一些|一点|)",
    ),
    swap=(
        "(把|将|)背景和{thing}的颜色(互换|对调|交换)",
        "{thing}和背景(互换颜色|颜色反过来)",
        "反转{thing}和背景的颜色",
        "(互换|对调|交换|调换)(背景与{thing}|{thing}与背景)的颜色",
        "让{thing}(和|与|跟)背景(交换|互换|对调|调换)(一下|)颜色",
        "(把|将|){thing}(与|跟)背景的颜色(换过来|调换|反过来|对换)",
        "{thing}用背景的颜色，背景用{thing}的颜色",
        "背景(变成|换成){thing}(现在|原来)的颜色，{thing}(变成|换成)背景(现在|原来)的颜色",
        "颜色(反过来|对调|互换)：{thing}用背景(色|的颜色)，背景用{thing}的颜色",
        "(把|将){thing}涂成背景的颜色，(再|并|同时)(把|将)背景涂成{thing}原来的颜色",
        "背景(跟|与){thing}(换|互换|对换)(一下|)颜色",
        "{thing}的颜色(给|换给)背景，背景的颜色(给|换给){thing}",
    ),
    add=(
        "(添加|加上|再画|增加|画上){thing}",
        "还要(有|){thing}",
        "再(加|来){thing}",
        "(给|为)(图|图片|画面)(里|)(加上|添上|增加|画上){thing}",
        "(补上|加上)(图里|画面上|画面里)(缺的|少了的|没有的){thing}",
        "{thing}(也|)(要|得)(有|画上|加上)",
        "(把|将){thing}(加进来|画进去|加上去|补上)",
        "(补|添|加|画)(一下|上){thing}",
        "(让|使)(图里|画面里|画面上)(多出|出现){thing}",
        "(另外|额外|另)(画|加|放)(上|){thing}",
        "(在|)(图里|画面里)(再|)多(画|加)(上|){thing}",
        "(插入|加入|放上|摆上|添上){thing}",
    ),
    combine=(
        "(把|将)第二张(图|图片)(里|中|)的{thing}(放进|放到|加到|移到)第一张(图|)(里|中|)",
        "第一张图加上第二张图(里|)的{thing}",
        "(从图2取|取图2的){thing}(放进|加到)图1",
        "(把|将)图(2|二)(里|中|)的{thing}(加进|放进|搬到|画到)图(1|一)(里|中|)",
        "(给|在)第一张图(里|)(添上|加入|画上)第二张图(里|中|)的{thing}",
        "(复制|拿|取)第二张图(里|中|)的{thing}，(放到|加到|加进|贴到)第一张(图|)(里|中|上)",
        "让第二张图(里|中|)的{thing}(出现在|来到|进入)第一张图(里|中)",
        "第二张图(里|中|)的{thing}(放到|移到|加进|也要出现在)第一张(图|)(里|中)",
        "(合并|结合)两张图：(以第一张为主|第一张不变|用第一张)，(加上|添上)第二张(里|)的{thing}",
        "第一张图(里|中)(也|还|)(要有|要加上|需要)第二张图(里|中|)的{thing}",
        "(以图1为底|以第一张图为底)，(加上|放上)(图2|第二张图)(里|中|)的{thing}",
        "(从|由)第二张(图|图片)(里|中)(拿出|取出|选出){thing}，(放进|加进|画进)第一张(图|)(里|中|)",
    ),
    combine_text=(
        "(把|将)第二张(图|图片)(里|中|)的(文字|字)(放进|写到|加到)第一张(图|)(里|中|)",
        "第一张图加上第二张图的文字",
        "(把|将)图(2|二)(里|上|)的(文字|字)(加进|写进|放进|写到)图(1|一)(里|中|)",
        "(给|在)第一张图(里|上|)(添上|加入|写上)第二张图(里|上|)的(文字|字)",
        "(复制|拿|取)第二张图(里|上|)的(文字|字)，(放到|加到|写到)第一张(图|)(里|上)",
        "让第二张图(里|上|)的(文字|字)(出现在|也写在)第一张图(里|上)",
        "第二张图(里|上|)的(文字|字)(要|也要)(写到|放到|加进)第一张(图|)(里|上)",
        "(合并|结合)两张图：(以第一张为主|用第一张)，(加上|写上)第二张(里|)的(文字|字)",
        "第二张图(写了什么|写的字)，(就|都)(写到|加到|放到)第一张图(里|上)",
        "(以图1为底|以第一张图为底)，(加上|写上)(图2|第二张图)(里|上|)的(文字|字)",
        "第一张图(里|上)(也|还|)(要有|要写|要加上)第二张图(里|上|)的(文字|字)",
    ),
    combine_background=(
        "第一张图(用|换成)第二张图的背景",
        "(把|将)第一张图的背景换成第二张(图|)的",
        "(给|为)第一张图(换上|配上|用上)第二张(图|)的背景",
        "(把|将)第二张图的背景(用到|放到|搬到|用在)第一张(图|)(上|里)",
        "用第二张图的背景(代替|替换|换掉)第一张(图|)的背景",
        "图(1|一)的背景(改用|换成|要用|换为)图(2|二)的",
        "让第一张图(有|用上|使用)(和|与|跟)第二张(图|)一样的背景",
        "第一张图的内容(放|画|摆)(在|到)第二张图的背景上",
        "(把|将)第二张图的背景(给|用于|换给)第一张(图|)",
        "(取|拿)第二张图的背景，(做|当|作为)第一张(图|)的背景",
        "第一张图的背景(要|应该|得)(像|跟|和)第二张(图|)的一样",
        "(以|用)图(2|二)的背景(做|当)图(1|一)的背景",
    ),
    before=("", "", "", "请", "帮我", "麻烦", "现在"),
    after=("", "", "", "。", "，谢谢", "，其他不变", "，别的不动", "。其余保持原样。"),
    joiners=("，", "，并且", "，然后", "，再", "；", "，同时"),
)


def edit_book(book: Phrasebook) -> EditBook:
    """The templates that go with a phrasebook."""
    return _CHINESE if book.chinese else _ENGLISH
