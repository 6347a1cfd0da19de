"""Which column of a file fills which field: a table of synonyms, checked against the content.

The table is ``data/reference/fields.csv`` (an office may add its own words); what a column
holds decides between candidates, so a column called ``code`` with five values in a
thousand rows does not become the key. Nothing is used below :data:`ENOUGH`; the user sees
the proposal and corrects it with ``--map field=column``.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import TypeAlias

import pyarrow as pa
from pyarrow import compute

from gis.datasets import FIELDS
from gis.datasets import SHAPES
from gis.datasets import Dataset
from gis.i18n import joined
from gis.i18n import translate as _
from gis.intake import angles
from gis.intake import profiles
from gis.intake.encodings import clean_text
from gis.intake.errors import ColumnMissing
from gis.intake.errors import FieldUnknown
from gis.intake.parts import Proposal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

pc: Any = compute  # its stubs know no chunked arrays
Column: TypeAlias = Any

REFERENCE = Path(__file__).resolve().parents[2] / "data" / "reference"

ENOUGH = 0.5
"""Confidence from which a proposed column is used without being confirmed."""

LON, LAT, WKT, POINT = "@lon", "@lat", "@wkt", "@point"
PLACES = {LON: "经度或东坐标", LAT: "纬度或北坐标", WKT: "WKT 几何", POINT: "合在一列的坐标"}
"""Pseudo-fields: where a table keeps the place of a row."""

ALIASES = {"lon": LON, "lng": LON, "x": LON, "lat": LAT, "y": LAT, "wkt": WKT, "geometry": WKT, "point": POINT}
"""What a user may write for them on the left of ``--map``."""

CUT = (8, 10)
"""Bytes of a header that may be the start of a longer one (a .dbf keeps ten, whole characters of them)."""

PERSON = "person"
"""Type of a code that may repeat: a person holds several posts."""

UNIQUE_LEAST = 0.5
SAMPLE = 2000
MOST = 0.5
"""Share of the cells that have to look right."""


@cache
def synonyms(dataset: Dataset) -> dict[str, dict[str, float]]:
    """Read the table of synonyms: cleaned word -> {field: weight 0 to 1}, places included."""
    found: dict[str, dict[str, float]] = {}
    with (REFERENCE / "fields.csv").open(encoding="utf-8", newline="") as source:
        for row in csv.DictReader(source):
            if row["dataset"] in {"*", dataset.value}:
                entry = found.setdefault(clean_text(row["synonym"]), {})
                weight = float(row["weight"]) / 100
                entry[row["field"]] = max(weight, entry.get(row["field"], 0.0))
    for field in FIELDS[dataset]:
        for word in (field.name, field.label):
            found.setdefault(clean_text(word), {})[field.name] = 1.0
    return found


def propose(table: pa.Table, dataset: Dataset, *, placed: bool) -> list[Proposal]:
    """Propose a column for each field.

    Parameters
    ----------
    table : pyarrow.Table
        The file's attributes.
    dataset : Dataset
        What the rows are.
    placed : bool
        Whether the file has geometry of its own; then no place columns are looked for.

    Returns
    -------
    list of Proposal
        One per field, in the dataset's order; places after them when ``placed`` is false.
    """
    words: Mapping[str, Mapping[str, float]] = synonyms(dataset)
    profile = profiles.of(table.column_names, dataset)
    if profile is not None:
        words = {**words, **{head: {field: 1.0} if field else {} for head, field in profile.fields.items()}}
    names = {f.name: f.type for f in FIELDS[dataset]}
    if dataset is Dataset.PEOPLE:
        names["code"] = PERSON
    placed = placed or SHAPES[dataset] == "none"
    wanted = {**names, **({} if placed else dict.fromkeys(PLACES, "place"))}
    options: list[tuple[float, int, str, str]] = []
    for at, column in enumerate(table.column_names):
        for field, weight in _match(column, words).items():
            if field in wanted:
                fit = weight * _fit(table.column(column), field, wanted[field])
                options.append((-fit, at, field, column))
    taken: dict[str, tuple[str, float]] = {}
    used: set[str] = set()
    for minus, _at, field, column in sorted(options):
        if field not in taken and column not in used:
            taken[field] = (column, -minus)
            if -minus >= ENOUGH:
                used.add(column)
    if not placed:
        _settle_places(taken)
    labels = {f.name: _(f.label) for f in FIELDS[dataset]} | {k: _(v) for k, v in PLACES.items()}
    out = []
    for field in wanted:
        column_found, confidence = taken.get(field, (None, 0.0))
        out.append(Proposal(field, labels[field], column_found, round(confidence, 2)))
    return out


def _settle_places(taken: dict[str, tuple[str, float]]) -> None:
    """Keep one way to give a place: a pair of numbers, else WKT, else one column of both."""
    pair = all(taken.get(f, ("", 0.0))[1] >= ENOUGH for f in (LON, LAT))
    wkt = taken.get(WKT, ("", 0.0))[1] >= ENOUGH
    if wkt or not pair:
        for field in (LON, LAT):
            taken.pop(field, None)
    if not wkt:
        taken.pop(WKT, None)
    if wkt or pair:
        taken.pop(POINT, None)


def _match(column: str, words: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Look a header up: as it stands, then without what stands in brackets."""
    key = clean_text(column)
    if key in words:
        return dict(words[key])
    bare = re.sub(r"[(\[【<].*?[)\]】>]|[㎡°]+$", "", key)
    if bare and bare != key and bare in words:
        return {field: weight * 0.95 for field, weight in words[bare].items()}
    tail = re.sub(r"_\d+$", "", column)
    if tail != column and clean_text(tail) in words:
        return {field: weight * 0.6 for field, weight in words[clean_text(tail)].items()}
    return _match_cut(column, words)


def _match_cut(column: str, words: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Look up a header that the ten bytes of a .dbf cut off (``网格编`` for 网格编码): all it may have been agree."""
    key = clean_text(column.rstrip("\ufffd"))
    if not CUT[0] <= len(column.rstrip("\ufffd").encode()) <= CUT[1]:
        return {}
    whole = [fields for word, fields in words.items() if word.startswith(key)]
    alike = {field for fields in whole for field, weight in fields.items() if weight >= ENOUGH}
    return {field: 0.9 * max(f.get(field, 0.0) for f in whole) for field in alike} if len(alike) == 1 else {}


def _fit(column: Column, field: str, kind: str) -> float:
    """Say how well a column's content suits a field, 0 to 1."""
    count = len(column) - column.null_count
    if not count:
        return 0.3
    if field == "code" and kind != PERSON:
        return _fit_code(column, count)
    values = _sample(column)
    if not len(values):
        return 0.3
    if kind in {"AreaLevel", "GridKind", "Duty", "OrganisationLevel", "Listing", "CaseLevel"}:
        known = set(enum_words(kind))
        hits = sum(clean_text(v) in known for v in values.to_pylist())
        return 1.0 if hits * 2 >= len(values) else 0.2
    pattern = _PATTERNS.get(field) or _PATTERNS.get(kind)
    if pattern is None:
        return 1.0
    return 1.0 if _share(values, pattern) > MOST else 0.2


_NUMBER = r"^\s*[+-]?[\d,]*[.,]?\d+([eE][+-]?\d+)?\s*\D{0,3}$"
_WKT = r"(?i)^\s*(SRID=\d+;)?\s*((MULTI)?(POINT|LINE|POLYGON|CURVE|SURFACE|GEOMETRY|COMPOUND)|0[01][0-9A-F]{16,}\s*$)"
_PAIR = r"^\s*[(\[]?\s*[+-]?\d+(\.\d+)?\s*[,，;\s]\s*[+-]?\d+(\.\d+)?\s*[)\]]?\s*$"


_PATTERNS = {
    **dict.fromkeys(("integer", "number"), _NUMBER),
    **dict.fromkeys((LON, LAT), f"{_NUMBER}|{angles.SEXAGESIMAL}"),
    **dict.fromkeys(("date", "timestamp"), r"\d"),
    WKT: _WKT,
    POINT: _PAIR,
}


def _fit_code(column: Column, count: int) -> float:
    """Prefer columns that tell rows apart and are filled in."""
    distinct = pc.count_distinct(column, mode="only_valid").as_py() / count
    filled = count / len(column)
    if pa.types.is_floating(column.type) and not _whole(column):
        return 0.1
    if distinct < UNIQUE_LEAST:
        return 0.2
    return (1.0 if distinct > 0.98 else 0.8) * (1.0 if filled > MOST else 0.6)  # noqa: PLR2004 - nearly unique


def doubts(table: pa.Table, dataset: Dataset, chosen: Mapping[str, str], given: Mapping[str, str] | None) -> list[str]:
    """Say which column is called a code and was not taken for one, because its values repeat.

    Parameters
    ----------
    table : pyarrow.Table
        The file's attributes.
    dataset : Dataset
        What the rows are.
    chosen : mapping of str to str
        From :func:`decide`.
    given : mapping of str to str, optional
        What the user wrote; who decided about the code needs no hint.
    """
    if "code" in chosen or "code" in (given or {}) or dataset is Dataset.PEOPLE:
        return []
    words = synonyms(dataset)
    for column in table.column_names:
        cells = table.column(column)
        count = len(cells) - cells.null_count
        if column in chosen.values() or not count or _match(column, words).get("code", 0.0) < ENOUGH:
            continue
        distinct = pc.count_distinct(cells, mode="only_valid").as_py()
        if distinct < count * UNIQUE_LEAST:
            text = _(
                "列 {column} 像是编码,但 {count} 行里只有 {distinct} 个不同的值,没有用作编码;"
                "若确是编码,请用 --map code={column} 指明,重复的行会被列出。"
            )
            return [text.format(column=column, count=count, distinct=distinct)]
    return []


def _whole(column: Column) -> bool:
    return bool(pc.all(pc.equal(pc.floor(column), column)).as_py())


def _sample(column: Column) -> Column:
    head = column.slice(0, SAMPLE).drop_null()
    if not (pa.types.is_string(head.type) or pa.types.is_large_string(head.type)):
        head = head.cast(pa.string()) if not pa.types.is_nested(head.type) else head.slice(0, 0).cast(pa.string())
    values = head.combine_chunks() if isinstance(head, pa.ChunkedArray) else head
    return values.filter(pc.not_equal(pc.utf8_trim_whitespace(values), ""))


def _share(values: Column, pattern: str) -> float:
    return float(pc.mean(pc.match_substring_regex(values, pattern).cast(pa.float64())).as_py() or 0.0)


@cache
def enum_words(enum: str) -> dict[str, str]:
    """Read the words of an enum: cleaned word -> value (``data/reference/words.csv``)."""
    with (REFERENCE / "words.csv").open(encoding="utf-8", newline="") as source:
        return {clean_text(r["word"]): r["value"] for r in csv.DictReader(source) if r["enum"] == enum}


def decide(
    proposals: Sequence[Proposal], columns: Sequence[str], dataset: Dataset, given: Mapping[str, str] | None
) -> dict[str, str]:
    """Make the mapping that is used: what was proposed with enough confidence, then what the user says.

    Parameters
    ----------
    proposals : sequence of Proposal
        From :func:`propose`.
    columns : sequence of str
        Columns of the file.
    dataset : Dataset
        What the rows are.
    given : mapping of str to str, optional
        Field -> column as the user wrote it; an empty column takes a field away.

    Returns
    -------
    dict of str to str
        Field -> column.

    Raises
    ------
    FieldUnknown, ColumnMissing
        One side of a pair does not exist.
    """
    mapping = {p.field: p.column for p in proposals if p.column and p.confidence >= ENOUGH}
    known = {clean_text(c): c for c in reversed(columns)}
    fields = {f.name: f.name for f in FIELDS[dataset]} | {clean_text(f.label): f.name for f in FIELDS[dataset]}
    fields |= ALIASES | {p: p for p in PLACES}
    chosen: dict[str, str] = {}
    for raw, column in (given or {}).items():
        field = fields.get(raw.strip()) or fields.get(clean_text(raw))
        if field is None:
            names = [f.name for f in FIELDS[dataset]] + ["lon", "lat", "wkt"]
            raise FieldUnknown(dataset=dataset.value, field=raw, fields=joined(names))
        if not column.strip():
            mapping.pop(field, None)
            continue
        exact = column if column in columns else known.get(clean_text(column))
        if exact is None:
            raise ColumnMissing(column=column, columns=joined(columns[:60]))
        chosen[field] = exact
    if WKT in chosen or POINT in chosen:
        mapping = {f: c for f, c in mapping.items() if f not in PLACES}
    elif LON in chosen or LAT in chosen:
        mapping = {f: c for f, c in mapping.items() if f not in {WKT, POINT}}
    mapping = {f: c for f, c in mapping.items() if c not in chosen.values() or f in chosen}
    return {**mapping, **chosen}
