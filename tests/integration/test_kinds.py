"""What each kind of case asks, forbids and keeps, told through the acts themselves on one office."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from datetime import timedelta

import pytest

from gis.casework import disputes
from gis.casework import enforcement
from gis.casework import files
from gis.casework import hazards
from gis.casework import law
from gis.casework import officers
from gis.casework import rounds
from gis.casework.errors import PairMissing
from gis.casework.forms import FieldMissing
from gis.casework.photos import Picture
from gis.db.connection import close_pools
from gis.db.connection import session
from tests.handling import COLOURS
from tests.handling import FAR
from tests.handling import HEAD
from tests.handling import HERE
from tests.handling import JOB
from tests.handling import LEADER
from tests.handling import MATE
from tests.handling import METRE
from tests.handling import NOW
from tests.handling import PEOPLE
from tests.handling import SHANGHAI
from tests.handling import TODAY
from tests.handling import WORKER
from tests.handling import day
from tests.handling import do
from tests.handling import handled
from tests.handling import look
from tests.handling import picture
from tests.handling import report
from tests.rights import OFFICE


@pytest.fixture(scope="module", autouse=True)
def office(shared_database):
    with session(JOB) as conn:
        conn.execute(OFFICE)
        conn.execute(PEOPLE)
    for card in ("ZF-1001", "ZF-1002"):
        officers.enlist(HEAD, {"card": card, "name": "李执法", "unit": "消防所", "valid_from": "2020-01-01"})
    officers.enlist(HEAD, {"card": "ZF-0009", "name": "王旧证", "valid_from": "2020-01-01", "valid_to": "2024-12-31"})
    yield shared_database
    close_pools()


FIVE = {
    "duty": "物业公司经理", "deadline": day(200), "means": "更换电缆", "funds": "120000", "funding": "维修基金", "plan": "断电、疏散", "radius_m": "40",
}  # fmt: skip


def test_a_major_hazard_is_not_done_before_the_five_are_settled_nor_struck_off_on_paper():
    with pytest.raises(hazards.LevelMissing):
        handled("hazard")
    with pytest.raises(hazards.FiveMissing):
        report("hazard", level=1, by_self=True)
    case = handled(
        "hazard", accept={"level": "1", "demand": "更换电缆"}, photos=[picture("scene", taken=NOW - timedelta(days=2))]
    )
    with pytest.raises(hazards.FiveMissing, match=r"责任.*时限.*措施.*资金.*预案"):
        do(WORKER, case, "answer")
    with pytest.raises(hazards.InterimMissing):
        do(WORKER, case, "extend", result="asked", until=day(300))
    with pytest.raises(FieldMissing, match="预案"):
        do(WORKER, case, "measures", **{k: v for k, v in FIVE.items() if k != "plan"})
    with pytest.raises(hazards.DeadlineUnfit):
        do(WORKER, case, "measures", **FIVE | {"deadline": day(-1)})
    case = do(WORKER, case, "measures", **FIVE)
    case = do(WORKER, case, "interim", note="围挡、断电")
    case = do(WORKER, case, "answer", note="已更换")
    # Who handled it does not look at it again, whatever else he is; nor is there a picture yet.
    with pytest.raises((hazards.SamePerson, PairMissing)):
        do(WORKER, case, "check", result="pass", photos=[picture("after")])
    for photos, mistake in (
        ((), hazards.PicturesMissing),
        ((picture("after", placed=False),), hazards.PictureNowhere),
        ((picture("after", taken=NOW - timedelta(days=3)),), hazards.PicturesAlike),
        ((picture("after", north_m=51),), hazards.PicturesApart),
    ):
        with pytest.raises(mistake):
            do(MATE, case, "check", result="pass", photos=photos)
    case = do(MATE, case, "check", result="pass", photos=[picture("after", north_m=49)])
    case = do(HEAD, case, "close")
    found = look(hazards, case)
    assert (case.state, found.checked_by, round(found.apart_m)) == ("closed", "mate", 49)
    assert (found.duty, str(found.funds), str(found.radius_m), found.interim) == (
        "物业公司经理",
        "120000.00",
        "40.0",
        "围挡、断电",
    )
    assert look(hazards, case, FAR) is None
    assert look(hazards, case, LEADER).duty == "物业公司经理"


def test_a_picture_from_before_the_rework_does_not_count():
    case = handled("hazard", accept={"level": "3"}, photos=[picture("before", taken=NOW - timedelta(days=2))])
    case = do(WORKER, case, "answer", photos=[picture("after")])
    case = do(MATE, case, "check", result="fail")
    case = do(WORKER, case, "answer")
    with pytest.raises(hazards.PicturesMissing):
        do(MATE, case, "check", result="pass")
    case = do(MATE, case, "check", result="pass", photos=[picture("after")])
    assert look(hazards, case).checked_by == "mate"


def test_nobody_who_had_a_hand_in_it_finds_it_removed_and_an_imported_one_needs_no_picture_from_before():
    with session(JOB) as conn:
        (source,) = conn.execute(
            "INSERT INTO import (dataset, filename, sha256, fingerprint, datum, rows_read) VALUES ('incidents', 'f', 'y', 'y', 'wgs84', 1) RETURNING id"
        ).fetchone()
        conn.execute(
            "INSERT INTO incident (code, kind, category, geom, occurred_at, source_id) VALUES ('台账1', 'hazard', '消防', ST_SetSRID(ST_Point(%s, %s), 4490), %s, %s)",
            (*HERE, NOW - timedelta(days=9), source),
        )
    with session(HEAD) as conn:
        case = files.get(conn, "台账1")
    case = do(HEAD, do(HEAD, case, "accept", level=3), "dispatch", units=["消防所"])
    case = do(WORKER, do(MATE, case, "begin"), "answer")
    with pytest.raises(hazards.SamePerson, match="mate"):
        do(MATE, case, "check", result="pass", photos=[picture("after")])
    with pytest.raises(hazards.PicturesApart):
        do(HEAD, case, "check", result="pass", photos=[picture("after", north_m=60)])
    case = do(HEAD, case, "check", result="pass", photos=[picture("after", north_m=-30)])
    assert round(look(hazards, case).apart_m) == 30


def test_more_time_under_listed_supervision_is_asked_for_early_enough():
    case = handled("hazard", accept={"level": "1", "interim": "围挡"})
    with pytest.raises(hazards.DeadlineUnfit):
        do(WORKER, case, "measures", **FIVE | {"deadline": day(367), "listed": True})
    late = do(WORKER, case, "measures", **FIVE | {"deadline": day(20), "listed": True})
    with pytest.raises(hazards.TooLate):
        do(WORKER, late, "extend", result="asked", until=day(60))
    case = do(WORKER, late, "measures", **FIVE | {"deadline": day(60), "listed": True})
    with pytest.raises(hazards.DeadlineUnfit):
        do(WORKER, case, "extend", result="asked", until=day(60))
    case = do(WORKER, case, "extend", result="asked", until=day(90))
    case = do(HEAD, case, "extend", result="granted")
    found = look(hazards, case)
    assert (found.listed_on, found.extended_to.isoformat()) == (TODAY, day(90))


@pytest.mark.parametrize(
    ("north_m", "days", "category", "again"),
    [(29, 90, "同", True), (31, 90, "同", False), (0, 91, "同", False), (0, 90, "异", False)],
)
def test_the_same_at_the_same_place_soon_after_is_a_relapse(north_m, days, category, again):
    """Day of closing and day of the new report are at most 90 apart, the places 30 metres."""
    name = f"relapse {next(COLOURS)}"
    closed = datetime.combine(TODAY - timedelta(days=days), datetime.min.time(), SHANGHAI) + timedelta(hours=1)
    with session(JOB) as conn:
        (earlier,) = conn.execute(
            "INSERT INTO incident (code, kind, category, geom, occurred_at, closed_at, state) VALUES (%s, 'hazard', %s, ST_SetSRID(ST_Point(%s, %s), 4490), %s, %s, '结案')"
            " RETURNING id", (name, f"{name}同", *HERE, closed - timedelta(days=1), closed),
        ).fetchone()  # fmt: skip
    case = report("hazard", category=f"{name}{category}", point=(HERE[0], HERE[1] + north_m * METRE))
    with session(HEAD) as conn:
        links = conn.execute(
            "SELECT other_id, relation FROM case_link WHERE incident_id = %s AND relation = 'relapse'",
            (case.incident_id,),
        ).fetchall()
    assert links == ([(earlier, "relapse")] if again else [])
    assert look(hazards, case).relapse == (name if again else None)


def test_one_building_is_one_place_however_large():
    box = "ST_Multi(ST_MakeEnvelope(120.03, 30.03, 120.032, 30.031, 4490))"
    with session(JOB) as conn:
        conn.execute(
            f"INSERT INTO building (code, geom, footprint) VALUES ('大楼', ST_SetSRID(ST_Point(120.031, 30.0305), 4490), {box})"
        )
    ends = [(120.0301, 30.0301), (120.0319, 30.0309)]  # some 190 metres apart
    one, two = (handled("dispute", accept={"level": "4"}, category="楼内", point=ends[0]) for _ in range(2))
    one = do(WORKER, do(WORKER, one, "mediate", method="people", result="withdrawn"), "answer")
    one = do(HEAD, do(MATE, one, "check", result="pass"), "close")
    again = report("dispute", category="楼内", point=ends[1])
    found = look(disputes, again)
    assert (found.building, found.relapse) == ("大楼", one.code)  # the closed one, not the open one beside it
    assert two.state == "handling"


def test_a_dispute_keeps_its_id_from_mediation_to_the_last_visit():
    case = report("dispute")
    with pytest.raises(disputes.ColourMissing):
        do(HEAD, case, "accept")
    case = handled("dispute", accept={"level": "1", "people": "50", "amount": "8000.5", "major": "是"})
    found = look(disputes, case)
    assert (found.band.band, found.visit_by, found.colour(TODAY).colour) == (2, TODAY + timedelta(days=1), "red")
    with pytest.raises(disputes.NotMediated):
        do(WORKER, case, "agree", form="oral", signed_on=day(0), terms="分期")
    with pytest.raises(disputes.OutcomeMissing):
        do(WORKER, case, "answer")
    case = do(WORKER, case, "mediate", method="people", result="going", mediator="王调解", police="是")
    with pytest.raises(disputes.WaysMissing):
        do(WORKER, case, "mediate", method="people", result="refused")
    case = do(WORKER, case, "mediate", method="people", result="refused", ways="可以仲裁、起诉")
    with pytest.raises(disputes.Refused):
        do(WORKER, case, "mediate", method="people", result="going")
    case = do(WORKER, case, "mediate", method="people", result="going", consent=True)
    signed = {
        "form": "written",
        "signed_on": day(-30),
        "agreement": "调〔1〕号",
        "terms": "分期支付",
        "perform_by": day(-10),
    }
    with pytest.raises(FieldMissing, match="协议编号"):
        do(WORKER, case, "agree", **{k: v for k, v in signed.items() if k != "agreement"})
    for wrong in ({"signed_on": day(1)}, {"perform_by": day(-31)}):
        with pytest.raises(disputes.DayUnfit):
            do(WORKER, case, "agree", **signed | wrong)
    case = do(WORKER, case, "agree", **signed)
    assert look(disputes, case).visit_by == TODAY + timedelta(days=-30 + 7)
    with session(WORKER) as conn:
        needs = [(one.need, one.by.isoformat()) for one in rounds.due(conn, TODAY) if one.code == case.code]
        early = [one for one in rounds.due(conn, TODAY - timedelta(days=24)) if one.code == case.code]
    assert (needs, early) == ([("visit", day(-23)), ("perform", day(-10)), ("confirm", day(0))], [])
    with pytest.raises(disputes.NotApplied):
        do(WORKER, case, "confirm", confirm="confirmed", on=day(0))
    case = do(WORKER, case, "confirm", confirm="applied", on=day(0))  # the thirtieth day
    case = do(WORKER, case, "answer")
    case = do(MATE, case, "check", result="pass")
    with pytest.raises(disputes.NotPerformed):
        do(HEAD, case, "close")
    case = do(WORKER, case, "perform", performed="yes", on=day(-10))
    case = do(HEAD, case, "close")
    for n in (3, 2, 1):
        case = do(MATE, case, "revisit", on=day(-n), result="stable")
    found = look(disputes, case)
    assert (found.visits, found.visit_by, found.outcome, found.confirm_by) == (3, None, "settled", TODAY)
    case = do(HEAD, case, "reopen", note="反复")
    found = look(disputes, case)
    assert (found.relapses, found.outcome, found.form, found.visit_by) == (1, None, None, TODAY + timedelta(days=1))
    assert (case.state, case.reopened) == ("filed", 1)


def test_confirmation_is_refused_on_the_thirty_first_day_and_without_a_written_agreement():
    case = do(WORKER, handled("dispute", accept={"level": "3"}), "mediate", method="people", result="going")
    with pytest.raises(disputes.NoAgreement):
        do(WORKER, case, "confirm", confirm="applied", on=day(0))
    late = do(WORKER, case, "agree", form="written", signed_on=day(-31), agreement="2", terms="道歉")
    with pytest.raises(disputes.ConfirmationLate):
        do(WORKER, late, "confirm", confirm="applied", on=day(0))
    for word, more in (
        ("mediate", {"method": "people", "result": "going"}),
        ("answer", {"outcome": "failed", "ways": "起诉"}),
    ):
        with pytest.raises(disputes.AgreementStands):
            do(WORKER, late, word, **more)
    late = do(WORKER, late, "perform", performed="no", on=day(0))
    late = do(
        WORKER, late, "mediate", method="people", result="failed", ways="起诉"
    )  # what was not performed is taken up again
    assert (look(disputes, late).outcome, look(disputes, late).form) == ("failed", None)
    late = do(WORKER, late, "mediate", method="people", result="going")
    oral = do(WORKER, late, "agree", form="oral", signed_on=day(0), terms="道歉")
    with pytest.raises(disputes.NoAgreement):
        do(WORKER, oral, "confirm", confirm="applied", on=day(0))
    assert look(disputes, oral).confirm_by is None


def test_a_dispute_is_carried_from_week_to_week_under_one_id():
    monday = TODAY - timedelta(days=TODAY.weekday() + 21)
    week = [(monday + timedelta(days=7 * n), monday + timedelta(days=7 * n + 6)) for n in range(4)]
    noon = [datetime.combine(first, datetime.min.time(), SHANGHAI) + timedelta(hours=12) for first, _last in week]
    steps = [
        (noon[0], "reported"),
        (noon[1], "handling"),
        (noon[2] + timedelta(days=6, hours=11, minutes=59), "closed"),
    ]
    with session(JOB) as conn:
        # What is carried is what the events say: they are written as they were then.
        (number,) = conn.execute(
            "INSERT INTO incident (code, kind, category, geom, occurred_at) VALUES ('周', 'dispute', '邻里', ST_SetSRID(ST_Point(120.02, 30.05), 4490), %s) RETURNING id",
            (noon[0],),
        ).fetchone()
        conn.execute("DELETE FROM case_event WHERE incident_id = %s", (number,))
        for seq, (at, state) in enumerate(steps, 1):
            conn.execute(
                "INSERT INTO case_event (incident_id, seq, act, state, at) VALUES (%s, %s, 'mediate', %s, %s)",
                (number, seq, state, at),
            )
        conn.execute("SELECT set_config('atlas.flow', 'on', true)")
        conn.execute("UPDATE incident SET closed_at = %s WHERE id = %s", (steps[-1][0], number))
    with session(WORKER) as conn:
        told = [[one for one in rounds.carried(conn, *span, area="A") if one.code == "周"] for span in week]
        other = [one for span in week for one in rounds.carried(conn, *span, area="B")]
    assert [[(one.id, one.new, one.state, one.mediations) for one in lines] for lines in told] == [
        [(number, True, "reported", 1)], [(number, False, "handling", 1)], [(number, False, "closed", 1)], [],
    ]  # fmt: skip
    assert other == []


LEGAL = {"cause": "占用消防通道", "basis": "消防法第六十条", "offender": "person"}


def stage(case, word, on, actor=WORKER, **more):
    return do(actor, case, "stage", stage=word, on=on.isoformat(), **more)


def test_an_enforcement_case_goes_through_its_stages_in_order():
    with pytest.raises(FieldMissing, match="案由"):
        handled("enforcement")
    hazard = report("hazard", level=3)
    with pytest.raises(law.SourceUnknown):
        handled("enforcement", accept=LEGAL | {"source": "没有"})
    with session(JOB) as conn:  # a whistle blown for the hazard leads to it as well
        (whistle,) = conn.execute(
            "INSERT INTO whistle (kind, occasion, title, effort, units, incident_id, code) VALUES ('street', 'enforcement', 'x', 'x', '{消防所}', %s, '') RETURNING code",
            (hazard.incident_id,),
        ).fetchone()
    blown = handled("enforcement", accept=LEGAL | {"source": whistle})
    case = handled("enforcement", accept=LEGAL | {"source": hazard.code, "basis": ""})
    start = datetime.now(UTC)
    with pytest.raises(law.StageEarly, match="调查终结"):
        stage(case, "notify", start)
    with pytest.raises(law.StageDate):
        stage(case, "investigate", start + timedelta(hours=1))
    with pytest.raises(law.StageDate, match="立案"):
        stage(case, "investigate", start - timedelta(days=1))
    case = stage(case, "investigate", start, reviewed=True, photos=[Picture(PDF, "调查.pdf", "document")])
    case = stage(case, "notify", start, hearing="told")
    decision = {"measures": "fine,correct", "amount": "3001", "paper": "决〔1〕号"}
    with pytest.raises(law.StageEarly, match="法制审核"):
        stage(case, "decide", start, **decision)
    case = stage(case, "review", start)
    with pytest.raises(law.BasisMissing, match="处罚依据"):
        stage(case, "decide", start, **decision)
    case = do(HEAD, case, "change", basis="消防法第六十条")
    with pytest.raises(law.OfficersFew):
        stage(case, "decide", start, **decision)
    with pytest.raises(officers.CardUnknown):
        stage(case, "decide", start, **decision, officers="ZF-1001,ZF-7777")
    with pytest.raises(law.CardsLapsed, match="ZF-0009"):
        stage(case, "decide", start, **decision, officers="ZF-1001,ZF-0009")
    for wrong in (
        {"measures": "fine", "amount": ""},
        {"measures": "correct"},
        {"measures": "none,correct", "amount": ""},
    ):
        with pytest.raises(law.MeasuresUnfit):
            stage(case, "decide", start, **decision | wrong, officers="ZF-1001,ZF-1002")
    with pytest.raises(law.HearingOpen):
        stage(case, "decide", start, **decision, officers="ZF-1001,ZF-1002")
    case = stage(case, "notify", start, hearing="waived")
    with pytest.raises(law.DecisionMissing, match="决定"):
        do(WORKER, case, "answer")
    case = stage(case, "decide", start, **decision, officers="ZF-1001,ZF-1002")
    case = stage(case, "deliver", start)
    case = do(WORKER, case, "answer")
    case = do(MATE, case, "check", result="pass")
    with pytest.raises(law.DecisionMissing, match="履行"):
        do(HEAD, case, "close")
    case = do(HEAD, stage(case, "perform", start), "close")
    found = look(enforcement, case)
    assert (found.decision, found.measures, str(found.amount), [one.card for one in found.officers]) == (
        "决〔1〕号", ["fine", "correct"], "3001.00", ["ZF-1001", "ZF-1002"],
    )  # fmt: skip
    assert {step.stage: step.gap for step in found.record} == {
        "file": "paperless", "investigate": "", "review": "paperless", "notify": "paperless", "decide": "paperless", "deliver": "paperless",
        "perform": "paperless", "close": "paperless",
    }  # fmt: skip
    with session(HEAD) as conn:
        cause = conn.execute(
            "SELECT incident_id FROM case_link WHERE other_id = %s AND relation = 'cause' ORDER BY 1",
            (hazard.incident_id,),
        ).fetchall()
    assert cause == [(blown.incident_id,), (case.incident_id,)]


PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@pytest.mark.parametrize(
    ("offender", "amount", "right"),
    [("person", 200, True), ("person", 201, False), ("organisation", 3000, True), ("organisation", 3001, False)],
)
def test_fines_on_the_spot_end_at_their_limit(offender, amount, right):
    case = handled(
        "enforcement", accept=LEGAL | {"offender": offender, "procedure": "simple", "officers": ["ZF-1001", "ZF-1002"]}
    )
    now = datetime.now(UTC)
    case = stage(case, "notify", now, hearing="none")
    with pytest.raises(law.SpotLimit):
        stage(case, "decide", now, measures="confiscate")
    decide = {"measures": ["fine"], "amount": amount}
    if right:
        assert look(enforcement, stage(case, "decide", now, **decide)).amount == amount
    else:
        with pytest.raises(law.SpotLimit):
            stage(case, "decide", now, **decide)


def test_an_old_act_is_not_penalised_and_nothing_is_executed_at_night(monkeypatch):
    day_then = TODAY.replace(year=TODAY.year - 2, day=min(TODAY.day, 28)) - timedelta(days=1)
    case = handled(
        "enforcement",
        accept=LEGAL | {"acted_on": day_then.isoformat(), "procedure": "simple", "officers": "ZF-1001,ZF-1002"},
    )
    now = datetime.now(UTC)
    case = stage(case, "notify", now)
    with pytest.raises(law.TooOld):
        stage(case, "decide", now, measures="warning")
    case = do(HEAD, case, "change", grave=True)
    case = stage(stage(case, "decide", now, measures="fine", amount="100"), "deliver", now)
    with pytest.raises(FieldMissing, match="催告"):
        stage(case, "execute", now)
    monkeypatch.setattr(law, "forbidden_hour", lambda _at, _calendar: "夜间")
    with pytest.raises(law.NotAtNight):
        stage(case, "execute", now, dunned_on=day(0))
    case = stage(case, "execute", now, dunned_on=day(0), urgent="围墙将倒塌")
    (step,) = [step for step in look(enforcement, case).record if step.stage == "execute"]
    assert step.kept.urgent == "围墙将倒塌"
