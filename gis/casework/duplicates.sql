-- Cases that may be one: compared by place, time, category and words in gis.casework.duplicates.
-- Under row-level security each actor compares with what he may see.

-- name: arrived
-- What an import brought in new, to be compared: numbers only.
SELECT i.id, ST_X(i.geom) AS x, ST_Y(i.geom) AS y, extract(epoch FROM i.occurred_at)::bigint AS at, hashtextextended(i.kind || '/' || i.category, 0) AS class,
    nullif(hashtextextended(regexp_replace(lower(i.address), '[[:space:][:punct:]]+', '', 'g'), 0), hashtextextended('', 0)) AS address
FROM atlas.incident AS i JOIN atlas.import AS m ON m.id = i.source_id AND m.created_at = i.created_at -- one transaction
WHERE i.source_id = %(source)s AND i.occurred_at IS NOT NULL

-- name: known
-- What was there before, in the time and the box of what came in; all of the time where some of it has no place.
SELECT i.id, ST_X(i.geom) AS x, ST_Y(i.geom) AS y, extract(epoch FROM i.occurred_at)::bigint AS at, hashtextextended(i.kind || '/' || i.category, 0) AS class,
    CASE WHEN %(placeless)s THEN nullif(hashtextextended(regexp_replace(lower(i.address), '[[:space:][:punct:]]+', '', 'g'), 0), hashtextextended('', 0)) END AS address
FROM atlas.incident AS i
WHERE i.occurred_at BETWEEN to_timestamp(%(since)s) AND to_timestamp(%(until)s)
    AND NOT (i.source_id IS NOT DISTINCT FROM %(source)s AND i.created_at = (SELECT m.created_at FROM atlas.import AS m WHERE m.id = %(source)s))
    AND (%(placeless)s OR ST_X(i.geom) BETWEEN %(west)s AND %(east)s AND ST_Y(i.geom) BETWEEN %(south)s AND %(north)s)

-- name: texts
-- What cases say, by number.
SELECT i.id, i.title FROM atlas.incident AS i WHERE i.id = ANY (%(ids)s::bigint[])

-- name: link!
-- Pairs, the later case first.
INSERT INTO atlas.case_link (incident_id, other_id, relation)
SELECT p.a, p.b, 'duplicate' FROM unnest(%(ones)s::bigint[], %(others)s::bigint[]) AS p (a, b)
ON CONFLICT (incident_id, other_id) DO NOTHING

-- name: named
-- Codes, rows and words of cases, to tell of them.
SELECT i.id, i.code, i.source_row, atlas.shown(i.title) AS title FROM atlas.incident AS i WHERE i.id = ANY (%(ids)s::bigint[])

-- name: near
-- Cases around a point, or at an address where there is none, of some days before and after.
SELECT c.incident_id AS id, i.code, c.kind, i.category, atlas.shown(i.title) AS title, c.state, c.occurred_at,
    coalesce(ST_DistanceSphere(i.geom, ST_SetSRID(ST_Point(%(x)s, %(y)s), 4490)), 0) AS distance_m
FROM atlas.casefile AS c JOIN atlas.incident AS i ON i.id = c.incident_id
WHERE c.occurred_at BETWEEN %(at)s::timestamptz - make_interval(days => %(days)s) AND %(at)s::timestamptz + make_interval(days => %(days)s)
    AND c.state <> 'merged' AND {where}
ORDER BY distance_m, c.incident_id
LIMIT 500

-- name: around!
-- Whether a case lies within the radius: by the cells the circle touches, which an index finds, then by distance.
c.quad = ANY (ARRAY(
    SELECT atlas.cell_quad(x, y)
    FROM (SELECT ST_Transform(ST_SetSRID(ST_Point(%(x)s, %(y)s), 4490), 3857) AS web, %(radius)s / cos(radians(%(y)s)) AS reach) AS p,
        generate_series(atlas.cell_column(ST_Translate(web, -reach, 0)), atlas.cell_column(ST_Translate(web, reach, 0))) AS x,
        generate_series(atlas.cell_row(ST_Translate(web, 0, reach)), atlas.cell_row(ST_Translate(web, 0, -reach))) AS y
)) AND ST_DistanceSphere(i.geom, ST_SetSRID(ST_Point(%(x)s, %(y)s), 4490)) <= %(radius)s

-- name: addressed!
-- Whether a case has that address.
c.incident_id = ANY (coalesce(atlas.cases_saying(%(address)s, 500), '{}'))
    AND regexp_replace(lower(i.address), '[[:space:][:punct:]]+', '', 'g') = regexp_replace(lower(%(address)s), '[[:space:][:punct:]]+', '', 'g')
