"""Characters that the drawn pictures contain."""

import string

LATIN: str = string.ascii_uppercase + string.ascii_lowercase + string.digits

# Frequent characters of modern written Chinese.
HAN: str = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之"
    "年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理"
    "心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高"
    "间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老"
    "给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女"
    "变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形"
    "社便空决治展马科司五基眼书非则"
)

ALL: str = LATIN + HAN


def is_han(character: str) -> bool:
    """Whether a character belongs to the CJK unified ideographs block."""
    return "\u4e00" <= character <= "\u9fff"
