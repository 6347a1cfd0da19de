"""Rows about people: what a post, a leave, a visit, a track or a duty needs to be worth storing.

Unlike a building without a place, a post without a person or an end that cannot be read is
no record at all: it would say that somebody is there who is not. Such rows are refused, each
with what to do.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
import pandas as pd

from gis.datasets import FIELDS
from gis.datasets import STAFFED
from gis.datasets import Dataset
from gis.i18n import joined
from gis.i18n import translate as _
from gis.intake import values
from gis.intake.errors import FieldsMissing
from gis.settings import CodeSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gis.intake.rows import Book

STRICT = (*STAFFED, Dataset.PEOPLE, Dataset.LEAVES, Dataset.ORGANISATIONS, Dataset.DUTIES)
"""Datasets whose rows are refused when a date or a time cannot be read, not kept without it."""

SPANS = (("valid_from", "valid_to"), ("begins", "ends"), ("started_at", "ended_at"))
"""First and last day (or moment) of a record; the last may be missing."""

HEADED = "heading"
"""Key of a line between the items of a duty list that is only a heading: no item is lost with it."""


def require_columns(dataset: Dataset, chosen: Mapping[str, str], name: str) -> None:
    """Refuse a file that lacks a column no row can do without.

    Raises
    ------
    FieldsMissing
        One is missing; the message names it.
    """
    missing = [field for field in FIELDS[dataset] if field.required and field.name not in chosen]
    if missing:
        raise FieldsMissing(name=name, fields=joined(_(f.label) for f in missing), first=missing[0].name)


def complete(frame: pd.DataFrame, dataset: Dataset, book: Book, *, person: str | None) -> None:
    """Fill in whose the rows are and what a person is known by; in place.

    Parameters
    ----------
    frame : DataFrame
        Canonical columns.
    dataset : Dataset
        What the rows are.
    book : Book
        Takes the rows that cannot be kept.
    person : str, optional
        Staff number (or phone) of whoever the file is of, for rows that name nobody.
    """
    if dataset in STAFFED and person:
        frame["person_code"] = _column(frame, "person_code").fillna(person.strip())
    if dataset is Dataset.DUTIES:
        _take_headings(frame, book)
    if dataset is Dataset.PEOPLE:
        _settle_phones(frame, book)
        frame["code"] = frame["code"].fillna(_column(frame, "phone"))
        nobody = np.flatnonzero(frame["code"].isna())
        _refuse(book, nobody, "person_missing", _("没有工号,也没有手机;请补上其中一个"))


def _take_headings(frame: pd.DataFrame, book: Book) -> None:
    """Let lines that hold nothing but a heading name the field of work of the items below them."""
    frame["domain"] = _column(frame, "domain")
    domain: str | None = None
    domains = []
    lonely = (frame.notna().sum(axis=1) == 1).to_numpy()
    for at, given in enumerate(frame["domain"]):
        found = values.HEADING.fullmatch(str(frame.iloc[at].dropna().iloc[0]).strip()) if lonely[at] else None
        if found:
            domain = found["words"]
            words = _("分组标题“{text}”,已作为其下各项的领域").format(text=domain)
            book.reject(at, HEADED, words)
        domains.append(given if isinstance(given, str) else domain)
    frame["domain"] = pd.Series(domains, index=frame.index, dtype="str")


def _settle_phones(frame: pd.DataFrame, book: Book) -> None:
    if "phone" not in frame:
        return
    bare = frame["phone"].str.replace(r"[\s()()\-‐–—]", "", regex=True).str.replace(r"^(\+|00)?86(?=1)", "", regex=True)
    pattern = re.compile(CodeSettings().phone_pattern)
    odd = [isinstance(text, str) and not pattern.fullmatch(text) for text in bare]
    for at in np.flatnonzero(odd):
        words = _("手机“{text}”不是电话号码;请改正,或留空").format(text=str(frame["phone"].iloc[at])[:20])
        book.reject(int(at), "bad_phone", words)
    frame["phone"] = bare


def judge(frame: pd.DataFrame, dataset: Dataset, book: Book) -> None:
    """Refuse rows that lack what they need, or end before they begin."""
    if dataset not in STRICT:
        return
    for field in FIELDS[dataset]:
        if field.required:
            words = _("{label}缺失或看不懂;请补上或改正").format(label=_(field.label))
            _refuse(book, np.flatnonzero(_column(frame, field.name).isna()), f"no_{field.name}", words)
    for first, last in SPANS:
        if first in frame and last in frame:
            early = (frame[last] < frame[first]).fillna(False).to_numpy(dtype=bool)
            for at in np.flatnonzero(early):
                words = _("结束({last})早于开始({first});请改正日期").format(
                    last=_day(frame[last].iloc[at]), first=_day(frame[first].iloc[at])
                )
                book.reject(int(at), "ends_early", words)
    if dataset is Dataset.PEOPLE:
        _tell_placeless(frame, book)
    if dataset is Dataset.DUTIES and (bare := int((_column(frame, "category").isna() & ~book.rejected).sum())):
        words = _("有 {count} 个事项没有写明小类,不会匹配任何事件。")
        book.warnings.append(words.format(count=bare))


def _tell_placeless(frame: pd.DataFrame, book: Book) -> None:
    places = [_column(frame, name).isna() for name in ("grid_code", "building_code", "organisation_code")]
    lost = int((places[0] & places[1] & places[2] & ~book.rejected).sum())
    if lost:
        words = _("有 {count} 个岗位没有写明网格、楼栋或组织,不算覆盖任何地方。")
        book.warnings.append(words.format(count=lost))


def own_codes(frame: pd.DataFrame, dataset: Dataset) -> pd.Series[Any] | None:
    """Give visits and tracks without a code one that another export of the same gives them too.

    Returns
    -------
    Series or None
        ``person/time`` and, of visits, the building or grid; null where the parts are missing.
        None for other datasets.
    """
    if dataset not in STAFFED:
        return None
    time = "visited_at" if dataset is Dataset.VISITS else "started_at"
    stamps = pd.to_datetime(_column(frame, time), utc=True).dt.strftime("%Y%m%dT%H%M%SZ")
    codes = _column(frame, "person_code").astype("str") + "/" + stamps.astype("str")
    if dataset is Dataset.VISITS:
        place = _column(frame, "building_code").fillna(_column(frame, "grid_code"))
        codes = codes.where(place.isna(), codes + "/" + place.astype("str"))
    turn = codes.groupby(codes).cumcount()
    return codes.where(~(turn > 0), codes + "#" + (turn + 1).astype("str"))


def _column(frame: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name in frame:
        return frame[name]
    return pd.Series([None] * len(frame), index=frame.index, dtype="str")


def _day(value: Any) -> str:  # noqa: ANN401 - a date or a timestamp of pandas
    return str(value)[:10]


def _refuse(book: Book, rows: Any, key: str, words: str) -> None:  # noqa: ANN401 - an array of indices
    for at in rows:
        book.reject(int(at), key, words)
