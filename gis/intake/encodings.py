"""Which encoding a text is in: by what the file says, by validity, else by plausibility.

Big5 text decodes as GB18030 without an error (and the other way round), so an encoding is
never chosen because it "works". Each candidate decoding is scored by how ordinary the
characters are that it gives; when two are close, the user is asked.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from gis.intake.errors import EncodingAmbiguous
from gis.intake.errors import EncodingWrong

if TYPE_CHECKING:
    from pathlib import Path

CANDIDATES = ("gb18030", "big5hkscs", "cp932", "cp949", "cp1252")
"""What is tried when a text is not UTF-8."""

SPOKEN = {"big5hkscs": "big5", "cp932": "shift_jis", "cp949": "euc-kr", "cp1252": "latin-1"}
"""Names users know, per codec."""

CLEAR = 0.35
"""How far the best score must lie above the second; scores lie between -2 and 2."""

LDID = {
    **dict.fromkeys((0x4D, 0x7A), "gb18030"),
    **dict.fromkeys((0x4F, 0x78), "big5hkscs"),
    **dict.fromkeys((0x13, 0x7B), "cp932"),
    **dict.fromkeys((0x4E, 0x79), "cp949"),
    **dict.fromkeys((0x03, 0x57, 0x58, 0x59), "cp1252"),
}
"""Language driver of a .dbf (byte 29) to a codec. 0x57 ("ANSI") says little and is checked."""

# The most frequent characters of general and administrative Chinese, simplified and
# traditional; ours, written down for this table.
_SIMPLIFIED = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去"
    "法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点"
    "正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿"
    "原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德"
    "资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交"
    "规万取拉格望觉术领共确传师观清今切院让识候带导争运街号楼栋幢层户社村镇乡县省坊巷弄桥园场站店馆局所室厦苑寺庄河湖江林岭城郊里委"
    "房屋址称编码类型网格责任电话联系姓名男女经纬度办公住宅商市场学校医院银行酒店公寓广东北京上海杭州宁波苏州深圳福建浙江湖南四川简体语"
)
_TRADITIONAL = (
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼去"
    "法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關點"
    "正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒"
    "原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太量再感建務做接必場件計管期市直德"
    "資命山金指克許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻界達光放強即像難且權思王象完設式色路記南品住告類求據程北邊死張該交"
    "規萬取拉格望覺術領共確傳師觀清今切院讓識候帶導爭運街號樓棟幢層戶社村鎮鄉縣省坊巷弄橋園場站店館局所室廈苑寺莊河湖江林嶺城郊里委"
    "房屋址稱編碼類型網格責任電話聯繫姓名男女經緯度辦公住宅商市場學校醫院銀行酒店公寓臺北新桃園中高雄基隆松山信義大安士林投內湖港文繁語"
)
_JAPANESE = "町村市区県府道丁目番地号山川田中大小東西南北上下本谷原島崎橋駅野沢浜津井藤木石松竹林森宮神社寺院"


@dataclass(frozen=True)
class Verdict:
    """Which encoding, and how it is known.

    Attributes
    ----------
    codec : str
        Name Python decodes it by.
    how : str
        ``given declared bom utf8 ascii plausible``.
    candidates : tuple of (str, float)
        Scores of what was tried, best first; empty where nothing had to be weighed.
    """

    codec: str
    how: str
    candidates: tuple[tuple[str, float], ...] = ()

    @property
    def spoken(self) -> str:
        """Name the user knows."""
        return SPOKEN.get(self.codec, self.codec)


def normal_codec(name: str, file: str = "") -> str:
    """Bring the name of an encoding (also of a .cpg file) to a codec that reads its supersets.

    Raises
    ------
    EncodingWrong
        No such encoding.
    """
    word = name.strip().strip("\x00").lower().replace("_", "-").replace(" ", "-")
    word = re.sub(r"^(ansi|oem|windows|cp|ibm|x-windows)[-]?(?=\d)", "", word)
    table = {
        **dict.fromkeys(("936", "gbk", "gb2312", "gb-2312", "gb18030", "gb-18030", "euc-cn"), "gb18030"),
        **dict.fromkeys(("950", "big5", "big-5", "big5-hkscs"), "big5hkscs"),
        **dict.fromkeys(("932", "sjis", "shift-jis", "shiftjis", "ms932"), "cp932"),
        **dict.fromkeys(("949", "euc-kr", "euckr", "ks-c-5601-1987"), "cp949"),
        **dict.fromkeys(
            ("1252", "iso-8859-1", "8859-1", "88591", "iso88591", "iso-88591", "latin-1", "latin1"), "cp1252"
        ),
        **dict.fromkeys(("65001", "utf-8", "utf8"), "utf-8"),
    }
    if word in table:
        return table[word]
    for candidate in (name.strip(), f"cp{word}"):
        try:
            return codecs.lookup(candidate).name
        except LookupError:
            continue
    raise EncodingWrong(name=file, encoding=name)


@cache
def _weights(codec: str) -> np.ndarray:
    """Weight of each character of the basic plane under a codec: 2 very common … -2 odd."""
    weights = np.full(0x10000, -2.0)
    weights[0x2010:0x2670] = -0.5  # signs and shapes
    weights[0x3000:0x3020] = 0.5
    weights[0xFF01:0xFF5F] = 0.5  # full-width signs
    weights[0x00A0:0x0100] = -0.5
    if codec == "cp1252":
        return weights
    ordinary = {
        "gb18030": (range(0xB0, 0xF8), range(0xA1, 0xFF), 0xD7F9),
        "big5hkscs": (range(0xA4, 0xFA), (*range(0x40, 0x7F), *range(0xA1, 0xFF)), 0xC67E),
        "cp932": (range(0x88, 0xA0), (*range(0x40, 0x7F), *range(0x80, 0xFD)), 0x9872),
        "cp949": (range(0xB0, 0xC9), range(0xA1, 0xFF), 0xC8FE),
    }[codec]
    leads, trails, last_common = ordinary
    for lead in leads:
        for trail in trails:
            text = bytes((lead, trail)).decode(codec, errors="ignore")
            if len(text) == 1 and ord(text) < len(weights):
                weights[ord(text)] = 1.0 if lead * 256 + trail <= last_common else -0.7
    common = {"gb18030": _SIMPLIFIED, "big5hkscs": _TRADITIONAL, "cp932": _JAPANESE, "cp949": ""}[codec]
    weights[[ord(c) for c in common]] = 2.0
    if codec == "cp932":
        weights[0x3041:0x30FF] = 1.6  # kana
        weights[0xFF61:0xFFA0] = -1.5  # half-width kana: what other encodings turn into
    if codec == "cp949":
        weights[0xAC00:0xD7A4] = np.where(weights[0xAC00:0xD7A4] > 0, 1.2, -1.0)
        weights[0x4E00:0xA000] = -1.0
    return weights


def score(data: bytes, codec: str) -> float:
    """Say how ordinary a text looks under an encoding.

    Parameters
    ----------
    data : bytes
        Text; the last character may be cut.
    codec : str
        One of :data:`CANDIDATES`.

    Returns
    -------
    float
        Mean weight of the characters beyond ASCII, -2 (nonsense) to 2 (very common).
    """
    text = data.decode(codec, errors="replace")
    points = np.array([ord(c) for c in text if ord(c) > 0x7F], dtype=np.int64)  # noqa: PLR2004 - end of ASCII
    if not len(points):
        return 0.0
    if codec == "cp1252":
        return _score_latin(text, len(points))
    broken = int((points == 0xFFFD).sum())  # noqa: PLR2004 - the replacement character
    low = points[points < 0x10000]  # noqa: PLR2004 - end of the basic plane
    total = _weights(codec)[low].sum() - 2.0 * (len(points) - len(low)) - 4.0 * broken
    lonely = len(re.findall(r"[A-Za-z][^\x00-\xff][A-Za-z]", text))
    return max(-2.0, float(total - 1.5 * lonely) / len(points))


def _score_latin(text: str, count: int) -> float:
    """Score western European text: accented letters stand alone between plain ones."""
    good = len(
        re.findall(r"(?<=[A-Za-z])[àáâãäåæçèéêëìíîïñòóôõöøùúûüýßœšžÿ](?![^\x00-\x7f])", text, flags=re.IGNORECASE)
    )
    good += len(re.findall(r"(?<![^\x00-\x7f])[ÀÁÂÃÄÅÇÈÉÊËÍÎÑÓÔÖØÚÜŠŽ](?=[a-z])", text))
    return 2.0 * (2.0 * min(good, count) / count - 1.0)


def weigh(data: bytes) -> list[tuple[str, float]]:
    """Score every candidate encoding, best first."""
    return sorted(((c, round(score(data, c), 3)) for c in CANDIDATES), key=lambda item: -item[1])


def detect(data: bytes, name: str, *, given: str | None = None, declared: str | None = None) -> Verdict:
    """Decide the encoding of a text.

    Parameters
    ----------
    data : bytes
        The text, or the parts of it beyond ASCII.
    name : str
        File name for the messages.
    given : str, optional
        What the user says; it wins.
    declared : str, optional
        What the file says (.cpg, LDID); it wins unless the bytes contradict it.

    Raises
    ------
    EncodingAmbiguous
        Two encodings are about equally plausible.
    EncodingWrong
        The given encoding does not exist or does not decode the bytes.
    """
    if given:
        codec = normal_codec(given, name)
        if codec == "utf-8" and data.startswith(codecs.BOM_UTF8):
            codec = "utf-8-sig"
        if data.decode(codec, errors="replace").count("\ufffd") > max(2, len(data) // 200):
            raise EncodingWrong(name=name, encoding=given)
        return Verdict(codec, "given")
    for mark, codec in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return Verdict(codec, "bom")
    if data.isascii():
        return Verdict(declared or "utf-8", "declared" if declared else "ascii")
    if _is_utf8(data):
        return Verdict("utf-8", "utf8")
    ranked = weigh(data)
    if declared and declared != "utf-8" and dict(ranked).get(declared, 1.0) > max(-0.5, ranked[0][1] - 1.5):
        return Verdict(declared, "declared", tuple(ranked))
    best, second = ranked[0], ranked[1]
    if best[1] < 0 or best[1] - second[1] < CLEAR:
        near = {c for c, s in ranked if s > best[1] - 2 * CLEAR}
        close = [SPOKEN.get(c, c) for c in CANDIDATES if c in near]  # the likeliest here first
        raise EncodingAmbiguous(name=name, candidates=", ".join(close), first=close[0])
    return Verdict(best[0], "plausible", tuple(ranked))


def _is_utf8(data: bytes) -> bool:
    """Say whether bytes are UTF-8, a few broken places and a cut end allowed."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="strict")
    try:
        decoder.decode(data)
    except UnicodeDecodeError:
        text = data.decode("utf-8", errors="replace")
        return text.count("\ufffd") * 50 < sum(1 for c in text if ord(c) > 0x7F)  # noqa: PLR2004 - end of ASCII
    return True


def sample_file(path: Path, most: int = 1 << 19) -> bytes:
    """Read what decides the encoding of a large file: its start, then only what is not ASCII.

    The whole file is looked at, so a file whose first Chinese word comes after a million
    rows is judged by that word.

    Parameters
    ----------
    path : Path
        Text file.
    most : int
        Bytes kept at most.
    """
    kept = bytearray()
    with path.open("rb") as source:
        kept += source.read(1 << 16)
        rest = source.readline()
        kept += rest
        while len(kept) < most and (block := source.read(1 << 22)):
            block += source.readline()
            if not block.isascii():
                for line in block.splitlines(keepends=True):
                    if not line.isascii():
                        kept += line
                    if len(kept) >= most:
                        break
    return bytes(kept)


def clean_text(text: str) -> str:
    """Bring a word to the form words are compared in: full-width to half, no spaces, lower case."""
    return re.sub(r"[\s_\-·'\"`:：]+", "", unicodedata.normalize("NFKC", text)).casefold()
