"""Real words, names, codes and phrases for the held-out pictures.

Training spells random characters, but for the bilingual words of its translations, so what stands
here is new to the model as a text, although every character of it is known.
"""

import random

LATIN_WORDS: tuple[str, ...] = (
    "SALE", "OPEN", "CLOSED", "EXIT", "STOP", "TAXI", "HOTEL", "CAFE", "PIZZA", "SUSHI", "MENU",
    "BREAD", "MILK", "HONEY", "LEMON", "SALAD", "SOUP", "NEWS", "RADIO", "MUSIC", "JAZZ",
    "DISCO", "PARTY", "DANCE", "SHOW", "FILM", "ART", "BOOKS", "PRINT", "PHOTO", "STUDIO",
    "MUSEUM", "LIBRARY", "HELLO", "WELCOME", "THANKS", "LOVE", "HOPE", "PEACE", "DREAM",
    "HAPPY", "LUCKY", "SMILE", "BRAVE", "FAST", "QUIET", "NEVER", "ALWAYS", "SUMMER", "WINTER",
    "SPRING", "AUTUMN", "MONDAY", "FRIDAY", "TODAY", "MORNING", "NIGHT", "WEEKEND", "FIRE",
    "WATER", "EARTH", "WIND", "STORM", "CLOUD", "RIVER", "OCEAN", "BEACH", "FOREST", "DESERT",
    "GARDEN", "PLANET", "ROCKET", "TIGER", "HORSE", "EAGLE", "WHALE", "PANDA", "ZEBRA",
    "DRAGON", "UNICORN", "LONDON", "PARIS", "TOKYO", "BERLIN", "MADRID", "OSLO", "CAIRO",
    "SYDNEY", "VIENNA", "HARBIN", "FREE", "NEW", "BEST", "SUPER", "MEGA", "GRAND", "PRIME",
    "ULTRA", "EXTRA", "BONUS", "PRIZE", "WINNER", "CHAMPION", "Coffee", "Bakery", "Market",
    "Flowers", "Travel", "Fresh", "Family", "School", "Doctor", "Winner", "Castle", "Bridge",
    "Harbor", "Maria", "Peter", "Sofia", "Lucas", "Emma", "David", "Nora", "Oscar", "Alice",
    "Henry", "Grace", "Felix", "Julia", "Marco", "Anna", "London", "Vienna", "Geneva", "Boston",
    "Texas", "Alaska", "Brazil", "Kenya", "Norway", "Panama", "coffee", "bakery", "garden",
    "flower", "summer", "winter", "yellow", "planet", "market", "bridge", "friend", "family",
    "happy", "ROOM42", "GATE7", "FLIGHT9", "LEVEL3", "TRACK8", "ROUTE66", "HALL5", "BUS28",
    "LINE4", "ZONE51", "TEAM1", "APOLLO11", "PLAN9", "B7K9", "XR7", "T34", "QX48", "HB2", "K9",
    "MP3", "A4", "R2D2", "C3PO", "W3C", "JPEG7", "V12", "H2K", "X86", "N95", "PS5", "EN71",
    "CE35", "M25", "2024", "2031", "1984", "365", "747", "911", "42", "24H", "7UP", "3D", "4K",
    "99", "100", "50", "Restaurant", "GRAND OPEN", "BIG SALE", "BUY NOW", "COME IN",
    "OPEN LATE", "LIVE JAZZ", "HOT SOUP", "TEA TIME", "GOOD LUCK", "THANK YOU", "Hello Anna",
    "Dear Peter", "MY CAFE", "NEW YORK", "HONG KONG", "Los Gatos", "big news", "free wifi",
    "our menu", "KEEP CALM", "TOP TEN", "PART TWO", "ROOM 12", "GATE B4", "LEVEL UP",
    "FINAL CUT", "SALE!", "WOW!", "STOP!", "Why?", "WHO?", "Ready?", "50% OFF", "100%", "20%",
    "9:30", "18:45", "10:00", "24/7", "1/2", "A+", "C++", "R&B", "B&B", "Q&A", "T-SHIRT",
    "X-RAY", "E-MAIL", "WI-FI", "CO-OP", "V2.0", "No.5", "Mr. Bean", "St. Moritz", "A.M.",
    "U.S.A.", "3.14", "21.09.25", "p. 42", "N/A", "km/h", "TEL: 911", "INFO: B2",
)  # fmt: skip
"""Words, names, codes and phrases of 2 to 10 letters, digits and signs."""

HAN_WORDS: tuple[str, ...] = (
    "中国", "法国", "美国", "德国", "上海", "西安", "山东", "山西", "大同", "太原", "东海",
    "西海", "金门", "马德里", "大家", "家人", "家长", "学生", "大学", "小学", "中学", "老人",
    "少年", "中年", "女性", "军人", "工人", "市民", "先生", "名人", "主人公", "科学家",
    "文学家", "大学生", "明天", "去年", "明年", "新年", "生日", "日期", "时间", "小时", "长期",
    "平常", "将来", "当时", "三年", "十年", "新年好", "山水", "海水", "大海", "高山", "大山",
    "天空", "日月", "明月", "天气", "空气", "水果", "面条", "点心", "动物", "生物", "文化",
    "文学", "科学", "数学", "化学", "物理", "地理", "书法", "作文", "小说", "美学", "教学",
    "体会", "道理", "真理", "主题", "手机", "电话", "电力", "相机", "手表", "军队", "机场",
    "公司", "市场", "社区", "大门", "入口", "出口", "通道", "现金", "开门", "开心", "小心",
    "安全", "安心", "平安", "和平", "公平", "自由", "自信", "理想", "真心", "信心", "感情",
    "力量", "成果", "学会", "打开", "出发", "回家", "回信", "进入", "加入", "看见", "再见",
    "见面", "合作", "工作", "生活", "发现", "发明", "前进", "提前", "通行", "没关系", "了不起",
    "对不起", "为什么", "学生会", "进行时", "一心一意", "三心二意", "一生一世", "十全十美",
    "自由自在", "有条有理", "人山人海", "大有作为", "天下太平", "心想事成", "山高水长",
    "以人为本", "山", "水", "天", "海", "马", "家", "书", "美", "新", "大", "问", "电", "茶",
    "酒", "花", "梦", "福", "春", "秋", "雪", "龙", "光", "咖啡店", "图书馆", "火车站",
    "动物园", "博物馆", "停车场", "洗手间", "办公室", "新鲜牛奶", "巧克力", "苹果树", "蛋炒饭",
    "豆腐脑", "红烧肉", "音乐会", "足球赛", "读书会", "运动会", "奶茶店", "理发店", "欢迎光临",
    "生日快乐", "新春快乐", "恭喜发财", "一路平安", "早睡早起", "禁止吸烟", "请不要吸烟",
    "小心地滑", "营业时间", "限时特价", "买一送一", "全场半价", "最后三天", "今日推荐",
    "学习使人进步", "时间就是金钱", "好好学习", "天天向上", "读万卷书", "行万里路",
    "祝你生日快乐", "欢迎来到北京", "中华人民共和国", "世界读书日", "春天的音乐会",
    "夏天的海边", "我爱我的祖国", "请保持安静", "今天天气真好", "保护环境人人有责",
    "高高兴兴上学去", "平平安安回家来", "冬季运动会",
)  # fmt: skip
"""Chinese words and phrases of one to eight characters."""

MIXED_WORDS: tuple[str, ...] = (
    "5折", "8折", "3天", "7月", "100元", "29元", "1号", "第1名", "第2课", "3楼", "B座", "A区",
    "2号线", "24小时", "5月1日", "10月", "第8届", "T台", "K歌", "AA制", "VIP卡", "X光",
    "3D电影", "5G手机", "Q群", "B2层", "60分", "1元1个", "9点开门", "6月6日", "2026年", "A4纸",
    "买2送1", "满50减5", "AI大会", "NBA球赛", "99分",
)  # fmt: skip
"""Chinese characters beside digits and letters, up to six in all."""

_SINGLE = "ABCDEFGHKMNPRTXYZ2345678"
"""Where there is room for one letter; without those that look like others."""

_MIXED = 0.2
"""Share of Chinese texts with digits or letters beside them."""


def latin(rng: random.Random, longest: int) -> str:
    """A word, name, code or phrase of at most ``longest`` characters."""
    fitting = [word for word in LATIN_WORDS if len(word) <= longest]
    return rng.choice(fitting or list(_SINGLE))


def han(rng: random.Random, longest: int) -> str:
    """A Chinese text of at most ``longest`` characters, some with digits or letters."""
    among = MIXED_WORDS if longest > 1 and rng.random() < _MIXED else HAN_WORDS
    return rng.choice([word for word in among if len(word) <= longest])
