"""Indicators against pandas on the same rows; reports that stay as they were made, in three weeks of one dispute."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pandas as pd
import pytest
from docx import Document
from openpyxl import load_workbook

from gis.access import audit
from gis.casework.reporting import canon
from gis.casework.reporting import excel
from gis.casework.reporting import figures
from gis.casework.reporting import frozen
from gis.casework.reporting import indicators
from gis.casework.reporting import monthly
from gis.casework.reporting import paper
from gis.casework.reporting import word
from gis.casework.reporting.errors import AlreadyFrozen
from gis.casework.reporting.errors import MakerUnfit
from gis.casework.reporting.errors import PeriodOpen
from gis.casework.reporting.errors import PeriodUnfit
from gis.casework.reporting.errors import ReportMissing
from gis.db.connection import close_pools
from gis.db.connection import session
from gis.i18n import speaking
from tests.handling import FAR
from tests.handling import HEAD
from tests.handling import JOB
from tests.handling import LEADER
from tests.handling import PEOPLE
from tests.handling import PLANNER
from tests.handling import SHANGHAI
from tests.handling import TODAY
from tests.rights import OFFICE

MONDAY = TODAY - timedelta(days=TODAY.weekday() + 28)
WEEKS = [(MONDAY + timedelta(days=7 * n), MONDAY + timedelta(days=7 * n + 6)) for n in range(4)]
SAYS = "联系人:王小明 13800138000,邻里漏水"


@pytest.fixture(scope="module", autouse=True)
def office(shared_database):
    with session(JOB) as conn:
        conn.execute(OFFICE)
        conn.execute(PEOPLE)
        # The cases that the matrix of rights needs ended long ago.
        conn.execute("UPDATE case_event SET at = '2020-01-01', state = 'closed'")
    yield shared_database
    close_pools()


def noon(day, hour=12):
    return datetime.combine(day, datetime.min.time(), SHANGHAI) + timedelta(hours=hour)


def write(
    conn, code, steps, kind="dispute", category="邻里", channel="patrol", x=120.02, title=SAYS, clocks=(), **more
):
    """Write a case whose events happened when they are said to; its number."""
    (number,) = conn.execute(
        "INSERT INTO incident (code, kind, category, title, channel, geom, occurred_at) VALUES (%s, %s, %s, %s, %s, ST_SetSRID(ST_Point(%s, 30.05), 4490), %s) RETURNING id",
        (code, kind, category, title, channel, x, steps[0][0]),
    ).fetchone()
    conn.execute("SELECT set_config('atlas.flow', 'on', true)")
    conn.execute("DELETE FROM case_event WHERE incident_id = %s", (number,))
    for seq, (at, act, state, *data) in enumerate(steps, 1):
        conn.execute(
            "INSERT INTO case_event (incident_id, seq, act, state, at, data) VALUES (%s, %s, %s, %s, %s, jsonb_build_object('result', %s::text))",
            (number, seq, act, state, at, data[0] if data else None),
        )
    state = steps[-1][2]
    conn.execute(
        "UPDATE casefile SET state = %s, seq = %s, units = %s WHERE incident_id = %s",
        (state, len(steps), more.get("units", []), number),
    )
    if state == "closed":
        conn.execute("UPDATE incident SET closed_at = %s WHERE id = %s", (steps[-1][0], number))
    for stage, starts, due, ended in clocks:
        conn.execute(
            "INSERT INTO case_clock (incident_id, stage, kind, amount, starts_at, due_at, ended_at) VALUES (%s, %s, 'urgent_hour', 1, %s, %s, %s)",
            (number, stage, starts, due, ended),
        )
    return number


@pytest.mark.parametrize(
    ("score", "letter"),
    [
        (Decimal("59.9"), "D"), (60, "C"), (Decimal("89.99"), "B"), (90, "A"), (Fraction(26999, 300), "B"), (Decimal("74.999"), "C"), (75, "B"), (40, "D"),
        (Decimal("39.99"), "E"), (0, "E"), (100, "A"),
    ],
)  # fmt: skip
def test_a_grade_is_taken_of_the_exact_number(score, letter):
    assert indicators.grade(score) == letter


def test_what_is_shown_never_reaches_a_better_grade_than_it_has():
    near = indicators.share(89_996, 100_000)
    assert (indicators.grade(near), indicators.written(near)) == ("B", "89.99")
    assert indicators.share(0, 0) is None
    assert indicators.written(indicators.share(2, 3)) == "66.66"
    with pytest.raises(TypeError):
        indicators.grade(89.996)
    with pytest.raises(TypeError):
        canon.text({"share": 89.996})


def _cases(conn):
    """Cases of one week of every fate, made by rule and not by hand, in two communities and three units."""
    since = WEEKS[0][0]
    for n in range(60):
        at = noon(since + timedelta(days=n % 7), hour=n % 24)
        due, late = at + timedelta(hours=48), n % 5 == 0
        done = at + timedelta(hours=60 if late else 30)
        ended = at + timedelta(hours=99 if n % 4 == 0 else 40)
        whole = at + timedelta(hours=72)
        fate = n % 6
        steps = [(at, "report", "reported")]
        clocks = [("total", at, None if n % 11 == 0 else whole, ended if fate in {0, 1} else None)]
        if fate == 5:
            steps += [(at, "reject", "rejected")]
        else:
            steps += [(at, "accept", "filed"), (at, "dispatch", "dispatched")]
            if n % 7 == 0:
                steps += [(at, "return", "filed"), (at, "dispatch", "dispatched")]
            clocks += [("handle", at, due, done if fate < 3 else None)]
        if fate < 3:
            steps += [(done, "answer", "answered")]
            if n % 9 == 0:
                steps += [(done, "check", "handling", "fail"), (done, "answer", "answered")]
            clocks += [("check", done, done + timedelta(hours=5), done + timedelta(hours=2 + n % 5))]
        if fate < 2:
            steps += [(ended, "check", "checked", "pass"), (ended, "close", "closed")]
            if n % 2:
                steps += [(ended, "rate", "closed", ("good", "fair", "bad")[n % 5 % 3])]
        elif fate == 3:
            steps += [(at, "suspend", "dispatched")]
        write(
            conn, f"件{n}", steps, "matter", ("暴露垃圾", "道路不洁")[n % 2], ("patrol", "hotline", "public")[n % 3], (120.02, 120.12)[n % 2], "说明",
            clocks, units=[("城管", "环卫", "物业")[n % 3]],
        )  # fmt: skip


def _table(conn, statement):
    cursor = conn.execute(statement)
    return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description])


def _counted(conn, since, until, rule):
    """The same figures by pandas, case by case in plain steps, from the same rows."""
    begin, below = noon(since, 0), noon(until + timedelta(days=1), 0)
    files = _table(
        conn, "SELECT incident_id, category, channel, units[1] AS unit FROM casefile WHERE kind = 'matter'"
    ).set_index("incident_id")
    events = _table(
        conn,
        "SELECT incident_id, seq, act, state, at, data ->> 'result' AS result FROM case_event ORDER BY incident_id, seq",
    )
    clocks = _table(
        conn,
        "SELECT incident_id, stage, due_at, ended_at, starts_at FROM case_clock WHERE kind IS NOT NULL ORDER BY round",
    )
    rows = []
    for number, steps in events[events["at"] < below].groupby("incident_id"):
        if number not in files.index:
            continue
        own = clocks[(clocks["incident_id"] == number) & (clocks["starts_at"] < below)]
        last = {stage: part.iloc[-1] for stage, part in own.groupby("stage")}
        fresh, state = begin <= steps["at"].iloc[0], steps["state"].iloc[-1]
        falls = {stage: bool(pd.notna(one["due_at"]) and begin <= one["due_at"] < below) for stage, one in last.items()}
        into = {stage: falls.get(stage, False) if rule == "due" else fresh for stage in ("handle", "total", "check")}
        live = state not in {"rejected", "merged"}
        answers = steps[steps["act"] == "answer"]["at"]
        handled = state in {"answered", "checked", "closed"}
        given = (
            bool(steps["state"].isin(["dispatched", "handling", "answered", "checked", "closed"]).any())
            and live
            and into["handle"]
        )
        filed = bool(steps["state"].isin(["filed", "dispatched"]).any()) and live
        closing = filed and into["total"]
        wait = steps[steps["act"].isin(["suspend", "resume"])]["act"].tolist()[-1:] == ["suspend"]
        end = last["total"]["ended_at"] if "total" in last else pd.NaT
        ended = pd.notna(end) and end < below
        in_time = bool(ended and end <= last["total"]["due_at"])
        is_late = bool(ended and end > last["total"]["due_at"])
        verdicts = steps[(steps["act"] == "check")]["result"].tolist()
        ratings = steps[steps["act"] == "rate"]["result"].tolist()[-1:]
        looked = "check" in last and into["check"]
        accepted = "accept" in steps["act"].tolist() and live and fresh
        acts = steps["act"].tolist()
        rows.append({
            "category": files.loc[number, "category"], "unit": files.loc[number, "unit"],
            "reported": fresh, "filed": fresh and filed, "should_handle": given, "handled": given and handled, "should_handle_limited": given and "handle" in last,
            "handled_in_time": bool(given and handled and "handle" in last and answers.max() <= last["handle"]["due_at"]),
            "should_close": closing, "closed": closing and state == "closed", "should_close_limited": closing and "total" in last,
            "should_close_running": closing and "total" in last and not wait, "closed_limited": closing and "total" in last and state == "closed",
            "closed_in_time": closing and state == "closed" and in_time, "closed_late": closing and state == "closed" and is_late,
            "unclosed": fresh and live and state != "closed", "should_dispatch": accepted, "dispatched_right": accepted and "return" not in acts and acts.count("dispatch") == 1,
            "checked": fresh and bool(verdicts), "reworked": fresh and "fail" in verdicts, "checks": looked,
            "checks_in_time": bool(looked and last["check"]["ended_at"] < below and last["check"]["ended_at"] <= last["check"]["due_at"]),
            "rated": fresh and bool(ratings), "satisfied": fresh and ratings[:1] in (["good"], ["fair"]),
            "patrol": fresh and files.loc[number, "channel"] == "patrol", "told": fresh and files.loc[number, "channel"] in {"patrol", "hotline"},
        })  # fmt: skip
    return pd.DataFrame(rows)


def test_figures_agree_with_pandas_on_the_same_rows():
    since, until = WEEKS[0]
    with session(JOB) as conn:
        _cases(conn)
    for rule in indicators.RULES:
        for last in (until, until + timedelta(days=7)):
            with session(JOB) as conn:
                plain = _counted(conn, since, last, rule)
            with session(HEAD) as conn:
                whole = figures.groups(conn, since, last, rule=rule, kinds=["matter"])
                by = {
                    key: figures.groups(conn, since, last, rule=rule, by=key, kinds=["matter"])
                    for key in ("category", "unit")
                }
            for given, rows in [
                (whole[0], plain),
                *((group, plain[plain[key] == group.key]) for key in by for group in by[key]),
            ]:
                for one in given.figures:
                    assert one.numerator == rows[one.indicator.numerator].sum(), (rule, given.key, one.indicator.key)
                    if one.denominator is not None:
                        assert one.denominator == rows[one.indicator.denominator].sum(), (
                            rule,
                            given.key,
                            one.indicator.key,
                        )
            # Every figure is put to a test: none of them is nothing, none of them everything.
            if rule == "reported" and last != until:
                counted = {one.indicator.key: (one.numerator, one.denominator or 10**6) for one in whole[0].figures}
                assert [key for key, (part, all_) in counted.items() if not 0 < part < all_] == []
    with session(HEAD) as conn:
        areas = figures.groups(conn, since, until, by="area", kinds=["matter"])
        (nothing,) = figures.groups(conn, since - timedelta(days=400), since - timedelta(days=395))
    assert {group.name: group.figures[0].numerator for group in areas} == {"A": 30, "B": 30}
    assert {(one.shown, one.grade) for one in nothing.figures} == {("0", None), (None, None)}


def test_a_dispute_lives_through_three_weekly_forms_under_one_id_and_what_changes_later_is_a_note():
    with session(JOB) as conn:
        number = write(conn, "纠1", [
            (noon(WEEKS[0][0]), "report", "reported"), (noon(WEEKS[1][0]), "accept", "filed"), (noon(WEEKS[1][0], 14), "dispatch", "dispatched"),
            (noon(WEEKS[1][0], 15), "begin", "handling"), (noon(WEEKS[1][1]), "mediate", "handling"), (noon(WEEKS[2][0]), "mediate", "handling"),
            (noon(WEEKS[2][1]), "close", "closed"),
        ])  # fmt: skip
        conn.execute("INSERT INTO dispute (incident_id, people) VALUES (%s, 3)", (number,))
        write(conn, "热1", [(noon(WEEKS[1][0]), "report", "reported")], channel="hotline", x=120.12)
        write(conn, "热2", [(noon(WEEKS[3][0]), "report", "reported")], "matter", "噪声", "hotline", title="邻居争吵")
    entered = frozen.Entered(
        organiser="社区书记", participants="网格员:李四", problems="电话 13800138000", signature="李四"
    )
    made = [frozen.make(HEAD, "weekly", *WEEKS[0], "A", entered)] + [
        frozen.make(LEADER, "weekly", *week, "A") for week in WEEKS[1:]
    ]
    tables = [one.report.content["tables"] for one in made]
    assert [[row["id"] for row in part["new"]] for part in tables] == [[number], [], [], []]
    assert [[(row["id"], row["state"], row["progress"].get("mediate")) for row in part["carried"]] for part in tables] == [
        [], [(number, "handling", 1)], [(number, "closed", 1)], [],
    ]  # fmt: skip
    # Nobody's number is frozen, whoever writes it; the week that reports nothing is compared with the hotline.
    first, last = made[0].report, made[3].report
    assert "13800138000" not in canon.text(first.content)
    assert "王小明" not in canon.text(first.content)
    assert last.content["figures"]["found"] == 0
    assert "不符" in paper.zero(last.content["entered"], last.content["figures"])
    assert "一致" in paper.zero(made[2].report.content["entered"], made[2].report.content["figures"])

    assert frozen.make(HEAD, "weekly", *WEEKS[0], "A") == frozen.Made(first, new=False, note=None)
    with pytest.raises(AlreadyFrozen):
        frozen.make(HEAD, "weekly", *WEEKS[0], "A", frozen.Entered(places="三号楼"))
    with session(JOB) as conn:
        conn.execute("UPDATE dispute SET people = 60 WHERE incident_id = %s", (number,))
        write(conn, "补1", [(noon(WEEKS[0][1]), "report", "reported")])
    again = frozen.make(HEAD, "weekly", *WEEKS[0], "A", frozen.Entered(remark="人数更正"))
    assert {(one["where"], one["code"], one["what"], str(one["was"])[:4], str(one["is"])[:4]) for one in again.note.differences} >= {
        ("figures", "", "found", "1", "2"), ("new", "纠1", "people", "3", "60"),
    }  # fmt: skip
    assert [one["code"] for one in again.note.differences if one["what"] == "line"] == ["补1"]
    assert frozen.make(LEADER, "weekly", *WEEKS[0], "A").note is None
    assert (again.report.content, again.report.sha256) == (first.content, first.sha256)
    with session(JOB) as conn:
        assert frozen.verify(conn, first.id) == frozen.Verdict(holds=True, audited=True, broken=())
        assert audit.verify(conn).holds


def test_what_a_file_says_was_closed_later_is_carried_until_that_day():
    with session(JOB) as conn:
        conn.execute(
            "INSERT INTO incident (code, kind, category, state, geom, occurred_at, closed_at, source_id)"
            " VALUES ('档1', 'dispute', '邻里', '已化解', ST_SetSRID(ST_Point(120.22, 30.05), 4490), %s, %s, (SELECT min(id) FROM import))",
            (noon(WEEKS[0][0]), noon(WEEKS[1][0])),
        )
        told = [frozen.preview(conn, "weekly", *week, "C").tables for week in WEEKS[:3]]
    assert [[row["state"] for row in one["new"]] for one in told] == [["handling"], [], []]
    assert [[row["state"] for row in one["carried"]] for one in told] == [[], ["closed"], []]
    assert [row["code"] for row in told[0]["elsewhere"]] == ["档1"]


def test_a_frozen_report_is_not_changed_and_a_changed_one_is_found_out():
    made = frozen.make(HEAD, "hazards", *WEEKS[0]).report
    for statement in ("UPDATE report SET content = '{}'", "DELETE FROM report_note"):
        with pytest.raises(Exception, match=r"frozen|范围不允许"), session(JOB) as conn:
            conn.execute(statement)
    with session(JOB) as conn:
        conn.execute("ALTER TABLE report DISABLE TRIGGER stay_frozen")
        conn.execute("UPDATE report SET content = jsonb_set(content, '{figures,open}', '7') WHERE id = %s", (made.id,))
        assert frozen.verify(conn, made.id) == frozen.Verdict(holds=False, audited=True, broken=("report",))
        whole = {"content": frozen.get(conn, made.id).content, "formulas": {}}
        conn.execute("UPDATE report SET sha256 = %s WHERE id = %s", (canon.digest(whole), made.id))
        assert frozen.verify(conn, made.id) == frozen.Verdict(holds=True, audited=False, broken=())
        conn.rollback()


def test_who_may_make_and_read_reports_and_of_which_days():
    for who, area in ((PLANNER, "A"), (FAR, "B")):
        with pytest.raises(MakerUnfit):
            frozen.make(who, "weekly", *WEEKS[0], area)
    with pytest.raises(PeriodOpen):
        frozen.make(HEAD, "hazards", TODAY, TODAY)
    for kind, until in (("weekly", 7), ("monthly", 20)):
        with pytest.raises(PeriodUnfit):
            frozen.make(HEAD, kind, WEEKS[0][0], WEEKS[0][0] + timedelta(days=until))
    number = frozen.make(HEAD, "weekly", *WEEKS[1], "B").report.id
    with session(PLANNER) as conn:
        assert frozen.get(conn, number).content["figures"]["found_elsewhere"] == 1
    with session(FAR) as conn, pytest.raises(ReportMissing):
        frozen.get(conn, number)


@pytest.mark.parametrize(
    ("category", "name"),
    [
        ("劳资", "劳资"),
        ("拖欠工资纠纷", "劳资"),
        ("物业管理", "建筑工程质量/物业管理"),
        ("邻里", "婚姻家庭邻里"),
        ("奇事", "其他"),
    ],
)
def test_small_classes_fall_under_the_19_of_the_provincial_form(category, name):
    classes = {number: called for number, called, _words in monthly.classes()}
    assert len(classes) == 19
    assert classes[monthly.class_of(category)] == name


def test_the_monthly_table_is_printed_as_word_and_excel_with_its_hash():
    first = (TODAY.replace(day=1) - timedelta(days=1)).replace(day=1)
    last = TODAY.replace(day=1) - timedelta(days=1)
    with session(JOB) as conn:
        number = write(conn, "月1", [(noon(first), "report", "reported")], category="劳资", title="=1+1")
        conn.execute("INSERT INTO dispute (incident_id, people, major) VALUES (%s, 120, true)", (number,))
    report = frozen.make(HEAD, "monthly", first, last).report
    row = next(row for row in report.content["tables"]["classes"] if row["name"] == "劳资")
    assert (row["found"], row["major"], row["band3"], row["open"]) == (1, 1, 1, 1)
    assert report.formulas["handled"]["version"] == "1"
    for code in ("zh_CN", "en"):
        with speaking(code):
            printed = paper.paper(report)
            body = word.document(printed)
            book = load_workbook(io.BytesIO(excel.workbook(printed)))
        found = Document(io.BytesIO(body))
        assert report.sha256 in found.sections[0].footer.paragraphs[0].text
        assert (round(found.sections[0].page_width.mm), round(found.sections[0].page_height.mm)) == (297, 210)
        assert len(found.tables[1].rows) == 20
        assert report.sha256 in book.worksheets[0].oddFooter.center.text
        assert "仿宋_GB2312" in zipfile.ZipFile(io.BytesIO(body)).read("word/document.xml").decode()
        assert any(cell.value in {"120", "劳资"} for line in book.worksheets[0].iter_rows() for cell in line)
