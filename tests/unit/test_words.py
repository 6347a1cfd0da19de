"""Both languages are whole: whatever a person can see has an English text that fits it."""

from __future__ import annotations

import string

import pytest
from babel.messages.pofile import read_po

from gis.i18n import speaking
from gis.i18n import translate
from tests import words


def names_of_fields(text):
    return sorted({name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name is not None})


@pytest.fixture(scope="module")
def catalogue():
    with words.CATALOGUE.open("rb") as source:
        return read_po(source, locale="en")


@pytest.fixture(scope="module")
def texts():
    return words.texts()


def test_the_collection_sees_every_kind_of_text(texts):
    assert "数据库已启动。" in texts  # a marked text
    assert "端口 {port} 已被占用。" in texts  # a sentence of a mistake
    assert "把表结构迁移到最新(或指定的一步)。" in texts  # the help of a verb
    assert "迁移到哪一步;0 表示全部撤回。" in texts  # the help of an option
    assert "户数" in texts  # the name of a field, in a table


def test_every_text_has_an_english_one(texts, catalogue):
    missing = [text for text in texts if not (catalogue.get(text) and catalogue.get(text).string)]
    assert missing == []


def test_no_text_is_left_over_or_uncertain(texts, catalogue):
    known = {message.id for message in catalogue if message.id}
    assert known - set(texts) == set()
    assert [message.id for message in catalogue if message.fuzzy and message.id] == []


def test_both_languages_fill_in_the_same_fields(catalogue):
    differing = [m.id for m in catalogue if m.id and names_of_fields(m.id) != names_of_fields(m.string)]
    assert differing == []


def test_the_source_is_chinese_and_the_translation_is_not(catalogue):
    shared = {"中文"}  # a language is named in itself
    latin = [m.id for m in catalogue if m.id and any(c.isalpha() for c in words.FIELD.sub("", m.id))]
    assert [text for text in latin if not words.CHINESE.search(text)] == []
    assert [m.id for m in catalogue if m.id and m.id not in shared and words.SOURCE.search(m.string)] == []


def test_what_counts_as_data_exists_and_says_why():
    for name, reason in words.DATA.items():
        assert (words.ROOT / name).exists(), name
        assert len(reason) > 10


def test_a_reader_of_english_gets_english():
    with speaking("en"):
        assert translate("数据库已启动。") == "The database was started."
    with speaking("zh_CN"):
        assert translate("数据库已启动。") == "数据库已启动。"
