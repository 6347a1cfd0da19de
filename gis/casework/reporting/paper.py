"""A frozen report as it is printed, whatever it is printed by: heads, facts, tables, signature, footer.

The labels are those of the language in force; what is in the cells is what was frozen. Nothing
is counted here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from typing import Any

from gis.casework import policy
from gis.casework import words
from gis.casework.forms import OFFICE
from gis.casework.reporting import indicators
from gis.casework.reporting import labels
from gis.i18n import joined
from gis.i18n import translate as _
from gis.vocabulary import Act

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence
    from datetime import date

    from gis.casework.reporting.canon import Difference
    from gis.casework.reporting.frozen import Report
    from gis.casework.reporting.indicators import Indicator

DASH = "—"
SHORT = 12
"""Characters of a hash that are read out."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its title, heads, rows of texts, and how wide each column is beside the others."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Paper:
    """All that is printed.

    Attributes
    ----------
    title : str
        Name of the form.
    head : tuple of str
        Lines under it: area, span, when it was made and by whom.
    facts : tuple of (str, str)
        Label and value: what was typed in, figures.
    tables : tuple of Table
    notes : tuple of str
        Remarks under the tables.
    signature, footer : str
        Line to sign on; hash in the foot of every page.
    wide : bool
        Whether it is printed across the sheet.
    """

    title: str
    head: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
    signature: str
    footer: str
    wide: bool


def paper(report: Report) -> Paper:
    """Give a report as it is printed, with its difference notes after it."""
    content = report.content
    head, entered, counted = content["head"], content["entered"], content["figures"]
    made = datetime.fromisoformat(head["made_at"]).astimezone(OFFICE)
    if report.kind == "monthly":
        drawn = _monthly(content, report.formulas)
    else:
        drawn = _weekly(content) if report.kind == "weekly" else _hazards(content)
    facts = [
        *(_entered(entered, counted) if report.kind == "weekly" else ()),
        (_("数字"), joined(f"{labels.figure(key)} {counted[key]}" for key in labels.figures_of(counted))),
    ]
    if report.kind != "weekly" and entered["remark"]:
        facts.append((_("备注"), entered["remark"]))
    return Paper(
        title=labels.kind(report.kind),
        head=(
            _("范围:{area}").format(area=head["area_name"] or _("全部范围")),
            _("时段:{since} 至 {until}").format(since=written(report.since), until=written(report.until)),
            _("定稿:{when} · 编号 {number}").format(when=f"{made:%Y-%m-%d %H:%M}", number=report.id),
        ),
        facts=tuple(facts),
        tables=(*drawn, *_notes(report)),
        notes=_remarks(report),
        signature=_("填表人:____________  负责人签字:____________  日期:______年____月____日"),
        footer=_("编号 {number} · SHA-256 {hash}").format(number=report.id, hash=report.sha256),
        wide=report.kind != "weekly",
    )


def written(on: date) -> str:
    """Write a day with its year."""
    return _("{year}年{month}月{day}日").format(year=on.year, month=on.month, day=on.day)


def zero(entered: Mapping[str, Any], counted: Mapping[str, int]) -> str:
    """Say whether a week is a 零报告, and whether other sources say the same."""
    other = counted["found_elsewhere"] + counted["signs"]
    ticked = entered["zero"] or counted["found"] == 0
    if not ticked:
        return _("☐ 否")
    if counted["found"] > 0 or other > 0:
        return _("☑ 是,但与其他来源不符:热线、公众、导入的纠纷 {found} 件,疑似纠纷的其他案件 {signs} 件").format(
            found=counted["found_elsewhere"], signs=counted["signs"]
        )
    return _("☑ 是,与热线和导入的记录核对一致")


def told(difference: Difference) -> tuple[str, str, str, str, str]:
    """Write a difference: where, which line, what, from what, to what."""
    what = difference["what"]
    where = _("数字") if difference["where"] == "figures" else labels.table(difference["where"])
    if what == "line":
        name = _("整行")
        values = [_("没有") if side is None else _brief(side) for side in (difference["was"], difference["is"])]
    elif difference["where"] == "figures":
        name, values = labels.figure(what), [_cell(what, difference[side]) for side in ("was", "is")]
    else:
        name, values = labels.column(what), [_cell(what, difference[side]) for side in ("was", "is")]
    return where, str(difference["code"]), name, values[0], values[1]


def _entered(entered: Mapping[str, Any], counted: Mapping[str, int]) -> list[tuple[str, str]]:
    return [
        *((labels.entered(key), entered[key] or "") for key in ("organiser", "participants", "places")),
        (_("零报告"), zero(entered, counted)),
        *((labels.entered(key), entered[key] or "") for key in ("problems", "measures", "signature", "remark")),
    ]


def _weekly(content: Mapping[str, Any]) -> list[Table]:
    line = {
        "code": 4, "reported_on": 3, "area": 3, "category": 3, "title": 6, "people": 2, "level": 2, "state": 3,
        "progress": 5,
    }  # fmt: skip
    other = {"code": 4, "reported_on": 3, "channel": 2, "kind": 2, "category": 3, "title": 8}
    tables = content["tables"]
    return [
        _table("new", line, tables["new"]),
        _table("carried", line, tables["carried"]),
        *([_table("elsewhere", other, tables["elsewhere"])] if tables["elsewhere"] else []),
    ]


def _hazards(content: Mapping[str, Any]) -> list[Table]:
    columns = {
        "code": 4, "found_on": 3, "channel": 2, "area": 3, "address": 4, "category": 2, "title": 5, "hazard_level": 2,
        "demand": 4, "deadline": 3, "units": 3, "duty": 3, "answered_on": 3, "checked_on": 3, "closed_on": 3,
        "state": 2,
    }  # fmt: skip
    rows = [{**row, "hazard_level": row["level"]} for row in content["tables"]["hazards"]]
    return [_table("hazards", columns, rows)]


def _monthly(content: Mapping[str, Any], formulas: Mapping[str, Any]) -> list[Table]:
    counts = ["found", "carried", "again", "ended", "open", "year", "major"]
    counts += [f"band{band.band}" for band in policy.bands()] + ["band_unknown"]
    wide = {"name": 6, **dict.fromkeys(counts, 2)}
    tables = content["tables"]
    catalogue = {one.key: one for one in indicators.catalogue()}
    figures = [
        {**row, "name": one.name, "formula": _formula(one, formulas.get(one.key, {}))}
        for row in tables["indicators"]
        if (one := catalogue.get(row["code"])) is not None
    ]
    return [
        _table("classes", wide, tables["classes"]),
        _table("areas", wide, tables["areas"]),
        _table("cross", {"name": 6, "area": 5, "found": 2}, tables["cross"]),
        *([_table("other", {"name": 6, "found": 2}, tables["other"])] if tables["other"] else []),
        _table(
            "indicators",
            {"name": 4, "numerator": 2, "denominator": 2, "share": 2, "grade": 1, "rule": 2, "formula": 9},
            figures,
        ),
    ]


def _formula(one: Indicator, kept: Mapping[str, str]) -> str:
    """Give the formula a figure was counted by: today's words of today's version, else those that were kept."""
    version = kept.get("version", one.version)
    words = one.formula if version == one.version else kept["formula"]
    return _("{formula}(第 {version} 版)").format(formula=words, version=version)


def _table(key: str, columns: Mapping[str, int], rows: Sequence[Mapping[str, Any]]) -> Table:
    cells = tuple(tuple(_cell(name, row.get(name)) for name in columns) for row in rows)
    return Table(
        _("{table}({count})").format(table=labels.table(key), count=len(rows)),
        tuple(labels.column(name) for name in columns), cells, tuple(columns.values()),
    )  # fmt: skip


def _notes(report: Report) -> list[Table]:
    heads = (_("位置"), _("编号"), _("项目"), _("定稿时"), _("现在"))
    return [
        Table(
            _("差异说明第 {seq} 号({when},SHA-256 {hash})").format(
                seq=note.seq, when=f"{note.created_at.astimezone(OFFICE):%Y-%m-%d %H:%M}", hash=note.sha256[:SHORT]
            ),
            heads, tuple(told(one) for one in note.differences), (3, 4, 3, 5, 5),
        )
        for note in report.notes
    ]  # fmt: skip


def _remarks(report: Report) -> tuple[str, ...]:
    remarks = [
        _("差异说明第 {seq} 号备注:{remark}").format(seq=note.seq, remark=note.content["remark"])
        for note in report.notes
        if note.content["remark"]
    ]
    return (
        *remarks,
        _("自由文字已按规定遮蔽个人信息;数字以定稿时的记录为准,之后的变动只列入差异说明。"),
    )


def _cell(name: str, value: Any) -> str:  # noqa: ANN401, PLR0911  a value of a line
    if value is None or value == "":
        return DASH
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if name == "state":
        return words.state(value)
    if name == "progress":
        return joined(f"{words.act(act)} {value[act]}" for act in Act if act in value) or DASH
    if name == "channel":
        return labels.channel(value)
    if name == "kind":
        return labels.case_kind(value)
    if name == "rule":
        return labels.rule(value)
    if name == "hazard_level":
        return dict(policy.hazard_levels()).get(str(value), str(value))
    if name == "share":
        return f"{value} %"
    return str(value)


def _brief(row: Mapping[str, Any]) -> str:
    """Write a line that came or went, in short."""
    return " ".join(_cell(key, row[key]) for key in ("category", "title", "name", "state") if row.get(key))
