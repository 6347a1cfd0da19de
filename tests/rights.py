"""The office the matrix of rights is walked in: a row of every table inside and outside of what each person reaches.

What lies inside is written down here anew, so that no mistake in the policies' own functions can hide.
"""

from __future__ import annotations

from gis.vocabulary import Actor

JOB = Actor.job("test")

REACHES = ("office", "street", "community", "grid", "nothing")
OVER = ("expired_role", "expired_scope", "future_role", "inactive", "unknown")

OFFICE = """
INSERT INTO area (code, name, level, geom) VALUES ('S', 'street', 'street', ST_Multi(ST_MakeEnvelope(120, 30, 120.2, 30.1, 4490))),
    ('T', 'other street', 'street', ST_Multi(ST_MakeEnvelope(120.2, 30, 120.3, 30.1, 4490)));
INSERT INTO area (code, name, level, parent_id, geom)
SELECT c, c, 'community', a.id, ST_Multi(ST_MakeEnvelope(x, 30, x + 0.1, 30.1, 4490))
FROM (VALUES ('A', 'S', 120.0), ('B', 'S', 120.1), ('C', 'T', 120.2)) AS v (c, up, x) JOIN area a ON a.code = up;
INSERT INTO network (code, name, kind) VALUES ('zh', 'zh', 'comprehensive'), ('jw', 'jw', 'police');
INSERT INTO grid (network_id, code, name, area_id, geom)
SELECT n.id, g, g, a.id, ST_Multi(ST_MakeEnvelope(x, 30, x + 0.05, 30.1, 4490))
FROM (VALUES ('A1', 'A', 120.0), ('A2', 'A', 120.05), ('B1', 'B', 120.1), ('C1', 'C', 120.2)) AS v (g, c, x)
JOIN area a ON a.code = c CROSS JOIN network n WHERE n.code = 'zh' OR g <> 'A2';
INSERT INTO building (code, households, geom)
SELECT 'b' || c, 7, ST_SetSRID(ST_Point(x, 30.05), 4490)
FROM (VALUES ('A1', 120.02), ('A2', 120.07), ('B1', 120.12), ('C1', 120.22)) AS v (c, x);
INSERT INTO building (code, households) VALUES ('bNowhere', 3);
INSERT INTO incident (code, kind, geom, grid_id)
SELECT 'i' || g.code, 'dispute', ST_PointOnSurface(g.geom), g.id FROM grid g JOIN network n ON n.id = g.network_id AND n.code = 'zh';
INSERT INTO incident (code) VALUES ('iNowhere');
INSERT INTO assignment (network_id, building_id, grid_id)
SELECT g.network_id, b.id, g.id FROM grid g JOIN building b ON ST_Covers(g.geom, b.geom);
INSERT INTO excluded (code, reason, geom) SELECT 'x', 'water', geom FROM area WHERE code = 'A';
INSERT INTO road (code, geom) VALUES ('r', ST_Multi(ST_SetSRID(ST_MakeLine(ST_Point(120, 30), ST_Point(120.1, 30)), 4490)));
INSERT INTO water (code, geom) SELECT 'w', geom FROM area WHERE code = 'A';
INSERT INTO green (code, geom) SELECT 'g', geom FROM area WHERE code = 'A';
INSERT INTO finding (network_id, rule, severity, geom, area_id, grid_codes)
SELECT n.id, 'boundary_building', 'blind', b.geom, b.area_id, ARRAY[substr(b.code, 2)] FROM building b CROSS JOIN network n
WHERE b.geom IS NOT NULL AND (n.code = 'zh' OR b.code <> 'bA2');
INSERT INTO finding (network_id, rule, severity, geom, area_id, subjects)
SELECT n.id, 'unlocated_record', 'warn', i.geom, i.area_id, '{"incident": "x"}' FROM incident i CROSS JOIN network n WHERE n.code = 'zh';
INSERT INTO refresh (network_id, summary, started_at) SELECT id, '{}', now() FROM network;
INSERT INTO import (dataset, filename, sha256, fingerprint, datum, rows_read) VALUES ('areas', 'f', 'x', 'x', 'wgs84', 1);
INSERT INTO backup (file, bytes, sha256) VALUES ('f', 1, 'x');
INSERT INTO audit (action, relation) VALUES ('look', 'area');
UPDATE building SET name = 'n';
INSERT INTO person (code, name) VALUES ('pA1', ''), ('pA2', ''), ('pB1', ''), ('pC1', ''), ('pJ', ''), ('pNowhere', '');
INSERT INTO post (code, person_id, duty, network_id, grid_code)
SELECT n.code || g.code, p.id, 'worker', n.id, g.code FROM grid g JOIN network n ON n.id = g.network_id
JOIN person p ON p.code = CASE n.code WHEN 'zh' THEN 'p' || g.code WHEN 'jw' THEN 'pJ' END WHERE n.code = 'zh' OR g.code = 'A1';
INSERT INTO post (code, person_id, duty, building_code) SELECT 'head' || b.code, p.id, 'building_head', b.code
FROM building b JOIN person p ON p.code = 'p' || substr(b.code, 2) WHERE b.code IN ('bA2', 'bB1');
INSERT INTO organisation (code, name, level, area_code) VALUES ('o', '', 'street', 'S');
INSERT INTO leave (person_id, begins) SELECT id, '2026-01-01' FROM person;
INSERT INTO visit (code, person_id, visited_at, network_id, grid_code) SELECT 'v' || p.code, p.person_id, now(), p.network_id, p.grid_code FROM post p WHERE p.grid_code IS NOT NULL;
INSERT INTO visit (code, visited_at) VALUES ('vNowhere', now());
INSERT INTO track (code, person_id, started_at, ended_at, geom) SELECT 't' || code, id, now(), now(), ST_SetSRID('LINESTRING M (120 30 0, 120.1 30 9)'::geometry, 4490) FROM person;
INSERT INTO duty (code, name, category, area_code) VALUES ('d', '', 'x', 'A');
INSERT INTO duty_list (name, version, valid_from) VALUES ('l', '1', '2026-01-01');
INSERT INTO meeting (held_on) VALUES ('2026-01-01');
INSERT INTO agenda (kind, category, problem) VALUES ('matter', 'x', 'none');
INSERT INTO whistle (kind, occasion, title, effort, units, incident_id)
SELECT 'street', 'problem', 'x', 'x', CASE WHEN code IN ('iA1', 'iB1', 'iC1') THEN '{v,u}'::text[] ELSE '{v}' END, id FROM incident ORDER BY id;
INSERT INTO whistle_event (whistle_id, seq, act, state) SELECT id, 1, 'blow', 'called' FROM whistle ORDER BY id;
INSERT INTO whistle_unit (whistle_id, unit, part) SELECT id, 'v', 'lead' FROM whistle ORDER BY id;
INSERT INTO case_link (incident_id, other_id, relation) SELECT id, id % 4 + 1, 'related' FROM incident WHERE id % 4 + 1 <> id;
INSERT INTO photo (incident_id, media, sha256, body) SELECT id, 'image/jpeg', 'x', '' FROM incident;
UPDATE casefile SET units = '{u}' WHERE incident_id IN (SELECT id FROM incident WHERE code IN ('iA1', 'iB1', 'iC1'));
INSERT INTO hazard (incident_id) SELECT id FROM incident ORDER BY id;
INSERT INTO dispute (incident_id) SELECT id FROM incident ORDER BY id;
INSERT INTO party (incident_id, part, name) SELECT id, 'applicant', 'x' FROM incident ORDER BY id;
INSERT INTO reporter (incident_id, name) SELECT id, 'x' FROM incident ORDER BY id;
INSERT INTO officer (card, name) VALUES ('C-0001', 'x'), ('C-0002', 'y');
INSERT INTO enforcement (incident_id) SELECT id FROM incident ORDER BY id;
INSERT INTO enforcement_stage (incident_id, stage, at, event_id) SELECT incident_id, 'file', now(), id FROM case_event ORDER BY incident_id;
INSERT INTO enforcement_officer (incident_id, officer_id) SELECT i.id, o.id FROM incident i CROSS JOIN officer o WHERE o.card = 'C-0001' ORDER BY i.id;
INSERT INTO case_clock (incident_id, stage, starts_at) SELECT id, 'total', now() FROM incident ORDER BY id;
INSERT INTO holiday (day, working, source) VALUES ('2030-01-01', false, 'x');
INSERT INTO office_hours (begins, ends, valid_from, source) VALUES ('09:00', '12:00', '2030-01-01', 'x');
INSERT INTO time_limit (kind, stage, clock, amount, valid_from, source) VALUES ('matter', 'total', 'work_day', 1, '2030-01-01', 'x');
INSERT INTO category (standard, kind, code, name, source) VALUES ('s', 'matter', '01', 'x', 'x');
INSERT INTO category_match (kind, standard, code, other_standard, other_code, source) VALUES ('matter', 's', '01', 't', '02', 'x');
INSERT INTO report (kind, area_id, since, until, content, formulas, sha256)
SELECT 'weekly', a.id, '2026-01-05', '2026-01-11', '{}', '{}', repeat('0', 64) FROM (SELECT id FROM area UNION ALL SELECT NULL) AS a ORDER BY a.id;
INSERT INTO report_note (report_id, seq, content, sha256) SELECT id, 1, '{}', repeat('0', 64) FROM report ORDER BY id;
INSERT INTO finding_building SELECT f.id, b.id FROM finding f JOIN building b ON b.geom = f.geom WHERE f.rule = 'boundary_building';
INSERT INTO ledger (network_id, rule, key, severity, area_id, grid_codes) SELECT network_id, rule, key, severity, area_id, grid_codes FROM finding
ORDER BY array_position(ARRAY['A1'], grid_codes[1]), network_id; -- the first one lies where all that have a scope work
INSERT INTO coverage_day (network_id, area_id, grid_code, buildings, households, blind_buildings, blind_households)
SELECT n.id, a.id, g, 1, 7, 1, 7 FROM network n CROSS JOIN (SELECT id, NULL AS g FROM area UNION ALL SELECT NULL, NULL
    UNION ALL SELECT area_id, code FROM grid WHERE network_id = 1) AS a (id, g);
"""
BOOK = """
INSERT INTO ledger (network_id, rule, key, severity, area_id, grid_codes, state, owner_id)
SELECT 1, 'x', name, 'warn', (SELECT id FROM area WHERE code = 'C'), '{C1}', 'doing', id FROM account;
INSERT INTO ledger_event (ledger_id, act) SELECT id, 'comment' FROM ledger;
INSERT INTO task (ledger_id, kind, network_id, owner_id) SELECT id, 'visit', network_id, owner_id FROM ledger;
INSERT INTO proposal (ledger_id, network_id, remedy, edit) SELECT id, network_id, '{}', '[]' FROM ledger;
INSERT INTO ledger_filter (account_id, name, query) SELECT id, 'x', '{}' FROM account;
"""
"""What hangs on the accounts: an entry that each of them owns, far from where most of them work, and what belongs to entries."""

INSIDE = {
    "office": "true",
    "street": "a.code IN ('S', 'A', 'B')",
    "community": "a.code = 'A'",
    "grid": "g.code = 'A1' AND n.code = 'zh'",
    "nothing": "false",
}
"""Which areas or grids each reach stands for, in terms of the office above: written down here
anew, so that no mistake in the policies' own functions can hide."""

GRIDS = {"street": "('A1', 'A2', 'B1')", "community": "('A1', 'A2')", "grid": "('A1')"}
AREAS = {"street": "('S', 'A', 'B')", "community": "('A')", "grid": "('')"}


ENTRY = ("ledger_event", "task", "proposal")
"""Tables whose rows are seen by whoever sees their entry of the ledger."""


CASE = (
    "casefile",
    "case_event",
    "case_clock",
    "case_link",
    "photo",
    "hazard",
    "dispute",
    "party",
    "reporter",
    "enforcement",
    "enforcement_stage",
    "enforcement_officer",
)
"""Tables whose rows are seen by whoever sees their case."""


WHISTLE = ("whistle", "whistle_event", "whistle_unit")
"""Tables whose rows are seen by whoever sees their whistle."""


def led(table):
    """Condition that a unit of the account (department ``d.*`` works for ``u``) leads or assists the case or whistle of a row."""
    if table in WHISTLE:
        called = "SELECT w.id FROM whistle w WHERE w.units && (SELECT a.units FROM account a WHERE a.id = %(account)s)"
        return f"t.{'id' if table == 'whistle' else 'whistle_id'} IN ({called})"
    return f"t.{'id' if table == 'incident' else 'incident_id'} IN (SELECT c.incident_id FROM casefile c WHERE c.units && (SELECT a.units FROM account a WHERE a.id = %(account)s))"


def inside(table, reach):
    """Condition on the rows of a table (alias t) for being inside a scope, for the house to count by."""
    if reach == "office":
        return "true"
    if reach == "nothing":
        return "false"
    net = "AND n.code = 'zh'" if reach == "grid" else ""
    by_grid = f"SELECT g.id FROM grid g JOIN network n ON n.id = g.network_id WHERE g.code IN {GRIDS[reach]} {net}"
    by_area = f"SELECT id FROM area WHERE code IN {AREAS[reach]}"
    # A person belongs to the scope by a post of his: one in a grid of it (of its net), or one that lies in its areas.
    held = (
        f"SELECT p.person_id FROM post p WHERE p.area_id IN ({by_area})"
        if reach != "grid"
        else "SELECT id FROM person WHERE code = 'pA1'"
    )
    placed = (
        f"t.area_id IN ({by_area})"
        if reach != "grid"
        else "t.grid_code = 'A1' AND t.network_id = (SELECT n.id FROM network n WHERE n.code = 'zh')"
    )
    named = f"(SELECT n.code FROM network n WHERE n.id = t.network_id) {'=' if reach == 'grid' else '>='} '{'zh' if reach == 'grid' else ''}'"
    told = f"t.area_id IN ({by_area})" if reach != "grid" else f"'A1' = ANY (t.grid_codes) AND {named}"
    return {
        "person": f"t.id IN ({held})",
        **dict.fromkeys(("leave", "track"), f"t.person_id IN ({held})"),
        **dict.fromkeys(("post", "visit"), placed),
        "grid": f"t.area_id IN ({by_area})",
        "building": f"t.area_id IN ({by_area})" if reach != "grid" else "t.code = 'bA1'",
        "incident": f"t.area_id IN ({by_area})" if reach != "grid" else "t.code = 'iA1'",
        **dict.fromkeys(
            CASE,
            f"t.incident_id IN (SELECT i.id FROM incident i WHERE i.area_id IN ({by_area}))"
            if reach != "grid"
            else "t.incident_id IN (SELECT i.id FROM incident i WHERE i.code = 'iA1')",
        ),
        **{
            table: f"t.{'id' if table == 'whistle' else 'whistle_id'} IN (SELECT w.id FROM whistle w WHERE "
            + (
                f"w.area_id IN ({by_area}))"
                if reach != "grid"
                else "w.incident_id = (SELECT i.id FROM incident i WHERE i.code = 'iA1'))"
            )
            for table in WHISTLE
        },
        "report": f"t.area_id IN ({by_area})",
        "report_note": f"t.report_id IN (SELECT r.id FROM report r WHERE r.area_id IN ({by_area}))",
        "assignment": f"t.grid_id IN ({by_grid})",
        "grid_figure": f"t.grid_id IN ({by_grid})",
        "grid_finding": f"t.grid_code IN {GRIDS[reach]} AND {named}",
        "finding": told,
        "finding_building": f"EXISTS (SELECT FROM finding f WHERE f.id = t.finding_id AND {told.replace('t.', 'f.')})",
        "ledger": told,
        **dict.fromkeys(
            ENTRY, f"EXISTS (SELECT FROM ledger l WHERE l.id = t.ledger_id AND {told.replace('t.', 'l.')})"
        ),
        "coverage_day": f"t.area_id IN ({by_area})" if reach != "grid" else f"t.grid_code = 'A1' AND {named}",
    }[table]


OWN = {
    "account": "t.name = %(me)s",
    "account_role": "t.account_id = %(account)s",
    "account_scope": "t.account_id = %(account)s",
    "login_session": "t.account_id = %(account)s",
    "api_token": "t.account_id = %(account)s",
    "import": "t.actor = %(me)s",
    "audit": "t.actor = %(me)s",
    "person": "t.account_id = %(account)s",
    **dict.fromkeys(
        ("leave", "visit", "track"), "t.person_id IN (SELECT p.id FROM person p WHERE p.account_id = %(account)s)"
    ),
    "ledger": "t.owner_id = %(account)s",
    "task": "t.owner_id = %(account)s",
    "ledger_filter": "t.account_id = %(account)s",
}
COLUMN = {"login_session": "id", "api_token": "id"}
"""What to count where not every column may be read."""


def name(role, reach):
    return f"{role}.{reach}"
