-- Case files as people read them: free text masked by atlas.shown, names by atlas.called.

-- name: file
-- one case by code or number, or those of these numbers, by number
SELECT c.incident_id, i.code, c.kind, c.state, c.seq, c.suspended, c.verified, c.level, c.card, c.units, c.handler_id,
    atlas.called(c.handler_id) AS handler, c.answered_by, c.duty_id, c.terms, c.stage, c.due_at, c.warn_at,
    atlas.clock_of(c.state, c.suspended, c.warn_at, c.due_at, clock_timestamp()) AS clock,
    c.returns, c.reworked, c.reopened, c.extended, c.asking, c.rating, c.appeal, c.into_id,
    (SELECT o.code FROM atlas.incident AS o WHERE o.id = c.into_id) AS into_code,
    i.category, atlas.shown(i.title) AS title, atlas.shown(i.address) AS address, i.channel, i.occurred_at, i.created_at, i.closed_at,
    c.area_id, a.code AS area, a.name AS area_name, c.grid_id, g.code AS grid, g.name AS grid_name, n.code AS network,
    ST_X(i.geom) AS longitude, ST_Y(i.geom) AS latitude, c.updated_at
FROM atlas.casefile AS c
JOIN atlas.incident AS i ON i.id = c.incident_id
LEFT JOIN atlas.area AS a ON a.id = c.area_id
LEFT JOIN atlas.grid AS g ON g.id = c.grid_id
LEFT JOIN atlas.network AS n ON n.id = g.network_id
WHERE c.incident_id = ANY (%(ids)s::bigint[]) OR i.code = %(code)s::text
ORDER BY c.incident_id;

-- name: history
-- what happened to a case, oldest first, each step with the numbers of its photos
SELECT e.id, e.seq, e.act, e.state, e.at, e.actor, atlas.called(e.actor) AS who, e.unit, atlas.shown(e.note) AS note,
    atlas.shown_data(e.data) AS data, ST_X(e.geom) AS longitude, ST_Y(e.geom) AS latitude, e.created_at,
    coalesce((SELECT array_agg(p.id ORDER BY p.id) FROM atlas.photo AS p WHERE p.event_id = e.id), '{}') AS photos
FROM atlas.case_event AS e WHERE e.incident_id = %(id)s ORDER BY e.seq;

-- name: photos
-- photos and papers of a case without their bytes; again: other cases of the actor that hold the very same file
SELECT p.id, p.event_id, p.role, atlas.shown(p.name) AS name, p.media, p.sha256, octet_length(p.body) AS bytes, p.taken_at,
    ST_X(p.geom) AS longitude, ST_Y(p.geom) AS latitude, atlas.called(p.actor) AS who, p.created_at,
    coalesce((SELECT array_agg(DISTINCT i.code ORDER BY i.code) FROM atlas.photo AS o JOIN atlas.incident AS i ON i.id = o.incident_id
        WHERE o.sha256 = p.sha256 AND o.incident_id <> p.incident_id), '{}') AS again
FROM atlas.photo AS p WHERE p.incident_id = %(id)s ORDER BY p.id;

-- name: photo
-- bytes and media type of one photo
SELECT p.body, p.media FROM atlas.photo AS p WHERE p.id = %(id)s;

-- name: linked
-- cases that belong to a case, either way round; outward: this one names the other
SELECT l.relation, l.outward, i.id, i.code, c.kind, c.state, i.category, atlas.shown(i.title) AS title, i.occurred_at, l.created_at, atlas.called(l.actor) AS who
FROM (
    SELECT k.other_id AS id, k.relation, true AS outward, k.actor, k.created_at FROM atlas.case_link AS k WHERE k.incident_id = %(id)s
    UNION ALL
    SELECT k.incident_id, k.relation, false, k.actor, k.created_at FROM atlas.case_link AS k WHERE k.other_id = %(id)s
) AS l
JOIN atlas.incident AS i ON i.id = l.id
JOIN atlas.casefile AS c ON c.incident_id = l.id
ORDER BY l.created_at, i.id;

-- name: merged
-- numbers of the cases merged into one
SELECT c.incident_id FROM atlas.casefile AS c WHERE c.into_id = %(id)s ORDER BY c.incident_id;

-- name: roles
-- roles of the actor today; null for the house's own jobs
SELECT CASE WHEN atlas.account_id() IS NULL AND atlas.everywhere() THEN NULL
    ELSE string_to_array(coalesce(current_setting('atlas.roles', true), ''), ',') END;

-- name: newest
-- the local day the latest case occurred on
SELECT (occurred_at AT TIME ZONE 'Asia/Shanghai')::date FROM atlas.casefile WHERE occurred_at IS NOT NULL ORDER BY occurred_at DESC LIMIT 1;
