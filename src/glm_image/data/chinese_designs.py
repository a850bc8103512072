"""The Chinese of titles, panels and diagrams."""

from glm_image.data.book import DesignBook

DESIGNS = DesignBook(
    titles=(
        "{place}是标题{text}，{letters}，(下面|下方|紧接着)是副标题{sub}，{sub_letters}",
        "标题{text}，{place}，{letters}，副标题{sub}，{sub_letters}",
        "{place}写标题{text}，{letters}，标题(下面|下方|底下)写副标题{sub}，{sub_letters}",
        "主标题(是|为|写){text}，{letters}，{place}，副标题(是|为|写){sub}，{sub_letters}",
        "(请|)在{place}放大标题{text}，{letters}，(它|标题)的下面放小标题{sub}，{sub_letters}",
        "副标题{sub}在标题{text}的下面，{place}，{letters}",
    ),
    split={
        "beside": (
            "(一张|画一张|做一张)(海报|图片|卡片)，分成左右两半",
            "左右两格",
            "(请|)把画面分成左右两(半|部分|块)",
            "画面左右(分开|各一半)",
        ),
        "stacked": (
            "(一张|画一张|做一张)(海报|图片|卡片)，分成上下两半",
            "上下两格",
            "(请|)把画面分成上下两(半|部分|块)",
            "画面上下(分开|各一半)",
        ),
        "quarters": (
            "(一张|画一张|做一张)(海报|图片|卡片)，分成四(格|块|份)",
            "四格(图|画|)",
            "(请|)把画面(平均|)分成四(块|格|部分)",
            "田字格，四(块|个部分)",
        ),
    },
    panels=(
        "{panel}{background}背景，{content}",
        "{panel}：{fill}，{content}",
        "{panel}是{fill}，(里面|中间|上面)有{content}",
        "{panel}用{background}背景，(画|放){content}",
        "{content}在{background}的{panel}",
        "{background}的{panel}(里|上)有{content}",
    ),
    panel_names={
        "middle left": ("左半边", "左边", "左半部分", "左侧"),
        "middle right": ("右半边", "右边", "右半部分", "右侧"),
        "top center": ("上半边", "上半部分", "上面一半", "上半部"),
        "bottom center": ("下半边", "下半部分", "下面一半", "下半部"),
        "top left": ("左上角", "左上格", "左上"),
        "top right": ("右上角", "右上格", "右上"),
        "bottom left": ("左下角", "左下格", "左下"),
        "bottom right": ("右下角", "右下格", "右下"),
    },
    contents=("{thing}", "{thing}", "中间{thing}"),
    text_contents=("{look}{noun}{text}", "{noun}{text}，{letters}", "{text}，{letters}", "{text}"),
    steps=(
        "(一张|画一张|做一张)三(步|个步骤)的流程图，{direction}，{background}背景",
        "{background}背景，三个步骤{direction}，用箭头(连接|相连)",
        "(请画|画|我要)三步(图|流程)，{direction}，背景{fill}，(步骤之间|中间)有箭头",
        "流程图，{direction}，三步，背景是{fill}",
    ),
    directions={
        "right": ("从左到右", "由左向右", "横着排", "从左往右"),
        "down": ("从上到下", "由上而下", "竖着排", "从上往下"),
    },
    labels=(
        "(标签|文字|名字)(是|为|依次是){one}、{two}、{three}，{letters}",
        "分别写着{one}、{two}和{three}，{letters}",
        "先{one}，再{two}，最后{three}，{letters}",
        "第一步{one}，第二步{two}，第三步{three}，{letters}",
        "{one}到{two}到{three}，{letters}",
    ),
    one_shape=(
        "每一步(是|用|画成)一个{style}{colour}{name}",
        "步骤都(是|用){style}{colour}{name}",
        "三个{style}{colour}{name}",
    ),
    three_shapes=(
        "步骤(分别|依次)是{one}、{two}和{three}",
        "先是{one}，然后{two}，最后{three}",
        "用{one}、{two}、{three}表示",
    ),
    arrows=("箭头是{colour}", "{colour}箭头", "用{colour}的箭头连接", "箭头用{colour}"),
)  # fmt: skip
