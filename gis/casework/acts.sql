-- Writing what is done with cases. Each statement runs in the one transaction of an act.

-- name: lock
-- locks case files the actor may act on, in the order of their numbers
SELECT c.incident_id FROM atlas.casefile AS c WHERE c.incident_id = ANY (%(ids)s::bigint[]) ORDER BY c.incident_id FOR UPDATE;

-- name: last
-- last event of a case: when it happened, when it was written, who, what
SELECT e.at, e.created_at, atlas.called(e.actor), e.act FROM atlas.case_event AS e WHERE e.incident_id = %(id)s ORDER BY e.seq DESC LIMIT 1;

-- name: clock
-- the database's time, to the moment
SELECT clock_timestamp();

-- name: event
-- one step; its number and times
INSERT INTO atlas.case_event (incident_id, seq, act, state, at, unit, note, data, geom)
VALUES (%(id)s, %(seq)s, %(act)s, %(state)s, coalesce(%(at)s, clock_timestamp()), %(unit)s, %(note)s, %(data)s,
    ST_SetSRID(ST_Point(%(longitude)s, %(latitude)s), 4490))
RETURNING id, at, created_at, actor;

-- name: photo
-- one picture or paper of an event; its number
INSERT INTO atlas.photo (incident_id, event_id, role, name, media, sha256, body, taken_at, geom)
VALUES (%(id)s, %(event)s, %(role)s, %(name)s, %(media)s, %(sha256)s, %(body)s, %(taken_at)s,
    ST_SetSRID(ST_Point(%(longitude)s, %(latitude)s), 4490))
RETURNING id;

-- name: stand!
-- how the flow leaves a case
UPDATE atlas.casefile SET seq = %(seq)s, state = %(state)s, suspended = %(suspended)s, verified = %(verified)s, level = %(level)s, card = %(card)s,
    units = %(units)s, handler_id = %(handler_id)s, answered_by = %(answered_by)s, returns = %(returns)s, reworked = %(reworked)s,
    reopened = %(reopened)s, extended = %(extended)s, asking = %(asking)s, rating = %(rating)s, appeal = %(appeal)s, into_id = %(into)s, updated_at = now()
WHERE incident_id = %(id)s;

-- name: terms!
-- what the duty list says of it now
UPDATE atlas.casefile SET terms = %(terms)s, duty_id = %(duty)s WHERE incident_id = %(id)s;

-- name: flowing
-- says that the flow itself changes the incident: no import event beside it
SELECT set_config('atlas.flow', 'on', true);

-- name: ending!
-- the incident says how its case ended, or that it goes on
UPDATE atlas.incident SET state = %(word)s, closed_at = %(closed_at)s, updated_at = now() WHERE id = %(id)s;

-- name: corrected!
-- category and place of an incident as somebody corrects them, with the grid of its day where the place moved
UPDATE atlas.incident AS i SET category = coalesce(%(category)s, i.category),
    standard = CASE WHEN %(category)s IS NULL THEN i.standard ELSE %(standard)s END, category_code = CASE WHEN %(category)s IS NULL THEN i.category_code ELSE %(category_code)s END,
    title = coalesce(%(title)s, i.title), address = coalesce(%(address)s, i.address),
    geom = CASE WHEN %(moved)s THEN ST_SetSRID(ST_Point(%(longitude)s, %(latitude)s), 4490) ELSE i.geom END,
    grid_id = CASE WHEN %(moved)s THEN (SELECT g.id FROM atlas.grid AS g
        WHERE g.network_id = atlas.first_network() AND ST_Covers(g.geom, ST_SetSRID(ST_Point(%(longitude)s, %(latitude)s), 4490))
            AND (g.valid_to IS NULL OR (i.occurred_at AT TIME ZONE 'Asia/Shanghai')::date < g.valid_to)
        ORDER BY g.valid_from <= (i.occurred_at AT TIME ZONE 'Asia/Shanghai')::date DESC NULLS LAST, g.valid_to NULLS FIRST, g.id LIMIT 1) ELSE i.grid_id END,
    updated_at = now()
WHERE i.id = %(id)s;

-- name: handler
-- whom a case may be given to, by the name of the account or what it is called
SELECT p.id, p.name, p.label FROM atlas.assignees() AS p WHERE p.name = %(name)s OR p.label = %(name)s ORDER BY p.name <> %(name)s, p.id LIMIT 1;

-- name: known
-- the case a device's report became
SELECT c.incident_id FROM atlas.casefile AS c WHERE c.key = %(key)s;

-- name: telling
-- what the first event of the report that follows is to keep
SELECT set_config('atlas.told', (%(told)s::jsonb || jsonb_build_object('at', clock_timestamp()))::text, true);

-- name: silent
-- nothing more is to be kept
SELECT set_config('atlas.told', '', true);

-- name: report
-- a new incident in the grid of its day; its number. Its case file and first event come by trigger.
INSERT INTO atlas.incident (code, kind, category, standard, category_code, title, address, channel, state, occurred_at, geom, grid_id)
SELECT '', %(kind)s, %(category)s, %(standard)s, %(category_code)s, %(title)s, %(address)s, %(channel)s, %(word)s, %(occurred_at)s, p.place,
    (SELECT g.id FROM atlas.grid AS g
        WHERE g.network_id = atlas.first_network() AND ST_Covers(g.geom, p.place) AND (g.valid_to IS NULL OR p.day < g.valid_to)
        ORDER BY g.valid_from <= p.day DESC NULLS LAST, g.valid_to NULLS FIRST, g.id LIMIT 1)
FROM (SELECT ST_SetSRID(ST_Point(%(longitude)s::float8, %(latitude)s::float8), 4490) AS place, (%(occurred_at)s::timestamptz AT TIME ZONE 'Asia/Shanghai')::date AS day) AS p
RETURNING id;

-- name: handlers
-- whom the actor may give cases to
SELECT p.id, p.name, p.label FROM atlas.assignees() AS p;
