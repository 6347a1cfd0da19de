"""Encodings: decided by what the file says, by validity, else by plausibility; asked when close."""

from __future__ import annotations

import pytest

from gis.intake import encodings
from gis.intake.errors import EncodingAmbiguous
from gis.intake.errors import EncodingWrong

SIMPLIFIED = "楼栋编号,名称,地址\n1,南苑小区3号楼,北京市丰台区南苑街道\n"
TRADITIONAL = "編號,名稱,地址\n1,臺北市政府,臺北市信義區市府路\n"
JAPANESE = "名称,住所\nひたちなか市役所,茨城県ひたちなか市東石川\n"
WESTERN = "Nom,Adresse\nChâteau d'Été,Allée des Érables\n"


@pytest.mark.parametrize(
    ("text", "encoding", "codec"),
    [
        (SIMPLIFIED, "gb18030", "gb18030"),
        (SIMPLIFIED, "gb2312", "gb18030"),
        (SIMPLIFIED, "utf-8", "utf-8"),
        (SIMPLIFIED, "utf-8-sig", "utf-8-sig"),
        (SIMPLIFIED, "utf-16", "utf-16"),
        (TRADITIONAL, "big5", "big5hkscs"),
        (TRADITIONAL, "utf-8", "utf-8"),
        (JAPANESE, "shift_jis", "cp932"),
        (WESTERN, "latin-1", "cp1252"),
        ("a,b\n1,2\n", "ascii", "utf-8"),
    ],
)
def test_each_encoding_is_found(text, encoding, codec):
    assert encodings.detect(text.encode(encoding), "f").codec == codec


def test_big5_is_not_taken_for_gb18030_though_it_decodes_as_it():
    data = TRADITIONAL.encode("big5")
    assert data.decode("gb18030")  # no error: why trying GB18030 first corrupts silently
    assert encodings.detect(data, "f").spoken == "big5"


def test_short_words_are_told_apart():
    assert encodings.detect("國語".encode("big5"), "f").codec == "big5hkscs"
    assert encodings.detect("简体".encode("gb2312"), "f").codec == "gb18030"


def test_what_is_close_is_asked():
    with pytest.raises(EncodingAmbiguous) as caught:
        encodings.detect("서울특별시 강남구".encode("euc-kr"), "f.csv")
    assert "--encoding" in caught.value.remedy
    assert "euc-kr" in caught.value.message


def test_a_declaration_is_taken_unless_the_bytes_contradict_it():
    data = SIMPLIFIED.encode("gb18030")
    assert encodings.detect(data, "f", declared="gb18030").how == "declared"
    assert encodings.detect(data, "f", declared="cp1252").codec == "gb18030"  # LDID 0x57 says little
    assert encodings.detect(data, "f", declared="utf-8").codec == "gb18030"


def test_the_user_wins_but_not_against_the_bytes():
    data = TRADITIONAL.encode("big5")
    assert encodings.detect(data, "f", given="Big-5").how == "given"
    with pytest.raises(EncodingWrong):
        encodings.detect(data, "f", given="utf-8")
    with pytest.raises(EncodingWrong):
        encodings.detect(data, "f", given="klingon")


@pytest.mark.parametrize(
    ("word", "codec"),
    [
        ("Big-5", "big5hkscs"),
        ("ANSI 936", "gb18030"),
        ("GBK", "gb18030"),
        ("UTF-8", "utf-8"),
        ("65001", "utf-8"),
        ("CP932", "cp932"),
        ("ISO-8859-1", "cp1252"),
        ("ISO 88591", "cp1252"),
    ],
)
def test_code_page_names(word, codec):
    assert encodings.normal_codec(word) == codec


def test_a_file_is_judged_by_its_first_chinese_word_however_late(tmp_path):
    path = tmp_path / "late.csv"
    path.write_bytes(b"a,b\n" + b"1,x\n" * 400_000 + "2,南苑街道办事处\n".encode("gb18030"))
    assert encodings.detect(encodings.sample_file(path), "f").codec == "gb18030"
