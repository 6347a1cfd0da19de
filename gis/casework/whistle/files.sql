-- Whistles as people read them: free text masked by atlas.shown, names by atlas.called.

-- name: whistle
-- one whistle by code or number, those of a case, or a page of the list (live ones by the time wanted)
SELECT w.id, w.code, w.kind, w.occasion, w.state, w.seq, atlas.shown(w.title) AS title, atlas.shown(w.effort) AS effort,
    atlas.shown(w.address) AS address, w.matter, w.category, i.code AS incident, w.duty_id, w.units AS names,
    w.blower_id, atlas.called(w.blower_id) AS blower, atlas.called(w.approver_id) AS approver, w.approved_at, w.wanted_at, w.handled_at,
    w.rating, w.returns, (w.wanted_at < clock_timestamp() AND w.state IN ('drafted', 'called', 'refused')) IS TRUE AS late,
    a.code AS area, a.name AS area_name, g.code AS grid, g.name AS grid_name,
    ST_X(w.geom) AS longitude, ST_Y(w.geom) AS latitude, w.created_at, w.updated_at
FROM atlas.whistle AS w
LEFT JOIN atlas.incident AS i ON i.id = w.incident_id
LEFT JOIN atlas.area AS a ON a.id = w.area_id
LEFT JOIN atlas.grid AS g ON g.id = w.grid_id
WHERE {where}
ORDER BY {order}
LIMIT %(limit)s;

-- name: one!
w.id = %(id)s::bigint OR w.code = %(code)s::text

-- name: incident
w.incident_id = (SELECT n.id FROM atlas.incident AS n WHERE n.code = %(code)s)

-- name: where
(%(states)s::text[] IS NULL OR w.state = ANY (%(states)s::text[]))
    AND (%(kind)s::text IS NULL OR w.kind = %(kind)s)
    AND (%(unit)s::text IS NULL OR w.units @> ARRAY[%(unit)s::text])
    AND (NOT %(mine)s OR w.blower_id = atlas.account_id() OR w.units && atlas.account_units())
    AND (NOT %(late)s OR w.wanted_at < clock_timestamp() AND w.state IN ('drafted', 'called', 'refused'))
    AND (%(area)s::text IS NULL OR w.area_id IN (
        WITH RECURSIVE below AS (
            SELECT r.id FROM atlas.area AS r WHERE r.code = %(area)s UNION SELECT r.id FROM atlas.area AS r JOIN below AS b ON r.parent_id = b.id)
        SELECT id FROM below))
    AND (%(text)s = '' OR concat_ws(' ', w.code, atlas.shown(w.title), w.category, array_to_string(w.units, ' ')) ILIKE '%%' || %(text)s || '%%')

-- name: units
-- the units of whistles, the lead first
SELECT u.whistle_id, u.unit, u.part, u.standing, u.bound, u.arrived_at, ST_X(u.geom) AS longitude, ST_Y(u.geom) AS latitude, u.away_m, u.doubts,
    atlas.shown(u.answer) AS answer, atlas.shown(u.refusal) AS refusal
FROM atlas.whistle_unit AS u WHERE u.whistle_id = ANY (%(ids)s)
ORDER BY u.whistle_id, u.standing = 'excused', u.part <> 'lead', u.id;

-- name: history
-- what happened to a whistle, oldest first
SELECT e.id, e.seq, e.act, e.state, e.at, e.actor, atlas.called(e.actor) AS who, e.unit, atlas.shown(e.note) AS note, e.data,
    ST_X(e.geom) AS longitude, ST_Y(e.geom) AS latitude, e.created_at
FROM atlas.whistle_event AS e WHERE e.whistle_id = %(id)s ORDER BY e.seq;

-- name: relation
-- who the actor is to a whistle: his account, whether he is the house, his roles, his units
SELECT atlas.account_id(), atlas.account_id() IS NULL AND atlas.everywhere(),
    string_to_array(coalesce(current_setting('atlas.roles', true), ''), ','), atlas.account_units();
