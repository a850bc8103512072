"""Chinese sentences of the held-out prompts; see :mod:`.english_phrases` for what they are."""

from dataclasses import replace

from glm_image.data import chinese
from glm_image.data.book import DesignBook, Writer

_PAPER = "(海报|卡片|图片|画|招牌|传单|贴纸)"

_TAGS = Writer(
    openings=("底色：{fill}", "背景颜色：{fill}", f"{_PAPER}，底色是{{fill}}", "后面：{fill}"),
    backgrounds=("底色：{fill}", "后面是{fill}"),
    shapes=("图形：{thing}，{place}", "{thing}，位置{place}", "位置{place}：{thing}"),
    texts=(
        "{place}，{letters}：{text}",
        "写{text}，位置{place}，{letters}",
        "内容{text}，{place}，{letters}",
    ),
    joiners=("，", "；", "。"),
    endings=("", "。"),
)

_SENTENCES = Writer(
    openings=(
        "底色用的是{fill}",
        f"{_PAPER}整张都是{{fill}}",
        f"这张{_PAPER}用{{background}}做底",
        "大家看到的背景是{fill}",
    ),
    backgrounds=("后面都是{fill}", "底色用的是{fill}"),
    shapes=(
        "{place}摆着{thing}",
        "{thing}位于{place}",
        "在{place}能看到{thing}",
        "{place}出现{thing}",
    ),
    texts=(
        "在{place}能看到{text}，{letters}",
        "{place}的内容是{text}，{letters}",
        "{look}{noun}{text}出现在{place}",
        "{place}读到的是{text}，{letters}",
    ),
    joiners=("，", "。", "；"),
    endings=("。", ""),
)

_IMPERATIVE = Writer(
    openings=(
        "先把背景涂上{fill}",
        "(拿|用){fill}做背景",
        "让背景变成{fill}",
        f"做{_PAPER}，用{{background}}做底",
    ),
    backgrounds=("让背景是{fill}", "(拿|用){fill}做背景"),
    shapes=(
        "让{thing}出现在{place}",
        "{place}摆上{thing}",
        "给{place}加{thing}",
        "在{place}放好{thing}",
    ),
    texts=(
        "让{place}显示{text}，{letters}",
        "{place}要写的是{text}，{letters}",
        "把{look}{noun}{text}放到{place}",
        "在{place}打上{text}，{letters}",
    ),
    joiners=("，", "，然后", "。", "，再"),
    endings=("", "。"),
)

_POLITE = Writer(
    openings=(
        f"想请你画一张{_PAPER}，背景是{{fill}}",
        "可不可以用{fill}做背景",
        f"希望{_PAPER}的背景用{{fill}}",
        f"能帮我做一张{_PAPER}吗？背景用{{fill}}",
    ),
    backgrounds=("可以的话，背景用{fill}", "背景最好是{fill}"),
    shapes=(
        "能不能在{place}加{thing}",
        "想在{place}放{thing}",
        "{thing}最好放在{place}",
        "可以让{thing}在{place}吗",
    ),
    texts=(
        "能不能在{place}写{text}，{letters}",
        "想在{place}看到{text}，{letters}",
        "{text}最好写在{place}，{letters}",
        "希望{look}{noun}{text}出现在{place}",
    ),
    joiners=("，", "。", "，还有"),
    endings=("", "。", "，谢谢你"),
)

_NARRATIVE = Writer(
    openings=(
        f"这次活动的{_PAPER}用{{fill}}做背景",
        f"我心里的{_PAPER}是这样的：背景是{{fill}}",
        "画面后面是一大片{fill}",
        f"有一张{_PAPER}，后面全是{{fill}}",
    ),
    backgrounds=("其他地方都是{fill}", "剩下的地方是{fill}"),
    shapes=(
        "往{place}看，有{thing}",
        "再看{place}，那里是{thing}",
        "{thing}就在{place}",
        "我把{thing}安排在{place}",
    ),
    texts=(
        "往{place}看，能读到{text}，{letters}",
        "我在{place}写下{text}，{letters}",
        "{text}就写在{place}，{letters}",
        "{place}告诉大家的是{text}，{letters}",
    ),
    joiners=("，", "。", "。然后"),
    endings=("。", ""),
)

_DESIGNS = DesignBook(
    titles=(
        "{place}写两行字，标题是{text}，{letters}，副标题是{sub}，{sub_letters}",
        "标题叫{text}，在{place}，{letters}，下面一行是副标题{sub}，{sub_letters}",
        "标题用{text}，{letters}，放在{place}，它下面的副标题用{sub}，{sub_letters}",
        "先在{place}写标题{text}，{letters}，再在下面写副标题{sub}，{sub_letters}",
    ),
    split={
        "beside": (
            "左右两块",
            "做成左右两块的(海报|图片)",
            "把图分为左边和右边",
            "画面由左右两部分组成",
        ),
        "stacked": (
            "上下两块",
            "做成上下两块的(海报|图片)",
            "把图分为上面和下面",
            "画面由上下两部分组成",
        ),
        "quarters": (
            "一共四块",
            "做成四块的(海报|图片)",
            "把图分为四个角",
            "画面由四部分组成",
        ),
    },
    panels=(
        "{panel}的背景是{fill}，放{content}",
        "{panel}里是{content}，背景{fill}",
        "{content}放在{panel}，背景用{fill}",
        "在{panel}用{fill}做背景，加{content}",
    ),
    panel_names=chinese.CHINESE.designs.panel_names,
    contents=("{thing}", "正中{thing}"),
    text_contents=("文字内容{text}，{letters}", "{text}这几个字，{letters}"),
    steps=(
        "画出三步的过程，{direction}，背景用{fill}",
        "用箭头把三步连起来，{direction}，背景是{fill}",
        "三个步骤，{direction}，底色{fill}，步骤之间有箭头",
    ),
    directions=chinese.CHINESE.designs.directions,
    labels=(
        "三步的名字是{one}、{two}、{three}，{letters}",
        "从{one}到{two}再到{three}，{letters}",
        "首先{one}，接着{two}，然后{three}，{letters}",
        "写上{one}、{two}、{three}三步，{letters}",
    ),
    one_shape=(
        "每个文字配一个{style}{colour}{name}",
        "三步都画{style}{colour}{name}",
        "用{style}{colour}{name}代表每一步",
    ),
    three_shapes=(
        "三步的图形是{one}、{two}、{three}",
        "第一步画{one}，第二步画{two}，第三步画{three}",
    ),
    arrows=("箭头画成{colour}", "步骤之间用{colour}箭头", "箭头的颜色是{colour}"),
)

CHINESE = replace(
    chinese.CHINESE,
    letters=(
        "{size}{font}字用{colour}",
        "{size}{font}字，颜色用{colour}",
        "{size}{font}字，文字颜色是{colour}",
    ),
    bare_shapes=("要有{thing}", "上面有{thing}", "别忘了{thing}"),
    bare_texts=("要写{text}，{letters}", "上面写{text}，{letters}", "还要{look}{noun}{text}"),
    sizes={2: ("小", "小小的", "小号的"), 3: ("中等的",), 4: ("大", "大大的")},
    text_sizes={1: ("小",), 2: ("大", "大号")},
    writers=(_TAGS, _SENTENCES, _IMPERATIVE, _POLITE, _NARRATIVE),
    designs=_DESIGNS,
)
"""Names of things as in training, sentences of its own; sizes are always told."""
