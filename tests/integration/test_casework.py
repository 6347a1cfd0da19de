"""The flow of a case against the real database: one story from report to rating, two at once, rights, links, pictures."""

from __future__ import annotations

import contextlib
import io
import json
import threading
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from gis.access.masking import ReasonMissing
from gis.casework import acts
from gis.casework import files
from gis.casework import flow
from gis.casework.errors import CaseMissing
from gis.casework.errors import DraftUnfit
from gis.casework.errors import HandlerUnfit
from gis.casework.errors import LinkUnfit
from gis.casework.errors import MomentUnfit
from gis.casework.errors import PairMissing
from gis.casework.errors import PhotoMissing
from gis.casework.errors import PlaceOutside
from gis.casework.errors import RoleUnfit
from gis.casework.errors import SomebodyWasFaster
from gis.casework.errors import StepRefused
from gis.casework.errors import WordsMissing
from gis.casework.photos import Picture
from gis.cli import assemble
from gis.db.connection import close_pools
from gis.db.connection import session
from gis.errors import BadInput
from gis.errors import NotAllowed
from gis.vocabulary import Act
from gis.vocabulary import CaseState
from server import versions
from tests.handling import FAR
from tests.handling import HEAD
from tests.handling import JOB
from tests.handling import LEADER
from tests.handling import MATE
from tests.handling import OTHER
from tests.handling import PLANNER
from tests.handling import UNIT
from tests.handling import WORKER
from tests.rights import OFFICE
from tests.visitor import Visitor
from tests.visitor import address
from tests.visitor import read

ZONE = ZoneInfo("Asia/Shanghai")
PEOPLE = """
INSERT INTO account (name, display, units) VALUES ('head', '王督导', '{}'), ('worker', '', '{}'), ('mate', '', '{}'),
    ('unit', '', '{城管中队}'), ('other', '', '{市场监管所}'), ('leader', '', '{}'), ('planner', '', '{}'), ('far', '', '{}');
INSERT INTO account_role (account_id, role) SELECT id, CASE name WHEN 'head' THEN 'supervisor' WHEN 'unit' THEN 'department'
    WHEN 'other' THEN 'department' WHEN 'leader' THEN 'leader' WHEN 'planner' THEN 'planner' ELSE 'worker' END
    FROM account WHERE name IN ('head', 'worker', 'mate', 'unit', 'other', 'leader', 'planner', 'far');
INSERT INTO account_scope (account_id, reach, area_id) SELECT a.id, 'area', r.id FROM account a JOIN area r ON r.code = CASE a.name WHEN 'far' THEN 'B' ELSE 'A' END
    WHERE a.name IN ('worker', 'mate', 'unit', 'other', 'far');
INSERT INTO account_scope (account_id, reach) SELECT id, 'office' FROM account WHERE name IN ('head', 'leader', 'planner');
INSERT INTO duty (code, name, kind, category, lead, assists, basis) VALUES ('d1', '占道经营', 'matter', '占道经营', '城管中队', '市场监管所', '条例第三条');
"""


@pytest.fixture(scope="module")
def office(shared_database):
    with session(JOB) as conn:
        conn.execute(OFFICE)
        conn.execute(PEOPLE)
    yield shared_database
    close_pools()


def draft(**more):
    return acts.Draft(
        **{
            "kind": "matter",
            "category": "占道经营",
            "title": "门口摆摊,联系人:张三丰 13812345678",
            "point": (120.02, 30.05),
            **more,
        }
    )


def do(actor, case, word, **more):
    return acts.act(actor, case.incident_id, word, expected=case.seq, **more)


def filed(**more):
    return do(HEAD, acts.report(WORKER, draft(**more)), "accept")


def out(**more):
    return do(HEAD, filed(**more), "dispatch", data={"units": ["城管中队"]})


def said(case):
    """The case as its events say."""
    with session(JOB) as conn:
        events = files.history(conn, case.incident_id)
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
    return flow.replay(
        (flow.Event(Act(e.act), e.actor, e.note, e.data, CaseState(e.state)) for e in events), case.kind, case.channel
    )


@pytest.mark.usefixtures("office")
def test_a_case_from_report_to_rating():
    case = acts.report(WORKER, draft(photos=[Picture(picture(), "a.jpg", "before")]))
    assert (case.state, case.seq, case.grid, case.area) == ("reported", 1, "A1", "A")
    assert case.code.startswith("AJ")
    assert (case.terms["lead"], case.terms["assists"], case.terms["basis"]) == (
        "城管中队",
        ["市场监管所"],
        "条例第三条",
    )
    case = do(HEAD, case, "accept")
    with session(JOB) as conn:
        conn.execute("UPDATE duty SET lead = '别的单位'")
    case = do(HEAD, case, "dispatch", data={"handler": "unit"})
    assert (case.units, case.handler) == ([], "unit")
    case = do(HEAD, case, "dispatch")  # to whom the frozen terms say, whatever the list says now
    with session(JOB) as conn:
        conn.execute("UPDATE duty SET lead = '城管中队'")
    assert case.units == ["城管中队", "市场监管所"]
    case = do(UNIT, case, "begin", geom=(120.02, 30.05))
    case = do(UNIT, case, "answer", note="已劝离", photos=[Picture(picture("red"), "b.jpg", "after")], unit="城管中队")
    case = do(WORKER, case, "check", data={"result": "fail"})
    assert (case.state, case.reworked) == ("handling", 1)
    case = do(WORKER, case, "answer", note="又劝离")
    with pytest.raises(PairMissing):
        do(WORKER, case, "check", data={"result": "pass"})
    case = do(MATE, case, "check", data={"result": "pass"})
    case = do(HEAD, case, "close")
    assert case.closed_at is not None
    case = do(MATE, case, "rate", data={"result": "good"})
    assert (case.state, case.rating, case.clock) == ("closed", "good", "ended")
    with session(JOB) as conn:
        events = files.history(conn, case.incident_id)
        photos = files.photos(conn, case.incident_id)
        audit = [
            row[0]
            for row in conn.execute(
                "SELECT action FROM audit WHERE relation = 'casefile' AND subject = %s ORDER BY seq", (case.code,)
            )
        ]
        incident = conn.execute("SELECT state, closed_at FROM incident WHERE id = %s", (case.incident_id,)).fetchone()
    assert [e.act for e in events] == [
        "report",
        "accept",
        "dispatch",
        "dispatch",
        "begin",
        "answer",
        "check",
        "answer",
        "check",
        "close",
        "rate",
    ]
    assert [e.act for e in events] == audit
    assert (events[4].longitude, events[5].unit, events[5].actor) == (120.02, "城管中队", "unit")
    assert incident == ("结案", events[9].at)
    assert [(p.role, p.media, [p.id]) for p in photos] == [
        ("before", "image/jpeg", events[0].photos),
        ("after", "image/jpeg", events[5].photos),
    ]
    assert said(case) == case.flow


def tied(case, other):
    """How two cases belong together; possible duplicates among the others may be linked as well."""
    with session(JOB) as conn:
        return [(k.relation, k.outward) for k in files.linked(conn, case.incident_id) if k.code == other.code]


def picture(colour="blue", exif=None):
    out = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, "JPEG", **({"exif": exif} if exif else {}))
    return out.getvalue()


@pytest.mark.usefixtures("office")
def test_of_two_at_once_one_wins_and_the_other_is_told_who():
    case = acts.report(WORKER, draft())
    gate, told, won = threading.Barrier(4), [], []

    def accept(actor, word, note):
        gate.wait()
        try:
            won.append(do(actor, case, word, note=note).seq)
        except SomebodyWasFaster as error:
            told.append(error.message)

    steps = [(HEAD, "accept", ""), (HEAD, "reject", "重复"), (WORKER, "note", "见"), (LEADER, "card", "")]
    steps[3] = (LEADER, "note", "请抓紧")
    threads = [threading.Thread(target=accept, args=step) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (won, len(told)) == ([2], 3)
    with session(JOB) as conn:
        after = files.get(conn, case.incident_id)
        (_first, event) = files.history(conn, case.incident_id)
    assert all(f"{event.who}在" in text and f"对案件 {case.code} 做了“{event.act_text}”" in text for text in told)
    assert said(after) == after.flow


@pytest.mark.usefixtures("office")
def test_a_report_sent_again_is_the_same_case():
    gate, cases = threading.Barrier(3), []

    def send():
        gate.wait()
        cases.append(acts.report(WORKER, draft(key="phone-1", photos=[Picture(picture())])).code)

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cases.append(acts.report(WORKER, draft(key="phone-1", title="断线后又发一次")).code)
    assert len(cases) == 4
    assert len(set(cases)) == 1
    with session(JOB) as conn:
        assert len(files.photos(conn, files.get(conn, cases[0]).incident_id)) == 1
    assert acts.report(MATE, draft(key="phone-1")).code != cases[0]


@pytest.mark.usefixtures("office")
def test_who_sees_and_who_acts():
    case = filed()
    for stranger in (FAR, UNIT, OTHER):
        with pytest.raises(CaseMissing):
            do(stranger, case, "note", note="看看")
        with session(stranger) as conn, pytest.raises(CaseMissing):
            files.get(conn, case.code)
    case = do(HEAD, case, "dispatch", data={"units": "城管中队"})
    with session(UNIT) as conn:
        seen = files.get(conn, case.code)
        assert set(files.acts(conn, seen, UNIT)) == {
            Act.RETURN,
            Act.BEGIN,
            Act.INTERIM,
            Act.NOTE,
            Act.ANSWER,
            Act.EXTEND,
            Act.APPEAL,
        }
        assert "138****5678" in seen.title
    with session(WORKER) as conn:
        assert "13812345678" in files.get(conn, case.code).title
    with session(OTHER) as conn, pytest.raises(CaseMissing):
        files.get(conn, case.code)
    case = do(LEADER, case, "card", data={"result": "red"})
    with pytest.raises(RoleUnfit):
        do(LEADER, case, "answer", note="我来")
    with pytest.raises(RoleUnfit):
        do(PLANNER, case, "note", note="看")
    with pytest.raises(RoleUnfit):
        do(UNIT, case, "close")
    case = do(UNIT, case, "return", note="不归我管")
    assert (case.state, case.returns, case.card) == ("filed", 1, "red")
    with pytest.raises(StepRefused, match=r"待派遣.*派遣"):
        do(HEAD, case, "close")
    with pytest.raises(PlaceOutside):
        acts.report(FAR, draft())
    with pytest.raises(RoleUnfit):
        acts.report(UNIT, draft())
    with pytest.raises(NotAllowed), session(UNIT) as conn:  # nobody writes in another's name, nor as a file
        conn.execute(
            "INSERT INTO case_event (incident_id, seq, act, state, actor) VALUES (%s, 99, 'close', 'closed', 'head')",
            (case.incident_id,),
        )
    assert said(case) == case.flow


@pytest.mark.usefixtures("office")
def test_what_cannot_be_is_refused_and_nothing_stays():
    case = out()
    now = datetime.now(UTC)
    for mistake, word, more in (
        (WordsMissing, "answer", {}),
        (WordsMissing, "return", {"note": "  "}),
        (MomentUnfit, "begin", {"at": now + timedelta(hours=1)}),
        (MomentUnfit, "begin", {"at": now - timedelta(days=1)}),
        (DraftUnfit, "begin", {"data": {"level": 7}}),
        (DraftUnfit, "note", {"note": "长" * 2001}),
        (DraftUnfit, "begin", {"geom": (500, 3)}),
        (DraftUnfit, "change", {"data": {"category": "占道经营"}}),
        (DraftUnfit, "change", {"data": {"level": 5}}),
        (LinkUnfit, "link", {"data": {"other": case.code}}),
        (CaseMissing, "merge", {"data": {"into": "nowhere"}}),
        (StepRefused, "extend", {"note": "x", "data": {"result": "granted"}}),
    ):
        with pytest.raises(mistake):
            do(HEAD, case, word, **more)
    with pytest.raises(HandlerUnfit):
        do(HEAD, filed(), "dispatch", data={"handler": "planner"})
    with pytest.raises(DraftUnfit):
        do(HEAD, acts.report(WORKER, draft()), "accept", data={"level": 9})
    free = do(HEAD, filed(), "dispatch", data={"units": ["环卫所"], "handler_id": 1})  # by name only
    assert free.handler_id is None
    free = do(HEAD, free, "note", note="有\0空", data={"x": ["a\0b"]}, at=datetime.now(ZONE).replace(tzinfo=None))
    with session(JOB) as conn:
        last = files.history(conn, free.incident_id)[-1]
    assert (last.note, last.data) == ("有空", {"x": ["ab"]})
    assert abs(last.at - last.created_at) < timedelta(minutes=1)  # a time without a zone is the office's
    for wrong in (
        {"title": " "},
        {"kind": "x"},
        {"occurred_at": now + timedelta(days=1)},
        {"point": (1, float("nan"))},
        {"level": 9},
    ):
        with pytest.raises(DraftUnfit):
            acts.report(WORKER, draft(**wrong))
    with session(JOB) as conn:
        assert files.get(conn, case.incident_id) == case
        assert len(files.history(conn, case.incident_id)) == case.seq


@pytest.mark.usefixtures("office")
def test_the_public_is_verified_and_what_a_file_says_is_an_event():
    case = acts.report(HEAD, draft(channel="hotline"))
    assert case.state == "verifying"
    with pytest.raises(StepRefused):
        do(HEAD, case, "accept")
    case = do(WORKER, case, "verify", data={"result": "not_exist"}, note="未见摊贩")
    with pytest.raises(StepRefused):
        do(HEAD, case, "accept")
    case = do(HEAD, case, "reject", note="查无此事")
    assert case.closed_at is None
    case = do(HEAD, case, "reopen", note="群众补充了照片")
    assert (case.state, case.verified, case.reopened) == ("reported", "", 1)
    case = do(HEAD, do(WORKER, case, "verify", data={"result": "exist"}), "accept")
    case = do(HEAD, case, "suspend", note="等雨停")
    with session(JOB) as conn:
        conn.execute("UPDATE incident SET state = '已办结', closed_at = now() WHERE id = %s", (case.incident_id,))
        case = files.get(conn, case.incident_id)
        last = files.history(conn, case.incident_id)[-1]
    assert (case.state, case.suspended, last.act) == ("closed", False, "import")
    assert said(case) == case.flow
    done = acts.report(WORKER, draft(by_self=True))
    assert (done.state, done.answered_by) == ("answered", "worker")
    with pytest.raises(PairMissing):
        do(WORKER, done, "check", data={"result": "pass"})
    alone = do(HEAD, out(), "answer", note="办了")
    alone = do(HEAD, alone, "check", data={"result": "pass"})  # a supervisor may, and it shows
    with session(JOB) as conn:
        assert files.history(conn, alone.incident_id)[-1].data["same_person"] is True


@pytest.mark.usefixtures("office")
def test_cases_are_linked_merged_corrected_and_done_in_bulk():
    one, two, three = out(), filed(), filed()
    one = do(WORKER, one, "link", data={"other": two.code, "relation": "cause"})
    assert tied(two, one) == [("cause", False)]
    two = do(HEAD, two, "merge", data={"into": one.code})
    assert (two.state, two.into_code) == ("merged", one.code)
    with session(JOB) as conn:
        one = files.get(conn, one.code)
        assert files.history(conn, one.incident_id)[-1].data["merged"] == two.code
    assert tied(one, two) == [("duplicate", False)]
    with pytest.raises(LinkUnfit, match="已并案"):
        do(HEAD, one, "merge", data={"into": two.code})
    two = do(HEAD, two, "reopen", note="不是同一件事")
    assert (two.state, two.into_code) == ("reported", None)
    three = do(HEAD, three, "change", data={"category": "乱堆物料", "level": 3, "point": (120.12, 30.05)})
    assert (three.category, three.level, three.area, three.grid, three.terms["problem"]) == (
        "乱堆物料",
        3,
        "B",
        "B1",
        "none",
    )
    with session(JOB) as conn:
        changed = files.history(conn, three.incident_id)[-1].data
    assert (changed["was"]["category"], changed["was"]["level"], changed["is"]["point"]) == (
        "占道经营",
        None,
        [120.12, 30.05],
    )
    with pytest.raises(CaseMissing):  # it lies elsewhere now
        do(WORKER, three, "note", note="x")
    done = acts.bulk(HEAD, [(c.incident_id, c.seq) for c in (one, two, three)], "dispatch", data={"units": ["环卫所"]})
    assert (done.done, [code for code, _why in done.refused]) == ([one.code, three.code], [two.code])
    for case in (one, two, three):
        with session(JOB) as conn:
            now = files.get(conn, case.code)
        assert said(now) == now.flow


@pytest.mark.usefixtures("office")
def test_pictures_and_full_texts_are_for_those_who_may():
    case = out(photos=[Picture(picture("green"), "张三13812345678.jpg")])
    again = filed(photos=[Picture(picture("green"))])
    with session(UNIT) as conn:
        (photo,) = files.photos(conn, case.incident_id)
        body, media = files.photo(conn, photo.id)
        assert (media, Image.open(io.BytesIO(body)).size, photo.again) == ("image/jpeg", (64, 48), [])
    with session(HEAD) as conn:
        assert again.code in files.photos(conn, case.incident_id)[0].again
    for stranger in (OTHER, PLANNER, FAR):
        with session(stranger) as conn, pytest.raises(PhotoMissing):
            files.photo(conn, photo.id)
    with pytest.raises(ReasonMissing):
        files.reveal(UNIT, case.incident_id, "x")
    assert "13812345678" in files.reveal(UNIT, case.incident_id, "上门核实联系当事人")["title"]
    with session(JOB) as conn:
        assert conn.execute(
            "SELECT count(*) FROM audit WHERE action = 'reveal' AND actor = 'unit' AND subject = %s", (case.code,)
        ).fetchone() == (1,)


def gis(*words):
    """One command, in this process; what it prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        assemble("case")(["case", *words], prog_name="gis", standalone_mode=False)
    return out.getvalue()


@pytest.mark.usefixtures("office")
def test_the_command_line_works_on_cases(tmp_path):
    shot = tmp_path / "a.jpg"
    shot.write_bytes(picture("yellow"))
    place = ("--category", "占道经营", "--place", "120.02,30.05", "--photo", f"before:{shot}")
    code, state, _due, grid, lead, seq = (
        gis("report", "摊贩占道,联系人:李四 13900001111", *place, "--key", "k").strip().split("\t")
    )
    assert (state, grid, lead, seq) == ("待受理", "A1", "城管中队", "1")
    assert gis("report", "又一次", *place, "--key", "k").startswith(code)
    other = gis("report", "另一件", *place).split("\t")[0]
    assert gis("act", code, other, "--do", "accept").endswith("已完成 2 件,未完成 0 件。\n")
    assert "待处置" in gis("act", code, "--do", "dispatch", "--data", "units=城管中队、园林站", "--seq", "2")
    with pytest.raises(SomebodyWasFaster):
        gis("act", code, "--do", "begin", "--seq", "2")
    found = json.loads(gis("list", "--unit", "园林站", "--json", "-"))
    assert ([c["code"] for c in found["cases"]], found["count"]) == ([code], 1)
    assert code in gis("list", "--state", "dispatched", "--text", "13900001111")
    whole = json.loads(gis("show", code, "--json", "-"))
    assert [e["act"] for e in whole["events"]] == ["report", "accept", "dispatch"]
    assert "answer" in whole["possible"]
    told = gis("show", code)
    assert "反馈" in told
    assert "result" not in told.split("现在可以做")[0]
    assert gis("photo", str(whole["photos"][0]["id"]), str(tmp_path / "b.jpg")).startswith("已写入")
    with Image.open(tmp_path / "b.jpg") as shown:
        assert shown.size == (64, 48)
    assert "13900001111" in gis("reveal", code, "--reason", "核对联系方式")
    for words in (("report", "x", "--category", "y", "--place", "x"), ("act", code, "--do", "note", "--data", "x"),
                  ("act", code, "--do", "note", "--note", "x", "--photo", "nix.jpg"), ("list", "--clock", "x")):  # fmt: skip
        with pytest.raises(BadInput):
            gis(*words)


@pytest.mark.usefixtures("office")
def test_far_out_a_department_counts_its_own_cases_and_forgets_those_of_a_unit_it_left():
    with session(JOB) as conn:
        conn.execute("INSERT INTO account (name, units) VALUES ('wide', '{远处的单位}')")
        conn.execute(
            "INSERT INTO account_role (account_id, role) SELECT id, 'department' FROM account WHERE name = 'wide'"
        )
        conn.execute(
            "INSERT INTO account_scope (account_id, reach) SELECT id, 'office' FROM account WHERE name = 'wide'"
        )
    do(HEAD, filed(), "dispatch", data={"units": ["远处的单位"]})
    do(HEAD, filed(kind="dispute", level=3, category="邻里"), "dispatch", data={"units": ["别的单位"]})
    tile = (8, 213, 105)  # 119.5 to 120.9 E, 29.5 to 30.7 N
    with Visitor("wide") as visitor:
        seen = visitor.ask(address("incident", tile))
        assert [(row.kind, row.incidents) for row in read(seen.content, "incident", tile).itertuples()] == [
            ("matter", 1)
        ]
        with session(JOB) as conn:
            conn.execute("UPDATE account SET units = '{}' WHERE name = 'wide'")
        versions.forget()
        left = visitor.ask(address("incident", tile), headers={"If-None-Match": seen.headers["ETag"]})
        assert left.status_code == 204
    with Visitor("head") as visitor:
        rows = visitor.tile("incident", tile)
        assert rows["incidents"].sum() > 1
        assert set(rows["kind"]) >= {"matter", "dispute"}
