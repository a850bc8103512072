"""Chinese instructions of the held-out edits: training never words them like this."""

from glm_image.data.edit_book import EditBook

CHINESE_EDITS = EditBook(
    recolour=(
        "{thing}用{colour}来画",
        "给{thing}换成{colour}",
        "我要{colour}的{thing}",
        "{thing}最好是{colour}",
    ),
    move=("把{thing}搬到{place}", "{thing}换个位置，放{place}", "{thing}最好在{place}"),
    enlarge=("{thing}太小了，大一些", "我要更大的{thing}", "让{thing}更大"),
    shrink=("{thing}太大了，小一些", "我要更小的{thing}", "让{thing}更小"),
    outline=("{thing}里面不要填", "让{thing}变空心", "{thing}只留轮廓"),
    solid=("{thing}里面要填满", "让{thing}变实心", "给{thing}填上颜色"),
    remove=("{thing}可以去掉了", "图里别有{thing}", "让{thing}消失", "我不想要{thing}"),
    retext=(
        "{old}那里写{new}",
        "{old}不对，应该是{new}",
        "让{old}变成{new}",
        "原来的{old}写成{new}",
    ),
    retext_only=("新的文字是{new}", "让它写{new}", "上面应该写{new}"),
    texts=("写着{text}的字", "{text}那行字"),
    title=("标题", "主标题", "大标题"),
    subtitle=("副标题", "小标题", "第二行字"),
    translate=("我要{language}的{thing}", "让{thing}变成{language}", "{thing}最好是{language}"),
    languages=("英文", "中文"),
    background=("让背景变成{fill}", "我要{fill}做背景", "后面换成{fill}", "背景最好是{fill}"),
    panel=("让{panel}变成{fill}", "{panel}的背景最好是{fill}", "我要{panel}是{fill}"),
    pastel=("让背景更浅", "我要更浅的背景", "背景太深了，浅一点"),
    swap=("让背景和{thing}换颜色", "背景用{thing}的颜色，{thing}用背景的颜色"),
    add=("给图里加{thing}", "我还想要{thing}", "图里应该还有{thing}"),
    combine=(
        "给第一张图加第二张图的{thing}",
        "让第一张图也有第二张图里的{thing}",
        "我要第二张图的{thing}也在第一张图里",
    ),
    combine_text=("第二张图上的文字，写到第一张图里", "让第一张图也写第二张图的文字"),
    combine_background=(
        "让第一张图的背景和第二张图一样",
        "我要第一张图也用第二张图的背景",
    ),
    before=("",),
    after=("", "。", "，其他的都不变", "，谢谢你"),
    joiners=("，然后再", "。还有，", "，还有"),
)
