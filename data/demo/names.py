"""Names and codes of the demo city. All are invented; county 9901xx exists nowhere."""

from __future__ import annotations

COUNTY = 990101
"""Code of the first district; no province begins with 99."""

DISTRICTS = (
    "云岭区", "沅泽区", "松河区", "凤栖区", "桃源新区", "龙门区", "翠屏新区", "青浦岭区", "石鼓岭区", "金沙洲区",
    "玉泉新区", "白露区", "紫云新区", "南屏区", "北渡区", "东湾区", "西林新区",
)  # fmt: skip

_FIRST = "云清松桃凤龙梅兰石金银玉翠白青红紫南北东"
_SECOND = "溪川岭湾桥塘坪洲浦泉"

COMMUNITIES = {
    "river": ("望江", "柳林", "滨江苑", "渔歌"),
    "docks": ("埠头", "老码头"),
    "old": ("状元坊", "青石桥", "东风", "文庙街"),
    "market": ("大市街", "四季春"),
    "office": ("科创城", "金融街"),
    "estate": ("和平里", "梧桐", "桂花园", "新华", "朝阳", "翠竹", "百合"),
    "lake": ("临湖", "湖畔"),
    "works": ("工业园", "新港"),
    "depot": ("铁北", "货场"),
}
"""Names of communities by what they are like; within a street each is used once."""

ROADS = (
    "人民", "建设", "和平", "解放", "文化", "中山", "新华", "胜利", "光明", "友谊", "团结", "长江", "黄河", "泰山", "华山", "衡山",
    "青年", "劳动", "工农", "前进", "朝阳", "迎宾", "站前", "学府", "体育", "公园", "湖滨", "柳荫", "梧桐", "桂香", "丹桂", "石榴",
    "银杏", "玉兰", "海棠", "紫藤", "芙蓉", "牡丹", "翠竹", "松涛", "枫林", "杏花", "梅园", "菊园", "荷塘", "莲池", "永安", "永康",
    "永宁", "永福", "长乐", "长宁", "长青", "长兴", "安居", "安康", "福寿", "福安", "吉祥", "如意", "锦绣", "繁荣", "兴业", "兴隆",
    "振兴", "富强", "民主", "文明", "幸福", "平安", "康乐", "怡景", "景明", "春晖", "夏荷", "秋实", "东升", "西苑", "南园", "北苑",
)  # fmt: skip
"""First words of road names; with an ending and a number there are enough for every street."""

ESTATES = (
    "和平里", "阳光", "金桂", "翠湖", "滨江", "锦绣", "香樟", "紫荆", "碧水", "绿地", "丽景", "康馨", "盛世", "名都", "东方", "世纪",
    "书香", "江南", "水岸", "御景", "天鹅", "凤凰", "金域", "银座", "学府", "兰亭", "桃李", "春风", "秋月", "云锦", "星河", "晨光",
)  # fmt: skip
ENDINGS = {
    "walkup": ("新村", "小区", "宿舍", "里"),
    "slabs": ("小区", "花园", "家园", "苑"),
    "towers": ("华府", "公馆", "国际城", "豪庭"),
    "villas": ("山庄", "别墅", "墅"),
    "dormitory": ("职工宿舍", "人才公寓", "员工公寓"),
}
"""Endings of the names of estates, by use."""

FIRMS = (
    "宏达机械",
    "永盛纺织",
    "新宇电子",
    "华泰包装",
    "金鼎铸造",
    "恒丰食品",
    "捷成物流",
    "东方印务",
    "长虹塑料",
    "瑞科医疗",
)
TOWERS = ("科创", "金茂", "环球", "汇金", "时代", "创新", "联合", "中银", "信达", "远洋")

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
GIVEN = (
    "伟", "芳", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "秀兰", "霞", "平", "刚",
    "桂英", "建国", "建军", "志强", "海燕", "晓东", "春梅", "玉兰", "文静", "国平", "小红", "立新", "永康", "雪梅", "嘉怡", "子涵",
    "思远", "雨欣", "俊杰", "晓明", "丽华", "红梅", "志刚", "淑珍", "宏伟", "金凤", "卫东", "凯", "婷婷", "浩然",
)  # fmt: skip
"""Surnames and given names of invented persons."""

PHONE = "0000"
"""Begins every phone of the demo: no area code and no country code does."""

DIGITS = "零一二三四五六七八九十"


def street_name(index: int) -> str:
    """Name of a street by its number; the first is 云溪街道, and 200 differ."""
    return f"{_FIRST[index % 20]}{_SECOND[(index + index // 20) % 10]}街道"


def street_code(index: int, per_district: int) -> str:
    """Nine digits: six of the county, three of the street."""
    return f"{COUNTY + index // per_district}{index % per_district + 1:03d}"


def numeral(number: int) -> str:
    """Chinese numeral from 1 to 99."""
    tens, ones = divmod(number, 10)
    if tens == 0:
        return DIGITS[ones]
    return ("" if tens == 1 else DIGITS[tens]) + "十" + (DIGITS[ones] if ones else "")


def person_name(number: int) -> str:
    """Name of an invented person by a number: 2 500 differ before one comes back."""
    given = number // len(SURNAMES) + number * 7
    return f"{SURNAMES[number % len(SURNAMES)]}{GIVEN[given % len(GIVEN)]}"


def phone(street: int, number: int) -> str:
    """Twelve digits nobody can be called at."""
    return f"{PHONE}{street:03d}{number:05d}"
