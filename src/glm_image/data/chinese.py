"""The Chinese of the prompts."""

from glm_image.data.book import Phrasebook, Writer
from glm_image.data.chinese_designs import DESIGNS

_PAPER = "(海报|海报|卡片|图片|图|画|招牌|传单|封面|横幅|贴纸)"

_TAGS = Writer(
    openings=(
        "{background}背景",
        "{background}(底|底色)",
        f"{_PAPER}，{{background}}背景",
        "背景：{fill}",
        f"(简单|简洁|干净|)的{{background}}{_PAPER}",
    ),
    backgrounds=("{background}背景", "背景{fill}", "{background}底"),
    shapes=("{place}{thing}", "{thing}，{place}", "{place}：{thing}", "{thing}{place}"),
    texts=(
        "{place}{look}{noun}{text}",
        "{noun}{text}，{place}，{letters}",
        "{noun}：{text}，{letters}，{place}",
        "{place}：{text}，{letters}",
        "{text}，{place}，{letters}",
    ),
    joiners=("，", "，", "；", "、", "。"),
    endings=("", "", "。"),
)

_SENTENCES = Writer(
    openings=(
        "背景是{fill}",
        f"这是一张{{background}}背景的{_PAPER}",
        f"一张{{background}}(背景|底)的{_PAPER}",
        f"{_PAPER}的(背景|底色)是{{fill}}",
        f"在{{background}}背景的{_PAPER}上",
    ),
    backgrounds=("背景是{fill}", "(整个|)背景为{fill}", "这些都在{background}背景上"),
    shapes=(
        "{place}有{thing}",
        "{thing}在{place}",
        "{place}是{thing}",
        "{place}(可以看到|看得见|画着|放着){thing}",
        "有{thing}在{place}",
    ),
    texts=(
        "{place}写着{text}，{letters}",
        "{place}有{look}{noun}{text}",
        "{look}{noun}{text}在{place}",
        "{place}(是|写着){look}{noun}{text}",
        "{noun}{text}(在|位于){place}，{letters}",
        "{text}写在{place}，{letters}",
        "{place}的{noun}是{text}，{letters}",
    ),
    joiners=("，", "。", "。", "；"),
    endings=("。", "。", ""),
)

_IMPERATIVE = Writer(
    openings=(
        f"(画|做|设计|生成|制作|创建|绘制)一张{{background}}(背景|底)的{_PAPER}",
        "(用|使用|选){background}背景",
        "(把|将)背景(画成|涂成|填成|设为){fill}",
        f"画{_PAPER}，背景(用|要){{fill}}",
    ),
    backgrounds=("背景用{fill}", "背景(画成|涂成|设为){fill}", "(全部|都)画在{background}背景上"),
    shapes=(
        "(在|){place}(画|放|加|添上|摆){thing}",
        "把{thing}(放|画|摆)在{place}",
        "(画|放|加上){thing}，(放|)在{place}",
        "{place}(画|放|加上){thing}",
    ),
    texts=(
        "(在|){place}写{text}，{letters}",
        "(在|){place}写上{look}{noun}{text}",
        "把{text}写在{place}，{letters}",
        "(加|写|放)上{look}{noun}{text}，(放|)在{place}",
        "用{look}字在{place}写{text}",
    ),
    joiners=("，", "，然后", "，再", "。", "；", "，并"),
    endings=("", "。"),
)

_POLITE = Writer(
    openings=(
        f"(请|请帮我|麻烦|麻烦你|能不能|可以)(画|做|设计|生成)一张{{background}}背景的{_PAPER}",
        f"我(想要|要|需要|想做)一张{{background}}(背景|底)的{_PAPER}",
        f"(你好|您好)，(请|帮我)做一张{{background}}{_PAPER}",
        f"给我一张{{background}}背景的{_PAPER}",
    ),
    backgrounds=("背景请用{fill}", "背景要{fill}", "希望背景是{fill}"),
    shapes=(
        "请在{place}(画|放|加){thing}",
        "(希望|我想|我要){place}有{thing}",
        "{place}(要|应该|最好)有{thing}",
        "(麻烦|请)把{thing}放在{place}",
    ),
    texts=(
        "请在{place}写{text}，{letters}",
        "(希望|要|请让){place}(写着|出现){text}，{letters}",
        "{place}要有{look}{noun}{text}",
        "(我想|请)把{text}(写|放)在{place}，{letters}",
        "{noun}{text}要放在{place}，{letters}",
    ),
    joiners=("，", "，", "。", "，还要", "，另外"),
    endings=("", "。", "，谢谢", "，谢谢！", "。谢谢"),
)

_NARRATIVE = Writer(
    openings=(
        f"(想象|设想)一张(简单|漂亮|干净|)的{_PAPER}，(它的|)背景是{{fill}}",
        f"(我们|我)(店里|学校|公司|家里|活动)(需要|要用)一张{_PAPER}，背景是{{fill}}",
        "整个画面(铺满|都是|涂满){fill}",
        f"我(正在|打算)做一张{_PAPER}，背景(选|用)了{{fill}}",
    ),
    backgrounds=("至于背景，是{fill}", "这一切的背景是{fill}", "后面(衬着|是)一片{fill}"),
    shapes=(
        "{place}(一眼|)可以看见{thing}",
        "{thing}(静静地|)(待|摆|落|画)在{place}",
        "(另外|还有|同时)，{place}画着{thing}",
        "{place}(有人|我们)画了{thing}",
    ),
    texts=(
        "{place}有人写下了{text}，{letters}",
        "大家在{place}能读到{text}，{letters}",
        "{place}的{look}{noun}告诉我们{text}",
        "(另外|还有)，{place}写着{text}，{letters}",
        "{place}印着{look}{noun}{text}",
    ),
    joiners=("，", "。", "。然后", "，同时", "。最后"),
    endings=("。", "。", "", "。就这样。"),
)

CHINESE = Phrasebook(
    colours={
        "red": ("红色", "红色", "红", "大红色"),
        "orange": ("橙色", "橙色", "橙", "橘色"),
        "yellow": ("黄色", "黄色", "黄"),
        "green": ("绿色", "绿色", "绿"),
        "cyan": ("青色", "青色", "青"),
        "blue": ("蓝色", "蓝色", "蓝"),
        "purple": ("紫色", "紫色", "紫"),
        "pink": ("粉色", "粉色", "粉红色", "粉红"),
        "brown": ("棕色", "棕色", "棕", "褐色"),
        "black": ("黑色", "黑色", "黑"),
        "white": ("白色", "白色", "白"),
        "gray": ("灰色", "灰色", "灰"),
    },
    backgrounds={
        "plain": ("{colour}", "{colour}", "纯{colour}", "单一的{colour}"),
        "pastel": ("浅{colour}", "淡{colour}", "柔和的浅{colour}"),
        "gradient": ("{colour}渐变", "渐变{colour}", "{colour}渐变的"),
        "striped": ("{colour}条纹", "条纹{colour}", "{colour}竖条纹"),
        "dotted": ("{colour}圆点", "{colour}波点", "带圆点的{colour}"),
        "checkered": ("{colour}格子", "{colour}方格", "{colour}棋盘格"),
    },
    fills={
        "plain": ("{colour}", "{colour}", "纯{colour}", "{colour}的"),
        "pastel": ("浅{colour}", "淡{colour}"),
        "gradient": ("{colour}渐变", "渐变的{colour}", "由浅到深的{colour}"),
        "striped": ("{colour}条纹", "{colour}的竖条纹"),
        "dotted": ("{colour}圆点", "{colour}波点", "{colour}加圆点"),
        "checkered": ("{colour}格子", "{colour}方格", "{colour}棋盘格"),
    },
    nouns=(
        "{count}{size}{style}{colour}{name}",
        "{count}{size}{style}{colour}的{name}",
        "{count}{style}{colour}{size}{name}",
        "{count}{colour}{style}{name}",
        "{count}{colour}的{style}{size}{name}",
        "{colour}{style}{name}{count}",
    ),
    styles={
        "filled": ("", "", "", "", "", "实心"),
        "outlined": ("空心", "空心", "空心的", "只有轮廓的", "描边的", "线框"),
    },
    fonts={"sans": ("", "", "", "", "黑体", "无衬线"), "serif": ("", "宋体", "衬线")},
    looks=("{size}{colour}{font}", "{colour}{size}{font}", "{colour}{font}", "{colour}的{font}"),
    letters=(
        "{size}{colour}{font}字",
        "{colour}{font}字",
        "{colour}的{size}字",
        "用{colour}{font}",
        "字是{colour}的",
        "{colour}",
    ),
    bare_shapes=("{thing}", "有{thing}", "(画|放|加上){thing}", "(还|)有{thing}"),
    bare_texts=(
        "{look}{noun}{text}",
        "写着{text}，{letters}",
        "(写|加)上{text}，{letters}",
        "(文字|内容)是{text}，{letters}",
        "{text}，{letters}",
    ),
    colourless_looks=("{size}{font}",),
    colourless_letters=("{size}{font}字", "用{size}{font}字"),
    pointers=("{name}", "{colour}{name}", "{colour}的{name}", "那个{name}"),
    text_pointers=("文字", "那行字", "字"),
    text_nouns=("文字", "文字", "字", "字样", "标题", "标语", "文本"),
    places={
        "top left": ("左上角", "左上方", "左上", "画面左上角", "左上角处"),
        "top center": ("上方", "顶部", "上面", "最上面", "画面上方", "顶端", "正上方"),
        "top right": ("右上角", "右上方", "右上", "画面右上角", "右上角处"),
        "middle left": ("左边", "左侧", "左方", "画面左边", "左面", "中间偏左"),
        "middle center": ("中间", "中央", "正中", "正中间", "画面中间", "中心", "正中央"),
        "middle right": ("右边", "右侧", "右方", "画面右边", "右面", "中间偏右"),
        "bottom left": ("左下角", "左下方", "左下", "画面左下角", "左下角处"),
        "bottom center": ("下方", "底部", "下面", "最下面", "画面下方", "底端", "正下方"),
        "bottom right": ("右下角", "右下方", "右下", "画面右下角", "右下角处"),
    },
    rows={
        "top": ("上方", "顶部", "上面", "上面一排"),
        "middle": ("中间", "中央", "正中", "中间一排"),
        "bottom": ("下方", "底部", "下面", "下面一排"),
    },
    relations={
        "left": ("{other}的左边", "{other}左侧", "{other}左边"),
        "right": ("{other}的右边", "{other}右侧", "{other}右边"),
        "above": ("{other}的上面", "{other}上方", "{other}之上", "{other}的上方"),
        "below": ("{other}的下面", "{other}下方", "{other}底下", "{other}的下方"),
        "between": ("{one}和{other}之间", "{one}与{other}中间"),
    },
    sizes={2: ("小", "小小的", "小号的"), 3: ("", "", "中等的"), 4: ("大", "巨大的", "大大的")},
    text_sizes={1: ("", "", "", "小"), 2: ("大", "巨大的", "大号")},
    shapes={
        "circle": ("圆形", "圆", "圆点"),
        "ring": ("圆环", "环形"),
        "square": ("正方形", "方块", "方形"),
        "diamond": ("菱形",),
        "triangle": ("三角形", "三角"),
        "hexagon": ("六边形", "正六边形"),
        "heart": ("心形", "爱心", "桃心"),
        "star": ("星星", "五角星", "星形"),
    },
    counts={
        1: ("一个", "一个", "", "1个", "一颗"),
        2: ("两个", "两个", "2个", "一对"),
        3: ("三个", "三个", "3个"),
    },
    quotes=("“”", "“”", "「」", '""', "『』", "‘’", "''"),
    writers=(_TAGS, _SENTENCES, _IMPERATIVE, _POLITE, _NARRATIVE),
    designs=DESIGNS,
    chinese=True,
)
