-- Visits and tracks: what happened, what is questioned, what waits for an answer.

-- name: visits
-- visits of a grid, a building or a person, newest first
SELECT v.id, v.code, p.code AS person, atlas.shown_name(p.name) AS name, v.grid_code AS grid, b.code AS building, a.name AS area,
       v.visited_at, atlas.shown(v.note) AS note, v.doubts, v.answer, v.answered_by, v.dismissed, v.counts,
       ST_X(v.geom) AS longitude, ST_Y(v.geom) AS latitude
FROM atlas.visit v
LEFT JOIN atlas.person p ON p.id = v.person_id
LEFT JOIN atlas.network n ON n.id = v.network_id
LEFT JOIN atlas.building b ON b.id = v.building_id
LEFT JOIN atlas.area a ON a.id = v.area_id
WHERE (%(network)s::text IS NULL OR n.code = %(network)s) AND (%(grid)s::text IS NULL OR v.grid_code = %(grid)s)
  AND (%(building)s::text IS NULL OR b.code = %(building)s) AND (%(person)s::text IS NULL OR p.code = %(person)s)
  AND (%(since)s::timestamptz IS NULL OR v.visited_at >= %(since)s)
  AND (%(id)s::bigint IS NULL OR v.id = %(id)s)
  AND (NOT %(waiting)s OR (v.doubts <> '{}' AND v.answer IS NULL))
ORDER BY v.visited_at DESC, v.id DESC
LIMIT %(limit)s OFFSET %(offset)s;

-- name: waiting
-- how many questions wait for an answer, by kind of question; a visit with two counts in both
SELECT d.doubt, count(*) FROM atlas.visit v CROSS JOIN unnest(v.doubts) AS d (doubt)
WHERE v.doubts <> '{}' AND v.answer IS NULL GROUP BY d.doubt ORDER BY count(*) DESC, d.doubt;

-- name: own
-- staff number of the person the actor's account stands for
SELECT p.code FROM atlas.person p WHERE p.id = ANY (atlas.own_persons()) LIMIT 1;

-- name: is_own
-- whether a visit is the actor's own
SELECT v.person_id = ANY (atlas.own_persons()) FROM atlas.visit v WHERE v.id = %(id)s;

-- name: building
-- code of a building that is stored
SELECT code FROM atlas.building WHERE code = %(code)s;

-- name: record
-- a visit by form
INSERT INTO atlas.visit (code, person_id, network_id, grid_code, building_code, visited_at, channel, note, geom)
VALUES (%(code)s, %(person)s, %(network)s, %(grid)s, %(building)s, %(at)s, 'form', %(note)s,
        CASE WHEN %(lon)s::double precision IS NOT NULL THEN ST_SetSRID(ST_MakePoint(%(lon)s::double precision, %(lat)s::double precision), 4490) END)
RETURNING id;

-- name: answer!
-- what somebody found out about the questions of a visit
UPDATE atlas.visit SET answer = %(text)s, answered_by = %(who)s, dismissed = %(dismissed)s, updated_at = now()
WHERE id = %(id)s AND doubts <> '{}';

-- name: tracks
-- tracks of a person or in an area, newest first: when, how much of them counts, the questions
SELECT t.id, t.code, p.code AS person, atlas.shown_name(p.name) AS name, t.started_at, t.ended_at, t.doubts,
       ST_Length(ST_Force2D(t.geom)::geography) AS length_m, coalesce(ST_Length(t.counted::geography), 0) AS counted_m
FROM atlas.track t
LEFT JOIN atlas.person p ON p.id = t.person_id
WHERE (%(person)s::text IS NULL OR p.code = %(person)s) AND (%(since)s::timestamptz IS NULL OR t.started_at >= %(since)s)
ORDER BY t.started_at DESC, t.id DESC
LIMIT %(limit)s;
