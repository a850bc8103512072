"""English and Chinese words that mean the same, for edits that translate a text."""

_WORDS = """
SALE 促销, OPEN 开门, CLOSED 关门, EXIT 出口, ENTRANCE 入口, STOP 停, GO 走, TAXI 出租车,
HOTEL 酒店, CAFE 咖啡馆, COFFEE 咖啡, TEA 茶, MILK 牛奶, BREAD 面包, CAKE 蛋糕, RICE 米饭,
NOODLES 面条, FISH 鱼, MEAT 肉, FRUIT 水果, APPLE 苹果, LEMON 柠檬, BANANA 香蕉,
GRAPE 葡萄, EGG 鸡蛋, SALT 盐, SUGAR 糖, SOUP 汤, MENU 菜单, FOOD 食物, WATER 水,
WINE 葡萄酒, NEWS 新闻, MUSIC 音乐, DANCE 跳舞, FILM 电影, ART 艺术, BOOK 书, BOOKS 书籍,
PHOTO 照片, MUSEUM 博物馆, LIBRARY 图书馆, SCHOOL 学校, STUDENT 学生, TEACHER 老师,
DOCTOR 医生, HOSPITAL 医院, BANK 银行, SHOP 商店, MARKET 市场, STATION 车站, AIRPORT 机场,
TRAIN 火车, BUS 公交车, CAR 汽车, BIKE 自行车, SHIP 船, PLANE 飞机, TICKET 票, MAP 地图,
STREET 街道, CITY 城市, COUNTRY 国家, WORLD 世界, CHINA 中国, BEIJING 北京, SHANGHAI 上海,
LONDON 伦敦, PARIS 巴黎, TOKYO 东京, HELLO 你好, WELCOME 欢迎, THANKS 谢谢, SORRY 对不起,
GOODBYE 再见, YES 是, NO 不, LOVE 爱, HOPE 希望, PEACE 和平, DREAM 梦想, HAPPY 快乐,
LUCKY 幸运, SMILE 微笑, FRIEND 朋友, FAMILY 家庭, HOME 家, MOTHER 母亲, FATHER 父亲,
CHILD 孩子, PEOPLE 人民, MAN 男人, WOMAN 女人, SPRING 春天, SUMMER 夏天, AUTUMN 秋天,
WINTER 冬天, MORNING 早上, NIGHT 夜晚, TODAY 今天, TOMORROW 明天, MONDAY 星期一,
FRIDAY 星期五, SUNDAY 星期日, BIRTHDAY 生日, HOLIDAY 假期, YEAR 年, MONTH 月, DAY 日,
SUN 太阳, MOON 月亮, STAR 星星, SKY 天空, CLOUD 云, RAIN 雨, SNOW 雪, WIND 风, FIRE 火,
EARTH 地球, MOUNTAIN 山, RIVER 河, SEA 海, OCEAN 海洋, FOREST 森林, TREE 树, FLOWER 花,
FLOWERS 鲜花, GRASS 草, GARDEN 花园, DOG 狗, CAT 猫, BIRD 鸟, HORSE 马, COW 牛, SHEEP 羊,
PIG 猪, TIGER 老虎, DRAGON 龙, PANDA 熊猫, RABBIT 兔子, RED 红色, BLUE 蓝色, GREEN 绿色,
WHITE 白色, BLACK 黑色, BIG 大, SMALL 小, NEW 新, OLD 旧, GOOD 好, FREE 免费, FAST 快,
SLOW 慢, HOT 热, COLD 冷, UP 上, DOWN 下, LEFT 左, RIGHT 右, FRONT 前, BACK 后, GAME 游戏,
SPORT 运动, FOOTBALL 足球, WINNER 冠军, TIME 时间, MONEY 钱, PRICE 价格, GIFT 礼物,
SAFE 安全, DANGER 危险, HELP 帮助, PHONE 电话, COMPUTER 电脑, WORK 工作, OFFICE 办公室,
PARTY 派对
"""

PAIRS: tuple[tuple[str, str], ...] = tuple(
    (pair.split()[0], pair.split()[1]) for pair in _WORDS.replace("\n", " ").split(",")
)
"""English in capitals, Chinese."""

TO_CHINESE: dict[str, str] = dict(PAIRS)
TO_ENGLISH: dict[str, str] = {chinese: english for english, chinese in PAIRS}
