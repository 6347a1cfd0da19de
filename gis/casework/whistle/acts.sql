-- Writing what is done with whistles. Each statement runs in the one transaction of an act.

-- name: lock
-- locks a whistle the actor may act on
SELECT w.id FROM atlas.whistle AS w WHERE w.id = %(id)s FOR UPDATE;

-- name: last
-- last event of a whistle: when it was written, who, what
SELECT e.created_at, atlas.called(e.actor), e.act FROM atlas.whistle_event AS e WHERE e.whistle_id = %(id)s ORDER BY e.seq DESC LIMIT 1;

-- name: now
SELECT clock_timestamp(), atlas.today();

-- name: blow
-- a new whistle; number, code, and the place the house gives it
INSERT INTO atlas.whistle (kind, occasion, state, title, effort, address, matter, category, incident_id, duty_id, units, blower_id, approver_id,
    approved_at, wanted_at, geom)
VALUES (%(kind)s, %(occasion)s, %(state)s, %(title)s, %(effort)s, %(address)s, %(matter)s, %(category)s, %(incident)s, %(duty)s, %(units)s,
    atlas.account_id(), CASE WHEN %(approved)s THEN atlas.account_id() END, CASE WHEN %(approved)s THEN clock_timestamp() END, %(wanted)s,
    ST_SetSRID(ST_Point(%(longitude)s, %(latitude)s), 4490))
RETURNING id, code;

-- name: incident
-- the case a whistle is blown for: number, kind, category, item of the list, what it says
SELECT i.id, i.kind, i.category, c.duty_id, i.geom IS NOT NULL OR i.area_id IS NOT NULL
FROM atlas.incident AS i LEFT JOIN atlas.casefile AS c ON c.incident_id = i.id WHERE i.code = %(code)s;

-- name: event
-- one step; its number and when
INSERT INTO atlas.whistle_event (whistle_id, seq, act, state, at, unit, note, data, geom)
VALUES (%(id)s, %(seq)s, %(act)s, %(state)s, coalesce(%(at)s, clock_timestamp()), %(unit)s, %(note)s, %(data)s,
    ST_SetSRID(ST_Point(%(longitude)s, %(latitude)s), 4490))
RETURNING at;

-- name: stand!
-- how the flow leaves a whistle
UPDATE atlas.whistle AS w SET seq = %(seq)s, state = %(state)s, units = %(units)s, returns = %(returns)s, rating = %(rating)s,
    approver_id = CASE WHEN %(act)s = 'approve' THEN atlas.account_id() ELSE w.approver_id END,
    approved_at = CASE WHEN %(act)s = 'approve' THEN %(at)s ELSE w.approved_at END,
    handled_at = CASE WHEN %(act)s = 'handle' THEN %(at)s WHEN %(act)s = 'back' THEN NULL ELSE w.handled_at END,
    updated_at = now()
WHERE w.id = %(id)s;

-- name: unit!
-- how the flow leaves a unit
INSERT INTO atlas.whistle_unit AS u (whistle_id, unit, part, standing, bound) VALUES (%(id)s, %(unit)s, %(part)s, %(standing)s, %(bound)s)
ON CONFLICT (whistle_id, unit) DO UPDATE SET part = EXCLUDED.part, standing = EXCLUDED.standing, bound = EXCLUDED.bound, updated_at = now()
WHERE (u.part, u.standing, u.bound) IS DISTINCT FROM (EXCLUDED.part, EXCLUDED.standing, EXCLUDED.bound);

-- name: away
-- metres between a sign-in and the place of a whistle; null where one of them is unknown
SELECT ST_Distance(w.geom::geography, ST_SetSRID(ST_Point(%(longitude)s, %(latitude)s), 4490)::geography) FROM atlas.whistle AS w WHERE w.id = %(id)s;

-- name: arrived!
-- when and where a unit signed in, and what is asked about it
UPDATE atlas.whistle_unit SET arrived_at = %(at)s, geom = ST_SetSRID(ST_Point(%(longitude)s, %(latitude)s), 4490), away_m = %(away)s, doubts = %(doubts)s,
    updated_at = now()
WHERE whistle_id = %(id)s AND unit = %(unit)s;

-- name: refused!
UPDATE atlas.whistle_unit SET refusal = %(note)s, updated_at = now() WHERE whistle_id = %(id)s AND unit = %(unit)s;

-- name: answered!
UPDATE atlas.whistle_unit SET answer = %(note)s, updated_at = now() WHERE whistle_id = %(id)s AND unit = %(unit)s;
