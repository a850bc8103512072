"""Words of the prompts that have an id of their own in the bundled model.

They were counted over prompts and instructions and then written down, because trained tables
depend on their order: what the wording gains later is spelled in bytes, or added at the end of
the whole vocabulary.
"""

_AFTER_SPACE = """
the a in and background with is top bottom right it at black of left white on letters yellow
blue should be brown pink green serif small please orange one red text sans solid middle
picture you to heart cyan else corner purple lower triangle square star center as hexagon
single upper panel half has an side filled diamond outlined font then gray Then Thanks title
everything grey flat lettering simple leave plain this using word turquoise outline Nothing
changes keep rest very gradient put part violet into there subtitle circle says medium three
two tiny poster I line that edge little make instead like read ring first second place five
near steps say want dot huge hollow big shape along add Finally draw let while rhombus arrows
large all below image striped colour change headline words dotted unfilled Chinese row The
placed are card backdrop empty together under for quarter colours write type heading shows
plus disc by checkered also slogan label caption donut panels give underneath centre reads
phrase show dots tells squares polka us inscription me flyer banner Keep tall other writing
have centered sticker giant drawing hexagons checkerboard That above A sign can new pastel
smaller go them triangles eye use from could cover stands graphic Thank am split written
stripe showing replace so stand someone would stripes we able between step drawn turn contains
beneath whole our seen soft fading paint spotted smooth size pale diagram stars set light over
its whose stripy diamonds labelled four Also English move halves hearts designer than message
need down swap chequered higher In away only It take characters invert pair out behind
everyone holds become rings printed against takes way round checked There shown rid been
covered circles include going labels At recolor too found checker pattern featuring scale dark
divided rhombuses announces start lighter larger get shapes do sit sits see disappear finds
somewhere column Top On chessboard flowchart grid print graded increase up carries reduce
exchange sheet added quarters Bottom begin bold clean working discs bigger directly any more
pictures translate reading completes connect don front planning meets design appears saying
visitors bg create shrink not making catches falls putting horizontally anymore paler my
enlarge shade modern flow addition Have area copy donuts nice great joined With process last
people vertically lies finally friendly One next Make color minimalist equal Could each lovely
belongs workflow All find every shop kindly choose besides includes shift connected insert
school Please birthday Right these things Write remove Paint surface party Left fill drop club
Put texts bring Upper cut An delete Add Lower Three Show Let scheme Behind combine parts
position merge rests Besides cheerful Our erase Near Underneath People Two Brown Under office
First Labelled Next Along Draw And chart what Step softer appear White Visitors Everyone Shown
Above Background Higher window Over catch Middle Include Below Centered Connect Beneath To As
Yellow Black Line Text Violet Place Set Grey Title
"""

_AT_START = """
The serif right left the pointed Please In Could Can please Now could sized in Make can now
Give panel hand make It give Change Draw We draw Create Everything it Fill Use Two Let Three
Hi Write Background This background Take There this change two there everything Split Move
create we use Hello Put Plain fill Simple split Show let Flat Imagine three write Replace
replace swap add Invert take hello Four For simple flat picture Turn Design at Swap Translate
On Recolor for recolor show Picture At move Top Start invert turn Solid solid hi Add Scale An
Think scale plain imagine Paint four Get put Leave Exchange Would Black start Have Clean
design Shift Red Brown Title Copy One Green an Produce think Cover Place one paint have and
Minimal Increase Yellow leave White Remove Smooth exchange Sticker striped Reduce Image Set
Stripy include Include bottom Banner pastel copy Orange Bottom minimal Dotted Shrink Grey red
increase soft clean would sign Card orange with Checked spotted Soft Merge title on Spotted
gray brown get Bring Graphic pale With chequered near Gradient grey Right generate sticker
blue pink Near Enlarge enlarge gradient Pink Delete together Erase Sign Also bring Centered
drawing Drawing plus Generate graphic top render Striped stripy set Our purple yellow white
Poster Gray green merge Pastel banner Combine Pale Checkered Light Left checked colour card
translate Colour produce Flyer
"""

_CHARACTERS = "删廓挪框漂竖衬褐"
"""Of the wording, beyond those that are drawn."""

PROMPT_WORDS: tuple[str, ...] = (
    *(f" {word}" for word in _AFTER_SPACE.split()),
    *_AT_START.split(),
    *_CHARACTERS,
)
"""Words with the space before them, words at the start of a piece, Chinese characters."""

_COMMON_CHARACTERS = """
一三上下不与且两个中为主之了二于互五些交亮人从他代以们份传位体余作你使依侧保偏做先全公六其内再写净几出分切创别到制副加动半单卡印原去
反取变另只可右号司各同名后向告和四图圆在地均块填增处外大央头好子字学它宋实家容对封将小就左巨希带帮幅干平并应底店建开张形往待得心您想
成我打把报招拿持换掉排接描摆擦改放整文方无时星是景替最有望本条来柔标校样格桃棋棕横橘橙次正步每波洁活流浅海涂淡深添渐满灰点烦然爱片牌
环现生用田由画白的盘相看眼着示移程空端第等签简算箭粉紧紫红纯纸纹线绘给绿缩翻而背能至色英菱落蓝行表要见角计让设诉译该语请读调谢象贴走
转轮边过还这进连选那部都里铺间除需青静面顶颗题颜骤麻黄黑东么也书事什今会但何便修停像充光入共准减列前办劳包区占即友口句叫合吗否吧呢周
命商喜嘛围型域墙备复多够天太失她如始孩守安定客宫寸少尺尾局居屏展布师常序弄式当彼很必忙思悄意慢所托扰找拜挂按挖据插搞搬撤故新日明易显
更朋末束板果染栏案桌楚欢此比求没沿法注浓消清照版物状留目睛知离窗站类纠约组细经结统缓缘缺置老聚脑苦藏补被装西解认话说谁质起越跟路车轻
较辛达近适通配醒采重量错门隔非顺须额风飘饰首马驾高齐
"""
"""Of the wording, among those that are drawn."""

_SPELLED = """
about across adorned after another anything anywhere apply areas around arrange arrow ask asked
asks back base before begins belong beside best better bit blow boss both brand but call canvas
captioned children clear colored coloured comes complete contain covers crisp cross customer d
decorate decorated decoration describe different divide done door drag easy edges end ends enough
everybody everywhere features finish finished forget frame friends full gets goes gone good ground
grow happy having help here high holding how idea if illustration included including inside join
just layout leads less lines look looking looks lost love m made many may means meant miss missing
motif much must name needed needs never nicer no notice object old once order own page painted
paper photo pick plan planned point points positioned possible prefer prepare quality rather
removed required rewrite room s same saw sees sharp sitting skip some soon space spell spelled
spelling spot standing starts state station still strong style suit suits sure swapped switch t
table team they thing third times titled today tomorrow tried try typeface until uses vector wall
wanted wants web welcomes well where which who why will wish without wording x 元 素
"""
"""Words that came later: they have no id and are spelled in bytes."""

WORDING: frozenset[str] = frozenset(
    {word.strip().lower() for word in PROMPT_WORDS}
    | set(_SPELLED.split())
    | set("".join(_COMMON_CHARACTERS.split()))
)
"""Every word in lower case, and every Chinese character, that stands outside of quoted texts."""
